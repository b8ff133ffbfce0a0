//! Journals that a disk has spoilt: the database panics at some of it.

use std::io::Read as _;

use super::OneFile;
use crate::component::{Claim, Error, Fallout, Journal as _, State, Wanted};
use crate::journal::laws::{LASTS, SCOPE, message, run, slot};
use crate::journal::{Begin, FileJournal, Filter, Job, Ledger};

/// One that a killed process has left.
fn journal() -> Vec<u8> {
    let packed = include_bytes!("../../../../tests/resources/journals/former.journal.gz");
    let mut journal = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut journal).unwrap();
    journal
}

/// All that can be done with a journal, up to the first error.
async fn use_it(journal: &FileJournal) -> Result<(), Error> {
    journal.entries(&Filter::default(), 100).await?;
    State::load(journal, "trigger").await?;
    let job = Job::new(Some("job"), "sendSms", None);
    Ledger::ended(journal, &job).await?;
    Ledger::begin(journal, &job, [1; 32], Begin::Join).await?;
    for number in 0..3 {
        let slots = [slot(0), slot(1)];
        let wanted = Wanted {
            message: message(number),
            scope: SCOPE,
            action: "sendSms",
            account: None,
            slots: &slots,
            resend: false,
            lasts: LASTS,
            progress: None,
        };
        if let Claim::Granted(ticket, _) = journal.claim(wanted).await? {
            journal.record(ticket, &[(0, Fallout::Unknown)]).await?;
        }
    }
    Ledger::forget(journal, &Filter::default()).await.map(drop)
}

/// What becomes of a journal with these bytes.
async fn opened(bytes: &[u8]) -> Result<(), Error> {
    let file = OneFile::new();
    std::fs::write(file.path(), bytes).unwrap();
    use_it(&FileJournal::open(file.path())?).await
}

#[test]
fn a_damaged_journal_is_an_error_or_can_be_used() {
    let whole = journal();
    let written: Vec<_> = (0..whole.len()).filter(|it| whole[*it] != 0).collect();
    let (mut refused, mut used) = (0, 0);
    // The last ones are known to make the database panic.
    let changes = (0..whole.len()).step_by(499).flat_map(|it| [(it, 0x20), (it, 0xff)]);
    let changes = changes.chain([(1616, 0xbf), (written[0x3dbf % written.len()], 0xbf)]);
    run(async {
        for (place, change) in changes {
            let mut damaged = whole.clone();
            damaged[place] ^= change;
            let Err(error) = opened(&damaged).await else {
                used += 1;
                continue;
            };
            refused += 1;
            let said = error.to_string();
            let is_told = said.contains("journal") && !said.contains("its writer has ended");
            assert!(is_told, "{place}: {said}");
        }
    });
    assert!(refused > 5 && used > 50, "{refused} {used}");
}
