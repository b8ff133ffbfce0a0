//! The files that a command writes. None of them may be another one of its files, or it would destroy
//! what it reads, or never come to an end.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::own::{self, Access};
use super::{Usage, complain, failed};

/// A flag, and the file that it names.
pub type Named<'a> = (&'static str, Option<&'a Path>);

/// Why a file cannot be used, without the system's number.
pub fn cannot(flag: &str, path: &Path, error: &std::io::Error) -> Usage {
    let shown = path.display();
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty() && !it.exists());
    match (error.kind(), folder) {
        (ErrorKind::NotFound, Some(folder)) => {
            Usage(format!("{flag} {shown}: there is no folder {}; make it first", folder.display()))
        }
        (ErrorKind::NotFound, None) => Usage(format!("{flag} {shown}: there is no such file")),
        (ErrorKind::PermissionDenied, _) => {
            Usage(format!("{flag} {shown}: permission denied; choose a place that is yours"))
        }
        (ErrorKind::IsADirectory, _) => {
            Usage(format!("{flag} {shown}: this is a folder; name a file"))
        }
        _ => Usage(format!("{flag} {shown}: {error}")),
    }
}

/// Why a file is not used.
pub fn wrong(flag: &str, path: &Path, why: &str) -> Usage {
    Usage(format!("{flag} {}: {why}", path.display()))
}

/// Opens the file for the results. What it holds is kept: by another name, where `resumed` says that all
/// results come again.
///
/// # Errors
/// When it cannot be written, or holds something that does not come again.
pub fn output(given: &Path, resumed: bool) -> Result<File, Usage> {
    let path = failed::named(given, None).0;
    own::check("--output", &path)?;
    let wrong = |it: std::io::Error| cannot("--output", &path, &it);
    if std::fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() > 0) {
        if !resumed {
            return Err(Usage(format!(
                "nothing was sent: --output {} holds something already; name another file \
                 (--output 'results-{{time}}.ndjson' is another one for each run), or move it away",
                path.display()
            )));
        }
        let aside = (1..10_000)
            .map(|it| format!("{}.{it}", path.display()))
            .find(|it| !Path::new(it).exists());
        let Some(aside) = aside else {
            return Err(Usage(format!("--output {}: move it away", path.display())));
        };
        std::fs::rename(&path, &aside).map_err(wrong)?;
        complain(format_args!(
            "isendpro: all results come again; those of the part before are in {aside}"
        ));
    }
    own::open("--output", &path, Access::Anew)
}

/// Sees to it that the files that are written are not the input, not where the results go, and not
/// the same. `kept` are others that stay as they are.
///
/// # Errors
/// The first two that are the same.
pub fn apart(written: &[Named], kept: &[Named]) -> Result<(), Usage> {
    let named = |it: &Named<'_>| it.1.map(|path| (it.0, path.to_owned(), identity(path)));
    let mut seen: Vec<_> = kept.iter().filter_map(named).collect();
    let (stdin, stdout) = (standard(std::io::stdin()), standard(std::io::stdout()));
    for (flag, path, identity) in written.iter().filter_map(named) {
        let shown = path.display();
        let Some(identity) = identity else { continue };
        for (stream, what) in [(&stdin, "the input itself"), (&stdout, "where the results go")] {
            if stream.as_ref() == Some(&identity) {
                return Err(Usage(format!("{flag} {shown} is {what}; name another file")));
            }
        }
        if let Some((other, ..)) = seen.iter().find(|it| it.2.as_ref() == Some(&identity)) {
            return Err(Usage(format!("{other} and {flag} are the same file: {shown}")));
        }
        seen.push((flag, path, Some(identity)));
    }
    Ok(())
}

/// What two ways to the same file have in common.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

/// The identity of a file; of one that is not there yet, its place. `None` for what is no file, such
/// as /dev/null.
fn identity(path: &Path) -> Option<Identity> {
    if let Ok(found) = std::fs::metadata(path) {
        return of(&found, || path.canonicalize().ok());
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new(".")).canonicalize().ok()?;
    Some(Identity::Path(folder.join(path.file_name()?)))
}

#[cfg(unix)]
fn of(found: &Metadata, _path: impl FnOnce() -> Option<PathBuf>) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    found.is_file().then(|| Identity::Inode(found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn of(found: &Metadata, path: impl FnOnce() -> Option<PathBuf>) -> Option<Identity> {
    found.is_file().then(path).flatten().map(Identity::Path)
}

/// What a standard stream is, if it is a file.
#[cfg(unix)]
fn standard(stream: impl std::os::fd::AsFd) -> Option<Identity> {
    let file = std::fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
    of(&file.metadata().ok()?, || None)
}

#[cfg(not(unix))]
fn standard<T>(_stream: T) -> Option<Identity> {
    None
}
