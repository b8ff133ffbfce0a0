//! What is settled for long is forgotten, and nothing else.

use std::collections::HashSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use redb::{Builder, Database, ReadableDatabase as _, ReadableTable as _};

use super::OneFile;
use super::disk::Disk;
use crate::component::{MessageKey, Scope};
use crate::journal::file::tables::{ENDED, META, RETENTION, SLOTS, key};
use crate::journal::laws::{accepted, claim, entries, granted, known, message, run, settle, take};
use crate::journal::record::{Owner, Record};
use crate::journal::{Begin, EndedRun, FileJournal, Filter, Job, Ledger as _, Retention, State};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn open(path: &Path) -> FileJournal {
    FileJournal::open(path).unwrap()
}

fn keeping(path: &Path, days: u32) -> FileJournal {
    FileJournal::open_with(path, None, Some(Retention { days, chosen: true })).unwrap()
}

/// Opens it, and waits until what is old is forgotten.
fn pass(path: &Path) {
    drop(open(path));
}

/// Changes the file as if so many days had passed.
fn age(path: &Path, by: i64) {
    let db = Database::open(path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut slots = txn.open_table(SLOTS).unwrap();
        let all: Vec<_> = slots
            .iter()
            .unwrap()
            .map(|it| it.unwrap())
            .map(|(key, value)| (*key.value(), Record::decode(value.value()).unwrap()))
            .collect();
        for (key, mut record) in all {
            record.claimed -= days(by);
            record.settled = record.settled.map(|it| it - days(by));
            slots.insert(&key, record.encode().as_slice()).unwrap();
        }
        let mut ended = txn.open_table(ENDED).unwrap();
        let all: Vec<(Vec<u8>, Vec<u8>)> = ended
            .iter()
            .unwrap()
            .map(|it| it.unwrap())
            .map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
            .collect();
        for (mut key, value) in all {
            ended.remove(key.as_slice()).unwrap();
            earlier(&mut key, by);
            ended.insert(key.as_slice(), value.as_slice()).unwrap();
        }
        let mut meta = txn.open_table(META).unwrap();
        let kept = meta.get(RETENTION).unwrap().map(|it| it.value().to_vec());
        if let Some(mut kept) = kept {
            earlier(&mut kept, by);
            meta.insert(RETENTION, kept.as_slice()).unwrap();
        }
    }
    txn.commit().unwrap();
}

/// Takes days from the time that these bytes end with.
fn earlier(bytes: &mut [u8], by: i64) {
    let end = bytes.last_chunk_mut::<8>().unwrap();
    let at = Timestamp::from_microsecond(i64::from_be_bytes(*end)).unwrap();
    *end = (at - days(by)).as_microsecond().to_be_bytes();
}

/// Messages of one or two slots, each of which is one of all kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    state: State,
    age: i64,
    scope: Scope,
}

const NONE: Scope = Scope([1; 16]);
const OVER: Scope = Scope([2; 16]);
const LATELY: Scope = Scope([3; 16]);

fn kinds(open: Scope) -> Vec<Kind> {
    let states = [State::Claimed, State::Accepted, State::Refused, State::Unknown];
    let mut kinds = Vec::new();
    for state in states {
        for age in [0, 89, 91, 4000] {
            for scope in [NONE, OVER, LATELY, open] {
                kinds.push(Kind { state, age, scope });
            }
        }
    }
    kinds
}

fn record(kind: Kind) -> Record {
    let Kind { state, age, scope } = kind;
    let at = Timestamp::from_microsecond((Timestamp::now() - days(age)).as_microsecond()).unwrap();
    // Claimed long before it was settled: the last word counts.
    let (claimed, settled) = match state {
        State::Claimed => (at, None),
        _ => (at - days(400), Some(at)),
    };
    Record {
        state,
        owner: Owner([9; 16]),
        attempt: 1,
        resent: false,
        claimed,
        settled,
        scope,
        action: "sendSms".to_owned(),
        tracker: None,
        mark: None,
        account: None,
        code: None,
        parts: None,
        data: None,
    }
}

fn put(db: &Database, records: impl Iterator<Item = (MessageKey, u32, Record)>) {
    let txn = db.begin_write().unwrap();
    {
        let mut slots = txn.open_table(SLOTS).unwrap();
        for (message, slot, record) in records {
            slots.insert(&key(message, slot), record.encode().as_slice()).unwrap();
        }
        // The next pass is due.
        let mut meta = txn.open_table(META).unwrap();
        let mut kept = meta.get(RETENTION).unwrap().unwrap().value().to_vec();
        kept[4..].copy_from_slice(&0_i64.to_be_bytes());
        meta.insert(RETENTION, kept.as_slice()).unwrap();
    }
    txn.commit().unwrap();
}

/// The key of the message with this number, all over the range of keys.
fn spread(number: u32) -> MessageKey {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    key[4..8].copy_from_slice(&number.to_be_bytes());
    MessageKey(key)
}

/// Opens the journal, has one message accepted, and closes it.
async fn remember_one(path: &Path) {
    let store = open(path);
    settle(&store, message(1), &[0], &accepted()).await;
}

#[test]
fn of_all_kinds_of_messages_those_go_that_are_settled_and_old_as_a_whole() {
    run(async {
        let file = OneFile::new();
        let store = open(&file.path());
        let open_run = store.begin(&Job::new(None, "a", None), [1; 32], Begin::Join).await;
        let open_run = open_run.unwrap().scope;
        for (name, scope, age) in [("over", OVER, 91), ("lately", LATELY, 89)] {
            let ended = Timestamp::now() - days(age);
            let ended = EndedRun { scope, ended, first: [2; 32], read: 1, sent: 1 };
            store.end(&Job::new(Some(name), "a", None), ended).await.unwrap();
        }
        drop(store);
        let kinds = kinds(open_run);
        let mut messages: Vec<Vec<Kind>> = kinds.iter().map(|it| vec![*it]).collect();
        messages.extend(kinds.iter().flat_map(|a| kinds.iter().map(|b| vec![*a, *b])));
        let numbered = || (0..).zip(&messages);
        let slots = numbered().flat_map(|(number, kinds)| {
            (0..).zip(kinds).map(move |(slot, it)| (spread(number), slot, record(*it)))
        });
        put(&Database::open(file.path()).unwrap(), slots);
        pass(&file.path());
        let store = open(&file.path());
        let left = entries(&store, &Filter::default()).await;
        let mut gone = 0;
        for (number, kinds) in numbered() {
            let may_go = |it: &Kind| {
                [State::Accepted, State::Refused].contains(&it.state)
                    && it.age > 90
                    && [NONE, OVER].contains(&it.scope)
            };
            let expected = if kinds.iter().all(may_go) { 0 } else { kinds.len() };
            let found = left.iter().filter(|it| it.message == spread(number)).count();
            assert_eq!(found, expected, "{kinds:?}");
            gone += usize::from(found == 0);
        }
        // Two states, two ages, two scopes: 8 kinds, alone and by two.
        assert_eq!(gone, 8 + 8 * 8);
    });
}

#[test]
fn it_is_kept_to_the_day() {
    run(async {
        let file = OneFile::new();
        let path = file.path();
        let store = open(&path);
        assert_eq!(store.retention(), Some(Retention { days: 90, chosen: false }));
        settle(&store, message(1), &[0, 1], &accepted()).await;
        take(&store, message(2), &[0]).await;
        drop(store);
        age(&path, 89);
        let store = open(&path);
        assert_eq!(known(claim(&store, message(1), &[0, 1], false).await), [(0, true), (1, true)]);
        drop(store);
        age(&path, 2);
        pass(&path);
        let store = open(&path);
        assert_eq!(entries(&store, &Filter::default()).await.len(), 1);
        granted(claim(&store, message(1), &[0, 1], false).await);
        assert_eq!(known(claim(&store, message(2), &[0], false).await), [(0, false)]);
    });
}

#[test]
fn what_an_earlier_version_has_left_is_kept_for_as_long_as_what_is_new() {
    run(async {
        let file = OneFile::new();
        let path = file.path();
        remember_one(&path).await;
        age(&path, 4000);
        let db = Database::open(&path).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(META).unwrap().remove(RETENTION).unwrap();
        txn.commit().unwrap();
        drop(db);
        let there = async |store: &FileJournal| {
            entries(store, &Filter::default()).await.iter().any(|it| it.message == message(1))
        };
        // Who only looks changes nothing.
        for _ in 0..2 {
            assert!(there(&open(&path)).await);
        }
        let store = open(&path);
        settle(&store, message(2), &[0], &accepted()).await;
        drop(store);
        age(&path, 89);
        pass(&path);
        assert!(there(&open(&path)).await);
        age(&path, 2);
        pass(&path);
        assert!(!there(&open(&path)).await);
    });
}

#[test]
fn the_last_word_of_how_long_holds_for_whoever_says_none() {
    run(async {
        let file = OneFile::new();
        let path = file.path();
        let store = keeping(&path, 400);
        assert_eq!(store.retention(), Some(Retention { days: 400, chosen: true }));
        settle(&store, message(1), &[0], &accepted()).await;
        drop(store);
        age(&path, 399);
        let store = open(&path);
        assert_eq!(store.retention(), Some(Retention { days: 400, chosen: false }));
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        drop(store);
        // A shorter one holds at once.
        drop(keeping(&path, 398));
        let store = open(&path);
        assert_eq!(store.retention(), Some(Retention { days: 398, chosen: false }));
        granted(claim(&store, message(1), &[0], false).await);
    });
}

/// More than one transaction looks at, and one message that is more than that alone.
#[test]
fn a_large_journal_is_passed_through_in_many_steps_and_serves_meanwhile() {
    run(async {
        let file = OneFile::new();
        let path = file.path();
        remember_one(&path).await;
        let (many, large) = (30_000, 25_000);
        let old = Kind { state: State::Accepted, age: 91, scope: NONE };
        let young = Kind { age: 1, ..old };
        let single = |it| (spread(it), 0, record(if it % 3 == 0 { young } else { old }));
        let whole = |message, last| {
            let kind = move |slot| if slot == 0 { last } else { old };
            (0..large).map(move |slot| (message, slot, record(kind(slot))))
        };
        let (gone, stays) = (message(0x55), message(0xaa));
        let all = (0..many).map(single).chain(whole(gone, old)).chain(whole(stays, young));
        put(&Database::open(&path).unwrap(), all);
        let store = open(&path);
        for number in 2..40 {
            settle(&store, message(number), &[0], &accepted()).await;
        }
        drop(store);
        let store = open(&path);
        let left = entries(&store, &Filter::default()).await;
        let of = |message| left.iter().filter(|it| it.message == message).count();
        assert_eq!((of(gone), of(stays)), (0, large as usize));
        assert_eq!(left.len(), 39 + many as usize / 3 + large as usize);
        let left: HashSet<_> = left.iter().map(|it| it.message).collect();
        assert!((0..many).all(|it| left.contains(&spread(it)) == (it % 3 == 0)));
        assert_eq!(store.commits(), 0, "the next pass is a day away");
    });
}

/// Each message is there as a whole, or not at all, wherever the power fails.
#[test]
fn a_loss_of_power_leaves_no_part_of_a_message() {
    run(async {
        let (file, disk) = (OneFile::new(), Disk::default());
        let store = disk.journal(&file.path()).unwrap();
        settle(&store, message(1), &[0, 1, 2], &accepted()).await;
        drop(store);
        let old = Kind { state: State::Accepted, age: 91, scope: NONE };
        let doubt = Kind { state: State::Unknown, ..old };
        let kind = |number, slot| if number % 100 == 0 && slot == 2 { doubt } else { old };
        let of = |it| (0..3).map(move |slot| (spread(it), slot, record(kind(it, slot))));
        let db = Builder::new().create_with_backend(disk.clone()).unwrap();
        put(&db, (0..2_000).flat_map(of));
        drop(db);
        let (mut parts, mut seed) = (HashSet::new(), 1_u32);
        for fails in (0..400).step_by(5) {
            let disk = disk.after_power_loss(|| true);
            disk.fail_after(Some(fails));
            drop(disk.journal(&file.path()));
            let left = disk.after_power_loss(|| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 31 == 0
            });
            let db = Builder::new().create_with_backend(left).unwrap();
            let slots = db.begin_read().unwrap().open_table(SLOTS).unwrap();
            let count = |it| slots.range::<&[u8; 36]>(&key(it, 0)..=&key(it, 9)).unwrap().count();
            let left: Vec<_> = (0..2_000).filter(|it| count(spread(*it)) == 3).collect();
            assert!((0..2_000).all(|it| [0, 3].contains(&count(spread(it)))), "{fails}");
            assert!((0..2_000).step_by(100).all(|it| left.contains(&it)), "{fails}");
            assert_eq!(count(message(1)), 3, "{fails}");
            parts.insert(left.len());
        }
        assert!(parts.contains(&2_000) && parts.contains(&20) && parts.len() > 2, "{parts:?}");
    });
}
