//! What is said of the file when something is wrong with it.

use std::panic::{self, AssertUnwindSafe};
use std::{fmt, io};

use redb::{DatabaseError, StorageError};

use super::open::Home;
use super::tables::Trouble;
use crate::component::{Error, Kind};

impl Home {
    /// An error of this journal.
    pub fn error(&self, what: impl fmt::Display) -> Error {
        Error::new(Kind::Unavailable, format!("the journal {} {what}", self.path().display()))
    }

    /// The error of a database that failed while it was used.
    pub fn broken(&self, error: &redb::Error) -> Error {
        match error {
            _ if self.condition().overwritten() => self.overwritten(),
            redb::Error::Io(it) => self.failed(it),
            redb::Error::Corrupted(it) => self.damaged(it),
            other => self.error(format!("cannot be used: {other}")),
        }
    }

    /// The error of a table that cannot be read.
    pub fn trouble(&self, trouble: &Trouble) -> Error {
        match trouble {
            Trouble::Storage(it) => self.broken(it),
            Trouble::Record(it) => self.error(it).hint("use the version that has written it"),
        }
    }

    /// The error of a file whose name is gone.
    pub fn removed(&self) -> Error {
        self.error(
            "was removed or renamed while it was in use; put it back before anything more is sent: \
             a new journal in its place would know nothing, and all would be sent again",
        )
    }

    /// The error of a file whose name another one has.
    pub fn replaced(&self) -> Error {
        self.error(
            "was replaced by another file while it was in use; put back the one that was there \
             before anything more is sent: what the other one does not know of would be sent again",
        )
    }

    /// The error of a file that somebody else has written to.
    pub fn overwritten(&self) -> Error {
        self.error(
            "was overwritten while it was in use; if that was a copy of it, copy it again now that \
             nothing is sent, and look into the results and iSendPro's report before you start \
             again: what was sent after the copy was made is not in it, and would be sent again",
        )
    }

    /// The error of a path that can hold no journal, or of a file that is none.
    pub fn misplaced(&self, what: impl fmt::Display) -> Error {
        Error { kind: Kind::Config, ..self.error(what) }
    }

    /// The error of a file that cannot be read or written.
    pub fn failed(&self, error: &io::Error) -> Error {
        let said = self.error(format!("cannot be read or written: {error}"));
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                said.hint("make room on its disk")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                said.hint("let this user read and write the file and its folder")
            }
            _ => said.hint("check the file and its disk"),
        }
    }

    /// The error of a database that cannot be opened.
    pub fn unopened(&self, error: DatabaseError) -> Error {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => self
                .error("is used by another process")
                .hint("wait until that has ended, or name another file"),
            DatabaseError::UpgradeRequired(it) => self.other_version(&format!("file format {it}")),
            DatabaseError::Storage(StorageError::Io(it))
                if it.kind() == io::ErrorKind::InvalidData =>
            {
                self.no_journal()
            }
            DatabaseError::Storage(StorageError::Io(it))
                if it.kind() == io::ErrorKind::Unsupported =>
            {
                self.lockless()
            }
            other => self.broken(&other.into()),
        }
    }

    /// The error of a file that two processes could use at once.
    fn lockless(&self) -> Error {
        self.misplaced(
            "is on a file system without locks: two processes could send from it at once",
        )
        .hint("name a file on a disk of this machine, or take a Redis")
    }

    /// The error of a file that is something else.
    pub fn no_journal(&self) -> Error {
        self.misplaced("is not a journal").hint("name another file; this one was left as it is")
    }

    /// The error of a journal of another version.
    pub fn other_version(&self, which: &str) -> Error {
        self.misplaced(format!("was written by another version of the connector ({which})"))
            .hint("use that version, or name another file")
    }

    /// Does something with the database. Where a damaged file makes it panic, that is an error too.
    pub fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        done.unwrap_or_else(|_| Err(self.panicked()))
    }

    /// The error of a database that has panicked: it takes for granted that what it reads is whole.
    pub fn panicked(&self) -> Error {
        self.damaged("the database cannot make sense of it")
    }

    fn damaged(&self, how: &str) -> Error {
        let hint = "put a copy of it back, or name another file: what was sent before is then not \
                    known any more";
        self.error(format!("is damaged: {how}")).hint(hint)
    }
}
