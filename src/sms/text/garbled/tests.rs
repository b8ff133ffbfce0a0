use proptest::prelude::*;

use super::*;

/// The text as it looks when its UTF-8 is read as Windows-1252.
fn garble(text: &str) -> String {
    let shown = |byte: u8| {
        let place = usize::from(byte).checked_sub(0x80);
        let windows = place.and_then(|it| WINDOWS.chars().nth(it)).filter(|c| *c != ' ');
        windows.unwrap_or(char::from(byte))
    };
    text.bytes().map(shown).collect()
}

/// The same for Latin-1.
fn garble_latin(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

#[test]
fn what_was_meant_is_told() {
    for (text, expected) in [
        ("RÃ©servation confirmÃ©e", "Réservation confirmée"),
        ("Bonjour HÃ©lÃ¨ne, votre commande est prête", "Bonjour Hélène, votre commande est prête"),
        ("Lâ€™Ã©quipe vous remercie", "L’équipe vous remercie"),
        ("MaÃ®tre Ÿ NoÃ«l, 20â‚¬", "Maître Ÿ Noël, 20€"),
        ("Il reste 3Â\u{a0}places", "Il reste 3\u{a0}places"),
        ("CÅ“ur et sÅ“ur", "Cœur et sœur"),
        ("SÅ’UR", "SŒUR"),
        ("HÃ”TEL DES ALPES", "HÔTEL DES ALPES"),
        ("Ã‰tÃ© Ã\u{a0} la plage", "Été à la plage"),
        ("Votre colis est Ã  lâ€™agence", "Votre colis est à l’agence"),
        ("MaÃ±ana, SeÃ±or", "Mañana, Señor"),
        ("GrÃ¼ÃŸe aus KÃ¶ln", "Grüße aus Köln"),
        ("AtÃ© amanhÃ£", "Até amanhã"),
        ("Offre ðŸŽ‰ ce soir", "Offre 🎉 ce soir"),
        ("Il dit â€œouiâ€\u{9d}", "Il dit “oui”"),
        ("Il dit â€œouiâ€ et part", "Il dit “oui” et part"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("Viá»‡t Nam", "Việt Nam"),
        ("ä½\u{a0}å¥½", "你好"),
        ("ï»¿Bonjour", "\u{feff}Bonjour"),
        // Twice, and three times.
        ("arrivÃƒÂ©", "arrivé"),
        ("lÃ¢â‚¬â„¢agence", "l’agence"),
        ("Ãƒ\u{a0} bientÃƒÂ´t", "à bientôt"),
        ("dÃƒÆ’Ã‚Â©jÃƒÆ’Ã‚Â\u{a0}", "déjà"),
    ] {
        assert_eq!(meant(text).as_deref(), Some(expected), "{text}");
    }
}

/// True texts, with letters that wrongly decoded ones are full of.
const TRUE_TEXTS: [&str; 43] = [
    "",
    "Bonjour",
    "ÂGE",
    "L’ÂGE DE RAISON",
    "SÃO PAULO",
    "NÃO, OBRIGADO",
    "AMANHÃ",
    "Até amanhã…",
    "“ATÉ AMANHÃ”",
    "«\u{a0}AMANHÃ\u{a0}»",
    "AMANHÃ… TALVEZ",
    "MANHÃ—TARDE",
    "A letra “Ã” é nasal",
    "A IRMÃ’S",
    "MAÇÃ® 20 €",
    "AVELÃ™",
    "À BIENTÔT",
    "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ",
    "L’ÉTÉ… C’EST L’ÉTÉ»",
    "«\u{a0}Et voilà\u{a0}»",
    "«\u{a0}Le café\u{a0}» est ouvert",
    "«\u{a0}La fête\u{a0}»\u{a0}: ça commence à 20\u{a0}h\u{a0}!",
    "le dégât… et voilà… Noël’s",
    "Il a payé 20\u{a0}€, à 50\u{a0}%",
    "Forêt, maître, œuvre, cœur, où, dès, là…",
    "ÎLE DE RÉ…",
    "Â\u{a0}: lettre",
    "¿Dónde está»…? «está»…",
    "¡MAÑANA! ESPAÑA… AÑO”",
    "Él dijo «sí»",
    "GRÖSSE, STRASSE, MÜNCHEN…",
    "„HOMÖOPATHIE“, „JÄ“",
    "Übergrößenträger: 30°",
    "PÅ“ og „PÅ“",
    "ÅRHUS, SMÅ…",
    "Ærø, Øresund, så’n",
    "Șase ÂNI, România",
    "Coração, São João, Açúcar, órgão",
    "Привет, как дела?",
    "你好，世界",
    "Việt Nam, Tiếng Việt",
    "👋🏽 🎉 ❤️",
    "déjà vu – naïve – Zoë",
];

#[test]
fn true_texts_pass() {
    for text in TRUE_TEXTS {
        assert_eq!(meant(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn words_are_understood_however_often_they_were_misread(
        text in "[a-z]{1,5}[éèêëàâîïôùûüÿçœñßãõáíóúäöåøæ][a-z ]{0,5}(’[a-z]{1,6}| – |…)?",
        rounds in 1..4_usize,
    ) {
        for garble in [garble, garble_latin] {
            let garbled = (0..rounds).fold(text.clone(), |it, _| garble(&it));
            prop_assert_eq!(meant(&garbled), Some(text.clone()), "{}", garbled);
        }
    }

    #[test]
    fn sentences_in_the_languages_of_europe_pass(
        text in "[A-ZÀÂÇÉÈÊËÎÏÔŒÙÛÜŸÑÁÍÓÚÃÕÄÖß]?[a-zàâçéèêëîïôùûüÿñáíóúãõäöß]{1,9}([ ’\u{a0}-][a-zàâçéèêëîïôùûüÿñáíóúãõäöß]{1,9}){0,6}(…|\\.|\u{a0}!|\u{a0}»|”|’)?",
    ) {
        prop_assert_eq!(meant(&text), None);
    }

    #[test]
    fn only_what_is_the_image_of_another_text_is_told(text in any::<String>()) {
        if let Some(meant) = meant(&text) {
            prop_assert_ne!(&meant, &text);
            prop_assert!(text.char_indices().any(|(at, _)| Sequence::at(&text, at).is_some()));
        }
    }
}
