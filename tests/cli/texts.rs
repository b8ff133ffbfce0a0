//! Texts as people and programs give them, and what becomes of them before anything is sent.

use serde_json::{Value, json};

use crate::cli::{Finished, Simulator, isendpro};

const SET: [&str; 2] = ["--set", "kind=transactional"];
const FRANCE: &str = "0680010001";
const BELGIUM: &str = "+32470120001";

fn plan(args: &[&str], messages: &[Value]) -> Finished {
    let input: Vec<String> = messages.iter().map(Value::to_string).collect();
    isendpro(&["plan", "sendSms"]).args(&SET).args(args).run(input.join("\n"))
}

fn message(num: &str, sms: &str) -> Value {
    json!({"num": num, "sms": sms})
}

/// What was planned of these before the rules of this file: byte for byte the same.
#[test]
fn ordinary_texts_come_out_as_they_always_have() {
    let recorded = include_str!("../resources/ordinary-texts.ndjson");
    let rows: Vec<Value> = recorded.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(rows.len() > 150);
    for policy in ["repair", "strict", "ucs2"] {
        let rows: Vec<_> = rows.iter().filter(|it| it["policy"] == policy).collect();
        let ask = |it: &&Value| message(it["num"].as_str().unwrap(), it["text"].as_str().unwrap());
        let messages: Vec<_> = rows.iter().map(ask).collect();
        let told = plan(&["--set", &format!("textPolicy={policy}")], &messages);
        assert_eq!(told.code, 0, "{}", told.stderr);
        for (row, told) in rows.iter().zip(told.stdout.lines()) {
            assert_eq!(told, row["planned"].to_string(), "{policy}");
        }
    }
}

#[test]
fn a_text_that_was_decoded_wrongly_is_refused_with_what_was_meant() {
    let simulator = Simulator::start(&[]);
    let table = [
        ("Votre RDV est confirmÃ©", "Votre RDV est confirmé"),
        ("Lâ€™atelier est fermÃ©", "L’atelier est fermé"),
        ("Ã€ bientÃ´t Ã\u{a0} Paris", "À bientôt à Paris"),
        ("MaÃ®tre Dupont", "Maître Dupont"),
        ("SÅ“ur ThÃ©rÃ¨se", "Sœur Thérèse"),
        ("Total : 12 â‚¬", "Total : 12 €"),
        ("Merci ðŸ˜€", "Merci 😀"),
        ("dÃƒÂ©jÃƒ\u{a0} vu", "déjà vu"),
        ("rÃ©f. nÂ°12", "réf. n°12"),
        ("GrÃ¼ÃŸe", "Grüße"),
        ("MaÃ±ana", "Mañana"),
    ];
    for policy in ["repair", "strict", "ucs2"] {
        for num in [FRANCE, BELGIUM] {
            let input: Vec<_> = table.iter().map(|it| message(num, it.0).to_string()).collect();
            let args = ["--set", &format!("textPolicy={policy}")];
            let ran = simulator.run("sendSms", "k", &args).run(input.join("\n"));
            for ((_, meant), line) in table.iter().zip(ran.lines()) {
                let error = &line["error"];
                let told = [&error["kind"], &error["field"], &error["reason"]];
                assert_eq!(told, ["invalid", "sms", "badCharacters"], "{line}");
                assert_eq!(error["meant"], *meant, "{line}");
                assert!(error["message"].to_string().contains("decoded wrongly"), "{line}");
                assert!(!error["message"].to_string().contains(meant), "{line}");
            }
        }
    }
    assert_eq!(simulator.total(), 0);
}

#[test]
fn in_a_bulk_message_a_wrongly_decoded_text_is_refused_alone() {
    let body = json!({"recipients": [
        {"num": "0680010001", "sms": "ConfirmÃ©"},
        {"num": "0680010002", "sms": "Confirmé"},
    ]});
    let told = isendpro(&["plan", "sendSmsMulti"]).args(&SET).run(body.to_string());
    let result = &told.lines()[0];
    assert_eq!((&result["planned"], &result["refused"]), (&json!(1), &json!(1)), "{result}");
    let said = result["results"][0]["message"].as_str().unwrap();
    assert!(said.contains("decoded wrongly") && said.ends_with("Confirmé"), "{said}");
    let common = json!({"num": ["0680010001", "0680010002"], "sms": "ConfirmÃ©"});
    let told = isendpro(&["plan", "sendSmsMulti"]).args(&SET).run(common.to_string());
    assert_eq!(told.lines()[0]["error"]["meant"], "Confirmé");
}

/// Under each policy, at home and abroad.
#[test]
fn line_ends_and_blanks_at_the_end_cost_nothing() {
    let full = "a".repeat(159);
    let half = "a".repeat(79);
    let accents = "ж".repeat(69);
    let table = [
        (format!("{half}\r\n{half}"), format!("{half}\n{half}"), json!([["\r\n", "\n", 1]])),
        (format!("{half}\r{half}"), format!("{half}\n{half}"), json!([["\r", "\n", 1]])),
        (format!("{full}b\n"), format!("{full}b"), json!([["\n", "", 1]])),
        (format!("{full}b "), format!("{full}b"), json!([[" ", "", 1]])),
        (format!("{full}b\r\n\r\n"), format!("{full}b"), json!([["\r\n\r\n", "", 1]])),
        (format!("{full}b\t"), format!("{full}b"), json!([["\t", "", 1]])),
        (format!("{full}b\u{a0}"), format!("{full}b"), json!([["\u{a0}", "", 1]])),
        (format!("{full}b \u{202f}\n"), format!("{full}b"), json!([[" \u{202f}\n", "", 1]])),
        ("a\r\nb\r\n\r\nc".to_owned(), "a\nb\n\nc".to_owned(), json!([["\r\n", "\n", 3]])),
        ("a\tb".to_owned(), "a b".to_owned(), json!([["\t", " ", 1]])),
        (format!("{full}\u{200b}b"), format!("{full}b"), json!([["\u{200b}", "", 1]])),
        ("Re\u{301}ponse".to_owned(), "Réponse".to_owned(), json!([["e\u{301}", "é", 1]])),
    ];
    for policy in ["repair", "strict", "ucs2"] {
        for num in [FRANCE, BELGIUM] {
            let messages: Vec<_> = table.iter().map(|it| message(num, &it.0)).collect();
            let told = plan(&["--set", &format!("textPolicy={policy}")], &messages);
            assert_eq!(told.code, 0, "{told:?}");
            for ((_, expected, changes), line) in table.iter().zip(told.lines()) {
                let told: Vec<_> = line["changes"].as_array().unwrap().iter().collect();
                let told: Vec<_> =
                    told.iter().map(|it| json!([it["from"], it["to"], it["count"]])).collect();
                assert_eq!((&line["sms"], &json!(told)), (&json!(expected), changes), "{policy}");
                assert_eq!((&line["smslong"], &line["encoding"]), (&json!(1), &json!("GSM-7")));
            }
        }
    }
    let unicode = [
        format!("{accents}ж\r\n"),
        format!("{accents}\r\n"),
        format!("{}\r\nж", "ж".repeat(68)),
        format!("{accents}\u{200b}ж"),
        format!("{accents}e\u{302}"),
        format!("{accents}\tж").replacen('ж', "", 1),
    ];
    let messages: Vec<_> = unicode.iter().map(|it| message(BELGIUM, it)).collect();
    for line in plan(&["--set", "textPolicy=ucs2"], &messages).lines() {
        assert_eq!((&line["smslong"], &line["encoding"]), (&json!(1), &json!("UCS-2")), "{line}");
        assert!(line["changes"].is_array(), "{line}");
    }
}

#[test]
fn what_is_planned_of_line_ends_is_what_is_sent() {
    let simulator = Simulator::start(&[]);
    let input = [message(FRANCE, "a\r\nb \r\n"), message(BELGIUM, "жe\u{301}\r\nb\u{200b}\n")];
    let input = input.map(|it| it.to_string()).join("\n");
    let args = ["--concurrency", "1", "--set", "textPolicy=ucs2"];
    simulator.run("sendSms", "k", &args).run(&input).quiet(0);
    let sent: Vec<_> = simulator.sent().iter().map(|it| it["sms"].clone()).collect();
    assert_eq!(sent, [json!("a\nb"), json!("жé\nb")]);
}

#[test]
fn signs_around_an_address_and_what_cannot_be_seen_in_it_are_no_part_of_it() {
    let table = [
        ("Merci d’avoir choisi l’offre d’exemple.fr !", "d'exemple.fr !"),
        ("Voir “exemple.fr/promo”.", "\"exemple.fr/promo\"."),
        ("→https://exemple.fr/a", "->https://exemple.fr/a"),
        ("Lien—https://exemple.fr/été", "Lien-https://exemple.fr/été"),
        ("Écrire à ‘info@exemple.fr’", "'info@exemple.fr'"),
        ("https://exemple.fr/pro\u{200b}mo ê", "https://exemple.fr/promo e"),
        ("«exemple.fr»…", "\"exemple.fr\"..."),
        ("l’https://exemple.fr/a?b=c…", "l'https://exemple.fr/a?b=c..."),
        ("www.exem\u{ad}ple.fr – merci", "www.exemple.fr - merci"),
        ("exemple.fr’s", "exemple.fr's"),
    ];
    let messages: Vec<_> = table.iter().map(|it| message(FRANCE, it.0)).collect();
    for ((_, end), line) in table.iter().zip(plan(&[], &messages).lines()) {
        assert!(line["sms"].as_str().is_some_and(|it| it.contains(end)), "{line}");
    }
    for bent in ["d’hôtel.fr", "https://exemple.fr/l’été", "“exemple.fr/forêt”", "noël@exemple.fr"]
    {
        let line = plan(&[], &[message(FRANCE, bent)]).lines().remove(0);
        assert!(line["error"]["message"].to_string().contains("web address"), "{line}");
    }
}

#[test]
fn what_looks_unfilled_is_sent_with_a_warning_and_counted() {
    let texts =
        ["Bonjour {{nom}}", "RDV ${date}", "Bonjour undefined", "A &amp; B", "Oui<br>Non", "ok"];
    let messages: Vec<_> = texts.iter().map(|it| message(FRANCE, it)).collect();
    let planned = plan(&[], &messages);
    planned.says(0, &["6 planned", "; 3 texts look unfilled; 2 texts have HTML in them;"]);
    let named: Vec<_> = planned.lines().iter().map(|it| it["warnings"][0].to_string()).collect();
    for (named, code) in named.iter().zip(["{{nom}}", "${date}", "undefined", "&amp;", "<br>"]) {
        assert!(named.contains("sms: `") && named.contains(code), "{named}");
    }
    assert_eq!(named[5], "null");
    // What is sent says so as well.
    let simulator = Simulator::start(&[]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let args = ["--summary", file.path().to_str().unwrap()];
    let input: Vec<String> = messages.iter().map(Value::to_string).collect();
    let sent = simulator.run("sendSms", "k", &args).args(&SET).run(input.join("\n")).quiet(0);
    assert!(sent[0]["warnings"][0].as_str().unwrap().contains("{{nom}}"));
    let summary: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    assert_eq!((&summary["unfilledTexts"], &summary["htmlTexts"]), (&json!(3), &json!(2)));
}

#[test]
fn in_a_bulk_message_a_common_text_is_doubted_once_and_own_ones_each() {
    let multi = |body: Value| isendpro(&["plan", "sendSmsMulti"]).args(&SET).run(body.to_string());
    let common = multi(json!({"num": ["0680010001", "0680010002"], "sms": "Bonjour {nom}"}));
    common.says(0, &["; 1 text looks unfilled;"]);
    let line = &common.lines()[0];
    assert!(line["warnings"][0].as_str().unwrap().contains("{nom}"), "{line}");
    assert!(line["results"][0].get("warnings").is_none(), "{line}");
    let own = multi(json!({"recipients": [
        {"num": "0680010001", "sms": "Bonjour {nom}"},
        {"num": "0680010002", "sms": "Bonjour null"},
        {"num": "0680010003", "sms": "Bonjour Anne"},
    ]}));
    own.says(0, &["; 2 texts look unfilled;"]);
    let line = &own.lines()[0];
    assert!(line["results"][1]["warnings"][0].as_str().unwrap().contains("null"), "{line}");
    assert!(line.get("warnings").is_none() && line["results"][2].get("warnings").is_none());
}

#[test]
fn senders_outside_of_the_rules_are_counted() {
    let mut messages = vec![message(FRANCE, "a"); 4];
    for (message, sender) in
        messages.iter_mut().zip(["Garage Dupont SARL", "abc", "Café", "Garage"])
    {
        message["emetteur"] = sender.into();
    }
    let planned = plan(&[], &messages);
    planned.says(0, &["; 3 messages have a sender outside of iSendPro's rules;"]);
    assert!(planned.lines()[0]["warnings"][0].as_str().unwrap().starts_with("emetteur: "));
}

#[test]
fn a_text_in_another_script_says_where_it_can_be_sent() {
    for (text, script) in [("مرحبا", "Arabic"), ("Привет", "Cyrillic"), ("你好", "Chinese")]
    {
        let line = plan(&[], &[message(FRANCE, text)]).lines().remove(0);
        let said = line["error"]["message"].as_str().unwrap();
        assert!(said.contains(script) && said.contains("outside metropolitan France"), "{said}");
        let args = ["--set", "textPolicy=ucs2"];
        assert_eq!(plan(&args, &[message(BELGIUM, text)]).lines()[0]["sms"], text);
    }
}
