//! The address of a journal in a file.

use std::path::Path;

use super::Retention;
use crate::component::Error;

/// How such an address is written.
const FORM: &str = "give file:PATH, or file:PATH?keep=DAYS; the path of a journal has no ? in it";

/// The place of a journal's file, and how the journal is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAddress<'a> {
    /// The file.
    pub path: &'a Path,
    /// For how long what is settled is remembered, if the address says so.
    pub keep: Option<Retention>,
}

impl<'a> FileAddress<'a> {
    /// Reads `file:PATH` or `file:PATH?keep=DAYS`; nothing of what begins in another way.
    ///
    /// # Errors
    /// When it has no path, or anything else after a `?`: another file in its place would know nothing of
    /// what was sent.
    pub fn parse(address: &'a str) -> Result<Option<Self>, Error> {
        let Some(rest) = address.strip_prefix("file:") else { return Ok(None) };
        let (path, keep) = match rest.split_once('?') {
            None => (rest, None),
            Some((path, query)) => match query.strip_prefix("keep=") {
                Some(days) => (path, Some(Retention::chosen(days)?)),
                None => return Err(wrong("has an unknown option after ?")),
            },
        };
        if path.is_empty() {
            return Err(wrong("names no file"));
        }
        Ok(Some(Self { path: Path::new(path), keep }))
    }
}

fn wrong(what: &str) -> Error {
    Error::config("journal", what).hint(FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_file_and_nothing_by_mistake() {
        let kept = |days| Some(Retention { days, chosen: true });
        for (address, path, keep) in [
            ("file:sent.journal", "sent.journal", None),
            ("file:/a b/&keep=3", "/a b/&keep=3", None),
            ("file:a?keep=1", "a", kept(1)),
            ("file:a?keep=36500", "a", kept(36_500)),
        ] {
            let read = FileAddress::parse(address).unwrap();
            assert_eq!(read, Some(FileAddress { path: Path::new(path), keep }), "{address}");
        }
        assert_eq!(FileAddress::parse("redis://h?keep=3").unwrap(), None);
        for bad in [
            "file:",
            "file:?keep=3",
            "file:a?",
            "file:a?keep",
            "file:a?keep=",
            "file:a?keep=0",
            "file:a?keep=-1",
            "file:a?keep=36501",
            "file:a?keep=90d",
            "file:a?kep=90",
            "file:a?b?keep=90",
            "file:a?keep=90&keep=91",
        ] {
            let said = FileAddress::parse(bad).unwrap_err().to_string();
            assert!(said.starts_with("CONFIGURATION, nothing sent: journal: "), "{bad}: {said}");
        }
    }
}
