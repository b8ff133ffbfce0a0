//! What a journal holds, damaged on its disk; and the records of both kinds of journals.

use std::io::Read as _;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::component::{
    Account, Claim, Error, Fallout, Journal as _, MessageKey, Scope, Slot, State as _, Wanted,
};
use crate::journal::record::Record;
use crate::journal::redis::record::Record as RedisRecord;
use crate::journal::{Begin, FileJournal, Filter, Job, Ledger};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// One that a killed process has left: the same bytes each time, so that what broke breaks again.
static JOURNAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = include_bytes!("../../tests/resources/journals/former.journal.gz");
    let mut journal = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut journal).unwrap();
    journal
});

/// The first byte chooses: a journal, a record of one in a file, or of one in Redis. Of a journal, each
/// four bytes that follow change one of its own.
pub fn read(bytes: &[u8]) {
    let ([choice], rest) = super::chosen(bytes);
    match choice % 4 {
        2 => {
            if let Ok(record) = Record::decode(rest) {
                assert_eq!(Record::decode(&record.encode()), Ok(record));
            }
        }
        3 => {
            if let Ok(record) = RedisRecord::decode(rest) {
                record.clone().entry(MessageKey([1; 32]), 0);
                record.known();
            }
        }
        _ => damaged(JOURNAL.clone(), rest),
    }
}

fn damaged(mut journal: Vec<u8>, changes: &[u8]) {
    // What was never written is of no use to anybody.
    let places: Vec<_> = (0..journal.len()).filter(|it| journal[*it] != 0).collect();
    for change in changes.chunks_exact(4) {
        let place = u32::from_be_bytes([0, change[0], change[1], change[2]]) as usize;
        journal[places[place % places.len()]] ^= change[3];
    }
    if changes.len() % 4 == 3 {
        let length = usize::from(u16::from_be_bytes([changes[0], changes[1]]));
        journal.truncate(journal.len() * length / usize::from(u16::MAX));
    }
    let file = super::file(&journal);
    if let Some(journal) = told(FileJournal::open(file.path())) {
        RUNTIME.block_on(use_it(&journal));
    }
}

/// Does all that can be done with a journal.
async fn use_it(journal: &FileJournal) {
    told(journal.entries(&Filter::default(), 100).await);
    told(journal.load("trigger").await);
    let job = Job::new(Some("job"), "sendSms", None);
    told(Ledger::ended(journal, &job).await);
    told(Ledger::begin(journal, &job, [1; 32], Begin::Join).await);
    for message in 0..3 {
        if let Some(Claim::Granted(ticket, _)) = told(claim(journal, message).await) {
            told(journal.record(ticket, &[(0, Fallout::Unknown)]).await);
        }
    }
    told(Ledger::forget(journal, &Filter::default()).await);
}

/// The result. The database panics at damaged files, and that must not end the thread that writes.
fn told<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(|it| assert!(!it.to_string().contains("its writer has ended"), "{it}")).ok()
}

async fn claim(journal: &FileJournal, message: u8) -> Result<Claim, Error> {
    let wanted = Wanted {
        message: MessageKey([message; 32]),
        scope: Scope([3; 16]),
        action: "sendSms",
        account: Some(Account::of_key("key")),
        slots: &[Slot { index: 0, tel: "33680010203", tracker: Some("tracker") }],
        resend: false,
        lasts: Duration::from_secs(1),
        progress: None,
    };
    journal.claim(wanted).await
}
