//! Numbers of JSON: each keeps its digits, or is refused.

use serde_json::json;

use crate::cli::{Simulator, isendpro, sms};

/// All forms that a number may have, and more digits than a float holds.
const NUMBERS: [&str; 14] = [
    "4711",
    "0",
    "-0",
    "19.90",
    "3.0",
    "1e3",
    "1E+3",
    "2.50e-7",
    "0.0000001",
    "-12.00",
    "9007199254740993",
    "20261128000000000001",
    "-123456789012345678901234567890",
    "3.14159265358979323846264338327950288",
];

#[test]
fn what_is_yours_comes_back_as_it_was_written() {
    let dry = |action: &str| isendpro(&["run", action, "--dry-run"]);
    for number in NUMBERS {
        let meta = format!(r#"{{"prix":{number},"l":[[{number}],"1e3"]}}"#);
        let common = format!(r#""reference":{number},"meta":{meta}"#);
        let single = format!(r#"{{"num":"0680010203","sms":{number},{common}}}"#);
        let planned = dry("sendSms").run(single).stdout;
        for part in [
            format!(r#""sms":"{number}""#),
            format!(r#""reference":"{number}""#),
            format!(r#""meta":{meta}"#),
        ] {
            assert!(planned.contains(&part), "no {part} in {planned}");
        }
        let around = format!(
            r#"{{"id":{number},"passthrough":{meta},"body":{{"num":"x","sms":"a",{common}}}}}"#
        );
        let error = dry("sendSms").run(around).stdout;
        for part in [
            format!(r#""id":{number}"#),
            format!(r#""passthrough":{meta}"#),
            format!(r#""reference":{number}"#),
            format!(r#""meta":{meta}"#),
        ] {
            assert!(error.contains(&part), "no {part} in {error}");
        }
        let bulk = format!(
            r#"{{"recipients":[{{"num":"0680010203","sms":"a","meta":{meta}}},{{"num":"x","sms":"b","meta":{number}}}]}}"#
        );
        let planned = dry("sendSmsMulti").run(bulk).stdout;
        for part in [format!(r#""meta":{meta}"#), format!(r#""meta":{number}}}"#)] {
            assert!(planned.contains(&part), "no {part} in {planned}");
        }
    }
}

#[test]
fn references_that_share_a_float_are_two_messages() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    for (place, (one, other)) in [
        ("20261128000000000001", "20261128000000000003"),
        ("18446744073709551616", "18446744073709551617"),
        ("-9223372036854775809", "-9223372036854775810"),
        ("0.1234567890123456781", "0.1234567890123456782"),
        ("4711.5", "4711.50"),
    ]
    .into_iter()
    .enumerate()
    {
        for (name, flags) in [("run", &[][..]), ("ids", &["--once-per-id"])] {
            let before = simulator.sent().len();
            let journal =
                format!("file:{}", folder.path().join(format!("{name}{place}")).display());
            let line = |it: &str| format!(r#"{{"num":"0680010203","sms":"a","reference":{it}}}"#);
            let input = [line(one), line(other)].join("\n");
            let args = [&["--journal", &journal][..], flags].concat();
            let lines = simulator.run("sendSms", "main", &args).run(&input).quiet(0);
            let told: Vec<_> = lines.iter().map(|it| (&it["reference"], &it["status"])).collect();
            let accepted = json!("accepted");
            assert_eq!(told, [(&json!(one), &accepted), (&json!(other), &accepted)]);
            assert!(lines.iter().all(|it| it.get("replayed").is_none()), "{lines:?}");
            assert_eq!(simulator.sent().len() - before, 2, "{name} {one}");
            if name == "ids" {
                let again = simulator.run("sendSms", "main", &args).run(&input).quiet(0);
                assert!(again.iter().all(|it| it["replayed"] == true), "{again:?}");
                assert_eq!(simulator.sent().len() - before, 2, "{name} {one}");
            }
        }
    }
}

#[test]
fn a_number_of_a_telephone_has_digits_only() {
    let simulator = Simulator::start(&[]);
    let wrong = [
        "-680010203",
        "-1614957093",
        "680010203.0",
        "680010203.25",
        "33680.010203",
        "6.80010203e8",
        "6.8E+08",
        "33680010203e0",
        "-0",
        "1e400",
        "true",
    ];
    for number in wrong {
        for (action, body) in [
            ("sendSms", format!(r#"{{"num":{number},"sms":"a"}}"#)),
            ("comptage", format!(r#"{{"num":{number},"sms":"a"}}"#)),
            ("setListeNoire", format!(r#"{{"num":{number}}}"#)),
            ("delListeNoire", format!(r#"{{"num":{number}}}"#)),
            (
                "repertoire",
                format!(r#"{{"repertoireEdit":"add","repertoireId":"1","num":[{number}]}}"#),
            ),
        ] {
            let lines = simulator.run(action, "main", &[]).run(&body).quiet(3);
            let error = &lines[0]["error"];
            assert_eq!(error["kind"], "invalid", "{action} {number}: {error}");
            assert!(error["field"].as_str().unwrap().starts_with("num"), "{error}");
        }
        for (action, body) in [
            ("sendSmsMulti", format!(r#"{{"num":[{number},680010204],"sms":"a"}}"#)),
            (
                "sendSmsMulti",
                format!(r#"{{"recipients":[{{"num":{number}}},{{"num":680010204}}],"sms":"a"}}"#),
            ),
            ("getHlr", format!(r#"{{"num":[{number},680010204]}}"#)),
        ] {
            let before = simulator.sent().len();
            let finished = simulator.run(action, "main", &[]).run(&body);
            let results = finished.lines()[0]["results"].clone();
            let told =
                [0, 1].map(|it| results[it]["status"].as_str().unwrap_or_default().to_owned());
            assert_eq!(told, ["refused", "accepted"], "{action} {number}: {}", finished.stdout);
            assert_eq!(results[0]["num"], json!(number), "{results}");
            assert!(simulator.sent().len() - before <= 1, "{body}");
        }
    }
}

#[test]
fn one_bad_entry_is_refused_alone() {
    let simulator = Simulator::start(&[]);
    for (bad, said) in [
        ("null", "must be an object, found nothing"),
        ("7", "must be an object, found a number"),
        (r#""0680010299""#, "must be an object, found text"),
        ("[]", "must be an object, found a list"),
        ("true", "must be an object, found true or false"),
        ("{}", "there is no number"),
        (r#"{"num":null,"sms":"a"}"#, "there is no number"),
        (r#"{"num":["0680010299"],"sms":"a"}"#, "num: must be text, found a list"),
        (r#"{"num":true,"sms":"a","meta":1e3}"#, "num: must be text, found true or false"),
        (r#"{"num":"0680010299","sms":false}"#, "sms: must be text, found true or false"),
        (r#"{"num":"0680010299","sms":{"a":1}}"#, "sms: must be text, found an object"),
        (r#"{"num":"0680010299","sms":"a","tracker":[1]}"#, "tracker: must be text, found a list"),
        (r#"{"num":"0680010299"}"#, "holds no text"),
        (r#"{"num":12,"sms":"a"}"#, "a short number"),
    ] {
        let good = |it: u8| format!(r#"{{"num":"068001020{it}","sms":"n {it}","meta":{it}.0}}"#);
        let body = format!(r#"{{"recipients":[{},{bad},{}]}}"#, good(1), good(2));
        let before = simulator.sent().len();
        let finished = simulator.run("sendSmsMulti", "main", &[]).run(&body);
        assert_eq!(finished.code, 3, "{bad}");
        let results = &finished.lines()[0]["results"];
        let told =
            [0, 1, 2].map(|it| results[it]["status"].as_str().unwrap_or_default().to_owned());
        assert_eq!(told, ["accepted", "refused", "accepted"], "{bad}: {}", finished.stdout);
        assert!(results[1]["message"].as_str().unwrap().contains(said), "{results}");
        assert!(finished.stdout.contains(r#""meta":2.0"#), "{}", finished.stdout);
        assert_eq!(simulator.sent().len() - before, 2, "{bad}");
    }
    for (columns, said) in [
        (r#""num":["0680010201",null,"0680010202"],"sms":["a","b","c"]"#, "found nothing"),
        (r#""num":["0680010201",{"a":1},"0680010202"],"sms":"a""#, "found an object"),
        (r#""num":["0680010201","0680010299","0680010202"],"sms":["a",null,"c"]"#, "holds no text"),
        (
            r#""num":["0680010201","0680010299","0680010202"],"sms":["a",true,"c"]"#,
            "sms: must be text",
        ),
        (
            r#""num":["0680010201","0680010299","0680010202"],"sms":"a","tracker":["a",[],null]"#,
            "tracker: must be",
        ),
    ] {
        let before = simulator.sent().len();
        let finished = simulator.run("sendSmsMulti", "main", &[]).run(format!("{{{columns}}}"));
        let results = &finished.lines()[0]["results"];
        let told =
            [0, 1, 2].map(|it| results[it]["status"].as_str().unwrap_or_default().to_owned());
        assert_eq!(told, ["accepted", "refused", "accepted"], "{}", finished.stdout);
        assert!(results[1]["message"].as_str().unwrap().contains(said), "{results}");
        assert_eq!(simulator.sent().len() - before, 2);
    }
    // Where none is right, it is the message that is wrong.
    for all in [r#"["0680010201"]"#, "[null,7]", r#"[{"num":[]},{"num":{}}]"#] {
        let body = format!(r#"{{"recipients":{all},"sms":"a"}}"#);
        let error =
            simulator.run("sendSmsMulti", "main", &[]).run(&body).quiet(3)[0]["error"].clone();
        assert_eq!(error["kind"], "invalid", "{body}");
    }
}

#[test]
fn two_texts_to_one_number_are_two_sms() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"recipients":[{"num":"0680010203","sms":"Lea, lundi"},{"num":"06 80 01 02 03","sms":"Tom, mardi"},{"num":"+33680010203","sms":"Lea, lundi"}],"reference":"r1"}"#;
    for flags in [&[][..], &["--once-per-id"]] {
        let before = simulator.sent().len();
        let journal = format!("file:{}", folder.path().join(flags.len().to_string()).display());
        let args = [&["--journal", &journal][..], flags].concat();
        let lines = simulator.run("sendSmsMulti", "main", &args).run(body).quiet(0);
        let statuses = [0, 1, 2].map(|it| lines[0]["results"][it]["status"].clone());
        assert_eq!(statuses, ["accepted", "accepted", "duplicate"], "{lines:?}");
        let texts: Vec<_> = simulator.sent()[before..].iter().map(|it| it["sms"].clone()).collect();
        assert_eq!(texts, ["Lea, lundi", "Tom, mardi"]);
        if !flags.is_empty() {
            let again = simulator.run("sendSmsMulti", "main", &args).run(body).quiet(0);
            let replayed = [0, 1].map(|it| again[0]["results"][it]["replayed"].clone());
            assert_eq!(
                (replayed, simulator.sent().len() - before),
                ([json!(true), json!(true)], 2)
            );
        }
    }
}

#[test]
fn failed_lines_are_those_that_were_given() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    let mut wrong: Vec<String> = NUMBERS
        .iter()
        .map(|it| format!(r#"  {{ "num" : "0142000000", "sms":"\u00e9\/",  "meta":{it} }} "#))
        .collect();
    wrong.push(r#"{"num":"x","num":"y","sms":1e3}"#.to_owned());
    wrong.push(r#"{"error":{"kind":"notSent"},"id":7.0,"body":{"num":"x"}}"#.to_owned());
    wrong.push("no JSON".to_owned());
    let input = wrong.join("\r\n") + "\r\n" + &sms("0001", "fine");
    let args = ["--failed", path.to_str().unwrap(), "--concurrency", "1"];
    simulator.run("sendSms", "main", &args).run(&input).quiet(3);
    let kept = std::fs::read_to_string(&path).unwrap();
    // Blanks before the first message are part of none.
    assert_eq!(kept, wrong.join("\r\n").trim_start().to_owned() + "\r\n");
}

/// A failed line that may have been sent says so, and has all digits all the same.
#[test]
fn a_failed_line_in_doubt_says_so() {
    let simulator = Simulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("failed.ndjson");
    let line = r#"{"num":"0680010903","sms":"a","meta":[1e3,19.90,20261128000000000001]}"#;
    let args = ["--failed", path.to_str().unwrap()];
    simulator.run("sendSms", "main", &args).run(line).quiet(6);
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept.contains(r#""kind":"unknown""#) && kept.contains(&line[1..]), "{kept}");
}

#[test]
fn large_numbers_and_deep_lists_are_json() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    for (line, said) in [
        (format!(r#"{{"num":"0680010203","sms":"a","meta":{}}}"#, deep(200)), "levels"),
        (format!(r#"{{"num":"0680010203","sms":"a","meta":{}}}"#, deep(127)), "levels"),
        (r#"{"num":"0680010203","sms":"a","smslong":1e400}"#.to_owned(), "smslong: must be"),
        (
            r#"{"num":"0680010203","sms":"a","smslong":20261128000000000001}"#.to_owned(),
            "smslong: must be",
        ),
        (r#"{"num":"0680010203","sms":"a","smslong":2.5}"#.to_owned(), "smslong: must be"),
        (r#"{"num":"0680010203","sms":"a","nostop":2}"#.to_owned(), "nostop: must be"),
        (r#"{"num":"0680010203","sms":"a","nostop":1e400}"#.to_owned(), "nostop: must be"),
        (r#"{"num":"0680010203","sms":true}"#.to_owned(), "sms: must be text"),
        (
            r#"{"num":"0680010203","sms":"a","reference":false}"#.to_owned(),
            "reference: must be text",
        ),
        (r#"{"num":"0680010203","sms":"a","tracker":true}"#.to_owned(), "tracker: must be text"),
    ] {
        let lines = isendpro(&["run", "sendSms", "--dry-run"]).run(&line).quiet(3);
        let message = lines[0]["error"]["message"].as_str().unwrap();
        assert!(message.contains(said) && !message.contains("not JSON"), "{line}: {message}");
    }
    for line in [
        format!(r#"{{"num":"0680010203","sms":"a","meta":{}}}"#, deep(126)),
        r#"{"num":"0680010203","sms":"a","meta":1e400}"#.to_owned(),
        r#"{"num":"0680010203","sms":"a","nostop":1.0,"smslong":2.0,"ucs2":0e0}"#.to_owned(),
    ] {
        assert_eq!(
            isendpro(&["run", "sendSms", "--dry-run"]).run(&line).lines()[0]["status"],
            "planned"
        );
    }
}
