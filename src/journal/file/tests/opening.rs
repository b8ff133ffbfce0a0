//! Which files are opened, and what is said of the others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use redb::{Database, TableDefinition};

use super::OneFile;
use super::disk::{Act, Disk};
use crate::component::{Error, Kind};
use crate::journal::file::open::Home;
use crate::journal::file::tables::{self, FORMAT, META, SLOTS};
use crate::journal::laws::{
    SCOPE, accepted, claim, entries, known, message, run, settle, slot, take,
};
use crate::journal::{FileJournal, Filter};

fn mode(file: &OneFile) -> u32 {
    fs::metadata(file.path()).unwrap().permissions().mode() & 0o777
}

fn refused(file: &OneFile) -> Error {
    let error = FileJournal::open(file.path()).unwrap_err();
    assert!(error.what.contains(&file.path().display().to_string()), "{error}");
    assert!(error.hint.is_some(), "{error}");
    error
}

#[test]
fn only_the_owner_reads_it() {
    let file = OneFile::new();
    drop(FileJournal::open(file.path()).unwrap());
    assert_eq!(mode(&file), 0o600);
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
    drop(FileJournal::open(file.path()).unwrap());
    assert_eq!(mode(&file), 0o600);
    fs::write(file.path(), "").unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
    drop(FileJournal::open(file.path()).unwrap());
    assert_eq!(mode(&file), 0o600);
}

/// Here by a disk that knows none; elsewhere by Lustre, and by some file systems of FUSE.
#[test]
fn a_file_without_locks_is_refused() {
    let (file, disk) = (OneFile::new(), Disk::default());
    drop(disk.journal(&file.path()).unwrap());
    disk.forget_locks();
    let error = disk.journal(&file.path()).unwrap_err();
    assert_eq!(error.kind, Kind::Config);
    assert!(error.to_string().contains("without locks"), "{error}");
    assert!(error.to_string().contains("or take a Redis"), "{error}");
}

#[test]
fn a_file_of_somebody_else_is_used_with_a_warning() {
    let file = OneFile::new();
    let home = Home::new(&file.path());
    let warning = home.warning(Err(std::io::ErrorKind::PermissionDenied.into())).unwrap().unwrap();
    assert!(warning.contains("chmod 600"), "{warning}");
    assert_eq!(home.warning(Ok(())).unwrap(), None);
    assert!(home.warning(Err(std::io::ErrorKind::StorageFull.into())).is_err());
}

#[test]
fn it_is_used_by_one_at_a_time() {
    let file = OneFile::new();
    let store = FileJournal::open(file.path()).unwrap();
    let error = refused(&file);
    assert!(error.what.ends_with("is used by another process"), "{error}");
    assert_eq!(error.kind, Kind::Unavailable);
    drop(store);
    FileJournal::open(file.path()).unwrap();
}

#[test]
fn what_is_no_journal_is_named_and_left_alone() {
    let long = "a line of somebody's file\n".repeat(5000);
    for content in ["x", "a line\n", &long, "redb"] {
        let file = OneFile::new();
        fs::write(file.path(), content).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        let error = refused(&file);
        assert!(error.what.ends_with("is not a journal"), "{error}");
        assert_eq!(error.kind, Kind::Config);
        assert_eq!(fs::read_to_string(file.path()).unwrap(), content);
        assert_eq!(mode(&file), 0o644);
    }
}

#[test]
fn another_database_is_no_journal() {
    let file = OneFile::new();
    let db = Database::create(file.path()).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(refused(&file).what.ends_with("is not a journal"));
}

#[test]
fn another_version_is_named() {
    let file = OneFile::new();
    drop(FileJournal::open(file.path()).unwrap());
    let db = Database::open(file.path()).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(FORMAT, b"3".as_slice()).unwrap();
    txn.commit().unwrap();
    drop(db);
    let error = refused(&file);
    assert!(error.what.contains("another version of the connector (format 3)"), "{error}");
}

#[test]
fn a_record_of_another_version_is_an_error_of_its_message_alone() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(2), &[0], &accepted()).await;
        drop(store);
        let db = Database::open(file.path()).unwrap();
        let txn = db.begin_write().unwrap();
        let key = tables::key(message(1), 0);
        txn.open_table(SLOTS).unwrap().insert(&key, b"\x09??".as_slice()).unwrap();
        txn.commit().unwrap();
        drop(db);
        let store = FileJournal::open(file.path()).unwrap();
        let slots = [slot(0)];
        let wanted = crate::component::Wanted {
            message: message(1),
            scope: SCOPE,
            action: "sendSms",
            account: None,
            slots: &slots,
            resend: true,
            lasts: crate::journal::laws::LASTS,
            progress: None,
        };
        let error = store.claim(wanted).await.unwrap_err();
        assert!(error.what.contains("a record of version 9"), "{error}");
        assert_eq!(known(claim(&store, message(2), &[0], false).await), [(0, true)]);
        take(&store, message(1), &[1]).await;
    });
}

#[test]
fn places_where_no_file_can_be_are_explained() {
    let file = OneFile::new();
    let error = FileJournal::open(file.path().join("journal")).unwrap_err();
    assert!(error.what.contains("there is no folder"), "{error}");
    fs::create_dir(file.path()).unwrap();
    assert!(refused(&file).what.ends_with("is a folder"));
    let null = FileJournal::open("/dev/null").unwrap_err();
    assert!(null.what.ends_with("is no ordinary file"), "{null}");
}

#[test]
fn no_number_is_in_the_file() {
    run(async {
        let file = OneFile::new();
        let store = FileJournal::open(file.path()).unwrap();
        settle(&store, message(1), &[0, 1], &accepted()).await;
        assert_eq!(entries(&store, &Filter::default()).await.len(), 2);
        drop(store);
        let bytes = fs::read(file.path()).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|it| it == text);
        assert!(holds(b"track-0"));
        assert!(!holds(&slot(0).tel.as_bytes()[2..]) && !holds(&slot(1).tel.as_bytes()[2..]));
    });
}

#[test]
fn a_disk_that_is_full_at_the_start_leaves_nothing_behind() {
    let (file, disk) = (OneFile::new(), Disk::default());
    disk.fail_at(Some(Act::Write));
    let error = disk.journal(&file.path()).unwrap_err();
    assert!(error.to_string().contains("make room"), "{error}");
    let folder = file.path().parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}
