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
    /// Refuses a file that still holds what an earlier run could not carry out.
    ///
    /// # Errors
    /// When it is not empty.
    pub fn vacant(path: &Path) -> Result<(), Usage> {
        if std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() > 0) {
            let path = path.display();
            return Err(Usage(format!(
                "--failed {path} holds what an earlier run could not carry out; feed it in first, \
                 or remove it"
            )));
        }
        Ok(())
    }

    /// Makes the file, if it is not there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<Arc<Self>> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
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
        Ok(Arc::new(Self(Mutex::new(file))))
    }
}

impl Failures for FailedFile {
    fn keep(&self, line: &str) -> std::io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{line}\n").as_bytes())
    }
}
