//! A message that a person sends again: what comes out, and how many SMS there are in the end.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::sender;
use crate::queues::Queue;
use crate::redis::Redis;
use crate::stage::{Stage, incoming, with};

/// A number that is on the blacklist at first, and then is not.
const LISTED: &str = "0680010777";

/// What became of a message at first, and the number that it is for.
const FIRST: [(&str, &str); 4] = [
    ("accepted", "0680010001"),
    ("unknown", "0680010903"),
    ("refused", LISTED),
    ("notSent", "0680010429"),
];

/// What a message is recognised by, beside the `messageId` of its headers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Name {
    /// The body's `reference`.
    Reference,
    /// The message's `id`.
    Id,
    /// Nothing.
    None,
}

/// How it is sent again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// Under the same `messageId`.
    Same,
    /// Under another.
    Other,
    /// Under another, with the body's `resend`.
    Resend,
}

/// A message that is sent twice.
#[derive(Clone, Copy)]
struct Case {
    first: &'static str,
    num: &'static str,
    name: Name,
    how: How,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.first, self.name, self.how)
    }
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (first, num) in FIRST {
            for name in [Name::Reference, Name::Id, Name::None] {
                all.extend([How::Same, How::Other, How::Resend].map(|how| Self {
                    first,
                    num,
                    name,
                    how,
                }));
            }
        }
        all
    }

    fn message(self) -> Value {
        let mut message = json!({"body": {"num": self.num, "sms": self.to_string()}});
        match self.name {
            Name::Reference => message["body"]["reference"] = self.to_string().into(),
            Name::Id => message["id"] = self.to_string().into(),
            Name::None => {}
        }
        message
    }

    fn headers(self, again: bool) -> Value {
        let other = if again && self.how != How::Same { "again" } else { "" };
        with(incoming(), &json!({"messageId": format!("{self}{other}")}))
    }

    /// What is to come out the second time, and how many SMS there are then.
    fn expected(self, journal: bool) -> (&'static str, usize) {
        let recognised = journal && (self.name != Name::None || self.how == How::Same);
        match (self.first, recognised) {
            ("accepted", true) => ("replayed", 1),
            ("accepted", false) => ("accepted", 2),
            // These numbers leave each request in doubt.
            ("unknown", true) if self.how != How::Resend => ("unknown", 1),
            ("unknown", _) => ("unknown", 2),
            _ => ("accepted", 1),
        }
    }
}

/// What came out, by the message that it came from; of an error with its input.
type Words = HashMap<String, (String, Vec<u8>)>;

/// Waits for the next so many results and errors.
fn words(stage: &mut Stage, results: usize, errors: usize) -> Words {
    let parent =
        |it: &crate::queues::Message| it.headers()["parentMessageId"].as_str().unwrap().to_owned();
    let mut words = Words::new();
    for _ in 0..results {
        let (message, decrypted) = stage.next(Queue::Data);
        let body = &decrypted["body"];
        let status = body["status"].as_str().unwrap();
        let word = if body["replayed"] == true { "replayed" } else { status };
        words.insert(parent(&message), (word.to_owned(), Vec::new()));
    }
    for _ in 0..errors {
        let (message, error, input) = stage.next_error();
        words.insert(
            parent(&message),
            (error["name"].as_str().unwrap().to_owned(), input.into_bytes()),
        );
    }
    words
}

/// Sends all cases once, and again. All the words and counts that are not as expected are told.
fn sent_twice(journal: Option<&str>) {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let list = |action: &str| {
        simulator.run(action, "main", &[]).run(json!({ "num": LISTED }).to_string()).quiet(0);
    };
    list("setListeNoire");
    let step = sender(&stage, &simulator, &json!({"whenRefused": "throw", "giveUpAfter": 0}));
    let step = step.set("RABBITMQ_PREFETCH_SAILOR", "20").set("ERROR_RATE_LIMIT", "99");
    let mut step =
        journal.into_iter().fold(step, |it, url| it.env("ISENDPRO_JOURNAL", url)).start();
    let cases = Case::all();
    let mut inputs = HashMap::new();
    for case in &cases {
        inputs.insert(case.to_string(), stage.publish(&case.headers(false), &case.message()));
    }
    for (of, (word, input)) in words(&mut stage, 9, 27) {
        assert_eq!(of.split(' ').next(), Some(word.as_str()), "the first time: {of}");
        let given = inputs.get_mut(&of).unwrap();
        assert!(input.is_empty() || input == *given, "an error has its input: {of}");
    }
    list("delListeNoire");
    for case in &cases {
        let mut payload = inputs.remove(&case.to_string()).unwrap();
        if case.how == How::Resend {
            let mut message = case.message();
            message["body"]["resend"] = true.into();
            payload = stage.codec.encrypt(&message, 1);
        }
        stage.queues.publish(&case.headers(true), &payload);
    }
    let words = words(&mut stage, 27, 9);
    stage.end(&mut step);
    let sent = simulator.sent();
    let wrong = cases.iter().filter_map(|case| {
        let id = case.headers(true)["messageId"].as_str().unwrap().to_owned();
        let word = words.get(&id).map_or("nothing", |it| &*it.0);
        let count = sent.iter().filter(|it| it["sms"] == case.to_string()).count();
        let expected = case.expected(journal.is_some());
        ((word, count) != expected)
            .then(|| format!("{case}: {word}, {count} SMS, not {expected:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn without_a_journal_what_is_sent_again_is_sent() {
    sent_twice(None);
}

#[test]
fn with_a_file_what_is_sent_again_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    sent_twice(Some(&format!("file:{}", folder.path().join("sent.journal").display())));
}

#[test]
fn with_redis_what_is_sent_again_is_sent_once() {
    sent_twice(Some(&Redis::start().url()));
}
