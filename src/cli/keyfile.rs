//! A file that holds the key, or another secret, and nothing else.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use super::{Usage, files};

/// Most bytes of a key. Keys of 10 to 32 characters have been seen.
const LONGEST: usize = 256;
/// What is read of a file: a key, with what an editor may put around it.
const MOST: u64 = 4096;

/// Reads the key. `name` is what names the file.
///
/// # Errors
/// When the file cannot be read, or does not hold one key and nothing else. The key is never in it.
pub fn read(name: &str, path: &Path) -> Result<String, Usage> {
    let key = text(name, path)?;
    match wrong(&key) {
        Some(wrong) => Err(files::wrong(name, path, wrong)),
        None => Ok(key),
    }
}

/// Reads a secret, without the blanks and line ends around it.
///
/// # Errors
/// When the file cannot be read, is empty, or is no text. The secret is never in it.
pub fn text(name: &str, path: &Path) -> Result<String, Usage> {
    let failed = |it: &str| files::wrong(name, path, it);
    let mut bytes = Vec::new();
    let cannot = |it: std::io::Error| files::cannot(name, path, &it);
    let file = File::open(path).map_err(cannot)?;
    if is_anybodys(&file.metadata().map_err(cannot)?) {
        return Err(failed("everybody may write this file; take that away: chmod o-w FILE"));
    }
    file.take(MOST).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err(failed("the file is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| failed("the file is not UTF-8 text"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() { Err(failed("the file is empty")) } else { Ok(text.to_owned()) }
}

/// Tells whether anybody may put another secret into it.
#[cfg(unix)]
fn is_anybodys(file: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.is_file() && file.permissions().mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn is_anybodys(_: &Metadata) -> bool {
    false
}

/// What a key cannot be.
fn wrong(key: &str) -> Option<&'static str> {
    let holds = |what: fn(char) -> bool| key.contains(what);
    if key.len() > LONGEST {
        Some("what it holds is longer than any key")
    } else if key.lines().count() > 1 {
        Some("it must hold the key and nothing else, found more than one line")
    } else if holds(char::is_whitespace) {
        Some("it must hold the key and nothing else, found white space within")
    } else if holds(char::is_control) {
        Some("it must hold the key and nothing else, found a character that cannot be printed")
    } else if holds(|it| matches!(it, '"' | '\'')) {
        Some("it must hold the key and nothing else, found quotes")
    } else if holds(|it| it == '=') {
        Some("it must hold the key and nothing else, found \"=\"")
    } else {
        None
    }
}
