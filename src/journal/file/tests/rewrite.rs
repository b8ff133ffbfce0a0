//! The file is written anew: nothing of what was forgotten stays, and nothing else goes.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use super::OneFile;
use super::keyed::{key, tracked};
use crate::component::Journal as _;
use crate::journal::laws::{accepted, claim, entries, known, message, run, settle, take};
use crate::journal::{FileJournal, Filter, Rekeyed, State};

#[test]
fn nothing_of_what_is_forgotten_stays_in_the_file() {
    run(async {
        for keyed in [false, true] {
            let file = OneFile::new();
            let open = || FileJournal::open_with(file.path(), keyed.then(key), None).unwrap();
            let store = open();
            for number in 1..30 {
                let name = format!("tracker-{number}-{}", if number < 8 { "gone" } else { "kept" });
                tracked(&store, message(number), 0, &name).await;
            }
            let held = take(&store, message(40), &[3]).await;
            let mut forgotten = 0;
            for number in 1..8 {
                forgotten += store.forget(&one(number)).await.unwrap();
                let bytes = fs::read(file.path()).unwrap();
                let name = format!("tracker-{number}-gone");
                assert!(!bytes.windows(name.len()).any(|it| it == name.as_bytes()), "{name}");
                assert!(!bytes.windows(32).any(|it| it == message(number).0), "{number}");
            }
            assert_eq!(forgotten, 7);
            // The store goes on, with all that it had in hand.
            store.record(held, &[(3, accepted())]).await.unwrap();
            settle(&store, message(41), &[0], &accepted()).await;
            drop(store);
            let store = open();
            for (number, index) in [(8, 0), (29, 0), (40, 3), (41, 0)] {
                let claim = claim(&store, message(number), &[index], false).await;
                assert_eq!(known(claim), [(index, true)], "{number}");
            }
            assert!(
                entries(&store, &Filter::default())
                    .await
                    .iter()
                    .all(|it| it.state == State::Accepted)
            );
            assert_eq!(fs::read_dir(file.path().parent().unwrap()).unwrap().count(), 1);
        }
    });
}

fn one(number: u8) -> Filter {
    Filter { message: Some(message(number)), ..Filter::default() }
}

/// A process that dies before the new file has its name leaves such a file.
#[test]
fn what_was_left_beside_is_no_journal_and_goes() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        drop(store);
        let left = file.path().with_file_name(".journal.new");
        for content in [b"half of a file".to_vec(), fs::read(file.path()).unwrap()] {
            fs::write(&left, &content).unwrap();
            let store = FileJournal::open(file.path()).unwrap();
            assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
            assert_eq!(store.forget(&one(9)).await.unwrap(), 0);
            assert!(!left.exists());
            assert_eq!(known(claim(&store, message(1), &[0], false).await), [(0, true)]);
        }
        fs::write(&left, "half of a file").unwrap();
        let rekeyed = FileJournal::rekey(file.path(), &key()).unwrap();
        assert_eq!((rekeyed, left.exists()), (Rekeyed { entries: 1, traceable: 0 }, false));
    });
}

/// A second file in the place of the link would be another journal.
#[test]
fn a_link_leads_to_the_same_journal_as_before() {
    run(async {
        let file = OneFile::new();
        let link = file.path().with_file_name("link");
        let store = FileJournal::open(file.path()).unwrap();
        tracked(&store, message(1), 0, "tracker-gone").await;
        settle(&store, message(2), &[0], &accepted()).await;
        drop(store);
        symlink(file.path(), &link).unwrap();
        let store = FileJournal::open(&link).unwrap();
        assert_eq!(store.forget(&one(1)).await.unwrap(), 1);
        settle(&store, message(3), &[0], &accepted()).await;
        drop(store);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let bytes = fs::read(file.path()).unwrap();
        assert!(!bytes.windows(12).any(|it| it == b"tracker-gone"));
        let store = FileJournal::open(file.path()).unwrap();
        for number in [2, 3] {
            assert_eq!(known(claim(&store, message(number), &[0], false).await), [(0, true)]);
        }
    });
}

#[test]
fn a_file_with_a_second_name_is_not_written_anew() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        settle(&store, message(2), &[0], &accepted()).await;
        let second = file.path().with_file_name("second");
        fs::hard_link(file.path(), &second).unwrap();
        let said = store.forget(&one(1)).await.unwrap_err().to_string();
        assert!(said.contains("second name") && said.contains("1 are forgotten"), "{said}");
        // It goes on, in the same file.
        assert_eq!(known(claim(&store, message(2), &[0], false).await), [(0, true)]);
        settle(&store, message(3), &[0], &accepted()).await;
        drop(store);
        let said = FileJournal::rekey(file.path(), &key()).unwrap_err().to_string();
        assert!(said.contains("second name"), "{said}");
        let store = FileJournal::open(&second).unwrap();
        assert_eq!(known(claim(&store, message(3), &[0], false).await), [(0, true)]);
        drop(store);
        fs::remove_file(&second).unwrap();
        let store = FileJournal::open(file.path()).unwrap();
        assert_eq!(store.forget(&one(1)).await.unwrap(), 0, "it is erased all the same");
    });
}

/// Only root can play two users.
#[test]
fn it_stays_its_owners_and_nobody_else_reads_it() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        let own = fs::metadata(file.path()).unwrap().uid();
        let owner = if own == 0 { 4711 } else { own };
        chown(file.path(), Some(owner), None).unwrap();
        let was = fs::metadata(file.path()).unwrap().ino();
        store.forget(&one(1)).await.unwrap();
        let found = fs::metadata(file.path()).unwrap();
        assert_ne!(found.ino(), was);
        assert_eq!((found.uid(), found.permissions().mode() & 0o777), (owner, 0o600));
    });
}

#[test]
fn a_file_that_is_in_use_or_was_replaced_is_left_alone() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0], &accepted()).await;
        drop(store);
        let home = crate::journal::file::open::Home::new(&file.path());
        let opened = home.open().unwrap();
        let busy = FileJournal::open(file.path()).unwrap_err().to_string();
        assert!(busy.contains("is used by another process"), "{busy}");
        fs::rename(file.path(), file.path().with_file_name("old")).unwrap();
        drop(FileJournal::open(file.path()).unwrap());
        let said = home.rewrite(&opened.db, None).unwrap_err().to_string();
        assert!(said.contains("was replaced by another file"), "{said}");
    });
}
