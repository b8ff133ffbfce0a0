//! For how long a journal in a file remembers what was sent: `file:PATH?keep=DAYS`.

use std::path::{Path, PathBuf};

use redb::{Database, ReadableTable as _, TableDefinition};
use serde_json::json;

use crate::cli::{Cli, Finished, Simulator, isendpro, sms};

const SLOTS: TableDefinition<'static, &[u8; 36], &[u8]> = TableDefinition::new("slots");
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("journal");

struct Stage {
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { simulator: Simulator::start(&[]), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("sent.journal")
    }

    fn run(&self, query: &str, args: &[&str]) -> Cli {
        let store = format!("file:{}{query}", self.path().display());
        self.simulator.run("sendSms", "main", &["--journal", &store]).args(args)
    }

    fn once(&self, query: &str, reference: &str, text: &str) -> Finished {
        let message = json!({"num": "0680010001", "sms": text, "reference": reference});
        self.run(query, &["--once-per-id"]).run(message.to_string())
    }

    /// How many entries there are.
    fn list(&self) -> usize {
        let store = format!("file:{}", self.path().display());
        // What is old goes while, or after, the first one looks.
        isendpro(&["journal", "--journal", &store, "list"]).run("").says(0, &[]);
        isendpro(&["journal", "--journal", &store, "list", "--json"]).run("").quiet(0).len()
    }

    /// Changes the journal as if so many days had passed.
    fn age(&self, days: i64) {
        age(&self.path(), days);
    }
}

fn age(path: &Path, days: i64) {
    let earlier = |bytes: &mut [u8]| {
        let at = i64::from_be_bytes((&*bytes).try_into().unwrap());
        bytes.copy_from_slice(&(at - days * 24 * 3600 * 1_000_000).to_be_bytes());
    };
    let db = Database::open(path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut slots = txn.open_table(SLOTS).unwrap();
        let rows = slots.iter().unwrap().map(Result::unwrap);
        let rows: Vec<_> = rows.map(|it| (*it.0.value(), it.1.value().to_vec())).collect();
        for (key, mut record) in rows {
            earlier(&mut record[26..34]);
            earlier(&mut record[34..42]);
            slots.insert(&key, record.as_slice()).unwrap();
        }
        let mut meta = txn.open_table(META).unwrap();
        let mut kept = meta.get("retention").unwrap().unwrap().value().to_vec();
        earlier(&mut kept[4..]);
        meta.insert("retention", kept.as_slice()).unwrap();
    }
    txn.commit().unwrap();
}

#[test]
fn an_id_is_sent_again_once_it_is_forgotten_and_whoever_has_not_chosen_when_is_told() {
    let stage = Stage::new();
    stage.once("", "r1", "r1").says(0, &["forgets an id 90 days after it was sent", "?keep=400"]);
    stage.age(89);
    assert_eq!(stage.once("", "r1", "r1").lines()[0]["replayed"], true);
    stage.age(2);
    // The run that finds it old may still know it: what is old goes while it works.
    assert_eq!(stage.list(), 0);
    // The text does not count.
    let again = stage.once("", "r1", "another").lines();
    assert_eq!((&again[0]["status"], again[0].get("replayed")), (&json!("accepted"), None));
    assert_eq!(stage.simulator.total(), 2);
    // A longer time than that of the store.
    assert!(stage.once("?keep=400", "r2", "r2").quiet(0)[0].get("replayed").is_none());
    stage.age(399);
    assert_eq!(stage.once("?keep=400", "r2", "r2").quiet(0)[0]["replayed"], true);
    // It holds for whoever says nothing.
    assert_eq!(stage.once("", "r2", "r2").lines()[0]["replayed"], true);
    stage.once("", "r2", "r2").says(0, &["forgets an id 400 days after"]);
    assert_eq!(stage.simulator.total(), 3);
}

#[test]
fn a_run_that_is_open_knows_all_that_it_has_sent_however_long_ago() {
    let stage = Stage::new();
    let input = [sms("0001", "a"), sms("0903", "in doubt"), sms("0002", "b")].join("\n");
    stage.run("", &["--max-messages", "2"]).run(&input);
    assert_eq!(stage.simulator.total(), 2);
    stage.age(4000);
    // A pass goes through it.
    assert_eq!(stage.list(), 2);
    let resumed = stage.run("", &[]).run(&input).lines();
    assert_eq!(
        (&resumed[0]["replayed"], &resumed[2]["status"]),
        (&json!(true), &json!("accepted"))
    );
    assert_eq!(stage.simulator.total(), 3);
}

#[test]
fn a_slip_in_the_address_makes_no_other_journal() {
    let stage = Stage::new();
    for (query, words) in [
        ("?keep=0", "keep must be 1 to 36500 days"),
        ("?keep=90d", "keep must be 1 to 36500 days"),
        ("?kep=90", "unknown option after ?"),
        ("?prefix=a:", "unknown option after ?"),
    ] {
        let refused = stage.run(query, &[]).run(sms("0001", "a"));
        refused.says(2, &["nothing sent: journal: ", words]);
        let store = format!("file:{}{query}", stage.path().display());
        for command in [&["list"][..], &["rekey"], &["forget", "--all"]] {
            isendpro(&["journal", "--journal", &store]).args(command).run("").says(2, &[words]);
        }
    }
    assert_eq!(std::fs::read_dir(stage.folder.path()).unwrap().count(), 0);
    assert_eq!(stage.simulator.total(), 0);
}
