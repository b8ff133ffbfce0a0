//! Golden files: what is said and written today, held byte by byte for later versions.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use regex::{Captures, Regex};

const HOW: &str = "if that is meant, UPDATE_GOLDEN=1 cargo nextest run -E 'test(/^golden::/)' writes the \
                   files anew";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resources").join(name)
}

/// The text of the golden file.
pub fn read(name: &str) -> String {
    let path = path("golden").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()))
}

/// Writes a copy of a recorded journal.
pub fn unpack(name: &str, to: &Path) {
    let packed = std::fs::read(path("journals").join(name)).unwrap();
    let mut journal = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut journal).unwrap();
    std::fs::write(to, journal).unwrap();
}

/// Keeps a journal as a recorded one.
pub fn pack(journal: &Path, name: &str) {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&std::fs::read(journal).unwrap()).unwrap();
    std::fs::write(path("journals").join(name), packed.finish().unwrap()).unwrap();
}

/// Compares the golden file with what came out now, or writes it anew if that is asked for.
pub fn hold(name: &str, now: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path("golden").join(name), now).unwrap();
        return;
    }
    if let Some(difference) = difference(&read(name), now) {
        panic!("tests/resources/golden/{name}, {difference}\n{HOW}");
    }
}

/// The first line that differs, from shortly before the first character that does.
fn difference(held: &str, now: &str) -> Option<String> {
    let (held, now): (Vec<_>, Vec<_>) = (held.split('\n').collect(), now.split('\n').collect());
    let lines = held.len().max(now.len());
    let line = (0..lines).find(|it| held.get(*it) != now.get(*it))?;
    let heading = now.iter().take(line + 1).rfind(|it| it.starts_with("## ")).copied();
    let [held, now] = [&held, &now].map(|it| it.get(line).copied().unwrap_or("(no such line)"));
    let same = held.chars().zip(now.chars()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(100);
    let excerpt = |it: &str| it.chars().skip(from).take(300).collect::<String>();
    let (begin, mark) = (now.chars().take(80).collect::<String>(), " ".repeat(same - from));
    Some(format!(
        "line {}: {}\nwhich begins: {begin}\nheld: {}\nnow:  {}\n      {mark}^ character {same}",
        line + 1,
        heading.unwrap_or_default(),
        excerpt(held),
        excerpt(now)
    ))
}

/// Puts names in the place of what differs from run to run.
pub struct Mask {
    began: Timestamp,
    places: Vec<(&'static str, String)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Mask {
    /// Masks times from now on, and how long it took.
    pub fn new() -> Self {
        let second = Timestamp::now().as_second();
        let patterns = [
            (r#""seconds":[0-9.]+"#, r#""seconds":0"#),
            (r"\b\d+\.\d s\b", "{seconds}"),
            (r"os error \d+", "os error {number}"),
            (r"it is now \d{4}-\d\d-\d\d \d\d:\d\d", "it is now {now}"),
        ];
        Self {
            began: Timestamp::from_second(second).unwrap(),
            places: Vec::new(),
            patterns: patterns.map(|(it, name)| (Regex::new(it).unwrap(), name)).to_vec(),
        }
    }

    /// Names this text; the name in braces stands for it in what is given, too.
    pub fn place(&mut self, name: &'static str, text: impl Into<String>) {
        self.places.retain(|it| it.0 != name);
        self.places.push((name, text.into()));
    }

    /// Names whatever matches this.
    pub fn pattern(&mut self, pattern: &str, name: &'static str) {
        self.patterns.push((Regex::new(pattern).unwrap(), name));
    }

    /// The text with what the names stand for.
    pub fn fill(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (name, it)| text.replace(name, it))
    }

    /// The text with names for what differs.
    pub fn mask(&self, text: &str) -> String {
        let text =
            self.places.iter().fold(text.to_owned(), |text, (name, it)| text.replace(it, name));
        let masked = self.patterns.iter().fold(text, |text, (pattern, name)| {
            pattern.replace_all(&text, regex::NoExpand(name)).into_owned()
        });
        let time = Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap();
        let is_new = |it: &str| it.parse::<Timestamp>().is_ok_and(|it| it >= self.began);
        let name =
            |it: &Captures<'_>| if is_new(&it[0]) { "{now}".to_owned() } else { it[0].to_owned() };
        time.replace_all(&masked, name).into_owned()
    }
}
