use std::collections::HashSet;

use gsm7::Gsm7Writer;
use icu_properties::props::{Emoji, ExtendedPictographic, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use proptest::prelude::*;

use super::*;

/// The septets that the oracle writes. It packs bits, which hide a last septet among 8, hence
/// character by character.
fn oracle(text: &str) -> Option<usize> {
    let bytes = |c: char| {
        // The oracle takes the escape itself for a character.
        let mut writer = Gsm7Writer::new(Vec::new());
        writer.write_char(c).ok().filter(|()| c != '\u{1b}')?;
        Some(writer.into_writer().ok()?.len())
    };
    text.chars().map(bytes).sum()
}

/// A text of what is likely to go wrong, and of anything.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => "[ a-zA-Z0-9éèàùÇñøΩ€^{}\\[\\]~|\n\r\u{c}.,()%]{1,4}",
        3 => "[’“…–œçêîÏ°ºª½²⁻③❶№×→⇒↑•™©‰µ¨\t\u{a0}\u{202f}\u{2028}]",
        3 => "[👋🎉❤☎★🇫🇷🏽🅰🔟\u{200d}\u{fe0f}\u{20e3}\u{ad}\u{feff}\u{200b}\u{fffc}]",
        2 => "[\u{300}\u{301}\u{302}\u{308}\u{30a}\u{327}]",
        2 => " ",
        1 => any::<char>().prop_map(|c| c.to_string()),
        1 => "[жиα你₽\0\u{fffd}\u{338}]",
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

/// Whether one gets from `text` to `to` with these changes, all of them used up, and by dropping
/// blanks: tried in every way there is.
fn accounts(text: &str, to: &str, changes: &mut Vec<Change>, failed: &mut Failed) -> bool {
    if text.is_empty() && to.is_empty() && changes.iter().all(|change| change.count == 0) {
        return true;
    }
    let state = (text.len(), to.len(), changes.iter().map(|change| change.count).collect());
    if failed.contains(&state) {
        return false;
    }
    let same = text.chars().next().filter(|c| is_gsm(&c.to_string()) && to.starts_with(*c));
    let length = same.map_or(0, char::len_utf8);
    if length > 0 && accounts(&text[length..], &to[length..], changes, failed) {
        return true;
    }
    if text.starts_with([' ', '\n', '\u{c}']) && accounts(&text[1..], to, changes, failed) {
        return true;
    }
    for place in 0..changes.len() {
        let Change { from, to: written, count } = changes[place].clone();
        let (Some(rest), true) = (text.strip_prefix(from.as_str()), count > 0) else { continue };
        changes[place].count -= 1;
        // A blank or a line end that replaced another may have been dropped afterwards.
        let dropped = table::without_end(&written).is_empty().then_some(to);
        for to in to.strip_prefix(written.as_str()).into_iter().chain(dropped) {
            if accounts(rest, to, changes, failed) {
                return true;
            }
        }
        changes[place].count += 1;
    }
    failed.insert(state);
    false
}

type Failed = HashSet<(usize, usize, Vec<u32>)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_alphabet_is_that_of_the_oracle(text in any_text(), gsm in "[ -Zé€^\\[\n_a-zΔΞ¡£]{0,80}") {
        for text in [text, gsm] {
            let length = measure(&text, Encoding::Gsm7, 0);
            prop_assert_eq!(length.map(|length| length.units), oracle(&text));
            prop_assert_eq!(is_gsm(&text), length.is_some());
            let checked = check(&text);
            prop_assert!(checked.is_ok() || length.is_none());
            prop_assert!(checked.is_err() || is_gsm(&checked.unwrap().text));
        }
    }

    #[test]
    fn a_repaired_text_is_gsm_and_fully_accounted_for(text in any_text()) {
        let Ok(repaired) = repair(&text) else { return Ok(()) };
        prop_assert!(is_gsm(&repaired.text));
        let again = repair(&repaired.text).unwrap();
        prop_assert!(matches!(again.text, Cow::Borrowed(_)) && again.changes.is_empty());
        prop_assert_eq!(&again.text, &repaired.text);
        let in_order = is_gsm(&text) && !text.contains('\r') && table::without_end(&text) == text;
        prop_assert_eq!(in_order, repaired.changes.is_empty());
        prop_assert_eq!(in_order, matches!(repaired.text, Cow::Borrowed(_)));
        prop_assert_eq!(table::without_end(&repaired.text), &repaired.text);
        for change in &repaired.changes {
            let line = change.from.starts_with('\r') || table::without_end(&change.from).is_empty();
            prop_assert!(line || !is_gsm(&change.from));
            prop_assert!(is_gsm(&change.to) && change.count > 0);
        }
        let mut changes = repaired.changes.clone();
        let explained = accounts(&text, &repaired.text, &mut changes, &mut Failed::new());
        prop_assert!(explained, "{:?}", repaired);
    }

    #[test]
    fn breaking_tells_what_repair_does(text in any_text()) {
        let list = breaking(&text);
        let distinct: HashSet<_> = list.iter().map(|breaking| &breaking.text).collect();
        prop_assert_eq!(distinct.len(), list.len());
        match repair(&text) {
            Ok(repaired) => {
                let mut changes = repaired.changes.iter();
                for Breaking { text, to, count } in &list {
                    prop_assert!(!is_gsm(text));
                    let same = || repaired.changes.iter().filter(|change| change.from == *text);
                    prop_assert_eq!(*count, same().map(|change| change.count).sum::<u32>());
                    prop_assert_eq!(to.as_ref(), same().next().map(|change| &change.to));
                    prop_assert!(changes.any(|change| change.from == *text), "out of order");
                }
            }
            Err(bad) => {
                let refused = list.iter().find(|breaking| breaking.to.is_none()).unwrap();
                prop_assert!(refused.text.contains(bad.character));
                prop_assert_eq!(text.chars().nth(bad.position - 1), Some(bad.character));
            }
        }
    }

    #[test]
    fn a_bad_character_is_where_it_is_said_to_be(text in any_text()) {
        if let Err(bad) = check(&text) {
            let rest: String = text.chars().skip(bad.position - 1).collect();
            // With its marks it may be one character, which is named then.
            let composed = icu_normalizer::ComposingNormalizerBorrowed::new_nfc();
            let visible: String = rest.chars().filter(|c| !is_invisible(*c)).collect();
            let named = rest.starts_with(bad.character)
                || composed.normalize(&visible).starts_with(bad.character);
            prop_assert!(named && !is_gsm(&bad.character.to_string()));
        }
        let harmful = |c: char| c == '\u{fffd}' || c.is_control() && !"\n\r\t".contains(c);
        let found = check_unicode(&text).map_err(|bad| bad.position - 1);
        prop_assert_eq!(found.err(), table::without_end(&text).chars().position(harmful));
    }

    #[test]
    fn combining_or_composed_is_all_the_same(text in "[a-zA-ZéèàùçêâîôûëïüÿñåÅÇÀÉÊ ’]{0,40}") {
        let apart: String = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd()
            .normalize(&text)
            .into_owned();
        prop_assert_eq!(repair(&text).unwrap().text, repair(&apart).unwrap().text);
    }
}

#[test]
fn every_character_is_dealt_with_by_its_kind() {
    let category = CodePointMapData::<GeneralCategory>::new();
    let emoji = CodePointSetData::new::<Emoji>();
    let pictographic = CodePointSetData::new::<ExtendedPictographic>();
    // Beyond, hardly anything is assigned but ideographs.
    let rest = ('\u{20000}'..='\u{e0000}').chain('\u{e01f0}'..=char::MAX).step_by(0x35);
    for c in ('\0'..'\u{20000}').chain('\u{e0000}'..'\u{e01f0}').chain(rest) {
        let repaired =
            repair(c.encode_utf8(&mut [0; 4])).map(|repaired| repaired.text.into_owned());
        let kind = category.get(c);
        if kind == GeneralCategory::Unassigned || kind == GeneralCategory::PrivateUse {
            let future = pictographic.contains(c) || ('\u{1f000}'..'\u{1fb00}').contains(&c);
            let symbols = ('\u{2b00}'..'\u{2c00}').contains(&c);
            let ignored = ('\u{e0000}'..'\u{e1000}').contains(&c);
            assert!(repaired.is_err() || future || symbols || ignored, "{c:?} {repaired:?}");
            continue;
        }
        if emoji.contains(c) {
            assert!(repaired.is_ok(), "{c:?}");
        }
        match (kind, repaired) {
            (GeneralCategory::Control, repaired) => {
                assert_eq!(repaired.is_ok(), matches!(c, '\n' | '\r' | '\t' | '\u{c}'), "{c:?}");
            }
            (_, Ok(text)) => {
                assert!(is_gsm(&text), "{c:?}");
                let says_something = c.is_alphanumeric() || kind == GeneralCategory::CurrencySymbol;
                let emoji = emoji.contains(c);
                assert!(!(says_something && text.trim().is_empty()) || emoji, "{c:?} {text:?}");
                assert!(!c.is_whitespace() || text.trim().is_empty(), "{c:?} {text:?}");
            }
            (_, Err(bad)) => assert_eq!((bad.character, bad.position), (c, 1)),
        }
    }
}

#[test]
fn latin_letters_of_europe_all_have_an_equivalent() {
    for c in ('\u{c0}'..='\u{17f}').chain('\u{1e00}'..='\u{1eff}').chain('\u{218}'..='\u{21b}') {
        let text = c.to_string();
        let Ok(repaired) = repair(&text) else {
            assert!(('\u{1e9c}'..='\u{1e9f}').contains(&c) || c >= '\u{1efa}', "{c}");
            continue;
        };
        let letters = repaired.text.trim_start_matches('\'').starts_with(char::is_alphabetic);
        assert!(letters || matches!(c, '×' | '÷'), "{c}");
    }
}

#[test]
fn the_work_grows_with_the_text_only() {
    // Were it to grow with the square, this would take minutes.
    let face = |n: u32| char::from_u32(0x1f300 + n % 0x200).unwrap();
    let distinct: String = (0..60_000).flat_map(|n| [face(n), face(n / 0x200), 'a']).collect();
    let marks = format!("e{}", "\u{301}\u{323}".repeat(50_000));
    let blanks = format!("{0}👋{0}👋{0}", " ".repeat(50_000));
    let invisible = format!("{0}①{0}①{0}", "\u{200b}".repeat(50_000));
    for text in [distinct, marks, blanks, invisible, "👋 ".repeat(50_000), "é’ж".repeat(50_000)]
    {
        assert_eq!(repair(&text).is_err(), breaking(&text).iter().any(|entry| entry.to.is_none()));
    }
}

#[test]
fn the_work_of_other_ways_grows_with_the_text_only_too() {
    let hidden = format!("a{}ж", "\u{200b}".repeat(50_000));
    let joined = "ж\u{200d}".repeat(50_000);
    let marks = format!("e{}", "\u{301}\u{323}".repeat(50_000));
    let lines = "a\r\n".repeat(50_000);
    let (braces, tags) = ("{{".repeat(50_000), "<&[[#%".repeat(50_000));
    let garbled_text = "ÃƒÂ©â€".repeat(50_000);
    for text in [hidden, joined, marks, lines, braces, tags, garbled_text] {
        check_unicode(&text).unwrap();
        assert!(doubts(&text).len() <= 2 && !has_fragile_address(&text));
        garbled(&text);
    }
}

#[test]
fn line_ends_and_blanks_at_the_end_are_changes() {
    let change =
        |from: &str, to: &str, count| Change { from: from.to_owned(), to: to.to_owned(), count };
    let end = |it: &str| change(it, "", 1);
    for (text, expected, changes) in [
        ("a\r\nb\r\nc", "a\nb\nc", vec![change("\r\n", "\n", 2)]),
        ("a\rb", "a\nb", vec![change("\r", "\n", 1)]),
        ("a\n\r\nb", "a\n\nb", vec![change("\r\n", "\n", 1)]),
        ("a\r\rb", "a\n\nb", vec![change("\r", "\n", 2)]),
        ("a ", "a", vec![end(" ")]),
        ("a\n", "a", vec![end("\n")]),
        ("a \r\n \r\n", "a", vec![end(" \r\n \r\n")]),
        ("a\u{a0}\t\u{2028}", "a", vec![end("\u{a0}\t\u{2028}")]),
        ("a\u{c}", "a", vec![end("\u{c}")]),
        (
            "ê\r\n👋\r\n",
            "e",
            vec![change("ê", "e", 1), change("\r\n", "\n", 1), end("👋"), end("\r\n")],
        ),
        ("a\tb", "a b", vec![change("\t", " ", 1)]),
        ("\r\na", "\na", vec![change("\r\n", "\n", 1)]),
        (" \n ", "", vec![end(" \n ")]),
        ("a\nb  c", "a\nb  c", vec![]),
    ] {
        let repaired = repair(text).unwrap();
        assert_eq!((repaired.text.as_ref(), repaired.changes), (expected, changes), "{text:?}");
        assert_eq!(breaking(text).iter().find(|it| is_gsm(&it.text)), None, "{text:?}");
    }
}

#[test]
fn an_address_that_a_repair_would_bend_is_found() {
    for text in [
        "voir https://ex.fr/forêt.",
        "voir (www.forêt.fr)",
        "« http://forêt.fr »",
        "WWW.FÊTE.FR",
        "exemple.fr/fête",
        "exemple.museum?q=fête",
        "fête.fr!",
        "jérôme.noël@exemple.fr",
    ] {
        assert!(has_fragile_address(text), "{text}");
    }
    for text in [
        "« https://ex.fr/été » : à lire…",
        "https://ex.fr/a👍 bientôt",
        "la forêt",
        "prête.Merci",
        "et/ou fête",
        "12.5/ê",
        "@toi.même",
    ] {
        assert!(!has_fragile_address(text), "{text}");
    }
}
