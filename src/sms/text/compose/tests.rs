use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use proptest::prelude::*;

use crate::sms::text::{Change, check, check_unicode};

fn change(from: &str, to: &str, count: u32) -> Change {
    Change { from: from.to_owned(), to: to.to_owned(), count }
}

/// Sent as Unicode, and under the strict policy where that takes it.
fn both(from: &str, to: &str, changes: &[Change]) {
    let unicode = check_unicode(from).unwrap();
    assert_eq!((unicode.text.as_ref(), &unicode.changes[..]), (to, changes), "{from:?}");
    if let Ok(strict) = check(from) {
        assert_eq!((strict.text.as_ref(), &strict.changes[..]), (to, changes), "{from:?}");
    }
}

#[test]
fn what_nobody_sees_is_put_in_order() {
    let gone = |it: &str| change(it, "", 1);
    both("Fête", "Fête", &[]);
    both("a\r\nb\rc\nd", "a\nb\nc\nd", &[change("\r\n", "\n", 1), change("\r", "\n", 1)]);
    both("a\tb\t\tc", "a b  c", &[change("\t", " ", 3)]);
    both("a  \r\n\t", "a", &[gone("  \r\n\t")]);
    both("a\u{a0}\u{202f}", "a", &[gone("\u{a0}\u{202f}")]);
    both("Re\u{301}ponse", "Réponse", &[change("e\u{301}", "é", 1)]);
    both("Fe\u{302}te", "Fête", &[change("e\u{302}", "ê", 1)]);
    both("e\u{301}e\u{301}", "éé", &[change("e\u{301}", "é", 2)]);
    both("pro\u{200b}mo", "promo", &[gone("\u{200b}")]);
    both("\u{feff}inter\u{ad}net", "internet", &[gone("\u{feff}"), gone("\u{ad}")]);
    both("\u{202e}abc\u{202c}", "abc", &[gone("\u{202e}"), gone("\u{202c}")]);
    both("a\u{fe0f}b\u{200d}c", "abc", &[gone("\u{fe0f}"), gone("\u{200d}")]);
    both("ab \u{200b}", "ab", &[gone("\u{200b}")]);
    both("ab\r\n\u{200b}", "ab", &[change("\r\n", "\n", 1), gone("\u{200b}")]);
    both("e\u{200b}\u{301}t", "ét", &[change("e\u{200b}\u{301}", "é", 1)]);
    both("\u{1100}\u{1161}\u{11a8}", "각", &[change("\u{1100}\u{1161}\u{11a8}", "각", 1)]);
    both("ö\u{ad}\u{323}", "ọ\u{308}", &[change("ö\u{ad}\u{323}", "ọ\u{308}", 1)]);
    both(" \r\n", "", &[gone(" \r\n")]);
    both("", "", &[]);
}

/// As Unicode they show: without them there would be other letters, or three pictures for one.
#[test]
fn what_joins_or_turns_stays() {
    for text in [
        "👨\u{200d}👩\u{200d}👧 famille",
        "❤\u{fe0f}",
        "👋🏽\u{200d}♂\u{fe0f}",
        "1\u{fe0f}\u{20e3} ou 2\u{fe0f}\u{20e3}",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "שלום \u{200f}(abc)",
        "\u{2067}مرحبا\u{2069} Anne",
        "Привет 你好 ₽ \u{e000}",
        "L’été… «\u{a0}œuvre\u{a0}»",
    ] {
        both(text, text, &[]);
    }
}

#[test]
fn what_cannot_be_sent_is_named_where_it_stands() {
    for (text, character, position) in [
        ("a\r\nb\0", '\0', 5),
        ("e\u{301}\u{200b}\u{fffd}", '\u{fffd}', 4),
        ("a\t\u{7f}", '\u{7f}', 3),
        ("\u{feff}\u{85}", '\u{85}', 2),
        ("a\u{c}b", '\u{c}', 2),
        ("a\u{b}", '\u{b}', 2),
    ] {
        let bad = check_unicode(text).unwrap_err();
        assert_eq!((bad.character, bad.position), (character, position), "{text:?}");
    }
    for (text, character, position) in [
        ("a\r\nl’été", '’', 5),
        ("e\u{301}e\u{302}", 'ê', 3),
        ("\u{200b}ab\u{a0}c", '\u{a0}', 4),
        ("x\u{327}", '\u{327}', 2),
        ("a👋\u{fe0f}", '👋', 2),
    ] {
        let bad = check(text).unwrap_err();
        assert_eq!((bad.character, bad.position), (character, position), "{text:?}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[ a-zA-Zéàêç€\n\r\t]{1,4}",
        "[\u{200b}\u{200d}\u{feff}\u{fe0f}\u{ad}\u{202e}]",
        "[\u{300}\u{301}\u{302}\u{308}\u{327}\u{323}]",
        "[👨👩❤가각\u{1100}\u{1161}\u{11a8}мрשم\u{9c7}\u{9be}\u{a0}]",
        any::<char>().prop_map(|c| c.to_string()),
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_text_in_order_is_composed_and_stays(text in any_text()) {
        for check in [check, check_unicode] {
            let Ok(first) = check(&text) else { continue };
            let normal = ComposingNormalizerBorrowed::new_nfc();
            prop_assert!(normal.is_normalized(&first.text), "{:?}", first);
            prop_assert!(!first.text.contains(['\r', '\t']) && !first.text.ends_with([' ', '\n']));
            prop_assert_eq!(first.changes.is_empty(), first.text == text.as_str());
            let again = check(&first.text).unwrap();
            prop_assert_eq!((&again.text, again.changes.len()), (&first.text, 0));
        }
    }

    #[test]
    fn all_ways_of_writing_a_text_become_one(text in "([a-zA-ZéèàùçêâîôûëïüÿñÅÇÀÉ’жй가각]{0,6}[ \n]){0,8}a") {
        let apart = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
        let lines = apart.replace('\n', "\r\n") + "\r\n ";
        let hidden = lines.replace(' ', "\u{200b} \u{feff}");
        let once = check_unicode(&text).unwrap();
        prop_assert_eq!(&once.text, &text);
        for other in [&apart, &lines, &hidden] {
            prop_assert_eq!(&check_unicode(other).unwrap().text, &text, "{:?}", other);
        }
    }
}
