//! Bad input: each mistake is one error line with its place and a remedy, nothing is sent for it,
//! and every other message is carried.

use serde_json::{Value, json};

use crate::cli::{Simulator, isendpro, nobody, sms, web_server};

/// Runs each wrong line between two good ones, all in one go, and checks what is said of each.
fn check(action: &str, good: &str, cases: &[(&str, &str, &[&str])]) {
    let simulator = Simulator::start(&[]);
    let mut input = vec![good.to_owned()];
    for (place, (wrong, ..)) in cases.iter().enumerate() {
        input.push((*wrong).to_owned());
        input.push(good.replace("fine", &format!("fine {place}")));
    }
    let lines = simulator.run(action, "main", &[]).run(input.join("\n")).quiet(3);
    assert_eq!(lines.len(), input.len());
    for (place, (wrong, field, words)) in cases.iter().enumerate() {
        let (line, number) = (&lines[2 * place + 1], 2 * place + 2);
        let error = &line["error"];
        let said = error["message"].as_str().unwrap();
        assert!(said.starts_with("INVALID, nothing sent: "), "{said}");
        assert_eq!((&error["kind"], &error["line"]), (&json!("invalid"), &json!(number)), "{line}");
        assert_eq!(error["field"].as_str().unwrap_or_default(), *field, "{wrong}: {said}");
        for word in *words {
            assert!(said.contains(word), "no \"{word}\" in {said}");
        }
    }
    let fine = lines.iter().filter(|it| it.get("error").is_none()).count();
    assert_eq!((fine, simulator.total()), (cases.len() + 1, cases.len() + 1));
}

#[test]
fn a_wrong_message_names_the_field_and_the_remedy() {
    check(
        "sendSms",
        &sms("0001", "fine"),
        &[
            (r#"{"num":"0680010203"}"#, "sms", &["sms: is missing or empty"]),
            (r#"{"num":"","sms":null}"#, "num", &["num: is missing", "sms: is missing"]),
            (
                r#"{"num":"0680010203","sms":"a","emeteur":"x"}"#,
                "emeteur",
                &["did you mean \"emetteur\"?", "\"meta\""],
            ),
            (
                r#"{"num":"0680010203","sms":"a","datenvoi":"x"}"#,
                "datenvoi",
                &["did you mean \"date_envoi\"?"],
            ),
            (r#"{"num":"0680010203","sms":"a","qqq":1}"#, "qqq", &["is not a field", "\"meta\""]),
            (r#"{"num":{},"sms":["a"]}"#, "num", &["num: must be text, found an object"]),
            (r#"{"num":[],"sms":"a"}"#, "num", &["num: must be text, found a list"]),
            (r#"{"num":"0142000000","sms":"a"}"#, "num", &["landline", "give a mobile number"]),
            (r#"{"num":"36180","sms":"a"}"#, "num", &["short number"]),
            (
                r#"{"num":"3.36E+10","sms":"a"}"#,
                "num",
                &["spreadsheet", "format the column as text"],
            ),
            (r#"{"num":3.36E+10,"sms":"a"}"#, "num", &["spreadsheet", "format the column as text"]),
            (
                r#"{"num":"0680010203068001020306800102030680010203","sms":"a"}"#,
                "num",
                &["too many digits"],
            ),
            (r#"{"num":"0470123456","sms":"a","region":"Belgium"}"#, "region", &["two letters"]),
            (r#"{"num":"0680010203","sms":"a\u0000b"}"#, "sms", &["U+0000", "character 2"]),
            (r#"{"num":"0680010203","sms":"Merci \ud83d"}"#, "sms", &["half a character"]),
            (r#"{"num":"0680010203","sms":"Привет"}"#, "sms", &["at character 1"]),
            (r#"{"num":"0680010203","sms":"🎉"}"#, "sms", &["nothing is left"]),
            (r#"{"num":"0680010203","sms":" \n "}"#, "sms", &["holds no text"]),
            (r#"{"num":"0680010203","sms":"a","smslong":7}"#, "smslong", &["from 1 to 6, or 999"]),
            (r#"{"num":"0680010203","sms":"a","smslong":"many"}"#, "smslong", &["a whole number"]),
            (r#"{"num":"0680010203","sms":"a","emetteur":"36180"}"#, "emetteur", &["only digits"]),
            (
                r#"{"num":"0680010203","sms":"a","date_envoi":"12/01/2027"}"#,
                "date_envoi",
                &["write it as 2026-12-24 18:00"],
            ),
            (
                r#"{"num":"0680010203","sms":"a","date_envoi":"0000-01-01 00:00"}"#,
                "date_envoi",
                &["has passed"],
            ),
            (
                r#"{"num":"0680010203","sms":"a","date_envoi":"9999-01-01 00:00"}"#,
                "date_envoi",
                &["more than 366 days ahead"],
            ),
            (
                r#"{"num":"0680010203","sms":"a","gmt_zone":"Europe/Pari"}"#,
                "gmt_zone",
                &["did you mean Europe/Paris?"],
            ),
            (
                r#"{"num":"0680010203","sms":"a","tracker":"a-b"}"#,
                "tracker",
                &["letters and digits"],
            ),
            (r#"{"num":"0680010203","sms":"a","nostop":"perhaps"}"#, "nostop", &["true or false"]),
            (
                r#"{"num":"0680010203","sms":"a","keyid":"  "}"#,
                "keyid",
                &["only blanks", "give a key"],
            ),
            (r#"[{"num":"0680010203","sms":"a"}]"#, "", &["must be a JSON object", "for example"]),
            ("\"text\"", "", &["must be a JSON object"]),
            ("{\"num\":\"0680010203\",\"sms\":\"a\"", "", &["not JSON"]),
            ("num;sms", "", &["not JSON"]),
        ],
    );
}

#[test]
fn a_wrong_bulk_message_sends_to_nobody() {
    check(
        "sendSmsMulti",
        r#"{"num":["0680010001"],"sms":"fine"}"#,
        &[
            (
                r#"{"num":["0680010001","0680010002"],"sms":["a","b","c"]}"#,
                "sms",
                &["3 texts for 2 recipients", "one for all, or one for each"],
            ),
            (r#"{"num":[],"sms":"a"}"#, "num", &["num: is missing or empty", "repertoireId"]),
            (r#"{"num":" ; , ","sms":"a"}"#, "num", &["num: is missing or empty"]),
            (r#"{"sms":"a"}"#, "num", &["num: is missing or empty"]),
            (r#"{"num":["0680010001"]}"#, "sms", &["sms: is missing or empty"]),
            (r#"{"recipients":[{"num":"0680010001"}]}"#, "sms", &["no recipient has a text"]),
            (
                r#"{"recipients":[{"num":"0680010001","sms":"a","emetteur":"x"}]}"#,
                "recipients[0].emetteur",
                &["is not a field"],
            ),
            (
                r#"{"recipients":[{"num":"0680010001"}],"num":["0680010001"],"sms":"a"}"#,
                "recipients",
                &["beside num"],
            ),
            (
                r#"{"num":["0680010001"],"sms":"a","tracker":["x","y"]}"#,
                "tracker",
                &["2 trackers for 1"],
            ),
        ],
    );
}

#[test]
fn a_line_too_long_costs_only_itself() {
    let long = sms("0001", &"x".repeat(300));
    let input = [&sms("0001", "a"), &long, &sms("0002", "b")].map(String::as_str).join("\n");
    let run = isendpro(&["run", "sendSms", "--server", "simulator", "--line-limit", "200"]);
    let lines = run.run(&input).quiet(3);
    let error = &lines[1]["error"];
    assert_eq!((&error["line"], &lines[2]["status"]), (&json!(2), &json!("accepted")));
    assert!(error["message"].as_str().unwrap().contains("longer than 200 bytes"));
    assert!(error["hint"].as_str().unwrap().contains("--line-limit"));
    isendpro(&["run", "sendSms", "--line-limit", "0"]).run("").says(2, &["--line-limit"]);
}

#[test]
fn a_mark_at_the_beginning_is_skipped() {
    let input = format!("\u{feff}{}\r\n\r\n{}", sms("0001", "a"), sms("0002", "b"));
    let lines = isendpro(&["run", "sendSms", "--server", "simulator"]).run(input).quiet(0);
    assert_eq!(lines.len(), 2);
}

#[test]
fn utf_16_is_named_and_nothing_is_sent() {
    let simulator = Simulator::start(&[]);
    let text = format!("{}\n{}\n", sms("0001", "a"), sms("0002", "b"));
    for mark in ["", "\u{feff}"] {
        let units = || mark.encode_utf16().chain(text.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for (input, name) in [(little, "little endian"), (big, "big endian")] {
            let finished = simulator.run("sendSms", "main", &[]).run(input);
            finished.says(1, &["the input is not UTF-8"]);
            let error = finished.lines()[0]["error"].clone();
            assert!(error["message"].as_str().unwrap().contains(name), "{error}");
            assert!(error["hint"].as_str().unwrap().contains("iconv -f UTF-16"), "{error}");
        }
    }
    assert_eq!(simulator.total(), 0);
}

/// The two error lines of a run that cannot reach anything useful.
fn two(server: &str, key: Option<&str>, args: &[&str], code: i32) -> Vec<Value> {
    let run = isendpro(&["run", "sendSms", "--server", server]).args(args);
    let run = if let Some(key) = key { run.key(key) } else { run };
    let finished = run.run(format!("{}\n{}", sms("0001", "a"), sms("0002", "b")));
    let told = usize::from(code == 2);
    assert_eq!((finished.code, finished.stderr.lines().count()), (code, told), "{finished:?}");
    assert_eq!(finished.lines().len(), 2);
    finished.lines()
}

#[test]
fn without_a_key_one_error_says_where_to_find_it_whatever_comes_first() {
    let simulator = Simulator::start(&[]);
    let line = sms("0001", "a");
    for key in [None, Some(""), Some("   ")] {
        for input in [
            line.clone(),
            format!("{line}\n").repeat(182),
            format!("[{line},{line}]"),
            format!("no message\n{line}\n"),
            format!("\n\n{line}"),
            r#"{"id":"a","body":{"num":"0680010001","sms":"a","keyid":null}}"#.to_owned(),
            r#"{"requestBody":{"num":"0680010001","sms":"a"}}"#.to_owned(),
            r#"{"keyId":"k","num":"0680010001","sms":"a"}"#.to_owned(),
        ] {
            let cli = isendpro(&["run", "sendSms", "--server", &simulator.url]);
            let run = if let Some(key) = key { cli.key(key) } else { cli }.run(&input);
            run.says(2, &["keyid: is missing", "ISENDPRO_KEYID", "Mon compte > Mon API"]);
            assert_eq!((run.stderr.lines().count(), run.stdout.as_str()), (1, ""), "{input}");
        }
    }
    assert_eq!(simulator.total(), 0);
    for own in [
        r#"{"keyid":"own","num":"0680010001","sms":"a"}"#,
        r#"{"id":"a","body":{"num":"0680010001","sms":"b","keyid":"own"}}"#,
        r#"{"requestBody":{"num":"0680010001","sms":"c","keyid":"own"}}"#,
    ] {
        isendpro(&["run", "sendSms", "--server", &simulator.url]).run(own).quiet(0);
    }
    assert_eq!(simulator.total(), 3);
}

#[test]
fn a_server_that_cannot_be_reached_is_safe_to_retry() {
    let (nobody, _taken) = nobody();
    for line in two(&nobody, Some("k"), &["--set", "giveUpAfter=0"], 3) {
        let error = &line["error"];
        assert_eq!((&error["kind"], &error["retryable"]), (&json!("notSent"), &json!(true)));
        let said = error["message"].as_str().unwrap();
        assert!(said.starts_with("NOT SENT, retry is safe: no connection"), "{said}");
        assert!(error["hint"].as_str().unwrap().contains("address"), "{error}");
    }
}

#[test]
fn a_server_that_answers_a_web_page_is_told_by_its_status() {
    let page = "<!doctype html><html><body>Hello</body></html>";
    let kind = |status, code, expected: &str, words: &str| {
        for line in two(&web_server(status, page), Some("k"), &["--set", "giveUpAfter=0"], code) {
            let said = line["error"]["message"].as_str().unwrap();
            assert_eq!(line["error"]["kind"], expected, "{status}: {line}");
            assert!(said.contains("a web page") && said.contains(words), "{status}: {said}");
        }
    };
    kind("200 OK", 6, "unknown", "MAY HAVE BEEN SENT");
    kind("502 Bad Gateway", 6, "unknown", "MAY HAVE BEEN SENT");
    kind("403 Forbidden", 3, "refused", "check the server's address");
    kind("404 Not Found", 3, "refused", "check the server's address");
    kind("301 Moved Permanently", 3, "refused", "check the server's address");
    kind("302 Found", 6, "unknown", "MAY HAVE BEEN SENT");
}

#[test]
fn a_mistake_in_the_configuration_is_told_once_off_a_terminal() {
    let simulator = Simulator::start(&[]);
    let input: String = (0..30).map(|it| sms("0001", &it.to_string()) + "\n").collect();
    let run = isendpro(&["run", "sendSms", "--server", &simulator.url]).run(&input);
    run.says(2, &["isendpro: CONFIGURATION, nothing sent: keyid: is missing", "ISENDPRO_KEYID"]);
    assert_eq!((run.stderr.lines().count(), run.lines().len(), simulator.total()), (1, 0, 0));
    // Messages may bring a key each; one that does not is then an error of its own.
    let own = input.replace("{\"num\"", "{\"keyid\":\"own\",\"num\"") + &sms("0001", "last");
    let run = isendpro(&["run", "sendSms", "--server", &simulator.url]).run(own);
    run.says(2, &["isendpro: 1 of 31 messages: CONFIGURATION, nothing sent: keyid: is missing"]);
    assert_eq!((run.lines().len(), simulator.total()), (31, 30));
}
