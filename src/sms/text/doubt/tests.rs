use super::{Doubt, doubts};

fn unfilled(text: &str) -> Option<String> {
    doubts(text).into_iter().find_map(|it| match it {
        Doubt::Unfilled(place) => Some(place),
        Doubt::Html(_) => None,
    })
}

fn html(text: &str) -> Option<String> {
    doubts(text).into_iter().find_map(|it| match it {
        Doubt::Html(code) => Some(code),
        Doubt::Unfilled(_) => None,
    })
}

#[test]
fn a_place_that_was_not_filled_in_is_named() {
    for (text, place) in [
        ("Bonjour {{prenom}}, à demain", "{{prenom}}"),
        ("Bonjour {{ client.prénom }} !", "{{ client.prénom }}"),
        ("Bonjour {{#if x}}", "{{#if x}}"),
        ("Bonjour ${prenom}", "${prenom}"),
        ("Total ${order.total} €", "${order.total}"),
        ("Bonjour {Prénom}", "{Prénom}"),
        ("{0} rendez-vous", "{0}"),
        ("Bonjour {}", "{}"),
        ("Bonjour { name }", "{ name }"),
        ("{% if x %}Oui", "{% if x %}"),
        ("Bonjour [[nom]]", "[[nom]]"),
        ("Bonjour %PRENOM%, merci", "%PRENOM%"),
        ("Bonjour undefined", "undefined"),
        ("Bonjour null,", "null"),
        ("Montant : NaN €", "NaN"),
        ("Bonjour null.", "null"),
        ("Voir https://exemple.fr/?id=undefined", "undefined"),
        ("(undefined)", "undefined"),
        ("RDV [object Object] 9 h", "[object Object]"),
        ("Le #REF! à 9 h", "#REF!"),
        ("Le #N/A", "#N/A"),
        ("Prix : #VALEUR!", "#VALEUR!"),
    ] {
        assert_eq!(unfilled(text).as_deref(), Some(place), "{text}");
        assert_eq!(html(text), None, "{text}");
    }
}

#[test]
fn html_is_named() {
    for (text, code) in [
        ("Dupont &amp; fils", "&amp;"),
        ("l&#39;offre", "&#39;"),
        ("l&#x2019;offre", "&#x2019;"),
        ("5&nbsp;&euro;", "&nbsp;"),
        ("r&eacute;servation", "&eacute;"),
        ("No&euml;l &Agrave; Paris", "&euml;"),
        ("c&oelig;ur", "&oelig;"),
        ("https://exemple.fr/?a=1&amp;b=2", "&amp;"),
        ("Bonjour<br>à demain", "<br>"),
        ("Bonjour<br/>à demain", "<br/>"),
        ("<b>Promo</b>", "<b>"),
        ("Promo</strong> !", "</strong>"),
        ("<a href=\"https://exemple.fr\">ici</a>", "<a href=\"https://exemple.fr\">"),
        ("<!-- note -->Bonjour", "<!-- note -->"),
    ] {
        assert_eq!(html(text).as_deref(), Some(code), "{text}");
        assert_eq!(unfilled(text), None, "{text}");
    }
}

#[test]
fn ordinary_texts_are_not_doubted() {
    for text in [
        "",
        "Bonjour, votre commande 4711 est prête.",
        "Dupont & fils, R&D; suite, A&B",
        "50% ou 60%net, 10%de remise20%",
        "Je t'aime <3, a<b et b>c, 5 < 6 > 4",
        "<https://exemple.fr/a> ou <nom@exemple.fr>",
        "https://exemple.fr/?q=%C3%A9t%C3%A9&copy=1&lt=2",
        "https://exemple.fr/null-part, null.fr, undefined.io, nullement, annuler, NaNcy",
        "[MARQUE] RDV n° 5 #promo #1, $5 ou {voir\nplus}",
        "C'est un match nul",
        "Nullité et Undefined",
        "-> ici <-",
        "Prix: $12, 12$",
        "[a] {b|c} {d:e}",
        "{voir, si possible; la page 3}",
        "%",
        "&",
        "<",
        "{",
        "é{",
        "𝒳%𝒳%",
    ] {
        assert_eq!(doubts(text), [], "{text}");
    }
}

#[test]
fn each_kind_is_told_once() {
    let told = doubts("{{a}} {{b}} <br> &amp; null");
    assert_eq!(told, [Doubt::Unfilled("{{a}}".to_owned()), Doubt::Html("<br>".to_owned())]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_looked_through(text in "[{}\\[%$#&<>;a-cé \\n/!]{0,30}|\\PC{0,30}") {
        for doubt in doubts(&text) {
            let (Doubt::Unfilled(shown) | Doubt::Html(shown)) = doubt;
            proptest::prop_assert!(text.contains(&shown));
        }
    }
}
