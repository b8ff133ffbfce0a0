//! What the files of the deployment must say, whatever a linter thinks of it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::compose::{file, yaml};

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

/// What others publish may be moved by them; what is named by its hash may not.
#[test]
fn actions_and_base_images_are_pinned_by_their_hash() {
    let is_hash = |text: &str, length| {
        text.len() == length && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut used = 0;
    for workflow in ["ci", "release"] {
        let workflow = read(&format!(".github/workflows/{workflow}.yml"));
        for line in workflow.lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            let (action, version) = action.split_once(" # v").expect(line);
            let (_, hash) = action.split_once('@').expect(line);
            assert!(
                is_hash(hash, 40) && version.starts_with(|it: char| it.is_ascii_digit()),
                "{line}"
            );
            used += 1;
        }
    }
    assert!(used > 5, "{used}");
    let dockerfile = read("Dockerfile");
    for base in dockerfile.lines().filter_map(|it| it.strip_prefix("FROM ")) {
        let image = base.split(' ').next().unwrap();
        let hash = image.split_once("@sha256:").map_or("", |it| it.1);
        assert!(image == "scratch" || is_hash(hash, 64), "{base}");
    }
}

/// Nothing is made for others, and nothing pushed, before all checks have passed.
#[test]
fn a_release_has_one_gate() {
    let release = yaml(".github/workflows/release.yml");
    let jobs = release["jobs"].as_object().unwrap();
    let needs = |job: &Value| match &job["needs"] {
        Value::Array(several) => several.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    for (name, job) in jobs {
        let mut before = needs(job);
        while let Some(next) = before.iter().find(|it| *it != "gate").cloned() {
            before.retain(|it| *it != next);
            before.extend(needs(&jobs[next.as_str().unwrap()]));
        }
        assert_eq!(before.is_empty(), name == "gate", "{name} comes after the gate");
    }
    let gate = jobs["gate"]["steps"].to_string();
    assert!(gate.contains(".ci/run") && gate.contains("Cargo.toml says"), "{gate}");
}
