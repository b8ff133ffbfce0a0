//! The file of failed messages.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use super::Usage;
use crate::runtime::pipe::Failures;

/// Where failed messages are collected. They may hold keys and texts, so only the owner reads them.
pub struct FailedFile(Mutex<File>);

impl FailedFile {
    /// Makes or empties the file.
    ///
    /// # Errors
    /// When it cannot be written, or is the input itself.
    pub fn create(path: &Path) -> anyhow::Result<Arc<Self>> {
        if is_stdin(path) {
            let path = path.display();
            let said = format!("--failed {path} is the input itself; name another file");
            return Err(Usage(said).into());
        }
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = || format!("opening {}", path.display());
        let file =
            options.open(path).map_err(|it| Usage(format!("--failed {}: {it}", path.display())))?;
        // The mode above is for a new file; an old one may be readable by others.
        #[cfg(unix)]
        {
            let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            if file.metadata().with_context(opened)?.is_file() {
                file.set_permissions(owner_only).with_context(opened)?;
            }
        }
        file.set_len(0).ok();
        Ok(Arc::new(Self(Mutex::new(file))))
    }
}

impl Failures for FailedFile {
    fn keep(&self, line: &str) -> std::io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Whether this file is the one that is being read: opening it for writing would empty it.
#[cfg(unix)]
fn is_stdin(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let of =
        |path: &Path| std::fs::metadata(path).map(|it| (it.dev(), it.ino(), it.is_file())).ok();
    of(path).is_some_and(|it| it.2 && of(Path::new("/dev/stdin")) == Some(it))
}

#[cfg(not(unix))]
fn is_stdin(_path: &Path) -> bool {
    false
}
