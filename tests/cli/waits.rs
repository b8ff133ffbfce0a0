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
