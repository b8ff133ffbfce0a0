//! Messages that wait: for a server that is gone, or that asks for patience.

use crate::cli::{isendpro, nobody, sms, web_server};

const SHORT: [&str; 6] =
    ["--set", "giveUpAfter=0.02", "--set", "connectTimeout=1", "--concurrency", "2"];

/// Whatever is asked, a server that is gone ends the run; one that answers anything does not.
#[test]
fn nobody_there_ends_the_run_early_whatever_was_asked() {
    let (gone, _held) = nobody();
    let bulk = r#"{"num":["0680010001","0680010002","0142000000"],"sms":["a","b","c"]}"#;
    let single = sms("0001", "a");
    let asked = [
        ("sendSms", single.as_str()),
        ("sendSms", r#"{"num":"0680010001","sms":"a","keyid":"another"}"#),
        ("sendSmsMulti", bulk),
        ("sendSmsMulti", r#"{"num":["0680010001"],"sms":"a"}"#),
        ("sendSmsMulti", r#"{"repertoireId":"12","sms":"a"}"#),
        ("getCredit", "{}"),
        ("comptage", r#"{"num":"0680010001","sms":"a"}"#),
        ("getListeNoire", "{}"),
        ("setListeNoire", r#"{"num":"0680010001"}"#),
        ("getHlr", r#"{"num":"0680010001"}"#),
        ("repertoireCrea", r#"{"repertoireNom":"a"}"#),
        ("addShortlink", r#"{"shortlink":"https://example.org/"}"#),
    ];
    for (action, message) in asked {
        let input = format!("{message}\n").repeat(100);
        let flags = ["run", action, "--server", &gone, "--many"];
        let run = isendpro(&flags).args(&SHORT).key("k").run(&input);
        run.says(7, &["could not be reached", "giveUpAfter", "nothing was"]);
        assert!((1..20).contains(&run.lines().len()), "{action}: {}", run.lines().len());
        // Where nothing is tried again, each message has its own try.
        let run = isendpro(&flags).args(&["--set", "giveUpAfter=0"]).key("k").run(&input);
        assert_eq!((run.code, run.lines().len()), (3, 100), "{action}: {}", run.stderr);
    }
    let busy = web_server("429 Too Many Requests", "later");
    for (action, message) in [("sendSms", single.as_str()), ("sendSmsMulti", bulk)] {
        let input = format!("{message}\n").repeat(4);
        let run = isendpro(&["run", action, "--server", &busy]).args(&SHORT).key("k").run(&input);
        assert_eq!((run.code, run.lines().len()), (3, 4), "{action}: {}", run.stderr);
    }
}

/// Which message waits, and why, is told once, beside the results, and the others go on.
#[test]
fn a_message_that_waits_says_so_once_and_holds_nobody_in_unordered_results() {
    let mut lines: Vec<String> = (1..=100).map(|it| sms("0001", &format!("n {it}"))).collect();
    lines[19] = sms("0430", "slow");
    let input = lines.join("\n");
    let server = ["run", "sendSms", "--server", "simulator", "--set", "giveUpAfter=0.08"];
    let told = "isendpro: line 20 waits: iSendPro asks to come back later (HTTP 429); next try in ";
    for (flags, place, stderr) in [
        (&[][..], 19, told),
        (&["--concurrency", "3"], 19, told),
        (&["--unordered"], 99, told),
        (&["--unordered", "--concurrency", "2"], 99, told),
        (&["--quiet"], 19, ""),
        (&["-q", "--unordered"], 99, ""),
    ] {
        let run = isendpro(&server).args(flags).run(&input);
        let slow = run.lines().iter().position(|it| it["error"]["line"] == 20);
        assert_eq!((run.code, run.lines().len(), slow), (3, 100, Some(place)), "{flags:?}");
        let said = run.stderr.lines().count();
        assert!(said == usize::from(!stderr.is_empty()) && run.stderr.starts_with(stderr));
    }
}

#[test]
fn all_that_wait_for_the_same_are_told_in_one_line() {
    let (gone, _held) = nobody();
    let busy = web_server("429 Too Many Requests", "later");
    let input = (0..50).map(|it| sms("0001", &format!("n {it}"))).collect::<Vec<_>>().join("\n");
    for (server, why) in [(gone, "no connection: "), (busy, "iSendPro asks to come back later ")] {
        let flags = ["run", "sendSms", "--server", &server, "--set", "giveUpAfter=0.2"];
        let run = isendpro(&flags).args(&["--concurrency", "50"]).key("k").run(&input);
        let told: Vec<&str> = run.stderr.lines().filter(|it| it.contains("next try in")).collect();
        let words = format!("isendpro: 50 messages wait, from line 1 to line 50: {why}");
        assert!(told.len() == 1 && told[0].starts_with(&words), "{}", run.stderr);
    }
}
