//! `isendpro journal rekey`.

use crate::catalog::JOURNAL_KEY;
use crate::cli::journal::key;
use crate::cli::{Usage, complain, print};
use crate::journal::{FileAddress, FileJournal};

/// Puts a journal in a file under the key that is given.
pub fn rekey(store: &str) -> anyhow::Result<u8> {
    let Some(file) = FileAddress::parse(store)? else {
        return Err(Usage(
            "a journal in Redis gets its key when it is made: begin a new one with the key, by another \
             ?prefix= in the address, once all that may come again has come"
                .to_owned(),
        )
        .into());
    };
    let Some(key) = key()? else {
        return Err(Usage(format!(
            "which key? set {JOURNAL_KEY}, or {JOURNAL_KEY}_FILE; make one with: openssl rand -hex 32"
        ))
        .into());
    };
    let done = FileJournal::rekey(file.path, &key)?;
    print(&format!(
        "{} entries are under the key now; without the key, nobody can open the journal\n",
        done.entries
    ))?;
    if done.traceable > 0 {
        complain(format_args!(
            "{} of them are in doubt and keep their tracker, since iSendPro's report names them by it; a \
             text can be guessed from it; settle them (journal reconcile, journal accept), then forget them",
            done.traceable
        ));
    }
    Ok(0)
}
