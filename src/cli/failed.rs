//! The file of failed messages.
//!
//! A run that is resumed reads its whole input again, and whatever fails comes again: it writes its file
//! anew. Left as it was, the file would hold messages that are sent by now. A small file beside it,
//! `FILE.run`, says whose it is until the run is over.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use super::own::{self, Access};
use super::{Usage, files};
use crate::runtime::pipe::Failures;

/// What stands for the time in the name of a file.
const TIME: &str = "{time}";

/// Whose file it is: a run in a journal, which may go on with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The run, or all runs that send each id once.
    pub mark: String,
    /// Whether what the file holds comes again.
    pub anew: bool,
}

/// Where failed messages are collected. They may hold keys and texts, so only the owner reads them.
pub struct FailedFile {
    path: PathBuf,
    timed: bool,
    file: Mutex<File>,
    /// The file that says whose it is, locked while this process writes.
    beside: Option<(PathBuf, File)>,
}

impl FailedFile {
    /// Refuses a file that holds what an earlier run could not carry out, and can be nobody's here.
    ///
    /// # Errors
    /// When it is not empty.
    pub fn vacant(path: &Path, remembered: bool) -> Result<(), Usage> {
        if holds_some(path) && !(remembered && beside(path).exists()) {
            return Err(taken(path));
        }
        Ok(())
    }

    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be written, holds what another run could not carry out, or is written by another
    /// process.
    pub fn open(given: &Path, owner: Option<&Owner>) -> anyhow::Result<Arc<Self>> {
        let (path, timed) = named(given, owner.map(|it| it.mark.as_str()));
        let failed = |it: &std::io::Error| files::cannot("--failed", &path, it);
        let own = owner.is_some_and(|it| holds(&beside(&path), &it.mark));
        if holds_some(&path) && !own {
            return Err(taken(&path).into());
        }
        let file = own::open("--failed", &path, Access::Append)?;
        let is_file = file.metadata().context("looking at --failed")?.is_file();
        let beside = match owner.filter(|_| is_file) {
            Some(owner) => Some(claim(&path, owner)?),
            None => {
                // Whoever had it before goes on with another one.
                std::fs::remove_file(beside(&path)).ok();
                None
            }
        };
        if is_file {
            // The mode is for a new file; an old one may be readable by others.
            #[cfg(unix)]
            {
                let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                file.set_permissions(owner_only).map_err(|it| failed(&it))?;
            }
            if own && owner.is_some_and(|it| it.anew) {
                file.set_len(0).map_err(|it| failed(&it))?;
            }
        }
        Ok(Arc::new(Self { path, timed, file: Mutex::new(file), beside }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Nothing more is written. `over`: whether nobody goes on with it.
    pub fn close(&self, over: bool) {
        if !over {
            return;
        }
        if let Some((beside, _)) = &self.beside {
            std::fs::remove_file(beside).ok();
        }
        if self.timed && !holds_some(&self.path) {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

impl Failures for FailedFile {
    fn keep(&self, line: &str) -> std::io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())
    }
}

fn taken(path: &Path) -> Usage {
    Usage(format!(
        "nothing was sent: --failed {} holds what an earlier run could not carry out; name another \
         file, or move this one away (--failed 'failed-{TIME}.ndjson' is another file for each run)",
        path.display()
    ))
}

fn holds_some(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() > 0)
}

/// The file that says whose a file is.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".run");
    name.into()
}

fn holds(beside: &Path, mark: &str) -> bool {
    std::fs::read_to_string(beside).is_ok_and(|it| it.trim() == mark)
}

/// Says whose the file is, and keeps other processes away from it.
fn claim(path: &Path, owner: &Owner) -> anyhow::Result<(PathBuf, File)> {
    let place = beside(path);
    let opening = || format!("opening {}", place.display());
    let mut file = own::open("--failed", &place, Access::Both)?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        let shown = path.display();
        return Err(Usage(format!(
            "nothing was sent: another process writes --failed {shown}; give each one a file of its own"
        ))
        .into());
    }
    let mut before = String::new();
    file.read_to_string(&mut before).with_context(opening)?;
    if before.trim() != owner.mark {
        file.set_len(0).with_context(opening)?;
        file.rewind().with_context(opening)?;
        file.write_all(owner.mark.as_bytes()).with_context(opening)?;
    }
    Ok((place, file))
}

/// The file, with the time in its name if that is wanted; the one that the owner has begun, if there is
/// one.
pub fn named(given: &Path, mark: Option<&str>) -> (PathBuf, bool) {
    let name = given.file_name().and_then(|it| it.to_str());
    let Some((before, after)) = name.and_then(|it| it.split_once(TIME)) else {
        return (given.to_owned(), false);
    };
    let begun = mark.and_then(|mark| {
        let folder = given.parent().filter(|it| !it.as_os_str().is_empty());
        let entries = std::fs::read_dir(folder.unwrap_or_else(|| Path::new("."))).ok()?;
        let end = format!("{after}.run");
        let names = entries.filter_map(|it| it.ok()?.file_name().into_string().ok());
        names
            .filter(|it| it.starts_with(before) && it.ends_with(&end))
            .map(|it| given.with_file_name(it))
            .find(|it| holds(it, mark))
    });
    if let Some(begun) = begun {
        return (begun.with_extension(""), true);
    }
    let time = jiff::Zoned::now().strftime("%Y-%m-%dT%H%M%S").to_string();
    let numbered = |number: u32| match number {
        1 => format!("{before}{time}{after}"),
        more => format!("{before}{time}-{more}{after}"),
    };
    let free = (1..1000).map(|it| given.with_file_name(numbered(it))).find(|it| !it.exists());
    (free.unwrap_or_else(|| given.with_file_name(numbered(1))), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(mark: &str, anew: bool) -> Owner {
        Owner { mark: mark.to_owned(), anew }
    }

    #[test]
    fn a_file_belongs_to_its_run_until_that_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed");
        let text = || std::fs::read_to_string(&path).unwrap();
        let keep = |owner: Option<&Owner>, line: &str, over: bool| {
            let file = FailedFile::open(&path, owner).map_err(|it| it.to_string())?;
            file.keep(line).unwrap();
            file.close(over);
            Ok::<_, String>(())
        };
        keep(Some(&owner("a", false)), "1", false).unwrap();
        assert!(
            FailedFile::vacant(&path, true).is_ok() && FailedFile::vacant(&path, false).is_err()
        );
        // Another run, or none, has no right to it.
        for other in [Some(owner("b", true)), None] {
            assert!(keep(other.as_ref(), "x", false).unwrap_err().contains("name another"));
        }
        keep(Some(&owner("a", true)), "2", false).unwrap();
        assert_eq!(text(), "2\n");
        keep(Some(&owner("a", false)), "3", true).unwrap();
        assert_eq!(text(), "2\n3\n");
        assert!(keep(Some(&owner("a", true)), "4", true).is_err(), "it is over");
        // Whoever comes first when it is empty has it.
        std::fs::write(&path, "").unwrap();
        keep(Some(&owner("a", true)), "5", false).unwrap();
        std::fs::write(&path, "").unwrap();
        keep(None, "6", true).unwrap();
        assert!(keep(Some(&owner("a", true)), "7", true).is_err(), "it was another's since");
        assert_eq!(text(), "6\n");
    }

    #[test]
    fn two_processes_do_not_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failed");
        let first = FailedFile::open(&path, Some(&owner("a", true))).unwrap();
        let second = FailedFile::open(&path, Some(&owner("a", true)));
        assert!(second.is_err_and(|it| it.to_string().contains("another process writes")));
        first.close(true);
    }

    #[test]
    fn a_name_with_the_time_is_another_one_each_time_but_for_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("failed-{time}.ndjson");
        let first = FailedFile::open(&given, Some(&owner("a", true))).unwrap();
        let path = first.path().to_owned();
        first.keep("1").unwrap();
        drop(first);
        let second = FailedFile::open(&given, Some(&owner("b", true))).unwrap();
        assert_ne!(second.path(), path);
        let again = FailedFile::open(&given, Some(&owner("a", true))).unwrap();
        assert_eq!(again.path(), path);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        // What holds nothing is not left behind.
        for file in [second, again, FailedFile::open(&given, None).unwrap()] {
            assert!(file.path().exists());
            file.close(true);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
