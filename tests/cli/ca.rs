//! A CA of one's own, trusted beside the system's.

use std::path::Path;

use serde_json::json;

use crate::cli::{Cli, Simulator, isendpro, sms};
use crate::redis::Redis;
use crate::tls::{Ca, Shown, server};

const UNTRUSTED: &[&str] = &["certificate", "UnknownIssuer", "ISENDPRO_CA_FILE"];

fn over_tls(shown: &Shown) -> Redis {
    let files = ["--tls-cert-file", &shown.certificate, "--tls-key-file", &shown.key];
    Redis::over_tls(&[&files[..], &["--tls-auth-clients", "no"]].concat())
}

fn run(simulator: &Simulator, journal: &Redis) -> Cli {
    simulator.run("sendSms", "main", &["--journal", &journal.url()])
}

#[test]
fn a_journal_whose_ca_is_known_here_alone_is_used_when_the_ca_is_named() {
    let (simulator, ca) = (Simulator::start(&[]), Ca::new("company"));
    let redis = over_tls(&ca.issue());
    let line = sms("0001", "a");
    run(&simulator, &redis).run(&line).says(1, UNTRUSTED);
    let wrong = Ca::new("another company");
    run(&simulator, &redis).env("ISENDPRO_CA_FILE", &wrong.file()).run(&line).says(1, UNTRUSTED);
    assert_eq!(simulator.total(), 0);
    let trusting = || run(&simulator, &redis).env("ISENDPRO_CA_FILE", &ca.file());
    assert_eq!(trusting().run(&line).quiet(0)[0]["status"], "accepted");
    let listed = isendpro(&["journal", "list", "--journal", &redis.url()]);
    let listed = listed.env("ISENDPRO_CA_FILE", &ca.file()).run("");
    assert!(listed.stdout.contains("accepted"), "{listed:?}");
    trusting().run(&line).says(2, &["nothing was sent"]);
    assert_eq!(simulator.total(), 1);
}

/// What the system trusts stands for the public CAs.
#[test]
fn the_systems_cas_are_trusted_beside_it() {
    let (simulator, system, own) = (Simulator::start(&[]), Ca::new("public"), Ca::new("company"));
    let both =
        |it: Cli| it.env("SSL_CERT_FILE", &system.file()).env("ISENDPRO_CA_FILE", &own.file());
    for (ca, text) in [(&system, "a"), (&own, "b")] {
        let redis = over_tls(&ca.issue());
        let sent = both(run(&simulator, &redis)).run(sms("0001", text)).quiet(0);
        assert_eq!(sent[0]["status"], "accepted");
        let credit = server(&ca.issue(), r#"{"etat":{"credit":"12.40","quantite":"248"}}"#);
        let check = |url: &str| isendpro(&["check", "--server", url]).key("main");
        let fine = both(check(&credit)).run("");
        assert_eq!(fine.stdout, "key accepted, credit 12.40 EUR, about 248 SMS\n", "{fine:?}");
        check(&credit).run("").says(1, UNTRUSTED);
    }
    assert_eq!(simulator.total(), 2);
}

#[test]
fn a_platform_is_asked_with_the_same_trust() {
    let own = Ca::new("company");
    let platform = server(&own.issue(), "{}");
    let simulator = Simulator::start(&[]);
    let config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    let service = || {
        isendpro(&["service", "verifyCredentials"])
            .env("ELASTICIO_API_REQUEST_RETRY_ATTEMPTS", "1")
            .env("ELASTICIO_FLOW_ID", "flow1")
            .env("ELASTICIO_CFG", &config.to_string())
            .env("ELASTICIO_POST_RESULT_URL", &platform)
    };
    let refused = service().run("");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(UNTRUSTED.iter().all(|it| refused.stdout.contains(it)), "{refused:?}");
    let told = service().env("ISENDPRO_CA_FILE", &own.file()).run("");
    assert_eq!(told.code, 0, "{told:?}");
}

#[test]
fn a_file_without_a_ca_ends_the_start_and_nothing_is_sent() {
    let (simulator, own) = (Simulator::start(&[]), Ca::new("company"));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("none/ca.pem");
    let key = std::fs::read_to_string(own.issue().key).unwrap();
    for (path, told) in [
        (missing.to_str().unwrap().to_owned(), "there is no folder"),
        (folder.path().join("ca.pem").to_str().unwrap().to_owned(), "there is no such file"),
        (folder.path().to_str().unwrap().to_owned(), "this is a folder"),
        (file("empty.pem", ""), "has no certificate in PEM"),
        (file("key.pem", &key), "holds a private key"),
        (file("half.pem", "-----BEGIN CERTIFICATE-----\nMII"), "the file is damaged"),
    ] {
        let command = |it: Cli| it.env("ISENDPRO_CA_FILE", &path).run(sms("0001", "a"));
        let name = Path::new(&path).file_name().unwrap().to_str().unwrap();
        for refused in [
            command(simulator.run("sendSms", "main", &[])),
            command(isendpro(&["plan", "sendSms"])),
            command(isendpro(&["check", "--server", &simulator.url]).key("main")),
        ] {
            refused.says(2, &["ISENDPRO_CA_FILE", name, told]);
            assert!(!refused.stderr.contains(key.lines().nth(1).unwrap()), "{refused:?}");
        }
    }
    assert_eq!(simulator.total(), 0);
}
