//! Commands, their input and all that they say, as a text.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::file::{Mask, hold};
use crate::cli::{Finished, Simulator, isendpro};

/// A simulator, a journal, and what was said so far.
pub struct Transcript {
    /// What differs from run to run.
    pub mask: Mask,
    text: String,
    environment: Vec<(&'static str, String)>,
}

impl Transcript {
    /// An empty one. Commands send one message after the other, in UTC.
    pub fn new() -> Self {
        let environment = [("TZ", "UTC"), ("ISENDPRO_CONCURRENCY", "1")];
        let environment = environment.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { mask: Mask::new(), text: String::new(), environment }
    }

    /// With this environment variable from now on.
    pub fn env(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    /// Begins a part.
    pub fn heading(&mut self, text: &str) {
        writeln!(self.text, "\n## {text}\n").unwrap();
    }

    /// A simulator that nobody has asked, which `{server}` stands for from now on.
    pub fn simulator(&mut self) -> Simulator {
        let simulator = Simulator::start(&[]);
        self.mask.place("{server}", &simulator.url);
        simulator
    }

    /// Runs `isendpro` with these words, separated by blanks, over this input.
    pub fn run(&mut self, line: &str, input: &[&str]) -> Finished {
        let words: Vec<_> = line.split(' ').map(|it| self.mask.fill(it)).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let environment = self.environment.iter();
        let cli = environment.fold(isendpro(&words), |cli, (name, value)| cli.env(name, value));
        let input = input.join("\n");
        let finished = cli.key("main").run(&input);
        writeln!(self.text, "$ isendpro {line}").unwrap();
        self.lines("<", &input);
        self.lines(">", &finished.stdout);
        self.lines("!", &finished.stderr);
        writeln!(self.text, "= {}", finished.code).unwrap();
        finished
    }

    /// Adds what the simulator received.
    pub fn sent(&mut self, simulator: &Simulator) {
        let sent: String = sent(simulator).iter().map(|it| it.to_string() + "\n").collect();
        writeln!(self.text, "sent: {}", sent.lines().count()).unwrap();
        self.lines("*", &sent);
    }

    /// Adds lines of another kind.
    pub fn lines(&mut self, sign: &str, lines: &str) {
        for line in lines.lines() {
            writeln!(self.text, "{sign} {}", self.mask.mask(line)).unwrap();
        }
    }

    /// Holds all of it.
    pub fn hold(self, name: &str) {
        hold(name, &self.text);
    }
}

/// What the simulator took, without the times of that.
pub fn sent(simulator: &Simulator) -> Vec<Value> {
    let facts = |it: Value| -> Map<String, Value> {
        let Value::Object(facts) = it else { panic!("no object: {it}") };
        facts.into_iter().filter(|(name, it)| name != "date" && !it.is_null()).collect()
    };
    simulator.sent().into_iter().map(|it| Value::Object(facts(it))).collect()
}
