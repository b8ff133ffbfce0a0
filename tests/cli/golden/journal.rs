//! Journals of today's version go on: the same inputs come again, and what comes out is held.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::file::unpack;
use super::jobs::{JOBS, Job, KEY, keyed};
use super::transcript::Transcript;

const PLAIN: &str = "golden.journal.gz";
const KEYED: &str = "golden-keyed.journal.gz";

/// A copy of a recorded journal, and what is said about it.
pub struct Stage {
    pub transcript: Transcript,
    pub folder: tempfile::TempDir,
}

impl Stage {
    pub fn plain() -> Self {
        Self::new(PLAIN)
    }

    fn new(recorded: &str) -> Self {
        let (folder, mut transcript) = (tempfile::tempdir().unwrap(), Transcript::new());
        let path = folder.path().join("golden.journal");
        unpack(recorded, &path);
        // Nothing of it is ever too old.
        transcript.mask.place("{journal}", format!("file:{}?keep=36500", path.display()));
        transcript.mask.place("{folder}", folder.path().display().to_string());
        transcript.mask.pattern(r"ended at \d{4}-\d\d-\d\d \d\d:\d\d", "ended at {now}");
        end_now(&path);
        Self { transcript, folder }
    }

    /// Runs a command of `journal`.
    fn look(&mut self, words: &str) -> crate::cli::Finished {
        self.transcript.run(&format!("journal {words} --journal {{journal}}"), &[])
    }

    /// Shows all of it: in one line each, and of each kind of entry one at length.
    fn show(&mut self) {
        self.look("list");
        let mut kinds = HashSet::new();
        for entry in self.look("list --json").lines() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            if kinds.insert([text("action"), text("state"), entry["resent"].to_string()]) {
                self.look(&format!("show {}", text("key").split(':').next().unwrap()));
            }
        }
        for filter in ["--state unknown", "--num 0680010001", "--tracker mine1"] {
            self.look(&format!("list {filter}"));
        }
    }

    /// Gives a job its input again so many times: what was sent then is not sent once more.
    fn again(&mut self, job: &Job, times: usize) {
        self.transcript.heading(job.name);
        let simulator = self.transcript.simulator();
        let resume = if job.is_over() { "--resume" } else { "" };
        if job.is_over() {
            self.transcript.run(&job.line(""), job.input);
        }
        for _ in 0..times {
            self.transcript.run(&job.line(resume), job.input);
        }
        self.transcript.sent(&simulator);
    }

    /// Other messages under the ids of a job.
    fn other(&mut self, name: &str, input: &[&str]) {
        let job = JOBS.iter().find(|it| it.name == name).unwrap();
        self.transcript.heading(&format!("{name}, with other messages"));
        let simulator = self.transcript.simulator();
        self.transcript.run(&job.line(""), input);
        self.transcript.sent(&simulator);
    }

    /// Settles the first entry in doubt by hand.
    fn accept(&mut self) {
        self.transcript.heading("settled by hand");
        let key = self.look("list --state unknown --json --limit 1").lines()[0]["key"].clone();
        self.look(&format!("accept {}", key.as_str().unwrap()));
        self.look(&format!("show {}", key.as_str().unwrap()));
    }
}

/// Ended runs are remembered for 12 hours: those of the journal have ended just now.
fn end_now(path: &Path) {
    const ENDED: TableDefinition<&[u8], &[u8]> = TableDefinition::new("ended");
    let journal = Database::open(path).unwrap();
    let read = journal.begin_read().unwrap().open_table(ENDED).unwrap();
    let rows = read.iter().unwrap().map(|it| it.unwrap());
    let rows: Vec<_> =
        rows.map(|(key, run)| (key.value().to_vec(), run.value().to_vec())).collect();
    let writing = journal.begin_write().unwrap();
    let mut table = writing.open_table(ENDED).unwrap();
    for (mut key, run) in rows {
        table.remove(key.as_slice()).unwrap();
        let time = key.len() - 8;
        key[time..].copy_from_slice(&Timestamp::now().as_microsecond().to_be_bytes());
        table.insert(key.as_slice(), run.as_slice()).unwrap();
    }
    drop(table);
    writing.commit().unwrap();
}

#[test]
fn a_journal_of_today_is_read() {
    let mut stage = Stage::plain();
    stage.show();
    stage.transcript.hold("journal-shown.txt");
}

#[test]
fn a_journal_of_today_goes_on() {
    let mut stage = Stage::plain();
    stage.other("single", &[r#"{"num":"0680010099","sms":"another input"}"#]);
    stage.other("bulk", &[r#"{"num":["0680010099"],"sms":"another input"}"#]);
    for job in JOBS {
        stage.again(job, 2);
    }
    let other = [
        r#"{"num":"0680010001","sms":"another text","reference":"i1","meta":"other"}"#,
        r#"{"num":"0680010099","sms":"accepted","reference":"i1"}"#,
        r#"{"num":"0680010003","sms":"in doubt, and sent again","reference":"i3","resend":true}"#,
    ];
    stage.other("ids", &other);
    let other = [
        r#"{"num":["0680010001","0680010002","0680010003","0680010004","0680010099"],"sms":"one more","reference":"m1"}"#,
        r#"{"num":["0680010011","0680010005"],"sms":"another order","reference":"m2"}"#,
        r#"{"recipients":[{"num":"0680010006","sms":"x"},{"num":"0680010033","sms":"y"}],"reference":"m3"}"#,
        r#"{"recipients":[{"num":"0680010006","sms":"x"},{"num":"0680010903","sms":"y"}],"reference":"m3","resend":true}"#,
    ];
    stage.other("bulk-ids", &other);
    stage
        .other("directory", &[r#"{"repertoireId":"100002","sms":"another one","reference":"g1"}"#]);
    stage.accept();
    stage.transcript.heading("afterwards");
    stage.show();
    stage.transcript.hold("journal-goes-on.txt");
}

#[test]
fn a_journal_of_today_with_a_key_goes_on() {
    let mut stage = Stage::new(KEYED);
    stage.look("list");
    // Each command takes about a second in a build without optimisation: what the key is hashed for.
    stage.transcript.env("ISENDPRO_JOURNAL_KEY", KEY);
    for job in keyed() {
        stage.again(job, 1);
    }
    stage.transcript.heading("afterwards");
    stage.look("list --json");
    stage.transcript.hold("journal-keyed.txt");
}
