//! `isendpro count`, and that it, a plan and the simulator's bill count the same.

use serde_json::{Value, json};

use crate::cli::{Finished, Simulator, isendpro, json};

fn count(args: &[&str], stdin: &str) -> Finished {
    isendpro(&["count"]).args(args).run(stdin)
}

/// What `count --json` tells of a text.
fn counted(text: &str, args: &[&str]) -> Value {
    let finished = count(&[&["--json"], args].concat(), text);
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{finished:?}");
    json(&finished.stdout)
}

#[test]
fn a_text_is_counted_as_an_sms_carries_it() {
    for (text, encoding, characters, units, parts, left) in [
        ("a".repeat(160), "GSM-7", 160, 160, 1, 0),
        ("a".repeat(161), "GSM-7", 161, 161, 2, 145),
        ("a".repeat(307), "GSM-7", 307, 307, 3, 152),
        // An extension character takes two, and is not cut: a part of 153 holds 76 of them.
        ("€".repeat(80), "GSM-7", 80, 160, 1, 0),
        ("[]{}|~^\\€".to_owned(), "GSM-7", 9, 18, 1, 142),
        ("é è à ù ç".replace(['ç', ' '], "") + "ñ", "GSM-7", 5, 5, 1, 155),
        ("ê".repeat(70), "UCS-2", 70, 70, 1, 0),
        ("ê".repeat(71), "UCS-2", 71, 71, 2, 63),
        ("🎉".repeat(35), "UCS-2", 35, 70, 1, 0),
        // A pair is not cut either: a part of 67 holds 33 of them.
        ("🎉".repeat(67), "UCS-2", 67, 134, 3, 65),
    ] {
        let told = counted(&text, &[]);
        let expected = json!([encoding, characters, units, parts, left]);
        let names = ["encoding", "characters", "units", "parts", "left"];
        assert_eq!(Value::from_iter(names.map(|it| told[it].clone())), expected, "{text}");
    }
}

#[test]
fn the_stop_mention_takes_twelve_characters() {
    for (length, without, with) in [(148, 1, 1), (149, 1, 2), (294, 2, 2), (295, 2, 3)] {
        let text = "a".repeat(length);
        let parts =
            [counted(&text, &[]), counted(&text, &["--stop"])].map(|it| it["parts"].clone());
        assert_eq!(parts, [json!(without), json!(with)], "{length}");
    }
}

#[test]
fn what_breaks_gsm_is_told_with_what_replaces_it() {
    let told = counted("Fête à 5 € 🎉", &[]);
    let breaking =
        json!([{"text": "ê", "count": 1, "to": "e"}, {"text": "🎉", "count": 1, "to": ""}]);
    assert_eq!(told["breaking"], breaking);
    assert_eq!(
        (&told["repaired"]["encoding"], &told["repaired"]["parts"]),
        (&json!("GSM-7"), &json!(1))
    );
    let words = count(&["Fête à 5 € 🎉"], "").stdout;
    for word in ["ê (1 x)", "becomes e\n", "🎉 (1 x)", "is left out", "Fete à 5 €"] {
        assert!(words.contains(word), "no \"{word}\" in {words}");
    }
    let russian = counted("Привет", &[]);
    assert_eq!((&russian["breaking"][0]["to"], &russian["repaired"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_is_wrong_with_a_text_and_what_costs_nothing_are_told() {
    let garbled = counted("arrivÃ©", &[]);
    assert_eq!((&garbled["meant"], &garbled["breaking"]), (&json!("arrivé"), &json!([])));
    assert!(garbled["refused"].as_str().unwrap().contains("decoded wrongly"), "{garbled}");
    let doubted = counted("Bonjour {{nom}} &amp;", &[]);
    assert_eq!(doubted["warnings"].as_array().map(Vec::len), Some(2), "{doubted}");
    count(&["Bonjour {{nom}}"], "").says(0, &[]);
    assert!(count(&["Bonjour {{nom}}"], "").stdout.contains("warning     `{{nom}}`"));
    let lines = counted("a\r\nb \r\n\r\n", &[]);
    assert_eq!((&lines["units"], &lines["repaired"]["units"]), (&json!(7), &json!(3)), "{lines}");
    assert!(counted("abc", &[]).get("warnings").is_none());
}

#[test]
fn an_argument_and_the_input_are_the_same_text() {
    let text = "Bonjour,\nça va ? [ok]";
    assert_eq!(count(&["--json", text], "").stdout, count(&["--json"], text).stdout);
    // A file ends with a line end, which nobody means to send.
    assert_eq!(counted("abc\n", &[])["characters"], 3);
    count(&["--", "--stop"], "").says(0, &[]);
}

#[test]
fn what_is_no_text_is_an_error_and_not_a_count() {
    for args in [&[][..], &[""], &["--json"]] {
        let finished = count(args, "");
        finished.says(2, &["there is no text"]);
        assert_eq!(finished.stdout, "", "{args:?}");
    }
    isendpro(&["count"]).run(b"caf\xe9").says(2, &["not UTF-8", "iconv"]);
    isendpro(&["count"]).run("a".repeat(11 << 20)).says(2, &["longer than 10485760 bytes"]);
}

/// Texts at the ends of parts, with what their messages ask for beside.
fn texts() -> Vec<(&'static str, String, Value)> {
    let (france, belgium) = ("0680010001", "+32470120001");
    let sender = json!({"emetteur": "Garage"});
    let unicode = json!({"ucs2": true});
    let both = json!({"ucs2": true, "emetteur": "Garage"});
    let pad = |length: usize, end: &str| "a".repeat(length) + end;
    let mut texts = Vec::new();
    for length in [1, 160, 161, 306, 307, 459, 460, 918] {
        texts.push((france, pad(length, ""), json!({})));
    }
    // An escaped character at the end of a part moves into the next one as a whole.
    for length in [151, 152, 153, 158, 159, 304, 305, 306] {
        texts.push((france, pad(length, "€"), json!({})));
        texts.push((france, pad(length, "€") + &"a".repeat(160), json!({})));
    }
    texts.extend([80, 81, 152, 153, 229].map(|it| (france, "€".repeat(it), json!({}))));
    for length in [147, 148, 149, 293, 294, 295, 900, 906] {
        texts.push((france, pad(length, ""), sender.clone()));
        texts.push((france, pad(length - 2, "€"), sender.clone()));
    }
    for length in [1, 69, 70, 71, 133, 134, 135] {
        texts.push((belgium, "ж".repeat(length), unicode.clone()));
        texts.push((belgium, pad(length - 1, "🎉"), unicode.clone()));
        texts.push((belgium, pad(length - 1, "🎉") + &"ж".repeat(80), unicode.clone()));
    }
    texts.extend([57, 58, 59, 122, 123].map(|it| (belgium, "ж".repeat(it), both.clone())));
    texts.extend([35, 36, 66, 67, 100].map(|it| (belgium, "🎉".repeat(it), unicode.clone())));
    // What is repaired counts as it is sent: in metropolitan France ucs2 is not.
    for text in ["Fête… « œuvre »", "10 ½ € ™", "à l’heure"] {
        texts.push((france, text.repeat(11), json!({})));
        texts.push((france, text.repeat(11), unicode.clone()));
        texts.push((belgium, text.repeat(11), unicode.clone()));
    }
    texts
}

#[test]
fn the_parts_that_a_plan_tells_are_those_that_are_billed() {
    let texts = texts();
    let message = |(num, text, more): &(&str, String, Value)| {
        let mut body = more.clone();
        (body["num"], body["sms"]) = ((*num).into(), text.as_str().into());
        body.to_string()
    };
    let input = texts.iter().map(message).collect::<Vec<_>>().join("\n");
    let simulator = Simulator::start(&[]);
    let set = ["--set", "maxParts=6"];
    let planned = isendpro(&["plan", "sendSms"]).args(&set).run(&input);
    assert_eq!(planned.code, 0, "{planned:?}");
    let args = ["--concurrency", "1", "--set", "maxParts=6"];
    let billed = simulator.run("sendSms", "k", &args).run(&input).quiet(0);
    let taken = simulator.sent();
    assert_eq!((billed.len(), taken.len()), (texts.len(), texts.len()));
    for (((text, planned), billed), taken) in
        texts.iter().zip(planned.lines()).zip(&billed).zip(&taken)
    {
        let parts = [&planned["smslong"], &billed["smslong"], &taken["parts"]];
        assert!(parts.iter().all(|it| *it == parts[0] && it.is_u64()), "{parts:?} for {text:?}");
        assert_eq!(planned["sms"], taken["sms"], "{text:?}");
    }
    let most = planned.lines().iter().map(|it| it["smslong"].as_u64().unwrap()).max();
    assert_eq!(most, Some(6), "the table reaches the longest text there is");
}

#[test]
fn count_tells_what_a_plan_tells() {
    for (text, sender) in [
        ("a".repeat(200), false),
        ("€".repeat(153), false),
        ("a".repeat(295), true),
        ("Fête 🎉 ".repeat(20), false),
    ] {
        let told = counted(&text, if sender { &["--stop"] } else { &[] });
        let as_sent = told.get("repaired").unwrap_or(&told);
        let mut message = json!({"num": "0680010001", "sms": text});
        if sender {
            message["emetteur"] = "Garage".into();
        }
        let planned = isendpro(&["plan", "sendSms"]).run(message.to_string());
        assert_eq!(planned.lines()[0]["smslong"], as_sent["parts"], "{text}");
    }
}

/// A text of 149 characters fits one SMS, and does not with the STOP mention.
#[test]
fn the_stop_mention_is_counted_unless_it_is_lifted() {
    let simulator = Simulator::start(&[]);
    let (lifted, open) = ("stopLifted=1", "stopLifted=0");
    for (emetteur, nostop, settings, parts) in [
        (None, None, ["kind=transactional", open], 1),
        (Some("Garage"), None, ["kind=transactional", open], 2),
        (Some("Garage"), None, ["kind=transactional", lifted], 1),
        (Some("Garage"), Some(true), ["kind=transactional", open], 2),
        (Some("Garage"), Some(true), ["kind=transactional", lifted], 1),
        (Some("Garage"), None, ["kind=marketing", lifted], 2),
    ] {
        let text = "a".repeat(149);
        let body =
            json!({"num": "0680010001", "sms": text, "emetteur": emetteur, "nostop": nostop});
        let args = ["--set", settings[0], "--set", settings[1]];
        let planned = isendpro(&["plan", "sendSms"]).args(&args).run(body.to_string());
        assert_eq!(planned.lines()[0]["smslong"], parts, "{body} {settings:?} {planned:?}");
        // The simulator leaves the mention out for nostop; more is never billed than was planned.
        let billed = simulator.run("sendSms", "k", &args).run(body.to_string()).quiet(0);
        let billed = billed[0]["smslong"].as_u64().unwrap();
        assert!(
            if nostop.is_some() { billed <= parts } else { billed == parts },
            "{body} {billed}"
        );
    }
}

#[test]
fn the_text_policy_decides_what_becomes_of_other_characters() {
    let (france, overseas) = ("0680010001", "0692110001");
    for (policy, num, expected) in [
        ("repair", france, json!(["Fete", "GSM-7"])),
        ("repair", overseas, json!(["Fete", "GSM-7"])),
        ("strict", france, json!("`ê` (U+00EA) at character 2")),
        ("ucs2", france, json!(["Fete", "GSM-7"])),
        ("ucs2", overseas, json!(["Fête", "UCS-2"])),
    ] {
        let set = format!("textPolicy={policy}");
        let body = json!({"num": num, "sms": "Fête"}).to_string();
        let planned = isendpro(&["plan", "sendSms", "--set", &set]).run(body).lines().remove(0);
        match expected.as_str() {
            Some(words) => assert!(planned["error"]["message"].to_string().contains(words)),
            None => assert_eq!(json!([planned["sms"], planned["encoding"]]), expected, "{policy}"),
        }
    }
    let plain = json!({"num": overseas, "sms": "Fete"}).to_string();
    let args = ["plan", "sendSms", "--set", "textPolicy=ucs2"];
    // Unicode is dearer, and not used where it is not needed.
    assert_eq!(isendpro(&args).run(plain).lines()[0]["encoding"], "GSM-7");
}
