//! What became of each recipient: what was reported, against what arrived at the API.

use std::collections::HashMap;

use isendpro_connector::simulator::Sent;
use serde_json::Value;

use super::messages::{Thing, international};

/// What was said of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Accepted,
    Refused,
    NotSent,
    Unknown,
}

/// The count of a row, by recipient. Each is one of the first four by the last word on it, or lost.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Count {
    pub accepted: usize,
    pub refused: usize,
    pub not_sent: usize,
    pub unknown: usize,
    /// SMS that arrived at the API.
    pub arrived: usize,
    /// SMS that arrived a second time.
    pub doubled: usize,
    /// Recipients of which nothing was said.
    pub lost: usize,
    /// Recipients of which something untrue was said: refused or not sent in the last word on them,
    /// and yet it arrived; accepted in any word, and it did not. SMS that nobody asked for.
    pub wrong: usize,
}

impl Count {
    /// Counts these recipients, by the outputs of all runs in their order, and the API's ledger.
    pub fn new(things: &[Thing], outputs: &[String], sent: &[Sent]) -> Self {
        let said = words(outputs);
        let mut arrived: HashMap<&str, Vec<&str>> = HashMap::new();
        for sms in sent {
            arrived.entry(&sms.tel).or_default().push(&sms.sms);
        }
        let mut count = Self { arrived: sent.len(), ..Self::default() };
        for thing in things {
            let texts = arrived.remove(thing.tel.as_str()).unwrap_or_default();
            let meant = texts.iter().filter(|it| thing.texts.iter().any(|text| text == *it));
            let taken = meant.count();
            count.wrong += texts.len() - taken;
            count.thing(taken, said.get(&thing.tel).map_or(&[], Vec::as_slice));
        }
        count.wrong += arrived.values().map(Vec::len).sum::<usize>();
        count
    }

    fn thing(&mut self, taken: usize, words: &[Word]) {
        self.doubled += taken.saturating_sub(1);
        let invented = taken == 0 && words.contains(&Word::Accepted);
        let last = words.last();
        let denied = taken > 0 && matches!(last, Some(Word::Refused | Word::NotSent));
        self.wrong += usize::from(invented || denied);
        match last {
            Some(Word::Accepted) => self.accepted += 1,
            Some(Word::Refused) => self.refused += 1,
            Some(Word::NotSent) => self.not_sent += 1,
            Some(Word::Unknown) => self.unknown += 1,
            None => self.lost += 1,
        }
    }
}

/// What all runs said of each number, the last word last.
fn words(outputs: &[String]) -> HashMap<String, Vec<Word>> {
    let mut words: HashMap<String, Vec<Word>> = HashMap::new();
    // A line without its end was cut off by the end of its process: nobody could read it.
    let lines = outputs.iter().flat_map(|it| it.split_inclusive('\n'));
    for line in lines.filter(|it| it.ends_with('\n')) {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|it| panic!("{it}: {line}"));
        for (tel, word) in said(&line) {
            words.entry(tel).or_default().push(word);
        }
    }
    words
}

/// What one line says.
pub fn said(line: &Value) -> Vec<(String, Word)> {
    if let Some(kind) = line["error"]["kind"].as_str() {
        let word = match kind {
            "unknown" => Word::Unknown,
            "refused" => Word::Refused,
            _ => Word::NotSent,
        };
        return numbers(&line["body"]).into_iter().map(|it| (it, word)).collect();
    }
    let result = line.get("body").unwrap_or(line);
    let results = result["results"].as_array().cloned();
    let results = results.unwrap_or_else(|| vec![result.clone()]);
    results.iter().map(|it| (tel(it), word(it))).collect()
}

fn word(result: &Value) -> Word {
    match result["status"].as_str() {
        Some("accepted") => Word::Accepted,
        Some("refused") => Word::Refused,
        Some("notSent") => Word::NotSent,
        Some("unknown") => Word::Unknown,
        _ => panic!("a result without a status: {result}"),
    }
}

fn tel(result: &Value) -> String {
    let tel = result["tel"].as_str().or(result["num"].as_str());
    international(tel.unwrap_or_else(|| panic!("a result without a number: {result}")))
}

/// The numbers of a body: one, a list, or recipients.
pub fn numbers(body: &Value) -> Vec<String> {
    let list = |it: &Value| it.as_array().cloned().unwrap_or_else(|| vec![it.clone()]);
    let recipients = body["recipients"].as_array();
    let nums = match recipients {
        Some(recipients) => recipients.iter().map(|it| it["num"].clone()).collect(),
        None => list(&body["num"]),
    };
    nums.iter().map(|it| international(it.as_str().unwrap_or_default())).collect()
}

/// Proves that what the suite looks for is found: a count that finds nothing proves nothing.
pub fn check_yourself() {
    let thing = |place: usize| Thing { tel: format!("3361000500{place}"), texts: vec!["a".into()] };
    let sent = |place: usize| Sent {
        num: thing(place).tel,
        tel: thing(place).tel,
        sms: "a".to_owned(),
        emetteur: None,
        tracker: None,
        parts: 1,
        sandbox: false,
        date: String::new(),
        due: None,
        key: String::new(),
    };
    let line = |place: usize, status: &str| {
        format!("{{\"status\":\"{status}\",\"tel\":\"{}\"}}\n", thing(place).tel)
    };
    let (one, fine) = ([thing(1)], Count { accepted: 1, arrived: 1, ..Count::default() });
    let counted = |lines: &[String], sent: &[Sent]| Count::new(&one, lines, sent);
    let accepted = line(1, "accepted");
    assert_eq!(counted(std::slice::from_ref(&accepted), &[sent(1)]), fine);
    let twice = counted(std::slice::from_ref(&accepted), &[sent(1), sent(1)]);
    assert_eq!(twice, Count { arrived: 2, doubled: 1, ..fine.clone() });
    let unfinished = accepted.trim_end().to_owned();
    let lost = counted(&[unfinished], &[sent(1)]);
    assert_eq!(lost, Count { accepted: 0, lost: 1, ..fine.clone() });
    let denied = counted(&[accepted.clone(), line(1, "notSent")], &[sent(1)]);
    assert_eq!(denied, Count { accepted: 0, not_sent: 1, wrong: 1, ..fine.clone() });
    let invented = counted(&[accepted.clone(), line(1, "unknown")], &[]);
    assert_eq!(invented, Count { unknown: 1, wrong: 1, ..Count::default() });
    let stray = counted(&[accepted], &[sent(1), sent(2)]);
    assert_eq!(stray, Count { arrived: 2, wrong: 1, ..fine });
}
