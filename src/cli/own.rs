//! Opening the files that a command writes: only their owner reads them, and nobody else has put them
//! there.
//!
//! Whoever may write to a folder can leave a link or a file of his there, under a name that a command is
//! going to write to. So no link is followed, and in such a folder no file of another user is filled.
//! What is no file (a FIFO, a device) is refused as well, but for what is asked for as a stream: see
//! [`is_stream`].

use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::path::{Component, Path};

use super::{Usage, files};

/// How often a file may be made or taken away while it is opened.
const TRIES: usize = 8;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To add to it.
    Append,
    /// To write it anew.
    Anew,
    /// To read and to write what is there.
    Both,
}

/// Opens a file that `flag` names, or makes it for its owner alone.
///
/// # Errors
/// When it cannot be written, is a link or no file, or is another user's in a folder that others may
/// write to.
pub fn open(flag: &str, path: &Path, access: Access) -> Result<File, Usage> {
    let failed = |it: std::io::Error| files::cannot(flag, path, &it);
    let mut options = OpenOptions::new();
    match access {
        Access::Append => options.append(true),
        Access::Anew => options.write(true),
        Access::Both => options.read(true).write(true),
    };
    if is_stream(path) {
        return options.open(path).map_err(failed);
    }
    harden(&mut options);
    for _ in 0..TRIES {
        match options.clone().create_new(true).open(path) {
            Ok(file) => return readable(file).map_err(failed),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        check(flag, path)?;
        match options.open(path) {
            Ok(file) => {
                let found = file.metadata().map_err(failed)?;
                refuse(flag, path, &found)?;
                if access == Access::Anew {
                    file.set_len(0).map_err(failed)?;
                }
                return Ok(file);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(std::io::Error::other("it comes and goes")))
}

/// Looks at a file that is there already, as [`open`] does.
///
/// # Errors
/// When `open` would refuse it.
pub fn check(flag: &str, path: &Path) -> Result<(), Usage> {
    if is_stream(path) {
        return Ok(());
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) => refuse(flag, path, &found),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(files::cannot(flag, path, &error)),
    }
}

/// Tells whether a path means a stream of this process, or a device: `/dev/stdout`, `/dev/null`,
/// `/dev/fd/3`, or what a shell makes of `>(command)`. Only the system puts files there.
fn is_stream(path: &Path) -> bool {
    let below = |folder: &str| path.starts_with(folder);
    let of_system = below("/dev") && !below("/dev/shm") && !below("/dev/mqueue");
    let leads_elsewhere = path.components().any(|it| it == Component::ParentDir);
    (of_system || below("/proc/self/fd")) && !leads_elsewhere
}

fn refuse(flag: &str, path: &Path, found: &Metadata) -> Result<(), Usage> {
    let refused = |why: &str| Err(files::wrong(flag, path, why));
    let kind = found.file_type();
    if kind.is_symlink() {
        return refused("this is a link; name the file itself");
    }
    if kind.is_dir() {
        return refused("this is a folder; name a file");
    }
    if !kind.is_file() {
        return refused(&format!("this is {}; name a file", special(kind)));
    }
    if is_anothers(path, found) {
        return refused(
            "this file is another user's, in a folder that others may write to; choose a place that \
             is yours",
        );
    }
    Ok(())
}

#[cfg(unix)]
fn special(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a FIFO (named pipe)"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(unix)]
fn is_anothers(path: &Path, found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = std::fs::metadata(folder.unwrap_or_else(|| Path::new(".")));
    let is_shared = folder.is_ok_and(|it| it.mode() & 0o022 != 0);
    is_shared && found.uid() != rustix::process::geteuid().as_raw()
}

/// For the owner only from the first moment on; no link is followed, and no FIFO waited for.
#[cfg(unix)]
fn harden(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
}

/// A new file: a umask may have taken it from its owner, too.
#[cfg(unix)]
fn readable(file: File) -> std::io::Result<File> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o600 != 0o600 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType) -> &'static str {
    "no file"
}

#[cfg(not(unix))]
fn is_anothers(_: &Path, _: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn harden(_: &mut OpenOptions) {}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the other one may fail")]
fn readable(file: File) -> std::io::Result<File> {
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_is_no_file_of_ones_own_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("target"), "kept").unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for access in [Access::Append, Access::Anew, Access::Both] {
            for (name, why) in [
                ("link", "this is a link"),
                ("dangling", "this is a link"),
                ("folder", "this is a folder"),
                ("fifo", "this is a FIFO"),
                ("socket", "this is a socket"),
                ("missing/file", "there is no folder"),
                ("/dev/shm/isendpro-missing/file", "there is no folder"),
                ("/dev/../dev/null", "this is a device"),
            ] {
                let error = open("--x", &at(name), access).unwrap_err().to_string();
                assert!(error.contains(why) && error.starts_with("--x "), "{error}");
            }
            for stream in ["/dev/null", "/dev/stdout"] {
                assert!(access == Access::Both || open("--x", Path::new(stream), access).is_ok());
            }
        }
        assert_eq!(std::fs::read_to_string(at("target")).unwrap(), "kept");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_file_is_its_owners_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(open("--x", &path, Access::Append).unwrap());
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::write(&path, "old").unwrap();
        drop(open("--x", &path, Access::Append).unwrap());
        assert_eq!((mode(), std::fs::read_to_string(&path).unwrap().as_str()), (0o640, "old"));
        drop(open("--x", &path, Access::Anew).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn in_a_shared_folder_nobody_fills_anothers_file() {
        if rustix::process::geteuid().as_raw() != 0 {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        for (mode, is_refused) in
            [(0o700, false), (0o755, false), (0o770, true), (0o777, true), (0o1777, true)]
        {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let opened = open("--x", &path, Access::Append);
            assert_eq!(opened.is_err(), is_refused, "{mode:o}");
            if let Err(error) = opened {
                assert!(error.to_string().contains("another user's"), "{error}");
            }
        }
    }
}
