//! A journal with a key of its operator's: all laws, who may open it, and how it gets one.

use std::fs;
use std::sync::Arc;

use super::OneFile;
use crate::component::{
    Account, Journal as _, Known, MessageKey, Past, Progress, Scope, Seal, Slot, State as _,
    Wanted, tracker,
};
use crate::journal::laws::{
    KEY, LASTS, Stage, accepted, claim, claim_slots, entries, every_law, granted, known, message,
    run, settle, slot, take,
};
use crate::journal::{
    Begin, EndedRun, FileJournal, Filter, Job, JournalKey, Ledger as _, Rekeyed, State,
};

const OWN: &str = "an operator's key of these laws";

pub fn key() -> JournalKey {
    JournalKey::new(OWN).unwrap()
}

fn open(file: &OneFile) -> FileJournal {
    FileJournal::open_with(file.path(), Some(key()), None).unwrap()
}

/// A file with a key, in a folder of its own.
struct Keyed(OneFile);

impl Stage for Keyed {
    type Store = FileJournal;
    const SHARED: bool = false;
    const CASES: u32 = 4;

    async fn fresh() -> Self {
        Self(OneFile::new())
    }

    async fn open(&self) -> Arc<FileJournal> {
        Arc::new(open(&self.0))
    }

    async fn kill(&self, owner: &mut Option<Arc<FileJournal>>) {
        self.0.kill(owner).await;
    }
}

every_law!(Keyed);

fn said(file: &OneFile, key: Option<&str>) -> String {
    let key = key.map(|it| JournalKey::new(it).unwrap());
    FileJournal::open_with(file.path(), key, None).unwrap_err().to_string()
}

#[test]
fn a_journal_is_opened_with_its_own_key_or_not_at_all() {
    run(async {
        let file = OneFile::new();
        let store = open(&file);
        assert!(store.is_new() && store.seal().is_keyed());
        settle(&store, message(1), &[0], &accepted()).await;
        drop(store);
        assert!(said(&file, None).contains("was made with a key, and none is given"));
        for other in ["another key of 16 bytes", "an operator's key of these law"] {
            let said = said(&file, Some(other));
            assert!(said.contains("another key than the one that is given"), "{said}");
            assert!(!said.contains(other), "{said}");
        }
        let store = open(&file);
        assert!(!store.is_new());
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        drop(store);
        let plain = OneFile::new();
        drop(FileJournal::open(plain.path()).unwrap());
        let said = said(&plain, Some(OWN));
        assert!(
            said.contains("was made without a key") && said.contains("journal rekey"),
            "{said}"
        );
    });
}

/// The key that the engine asks for, in a journal with this seal.
fn sealed(seal: &Seal, number: u8) -> MessageKey {
    MessageKey(seal.of(message(number).0))
}

/// Claims one slot with this tracker.
pub async fn tracked(store: &FileJournal, message: MessageKey, index: u32, tracker: &str) {
    let slots = [Slot { tracker: Some(tracker), ..slot(index) }];
    let ticket = granted(claim_slots(store, message, &slots, false).await);
    if index.is_multiple_of(2) {
        store.record(ticket, &[(index, accepted())]).await.unwrap();
    }
}

#[test]
fn a_journal_that_gets_a_key_knows_all_that_it_knew() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        let (open_job, over) =
            (Job::new(None, "sendSms", None), Job::new(Some("over"), "sendSms", Some("simulator")));
        for number in 0..40 {
            settle(&store, message(number), &[0, 1], &accepted()).await;
        }
        let in_doubt = take(&store, message(50), &[2]).await;
        let derived = tracker(message(60), 0);
        tracked(&store, message(60), 0, &derived).await;
        tracked(&store, message(61), 1, &tracker(message(61), 1)).await;
        let first = [9; 32];
        let begun = store.begin(&open_job, first, Begin::Join).await.unwrap();
        let progress = Progress { read: 3, digest: [8; 32] };
        let slots = [slot(0)];
        let wanted = Wanted {
            message: message(70),
            scope: begun.scope,
            action: "sendSms",
            account: None,
            slots: &slots,
            resend: false,
            lasts: LASTS,
            progress: Some(progress),
        };
        granted(store.claim(wanted).await.unwrap());
        let ended = EndedRun {
            scope: Scope([5; 16]),
            ended: jiff::Timestamp::now(),
            first: [7; 32],
            read: 2,
            sent: 2,
        };
        store.end(&over, ended).await.unwrap();
        store.save("a trigger", vec![1, 2, 3]).await.unwrap();
        let _ = in_doubt;
        let was = entries(&store, &Filter::default()).await;
        drop(store);

        let rekeyed = FileJournal::rekey(file.path(), &key()).unwrap();
        assert_eq!(rekeyed, Rekeyed { entries: was.len() as u64, traceable: 1 });
        let again = FileJournal::rekey(file.path(), &key()).unwrap_err().to_string();
        assert!(again.contains("has a key already"), "{again}");

        let store = open(&file);
        let seal = store.seal();
        for number in 0..40 {
            let claim = claim(&store, sealed(&seal, number), &[0, 1], false).await;
            assert_eq!(known(claim), [(0, true), (1, true)], "{number}");
        }
        assert_eq!(known(claim(&store, sealed(&seal, 50), &[2], false).await), [(2, false)]);
        let now = entries(&store, &Filter::default()).await;
        assert_eq!(now.len(), was.len());
        for entry in &was {
            let message = MessageKey(seal.of(entry.message.0));
            let found = now.iter().find(|it| (it.message, it.slot) == (message, entry.slot));
            let found = found.unwrap();
            assert_eq!((found.at, found.state), (entry.at, left(entry.state)));
            assert_eq!((&found.last_digits, found.code), (&entry.last_digits, entry.code));
            let number = crate::component::NumberHash(seal.of(entry.number.unwrap().0));
            assert_eq!(found.number, Some(number));
        }
        let tel = Filter { tel: Some(slot(1).tel.to_owned()), ..Filter::default() };
        assert_eq!(entries(&store, &tel).await.len(), 41);
        let past = store.recall(sealed(&seal, 0)).await.unwrap();
        let own = Some(store.account(&Account::of_key(KEY)));
        assert!(past.iter().all(|it: &Past| it.account == own));
        let run = store.begin(&open_job, seal.of(first), Begin::Join).await.unwrap();
        let resumed = run.resumed.unwrap();
        assert_eq!(run.scope, begun.scope);
        let digest = seal.of(progress.digest);
        assert_eq!(resumed.progress, Some(Progress { digest, ..progress }));
        let over = crate::journal::Ledger::ended(&store, &over).await.unwrap();
        assert_eq!((over.len(), over[0].first), (1, seal.of([7; 32])));
        assert_eq!(store.load("a trigger").await.unwrap(), Some(vec![1, 2, 3]));
        let tracked = |number| entry_tracker(&now, sealed(&seal, number));
        assert_eq!(tracked(60), None, "it follows from the message, and is not needed any more");
        assert_eq!(tracked(61), Some(tracker(message(61), 1)), "the report names it");
        let unknown = store.recall(sealed(&seal, 61)).await.unwrap();
        assert!(matches!(unknown[0].known, Some(Known::Unknown { .. })));
    });
}

/// The state of what its owner has left so.
const fn left(state: State) -> State {
    match state {
        State::Claimed => State::Unknown,
        other => other,
    }
}

fn entry_tracker(entries: &[crate::journal::Entry], message: MessageKey) -> Option<String> {
    let found = entries.iter().find(|it| it.message == message).unwrap();
    found.tracker.clone()
}

#[test]
fn what_a_journal_had_before_it_got_a_key_is_not_in_its_file() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        let numbers: Vec<_> = (0..4).map(|it| store.number(slot(it).tel).unwrap().0).collect();
        let messages: Vec<_> = (1..20).map(|it| message(it).0).collect();
        for number in 1..20 {
            settle(&store, message(number), &[0, 1, 2, 3], &accepted()).await;
        }
        drop(store);
        let found = |bytes: &[u8]| {
            let holds = |it: &[u8]| bytes.windows(it.len()).any(|own| own == it);
            numbers.iter().filter(|it| holds(&it[..])).count()
                + messages.iter().filter(|it| holds(&it[..])).count()
        };
        assert_eq!(found(&fs::read(file.path()).unwrap()), 23);
        FileJournal::rekey(file.path(), &key()).unwrap();
        assert_eq!(found(&fs::read(file.path()).unwrap()), 0);
        assert_eq!(fs::read_dir(file.path().parent().unwrap()).unwrap().count(), 1);
    });
}
