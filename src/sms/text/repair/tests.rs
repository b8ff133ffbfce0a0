use crate::sms::text::{Breaking, Change, breaking, repair};

fn text(text: &str) -> String {
    repair(text).unwrap_or_else(|bad| panic!("{text:?}: {bad}")).text.into_owned()
}

fn table(cases: &[(&str, &str)]) {
    for (from, expected) in cases {
        assert_eq!(text(from), *expected, "{from:?}");
    }
}

fn change(from: &str, to: &str, count: u32) -> Change {
    Change { from: from.to_owned(), to: to.to_owned(), count }
}

#[test]
fn french_sentences() {
    table(&[
        (
            "L’équipe vous attend dès 9 h 30 – apportez votre carte…",
            "L'équipe vous attend dès 9 h 30 - apportez votre carte...",
        ),
        (
            "« Les Trois Brasseurs » : −20\u{202f}% sur tout, jusqu’au 3 août\u{a0}!",
            "\" Les Trois Brasseurs \" : -20 % sur tout, jusqu'au 3 aout !",
        ),
        ("Sœur Françoise fête Noël à L’Haÿ", "Soeur Francoise fete Noel à L'Hay"),
        ("🎉 Bonne fête Maëlle ! 🎂🎈", "Bonne fete Maelle !"),
        ("Merci 😊 et à bientôt 👋🏽.", "Merci et à bientot."),
        ("ÇA SUFFIT, ÊTRE À L’ŒUVRE", "ÇA SUFFIT, ETRE A L'OEUVRE"),
        ("Étudiant·e·s : RDV salle n°\u{a0}4", "Étudiant-e-s : RDV salle no 4"),
        ("Rdv n°12, 1ᵉʳ étage, 37,5°C", "Rdv no 12, 1er étage, 37,5 deg C"),
        ("• pain\n• œufs\n\t½ litre", "- pain\n- oeufs\n 1/2 litre"),
        ("Livré → 12 € au lieu de 15 €", "Livré -> 12 € au lieu de 15 €"),
        ("👨‍👩‍👧 Offre famille ❤️ dès 9,90 €", "Offre famille dès 9,90 €"),
        ("Tapez 1️⃣ pour oui, 2️⃣ pour non", "Tapez 1 pour oui, 2 pour non"),
        ("Vivent les Bleus 🇫🇷🇫🇷\nAllez\u{a0}!", "Vivent les Bleus\nAllez !"),
        (
            "Re\u{301}ponse\u{a0}: d’ou\u{300} vient l’e\u{302}tre\u{a0}?",
            "Réponse : d'où vient l'etre ?",
        ),
        ("Vous venez ❓ Oui ‼️", "Vous venez ? Oui !!"),
        ("\u{feff}Bonjour, inter\u{ad}net\u{200b} !", "Bonjour, internet !"),
        ("𝗣𝗿𝗼𝗺𝗼 ＦＬＡＳＨ 🅽🅴🆆", "Promo FLASH NEW"),
        ("Marque™, © 2025, ® déposée", "MarqueTM, (c) 2025, (R) déposée"),
    ]);
}

#[test]
fn accents_that_the_alphabet_has_stay() {
    table(&[
        ("e\u{301}e\u{300}a\u{30a}n\u{303}C\u{327}", "éèåñÇ"),
        ("e\u{302}c\u{327}x\u{302}", "ecx"),
        ("é\u{327}", "é"),
        ("ếǻǜ", "éåü"), // the first accent with which the alphabet has the letter
        ("œ\u{301}=\u{338}", "oé<>"),
        ("\u{212a}\u{212b}\u{2126}", "KÅΩ"),
        ("łódź, Þór, ŋ, ĳ, ſ, ŀ, ǅ, ﬃ", "lodz, THor, ng, ij, s, l, Dz, ffi"),
        ("Ștefan Nguyễn Dvořák", "Stefan Nguyen Dvorak"),
    ]);
}

#[test]
fn numbers_stay_apart() {
    table(&[
        ("1½ ½ 1⅓", "1 1/2 1/2 1 1/3"),
        ("m² 10² 10⁻³ x²³ 2²⁵", "m2 10^2 10^-3 x23 2^25"),
        ("10€¹ et 20 %²", "10€^1 et 20 %^2"),
        ("①20 € ②③ ❶❷ 4①", "1 20 € 2 3 1 2 4 1"),
        ("10👉20", "10 20"),
        ("1️⃣2️⃣20€", "1 2 20€"),
        ("06\u{200b}12", "0612"),
        ("5‰ 🔟 ⒈20", "5 o/oo 10 1. 20"),
        ("20 °C 20°C 45° 30℃ 20ºC (°C)", "20 deg C 20 deg C 45 deg 30 deg C 20 deg C (deg C)"),
        ("n°4 N° 4 nº4 1º 2ª", "no 4 No 4 no 4 1o 2a"),
    ]);
}

#[test]
fn no_blank_is_left_double_or_dangling() {
    table(&[
        ("a 👋 b", "a b"),
        ("👋 a", "a"),
        ("a 👋", "a"),
        ("a 👋 ", "a"),
        ("a 👋 👋 b", "a b"),
        ("a 👋 👋", "a"),
        (" 👋 ", ""),
        ("👋", ""),
        ("a\n👋 b 👋\nc", "a\nb\nc"),
        ("a 👋\u{a0}b", "a b"),
        ("a\u{a0}👋 b", "a b"),
        ("a  👋  b", "a  b"),
        ("a👋 b", "a b"),
        ("a 👋b", "a b"),
        ("a👋b", "a b"),
        ("Oui !👋Non", "Oui ! Non"),
        ("(👋 a 👋)", "(a)"),
        ("a 👋, b 👋.", "a, b."),
        ("a \u{200b} b", "a b"),
        ("a \u{200b}.5", "a .5"),
        ("a  b", "a  b"),
    ]);
}

#[test]
fn what_cannot_be_left_out_is_refused() {
    let cases = [
        ("Привет", 'П', 1),
        ("prix : 10 ₽", '₽', 11),
        ("1 ₿", '₿', 3),
        ("ok 你好", '你', 4),
        ("abc αβγ", 'α', 5),
        ("مرحبا", 'م', 1),
        ("perdu\u{fffd}", '\u{fffd}', 6),
        ("a\0b", '\0', 2),
        ("a\u{1b}b", '\u{1b}', 2),
        ("a\u{b}", '\u{b}', 2),
        ("a\u{7f}", '\u{7f}', 2),
        ("a\u{85}", '\u{85}', 2),
        ("a\u{e000}", '\u{e000}', 2),
        ("a\u{378}", '\u{378}', 2),
        ("a ≮ b", '≮', 3),
        ("a ⇏ b", '⇏', 3),
        ("a <\u{338} b", '\u{338}', 4),
        ("’1\u{336}0\u{336} €", '\u{336}', 3), // a price struck out
        ("👋🏽 и\u{306}", 'и', 4),
        ("e\u{301}\u{336}", '\u{336}', 3),
    ];
    for (text, character, position) in cases {
        let bad = repair(text).unwrap_err();
        assert_eq!((bad.character, bad.position), (character, position), "{text:?}");
    }
}

#[test]
fn changes_are_counted_in_order_of_first_appearance() {
    let repaired = repair("L’été… l’hiver 👨‍👩‍👧❤️ à\u{a0}Nîmes… ©️ a👋b 👋 n°3 : 3°").unwrap();
    assert_eq!(repaired.text, "L'été... l'hiver à Nimes... (c) a b no 3 : 3 deg");
    let expected = [
        change("’", "'", 2),
        change("…", "...", 2),
        change("👨‍👩‍👧❤️", "", 1),
        change("\u{a0}", " ", 1),
        change("î", "i", 1),
        change("©️", "(c)", 1),
        change("👋", " ", 1),
        change("👋", "", 1),
        change("°", "o ", 1),
        change("°", " deg", 1),
    ];
    assert_eq!(repaired.changes, expected);
    let e = repair("e\u{301} 👋\u{a0}a").unwrap();
    let expected = [change("e\u{301}", "é", 1), change("👋", "", 1), change("\u{a0}", "", 1)];
    assert_eq!(e.changes, expected);
}

#[test]
fn breaking_lists_the_refused_too() {
    let entry = |text: &str, to: Option<&str>, count| Breaking {
        text: text.to_owned(),
        to: to.map(str::to_owned),
        count,
    };
    let list = breaking("n°3 : 3°, l’été и\u{306} 👋 и\u{306} ₽\u{338} l’");
    let expected = [
        entry("°", Some("o "), 2),
        entry("’", Some("'"), 2),
        entry("и\u{306}", None, 2),
        entry("👋", Some(""), 1),
        entry("₽\u{338}", None, 1),
    ];
    assert_eq!(list, expected);
    assert_eq!(breaking("été [€]"), []);
}
