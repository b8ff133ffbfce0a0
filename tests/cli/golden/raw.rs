//! How a journal is written: what a few messages leave in a file, and in Redis.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::journal::Stage;
use super::transcript::Transcript;
use crate::cli::Simulator;
use crate::redis::Redis;

/// All that is written of a message: by id, so that keys are the same for ever.
const RUNS: &[(&str, &[&str])] = &[
    (
        "run sendSmsMulti --server {server} --journal {journal} --once-per-id --job raw --set kind=transactional",
        &[
            r#"{"num":["0680010001","0680010011","0142000000","0692112233"],"sms":"a","reference":"w1"}"#,
            r#"{"num":["0680010002","0680010903"],"sms":"a","reference":"w2","tracker":["mine1","mine2"]}"#,
        ],
    ),
    (
        "run sendSms --server {server} --journal {journal} --once-per-id --job raw --set kind=transactional",
        &[
            r#"{"num":"0680010003","sms":"a","reference":"w3"}"#,
            r#"{"num":"0680010004","sms":"a","reference":"w4","keyid":"other"}"#,
        ],
    ),
    (
        "run addShortlink --server {server} --journal {journal} --once-per-id --job raw",
        &[r#"{"shortlink":"https://www.example.org/a","reference":"w5"}"#],
    ),
];

fn play(transcript: &mut Transcript) -> Simulator {
    let simulator = transcript.simulator();
    for (line, input) in RUNS {
        transcript.run(line, input);
    }
    transcript.sent(&simulator);
    simulator
}

type Slots = BTreeMap<[u8; 36], Vec<u8>>;

fn slots(path: &Path) -> Slots {
    const SLOTS: TableDefinition<&[u8; 36], &[u8]> = TableDefinition::new("slots");
    let journal = Database::open(path).unwrap();
    let read = journal.begin_read().unwrap().open_table(SLOTS).unwrap();
    let rows = read.iter().unwrap().map(|it| it.unwrap());
    rows.map(|(key, record)| (*key.value(), record.value().to_vec())).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, it| hex + &format!("{it:02x}"))
}

/// A record as it is written; owner, attempt and times are another one's each time.
fn record(bytes: &[u8]) -> String {
    assert!(bytes[42..58].iter().any(|it| *it != 0));
    let settled = if bytes[34..42] == i64::MIN.to_be_bytes() { "none" } else { "{settled}" };
    format!(
        "{}{}|{{owner}}{{attempt}}{{claimed}}{settled}|{}|{:02x}|{}",
        bytes[0],
        char::from(bytes[1]),
        hex(&bytes[42..58]),
        bytes[58],
        bytes[59..].escape_ascii()
    )
}

#[test]
fn a_file() {
    let mut stage = Stage::plain();
    let path = stage.folder.path().join("golden.journal");
    let before = slots(&path);
    play(&mut stage.transcript);
    let mut text = String::new();
    for (key, bytes) in slots(&path).iter().filter(|it| !before.contains_key(it.0)) {
        writeln!(text, "{}:{} {}", hex(&key[..32]), hex(&key[32..]), record(bytes)).unwrap();
    }
    stage
        .transcript
        .heading("slots: key:place version state|owner, attempt, times|scope|bits|rest");
    stage.transcript.lines("", &text);
    stage.transcript.hold("raw-file.txt");
}

/// A connection on which answers stay bytes.
struct Server(::redis::Connection);

impl Server {
    fn of(redis: &Redis) -> Self {
        Self(::redis::Client::open(redis.url()).unwrap().get_connection().unwrap())
    }

    fn ask<T: ::redis::FromRedisValue>(&mut self, words: &[&[u8]]) -> T {
        let mut command = ::redis::Cmd::new();
        for word in words {
            command.arg(*word);
        }
        command.query(&mut self.0).unwrap()
    }

    /// What all keys of this pattern hold.
    fn dump_all(&mut self, pattern: &str) -> String {
        let mut keys: Vec<Vec<u8>> = self.ask(&[b"KEYS", pattern.as_bytes()]);
        keys.sort();
        keys.iter().map(|it| self.dump(it)).collect()
    }

    /// What a key holds, a line a part.
    fn dump(&mut self, key: &[u8]) -> String {
        let kind: String = self.ask(&[b"TYPE", key]);
        let name = key.escape_ascii();
        let parts: Vec<Vec<u8>> = match kind.as_str() {
            "hash" => self.ask(&[b"HGETALL", key]),
            "zset" => self.ask(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]),
            _ => vec![b"value".to_vec(), self.ask(&[b"GET", key])],
        };
        let pairs = parts.chunks(2).map(|it| (it[0].clone(), it[1].clone()));
        let pairs: BTreeMap<_, _> = pairs.collect();
        let expires = self.ask::<i64>(&[b"PTTL", key]) >= 0;
        let mut text = format!("{kind} {name}{}\n", if expires { ", expires" } else { "" });
        for (part, value) in pairs {
            writeln!(text, "  {} {}", part.escape_ascii(), slot(&value)).unwrap();
        }
        text
    }
}

/// A slot as Redis has it, or what is none.
fn slot(value: &[u8]) -> String {
    const HEAD: usize = 83;
    let is_one = value.len() > HEAD && value[HEAD] == b'{';
    if !is_one {
        return value.escape_ascii().to_string();
    }
    let settled = if value[67..HEAD] == *b"----------------" { "none" } else { "{settled}" };
    let (head, scope) = (value[..3].escape_ascii(), hex(&value[35..51]));
    format!(
        "{head}|{{owner}}{{token}}|{scope}|{{claimed}}{settled}|{}",
        value[HEAD..].escape_ascii()
    )
}

#[test]
fn redis() {
    let (redis, mut transcript) = (Redis::start(), Transcript::new());
    let mut server = Server::of(&redis);
    // Its secret is the same each time, and so are the hashes of numbers.
    let meta: [&[u8]; 10] = [
        b"HSET",
        b"isendpro:meta",
        b"version",
        b"1",
        b"id",
        &[1; 16],
        b"secret",
        &[2; 32],
        b"keys",
        b"2",
    ];
    server.ask::<i64>(&meta);
    transcript.mask.place("{journal}", redis.url() + "?keep=30");
    transcript.mask.pattern(r"isendpro:owner:.*", "isendpro:owner:{owner}");
    transcript.mask.pattern(r"\b1[0-9]{15}\b|\b1[0-9]{12}\b", "{now}");
    let _simulator = play(&mut transcript);
    transcript.heading("all keys; slots: version, state, doubt|owner, token|scope|times|rest");
    transcript.lines("", &server.dump_all("*"));
    let run = "run sendSms --server {server} --journal {journal} --set kind=transactional --job";
    transcript.mask.pattern(r#""tracker":"[0-9a-f]{32}""#, r#""tracker":"{of this run}""#);
    for (job, ending) in [("over", "0003"), ("open", "0430")] {
        transcript.heading(&format!("a run that is {job}"));
        let message = format!(r#"{{"num":"068001{ending}","sms":"a"}}"#);
        transcript.run(&format!("{run} {job} --set giveUpAfter=0"), &[&message]);
    }
    let mut text = server.dump_all("*job:*") + &server.dump_all("*ended-runs:*");
    for job in server.ask::<Vec<Vec<u8>>>(&[b"KEYS", b"*job:*"]) {
        let scope: Vec<u8> = server.ask(&[b"HGET", &job, b"scope"]);
        text = text.replace(&scope.escape_ascii().to_string(), "{scope}");
        text = text.replace(&hex(&scope), "{scope}");
    }
    transcript.lines("", &text);
    transcript.hold("raw-redis.txt");
}
