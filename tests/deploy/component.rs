//! The folder that is pushed to a platform.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_folder_for_a_platform_has_all_that_its_descriptor_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let image = "ghcr.io/example/isendpro@sha256:00";
    let mut script = Command::new(root.join("scripts/platform"));
    let made = script.arg(image).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let same = |name: &str| {
        let there = fs::read(folder.path().join(name)).unwrap_or_else(|it| panic!("{name}: {it}"));
        assert!(there == fs::read(root.join(name)).unwrap(), "{name} differs");
        there
    };
    let descriptor: Value = serde_json::from_slice(&same("component.json")).unwrap();
    same("logo.png");
    let (mut functions, mut files) = (0, 0);
    for kind in ["actions", "triggers"] {
        for function in descriptor[kind].as_object().unwrap().values() {
            functions += 1;
            same(function["main"].as_str().unwrap());
            for schema in function["metadata"].as_object().unwrap().values() {
                same(schema.as_str().unwrap());
                files += 1;
            }
        }
    }
    assert_eq!(functions, 19);
    assert!(files >= functions, "{files} schemas");
    let dockerfile = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    assert_eq!(dockerfile, format!("FROM {image}\n"));
}
