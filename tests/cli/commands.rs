//! The commands beside `run`: what they print, and how they end.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::cli::{Finished, Simulator, isendpro, nobody, web_server};

fn run(args: &[&str]) -> Finished {
    isendpro(args).run("")
}

/// What a command prints that has nothing to complain of.
fn printed(args: &[&str]) -> String {
    let finished = run(args);
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""), "{args:?}");
    finished.stdout
}

#[test]
fn help_shows_examples_first() {
    for args in [&["--help"][..], &["-h"], &["run", "--help"]] {
        let help = printed(args);
        assert!(help.starts_with("Examples:\n"), "{help}");
        assert!(help.contains("isendpro run sendSms --server simulator"), "{help}");
    }
    assert!(printed(&["run", "--help"]).contains("Exit codes: 0 done"));
    for command in ["run", "actions", "check", "describe", "simulator", "completions"] {
        assert!(printed(&["--help"]).contains(command));
        assert!(!printed(&[command, "--help"]).is_empty());
    }
    assert_eq!(printed(&["--version"]), format!("isendpro {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&[]).code, 2);
}

#[test]
fn an_action_is_told_with_its_fields_settings_and_examples() {
    let told = printed(&["actions", "sendSms"]);
    for words in [
        "sendSms: Send an SMS",
        "num ",
        "required",
        "date_envoi",
        "whenRefused",
        "giveUpAfter",
        r#"{"num":"06 80 01 02 03""#,
        "Fields of a result",
    ] {
        assert!(told.contains(words), "no \"{words}\" in {told}");
    }
    assert_eq!(printed(&["actions", "SENDsms"]), told);
    let columns = told.lines().map(|it| it.chars().count()).max();
    assert!(told.lines().filter(|it| !it.contains('{')).count() > 30, "{columns:?}");
    let described: Value =
        serde_json::from_str(&printed(&["actions", "sendSms", "--json"])).unwrap();
    assert_eq!(described["name"], "sendSms");
    let same: Value = serde_json::from_str(&printed(&["describe", "sendSms"])).unwrap();
    assert_eq!(same, described);
    assert_eq!(described["metadata"]["in"]["properties"]["num"]["required"], true);
}

#[test]
fn a_slip_in_a_name_gets_the_nearest_one() {
    for (slip, nearest) in [
        ("sendSMSMulty", "sendSmsMulti"),
        ("sendsm", "sendSms"),
        ("getcredits", "getCredit"),
        ("listeNoire", "ListeNoire"),
    ] {
        for command in ["actions", "describe", "run"] {
            let finished = run(&[command, slip]);
            finished.says(2, &[slip, nearest, "did you mean", "`isendpro actions` lists them"]);
            assert_eq!(finished.stdout, "");
        }
    }
}

/// A copy of the generated files.
fn copy(into: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join("component.json"), into.join("component.json")).unwrap();
    std::fs::create_dir(into.join("schemas")).unwrap();
    for entry in std::fs::read_dir(root.join("schemas")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, into.join("schemas").join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn the_generated_files_are_checked_and_written_anew() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked = isendpro(&["describe", "--check"]).folder(root).run("");
    assert_eq!((checked.code, checked.stdout.as_str(), checked.stderr.as_str()), (0, "", ""));

    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    let check = || isendpro(&["describe", "--check"]).folder(folder.path()).run("");
    assert_eq!(check().code, 0);
    let path = folder.path().join("component.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("Send an SMS", "Send a message", 1)).unwrap();
    std::fs::remove_file(folder.path().join("schemas/sendSms.in.json")).unwrap();
    std::fs::write(folder.path().join("schemas/sendFax.in.json"), "{}").unwrap();
    let remedy = "run: cargo run -- describe";
    check()
        .says(1, &["component.json", "schemas/sendSms.in.json", "schemas/sendFax.in.json", remedy]);

    std::fs::remove_file(folder.path().join("schemas/sendFax.in.json")).unwrap();
    let written = isendpro(&["describe", "--root", folder.path().to_str().unwrap()]).run("");
    assert_eq!((written.code, written.stdout.as_str(), written.stderr.as_str()), (0, "", ""));
    assert_eq!(check().code, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn check_says_in_words_what_it_found() {
    let simulator = Simulator::start(&["--credit", "12.4"]);
    let (nobody, _taken) = nobody();
    let page = web_server("404 Not Found", "<html>nothing here</html>");
    let check = |key: &str, server: &str| isendpro(&["check", "--server", server]).key(key).run("");
    let fine = check("good-key", &simulator.url);
    let words = "key accepted, credit 12.40 EUR, about 248 SMS\n";
    assert_eq!((fine.code, fine.stdout.as_str(), fine.stderr.as_str()), (0, words, ""));
    check("empty-key", &simulator.url).says(5, &["no credit", "credit 0.00 EUR", "top up"]);
    let refused =
        ["REFUSED by iSendPro (code 902", "Mon compte > Mon API", "allowed addresses", "keyid"];
    check("refused-key", &simulator.url).says(4, &refused);
    check("k", &nobody).says(1, &["no connection", "check the server's address"]);
    check("k", &page).says(1, &["HTTP 404 with a web page", "check the server's address"]);
    check("", &simulator.url)
        .says(2, &["keyid: is missing", "ISENDPRO_KEYID", "Mon compte > Mon API"]);
    check("k", "ftp://example.org").says(2, &["use https"]);
    assert!(check("k", "simulator").stdout.starts_with("key accepted"));
}

#[test]
fn completions_are_printed() {
    let script = printed(&["completions", "bash"]);
    assert!(script.contains("_isendpro()") && script.contains("complete -F"));
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(printed(&["completions", shell]).contains("isendpro"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"]).code, 2);
}

#[test]
fn a_simulator_says_where_it_is_and_nothing_else() {
    let simulator = Simulator::start(&[]);
    assert!(simulator.url.starts_with("http://127.0.0.1:") && simulator.url.ends_with("/cgi-bin"));
    assert_eq!(simulator.ask("GET", "health", "")["status"], "ok");
    let port = simulator.url.split([':', '/']).nth(4).unwrap().to_owned();
    run(&["simulator", "--port", &port]).says(1, &["is taken by another process", &port]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for args in [&["actions", "sendSms"][..], &["actions", "--json"], &["completions", "bash"]] {
        let mut running = isendpro(args).start();
        running.close_stdout();
        assert_eq!(running.finish().stderr, "");
    }
}

/// The help of a command, and of all those below it.
fn helps(command: &[&str], variables: &[(String, String)], pages: &mut Vec<String>) {
    let ask = |flag| {
        let cli = isendpro(command).args(&[flag]);
        let cli = variables.iter().fold(cli, |cli, (name, value)| cli.env(name, value));
        let help = cli.run("");
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{command:?} {flag}");
        help.stdout
    };
    let (long, short) = (ask("--help"), ask("-h"));
    let below = long.split_once("\nCommands:\n").map(|it| it.1.to_owned()).unwrap_or_default();
    pages.extend([long, short]);
    for line in below.lines().take_while(|it| !it.is_empty()) {
        let name =
            line.strip_prefix("  ").filter(|it| it.starts_with(|it: char| it.is_alphabetic()));
        if let Some(name) = name.and_then(|it| it.split(' ').next()) {
            helps(&[command, &[name]].concat(), variables, pages);
        }
    }
}

#[test]
fn no_help_shows_what_is_in_the_environment() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut pages = Vec::new();
    helps(&[], &[], &mut pages);
    let known = readme + &pages.concat();
    let words = known.split(|it: char| !it.is_ascii_uppercase() && it != '_');
    let names: BTreeSet<&str> = words.filter(|it| it.starts_with("ISENDPRO_")).collect();
    assert!(names.contains("ISENDPRO_JOURNAL") && names.len() > 15, "{names:?}");
    let variables: Vec<(String, String)> =
        names.iter().map(|it| ((*it).to_owned(), "canary-SECRET".to_owned())).collect();
    let count = pages.len();
    pages.clear();
    helps(&[], &variables, &mut pages);
    assert!(pages.len() == count && count > 30, "{count} pages");
    for page in &pages {
        let line = page.lines().find(|it| it.contains("canary"));
        assert!(line.is_none(), "{line:?}");
    }
}

#[test]
fn a_check_of_the_simulator_says_so() {
    let checked = isendpro(&["check", "--server", "simulator"]).run("");
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
    assert!(checked.stdout.ends_with(" [simulator: no real account]\n"), "{}", checked.stdout);
}
