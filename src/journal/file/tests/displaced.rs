//! Files that are removed, renamed, replaced or overwritten while they are in use.

use std::fs;
use std::path::PathBuf;

use super::OneFile;
use super::disk::{Act, Disk};
use crate::component::{Claim, Error, Journal as _, Wanted};
use crate::journal::laws::{
    LASTS, SCOPE, accepted, claim, known, message, run, settle, slot, take,
};
use crate::journal::{Begin, FileJournal, Job};

async fn try_claim(store: &FileJournal, number: u8) -> Result<Claim, Error> {
    let slots = [slot(0)];
    let (message, action, scope) = (message(number), "sendSms", SCOPE);
    let (slots, resend, lasts) = (&slots, false, LASTS);
    let (account, progress) = (None, None);
    let wanted = Wanted { message, scope, action, account, slots, resend, lasts, progress };
    store.claim(wanted).await
}

/// That nothing is claimed any more, and why.
async fn refuses(store: &FileJournal, words: &str) {
    let claimed = try_claim(store, 90).await.expect_err(words);
    assert!(claimed.what.contains(words), "{claimed}");
    let saved = crate::component::State::save(store, "trigger", vec![1]).await.expect_err(words);
    assert!(saved.what.contains(words), "{saved}");
    let job = Job::new(None, "sendSms", None);
    let begun = store.begin(&job, [1; 32], Begin::Join).await;
    assert!(begun.expect_err(words).what.contains(words));
}

fn beside(file: &OneFile) -> PathBuf {
    file.path().with_extension("beside")
}

#[test]
fn one_that_is_removed_grants_nothing_more() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        let ticket = take(&store, message(2), &[0]).await;
        fs::remove_file(file.path()).unwrap();
        refuses(&store, "was removed or renamed while it was in use").await;
        store.record(ticket, &[(0, accepted())]).await.expect_err("nobody will remember it");
        drop(store);
        assert!(!file.path().exists(), "it made another one");
    });
}

#[test]
fn one_that_is_renamed_goes_on_where_it_was_once_it_is_back() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        let ticket = take(&store, message(1), &[0]).await;
        fs::rename(file.path(), beside(&file)).unwrap();
        refuses(&store, "was removed or renamed while it was in use").await;
        // It is written all the same.
        store.record(ticket, &[(0, accepted())]).await.expect_err("it may not come back");
        fs::rename(beside(&file), file.path()).unwrap();
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        take(&store, message(90), &[0]).await;
    });
}

#[test]
fn one_that_another_file_has_replaced_grants_nothing_more() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        fs::copy(file.path(), beside(&file)).unwrap();
        settle(&store, message(2), &[0], &accepted()).await;
        fs::rename(beside(&file), file.path()).unwrap();
        refuses(&store, "was replaced by another file while it was in use").await;
    });
}

#[test]
fn a_copy_that_is_put_over_it_stops_it_and_is_left_whole() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        fs::copy(file.path(), beside(&file)).unwrap();
        settle(&store, message(2), &[0], &accepted()).await;
        let ticket = take(&store, message(3), &[0]).await;
        fs::copy(beside(&file), file.path()).unwrap();
        refuses(&store, "was overwritten while it was in use").await;
        store.record(ticket, &[(0, accepted())]).await.expect_err("it would damage the copy");
        store.recall(message(2)).await.expect_err("what is read may be of either");
        // Not even with the right copy: what is in memory is of the file before.
        fs::copy(beside(&file), file.path()).unwrap();
        refuses(&store, "was overwritten while it was in use").await;
        drop(store);
        assert_eq!(fs::read(file.path()).unwrap(), fs::read(beside(&file)).unwrap());
        let store = FileJournal::open(file.path()).unwrap();
        assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
    });
}

#[test]
fn one_that_is_emptied_grants_nothing_more() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        fs::write(file.path(), "").unwrap();
        refuses(&store, "was overwritten while it was in use").await;
        drop(store);
        assert_eq!(fs::metadata(file.path()).unwrap().len(), 0);
    });
}

/// The copy comes while a transaction is written, most of the time.
#[test]
fn a_copy_that_is_put_over_a_busy_one_is_seen() {
    for _ in 0..20 {
        run(async {
            let file = OneFile::new();
            let store = FileJournal::open(file.path()).unwrap();
            settle(&store, message(1), &[0], &accepted()).await;
            fs::copy(file.path(), beside(&file)).unwrap();
            let (from, to) = (beside(&file), file.path());
            let mut copying = None;
            for turn in 0.. {
                let number = 2 + u8::try_from(turn % 250).unwrap();
                match try_claim(&store, number).await {
                    Ok(Claim::Granted(ticket, _)) => {
                        let outcome = [(0, crate::component::Fallout::Released)];
                        store.record(ticket, &outcome).await.ok();
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => {
                        assert!(error.what.contains("was overwritten"), "{error}");
                        break;
                    }
                }
                let (from, to) = (from.clone(), to.clone());
                if turn == 20 {
                    copying = Some(std::thread::spawn(move || fs::copy(from, to).unwrap()));
                }
                assert!(turn < 20_000, "nobody saw it");
            }
            copying.unwrap().join().unwrap();
        });
    }
}

#[test]
fn after_a_failure_no_other_file_is_opened_in_its_place() {
    run(async {
        let (file, disk) = (OneFile::new(), Disk::default());
        let store = disk.journal(&file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        disk.fail_at(Some(Act::Write));
        try_claim(&store, 2).await.unwrap_err();
        disk.fail_at(None);
        // On this disk it is the same journal, as a copy would be.
        fs::copy(file.path(), beside(&file)).unwrap();
        fs::rename(beside(&file), file.path()).unwrap();
        refuses(&store, "was replaced by another file while it was in use").await;
    });
}
