//! What the files of the deployment must say, whatever a linter thinks of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::compose::file;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_service_is_shut_in_and_no_secret_is_in_the_compose_file() {
    let file = file();
    for (name, service) in file["services"].as_object().unwrap() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
    for text in texts(&file) {
        assert!(!text.contains("://"), "an address may hold a password: {text}");
    }
    let secrets = file["secrets"].as_object().unwrap();
    assert!(secrets.values().all(|it| it["file"].as_str().unwrap().starts_with("secrets/")));
    assert!(read("deploy/rabbitmq/.gitignore").lines().any(|it| it == "/secrets"));
}

#[test]
fn the_image_gets_what_the_dockerfile_copies_and_runs_as_nobody() {
    let dockerfile = read("Dockerfile");
    let (build, image) = dockerfile.split_once("FROM scratch\n").unwrap();
    let mut copied: Vec<_> = build
        .lines()
        .filter_map(|it| it.strip_prefix("COPY "))
        .flat_map(|it| it.split(' ').rev().skip(1))
        .collect();
    let ignored = read(".dockerignore");
    let mut sent: Vec<_> = ignored.lines().filter_map(|it| it.strip_prefix('!')).collect();
    copied.sort_unstable();
    sent.sort_unstable();
    assert_eq!(copied, sent);
    assert!(ignored.lines().any(|it| it == "*"), "all else stays here");
    let said = |instruction: &str| image.lines().any(|it| it == instruction);
    assert!(said("USER 65532:65532") && said("STOPSIGNAL SIGTERM"));
    assert!(said(r#"ENTRYPOINT ["/usr/local/bin/isendpro"]"#) && said(r#"CMD ["step"]"#));
}
