//! A stolen journal: who tries all numbers and texts of a small range finds them in one without a key, and
//! none of them in one with a key.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use isendpro_connector::component::{Message, Scope, Seal, tracker};
use isendpro_connector::delivery::{Reading, Sequence, key_in_run};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use ring::hmac;
use serde_json::{Value, json};

use crate::cli::{Cli, Simulator, isendpro, sms};

const KEY: &str = "0123456789abcdef of a test";

/// How many numbers were sent to, of the 20,000 that are tried.
const NUMBERS: usize = 10_000;

/// None that the simulator has a scenario for.
fn tel(number: usize) -> String {
    format!("3368{:03}4{:03}", number / 1000, number % 1000)
}

fn code(number: usize) -> Value {
    json!({"num": "0680012345", "sms": format!("Votre code est {number:06}.")})
}

const SECRET_CODE: usize = 4711;

/// The finds of somebody who has the file, and guesses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Loot {
    numbers: usize,
    codes: HashSet<usize>,
    /// By how many kinds of hashes.
    ways: usize,
}

/// Each row of bytes that the file has, in whatever page.
struct Stolen {
    rows: HashSet<Vec<u8>>,
    secret: hmac::Key,
    scopes: Vec<Scope>,
}

impl Stolen {
    fn new(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let rows = bytes.windows(8).map(<[u8]>::to_vec).collect();
        let copy = tempfile::NamedTempFile::new().unwrap();
        fs::write(copy.path(), &bytes).unwrap();
        let db = Database::open(copy.path()).unwrap();
        let txn = db.begin_read().unwrap();
        let meta = txn.open_table(TableDefinition::<&str, &[u8]>::new("journal")).unwrap();
        let secret = meta.get("secret").unwrap().unwrap();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.value());
        let runs = txn.open_table(TableDefinition::<&str, &[u8]>::new("runs")).unwrap();
        let scope = |run: &[u8]| Scope(run[2..18].try_into().unwrap());
        let scopes = runs.iter().unwrap().map(|it| scope(it.unwrap().1.value())).collect();
        Self { rows, secret, scopes }
    }

    fn has(&self, bytes: &[u8]) -> bool {
        bytes.chunks_exact(8).all(|it| self.rows.contains(it))
    }

    fn has_number(&self, tel: &str) -> bool {
        let national = format!("0{}", &tel[2..]);
        let hashed = |it: &str| hmac::sign(&self.secret, it.as_bytes());
        let plain = |it: &str| ring::digest::digest(&ring::digest::SHA256, it.as_bytes());
        [tel, &national].iter().any(|it| {
            let mut short =
                [hashed(it).as_ref()[..8].to_vec(), plain(it).as_ref()[..8].to_vec()].into_iter();
            self.has(it.as_bytes()) || short.any(|it| self.has(&it))
        })
    }

    /// By how many kinds of hashes a text is found.
    fn ways_to(&self, body: &Value) -> usize {
        let message = Message::new(body.clone());
        let place = Sequence::new(false, Seal::default()).place(Reading::Message(&message));
        let digest = usize::from(self.has(&place.progress.digest));
        let by_scope = self.scopes.iter().map(|scope| {
            let key = key_in_run(&Seal::default(), *scope, "sendSms", &message, place);
            usize::from(self.has(&key.0)) + usize::from(self.has(tracker(key, 0).as_bytes()))
        });
        digest + by_scope.sum::<usize>()
    }

    fn loot(&self) -> Loot {
        let numbers = (0..2 * NUMBERS).filter(|it| self.has_number(&tel(*it))).count();
        let mut loot = Loot { numbers, ..Loot::default() };
        for number in 0..NUMBERS {
            let ways = self.ways_to(&code(number));
            if ways > 0 {
                loot.codes.insert(number);
                loot.ways = loot.ways.max(ways);
            }
        }
        loot
    }
}

/// A simulator and a journal.
struct Stage {
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { simulator: Simulator::start(&[]), folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("sent.journal")
    }

    fn store(&self) -> String {
        format!("file:{}", self.path().display())
    }

    fn run(&self, action: &str, key: Option<&str>, args: &[&str]) -> Cli {
        let cli = self.simulator.run(action, "main", &["--journal", &self.store()]).args(args);
        key.into_iter().fold(cli, |it, key| it.env("ISENDPRO_JOURNAL_KEY", key))
    }

    fn journal(&self, key: Option<&str>, args: &[&str]) -> Cli {
        let cli = isendpro(&["journal", "--journal", &self.store()]).args(args);
        key.into_iter().fold(cli, |it, key| it.env("ISENDPRO_JOURNAL_KEY", key))
    }

    /// One code, and one text to all numbers.
    fn send(&self, key: Option<&str>) {
        self.run("sendSms", key, &[]).run(code(SECRET_CODE).to_string()).quiet(0);
        let numbers: Vec<_> = (0..NUMBERS).map(|it| format!("+{}", tel(it))).collect();
        let bulk = json!({"sms": "Bonjour", "num": numbers});
        let finished = self.run("sendSmsMulti", key, &[]).run(bulk.to_string());
        assert!(finished.lines()[0]["accepted"].as_u64() == Some(NUMBERS as u64), "{finished:?}");
    }
}

#[test]
fn a_stolen_file_gives_everything_without_a_key_and_nothing_with_one() {
    let plain = Stage::new();
    plain.send(None);
    let loot = Stolen::new(&plain.path()).loot();
    let all = Loot { numbers: NUMBERS, codes: HashSet::from([SECRET_CODE]), ways: 3 };
    assert_eq!(loot, all);

    let keyed = Stage::new();
    keyed.send(Some(KEY));
    assert_eq!(Stolen::new(&keyed.path()).loot(), Loot::default());

    // One that gets its key later is as good.
    plain.journal(Some(KEY), &["rekey"]).run("").says(0, &[]);
    let loot = Stolen::new(&plain.path()).loot();
    assert_eq!(loot, Loot::default());
    let again = plain.run("sendSms", Some(KEY), &[]).run(code(SECRET_CODE).to_string());
    again.says(2, &["has sent this input"]);
    let resumed = plain.run("sendSms", Some(KEY), &["--resume"]).run(code(SECRET_CODE).to_string());
    assert_eq!(resumed.quiet(0)[0]["replayed"], true);
}

#[test]
fn a_journal_with_a_key_is_opened_with_that_key_alone() {
    let stage = Stage::new();
    let line = sms("0001", "a");
    stage.run("sendSms", Some(KEY), &[]).run(&line).quiet(0);
    for (key, words) in [
        (None, "was made with a key, and none is given"),
        (Some("another key of 16 bytes"), "was made with another key"),
        (Some("fifteen letters"), "ISENDPRO_JOURNAL_KEY: is shorter than 16 bytes"),
        (Some(""), "shorter than 16 bytes"),
        (Some("   "), "shorter than 16 bytes"),
    ] {
        let refused = stage.run("sendSms", key, &["--again"]).run(&line);
        refused.says(2, &["nothing sent", words]);
        stage.journal(key, &["list"]).run("").says(2, &[words]);
        if let Some(key) = key.filter(|it| it.len() > 4) {
            assert!(!refused.stderr.contains(key), "{}", refused.stderr);
        }
    }
    assert_eq!(stage.simulator.total(), 1);
    let file = stage.folder.path().join("key");
    fs::write(&file, format!("{KEY}\n")).unwrap();
    let by_file = stage.journal(None, &["list", "--json"]);
    let by_file = by_file.env("ISENDPRO_JOURNAL_KEY_FILE", file.to_str().unwrap()).run("");
    assert_eq!(by_file.quiet(0).len(), 1);
}

#[test]
fn a_run_that_was_interrupted_goes_on_under_a_new_key() {
    let stage = Stage::new();
    let input = [sms("0001", "a"), sms("0903", "in doubt"), sms("0002", "b")].join("\n");
    stage.run("sendSms", None, &["--max-messages", "2"]).run(&input);
    assert_eq!(stage.simulator.total(), 2);
    let rekeyed = stage.journal(Some(KEY), &["rekey"]).run("");
    rekeyed.says(0, &["1 of them", "keep"]);
    assert!(rekeyed.stdout.contains("2 entries"), "{rekeyed:?}");
    stage.journal(Some(KEY), &["rekey"]).run("").says(2, &["has a key already"]);
    stage.journal(None, &["rekey"]).run("").says(2, &["which key?"]);
    for keyless in [None, Some("another key of 16 bytes")] {
        stage.run("sendSms", keyless, &[]).run(&input).says(2, &["nothing sent", "with a"]);
    }
    let resumed = stage.run("sendSms", Some(KEY), &[]).run(&input);
    resumed.says(6, &["resuming the last run", "1 already sent"]);
    let lines = resumed.lines();
    assert_eq!((&lines[0]["replayed"], &lines[2]["status"]), (&json!(true), &json!("accepted")));
    assert!(lines[2].get("replayed").is_none());
    assert_eq!(lines[1]["error"]["kind"], "unknown");
    assert_eq!(stage.simulator.total(), 3);
    // A person has seen that it was sent.
    let doubts =
        stage.journal(Some(KEY), &["list", "--state", "unknown", "--json"]).run("").quiet(0);
    let key = doubts[0]["key"].as_str().unwrap();
    stage.journal(Some(KEY), &["accept", key]).run("").says(0, &[]);
    let again = stage.run("sendSms", Some(KEY), &["--resume"]).run(&input).quiet(0);
    assert!(again.iter().all(|it| it["replayed"] == true), "{again:?}");
    assert_eq!(stage.simulator.total(), 3);
}

#[test]
fn what_is_forgotten_is_in_no_byte_of_the_file() {
    let stage = Stage::new();
    let tracked = |number: usize| json!({"num": format!("06800{number:05}"), "sms": "a", "tracker": format!("trk{number:03}x")});
    let input = (0..40).map(|it| tracked(it).to_string() + "\n").collect::<String>();
    stage.run("sendSms", None, &[]).run(&input);
    let holds = |number: usize| {
        let (bytes, name) = (fs::read(stage.path()).unwrap(), format!("trk{number:03}x"));
        bytes.windows(name.len()).any(|it| it == name.as_bytes())
    };
    assert!((0..40).all(holds));
    for number in 20..32 {
        let num = format!("06800{number:05}");
        stage.journal(None, &["forget", "--num", &num]).run("").says(0, &[]);
        assert!(!holds(number), "{number}");
    }
    assert!((0..20).chain(32..40).all(holds));
    let left = stage.journal(None, &["list", "--json"]).run("").quiet(0);
    assert_eq!(left.len(), 28);
}

#[test]
fn the_name_of_a_job_is_no_secret_without_a_key_and_one_with_it() {
    for (key, is_found) in [(None, true), (Some(KEY), false)] {
        let stage = Stage::new();
        let input = json!({"num": "0680012345", "sms": "a", "reference": "r1"}).to_string();
        let run =
            || stage.run("sendSms", key, &["--once-per-id", "--job", "a customer"]).run(&input);
        run().quiet(0);
        let scope = Scope::of(&["once per id", "a customer", ""]).0;
        let bytes = fs::read(stage.path()).unwrap();
        assert_eq!(bytes.windows(16).any(|it| it == scope), is_found);
        assert_eq!(run().quiet(0)[0]["replayed"], true);
    }
}
