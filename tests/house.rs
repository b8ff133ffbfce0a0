//! The arrows of the house: which part of the code may know which. They only go downwards.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may know. Whatever is not here may know nobody.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "catalog",
            "runtime",
            "delivery",
            "journal",
            "simulator",
            "sms",
            "actions",
            "component",
            "printable",
            "trust",
        ],
    ),
    // Not part of the product.
    (
        "fuzz",
        &[
            "actions",
            "catalog",
            "cli",
            "component",
            "delivery",
            "isendpro",
            "journal",
            "runtime",
            "sms",
        ],
    ),
    ("catalog", &["actions", "triggers", "component"]),
    ("actions", &["component", "isendpro", "sms"]),
    ("triggers", &["component", "isendpro", "sms", "actions::Table", "actions::Reading"]),
    ("runtime", &["backoff", "component", "delivery", "printable", "trust"]),
    ("delivery", &["backoff", "component"]),
    ("journal", &["backoff", "component", "trust"]),
    ("isendpro", &["printable", "trust"]),
    ("sms", &[]),
    ("simulator", &["trust"]),
    ("component", &["isendpro", "printable"]),
    ("backoff", &[]),
    ("printable", &[]),
    ("trust", &[]),
];

/// A source text without comments, texts and characters, so that only paths are found in it.
fn bare(source: &str) -> String {
    let mut bare = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |it| it + 2)
        } else if rest.starts_with("r#\"") {
            rest.find("\"#").map_or(rest.len(), |it| it + 2)
        } else if next == '"' {
            text_length(rest)
        } else if rest.starts_with("'\\") {
            3 + rest[3..].find('\'').map_or(0, |it| it + 1)
        } else if next == '\'' && rest.chars().nth(2) == Some('\'') {
            2 + rest.chars().nth(1).unwrap().len_utf8()
        } else {
            bare.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        rest = &rest[skipped..];
    }
    bare
}

/// The bytes of the quoted text that `rest` begins with.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (place, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return place + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The text without `#[cfg(test)]` items, and the names of the test modules in other files.
fn without_tests(bare: &str) -> (String, Vec<String>) {
    let (mut kept, mut modules) = (String::new(), Vec::new());
    let mut rest = bare;
    while let Some(place) = rest.find("#[cfg(test)]") {
        kept += &rest[..place];
        let item = &rest[place + "#[cfg(test)]".len()..];
        let end = item.find(['{', ';']).unwrap();
        if item[end..].starts_with(';') {
            modules.push(item[..end].split_whitespace().last().unwrap().to_owned());
            rest = &item[end + 1..];
        } else {
            let mut depth = 0;
            let closing = item.char_indices().find(|(_, it)| {
                depth += i32::from(*it == '{') - i32::from(*it == '}');
                *it == '}' && depth == 0
            });
            rest = &item[closing.unwrap().0 + 1..];
        }
    }
    (kept + rest, modules)
}

/// The paths from the root of the crate that a module at this depth names: `crate::a::b`, each of
/// `crate::{a, b::{c, d}}`, and `super::` once too often.
fn paths(text: &str, depth: usize) -> Vec<String> {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(":: ", "::");
    let from_root = "super::".repeat(depth);
    let mut found = Vec::new();
    for root in ["crate::", from_root.as_str()] {
        let mut rest = text.as_str();
        while let Some(place) = rest.find(root) {
            let inside = rest[..place].ends_with(|it: char| it.is_alphanumeric() || it == '_');
            rest = &rest[place + root.len()..];
            if inside {
                continue;
            }
            found.extend(named(rest));
        }
    }
    found
}

/// What a text begins with: a path, or each path of a list in braces.
fn named(text: &str) -> Vec<String> {
    if let Some(list) = text.strip_prefix('{') {
        return entries(list);
    }
    let path = path(text);
    match text[path.len()..].strip_prefix("::{") {
        Some(list) => entries(list).iter().map(|it| format!("{path}::{it}")).collect(),
        None => vec![path],
    }
}

/// The paths of a list up to its closing brace.
fn entries(list: &str) -> Vec<String> {
    let (mut depth, mut found, mut fresh) = (0, Vec::new(), true);
    for (place, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            ' ' => {}
            _ if fresh => {
                found.extend(named(&list[place..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn path(text: &str) -> String {
    let end = text.find(|it: char| !(it.is_alphanumeric() || it == '_' || it == ':'));
    text[..end.unwrap_or(text.len())].trim_end_matches(':').to_owned()
}

/// What this module names although it may not.
fn trespasses(room: &str, depth: usize, text: &str) -> Vec<String> {
    let allowed = ARROWS.iter().find(|(name, _)| *name == room).map_or(&[][..], |it| it.1);
    let may = |path: &String| {
        std::iter::once(&room).chain(allowed).any(|it| {
            path.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    paths(text, depth).into_iter().filter(|it| !may(it)).collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn arrows_only_go_downwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&source, &mut files);
    files.sort();
    let (mut read, mut tests) = (Vec::new(), Vec::new());
    for file in files {
        let module = file.strip_prefix(&source).unwrap().with_extension("");
        let (text, modules) = without_tests(&bare(&std::fs::read_to_string(&file).unwrap()));
        tests.extend(modules.iter().map(|it| module.join(it)));
        read.push((module, text));
    }
    let mut wrong = Vec::new();
    let mut rooms = std::collections::BTreeSet::new();
    for (module, text) in &read {
        let room = module.iter().next().unwrap().to_str().unwrap();
        if matches!(room, "lib" | "main") || tests.iter().any(|it| module.starts_with(it)) {
            continue;
        }
        rooms.insert(room);
        for path in trespasses(room, module.iter().count(), text) {
            wrong.push(format!("src/{}.rs knows crate::{path}", module.display()));
        }
    }
    assert_eq!(rooms, ARROWS.iter().map(|it| it.0).collect(), "a room without a line above");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whoever_goes_upwards_is_seen() {
    let seen = |room, depth, source: &str| trespasses(room, depth, &without_tests(&bare(source)).0);
    assert_eq!(seen("sms", 2, "use crate::component::Error;"), ["component::Error"]);
    assert_eq!(seen("sms", 2, "fn f() -> super::super::journal::X {}"), ["journal::X"]);
    assert_eq!(
        seen(
            "actions",
            2,
            "use crate::{component::{A, B}, sms, cli::run};\nlet x = crate::runtime::go();"
        ),
        ["cli::run", "runtime::go"]
    );
    assert_eq!(seen("triggers", 2, "use crate::actions::{Table, rows};"), ["actions::rows"]);
    let harmless = "use crate::sms::x; use super::super::isendpro; // crate::cli\n\
        const A: &str = \"crate::cli\"; const B: char = '\"'; const C: &str = r#\"crate::cli\"#;\n\
        #[cfg(test)]\nmod tests { fn f() { crate::cli::run() } }\nfn g() { crate::component::x }";
    assert_eq!(seen("actions", 2, harmless), [""; 0]);
}
