//! What came of a seed, recipient by recipient.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use isendpro_connector::simulator::Sent;
use jiff::Timestamp;

use super::book::{Book, Given, NEW, Said};
use super::story;
use crate::count::Word;
use crate::soak::trouble::Happened;

/// An SMS that the API took: when, and of which message.
#[derive(Debug, Clone)]
pub struct Taken {
    pub at: i64,
    pub tracker: String,
}

/// What there is of one recipient.
#[derive(Debug, Default)]
pub struct Recipient<'a> {
    pub given: Vec<&'a Given>,
    /// By time.
    pub said: Vec<&'a Said>,
    pub taken: Vec<Taken>,
}

/// How many recipients there are of each kind. Each is one of the first four by the last word on it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub accepted: usize,
    pub refused: usize,
    pub not_sent: usize,
    pub unknown: usize,
    /// SMS at the API.
    pub sent: usize,
    /// SMS beyond the first to a recipient.
    pub doubled: usize,
    /// Recipients of a giving that nothing was said of since.
    pub lost: usize,
    /// Recipients of which a message was said not to be sent, when it was sent before, or was sent then
    /// and nothing else was said any more.
    pub denied: usize,
    /// Recipients of which a message was said to be accepted that the API never took; SMS that nobody
    /// asked for.
    pub wrong: usize,
}

/// What came of a seed.
pub struct Verdict {
    pub seed: u64,
    pub messages: usize,
    pub again: usize,
    pub recipients: usize,
    pub counts: Counts,
    /// What went wrong, and how often.
    pub trouble: BTreeMap<&'static str, usize>,
    /// What happened to the first recipients with which something is broken, one for each way.
    pub stories: Vec<String>,
}

impl Verdict {
    pub fn new(seed: u64, trouble: Happened, book: &Book, sent: &[Sent], logs: &Path) -> Self {
        let all = recipients(book, sent);
        let mut counts = Counts { sent: sent.len(), ..Counts::default() };
        let mut broken: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
        for (tel, recipient) in &all {
            for what in counts.add(recipient) {
                let first = (recipient.given.first().map_or(0, |it| it.at), *tel);
                let known = broken.entry(what).or_insert(first);
                *known = first.min(*known);
            }
        }
        let mut stories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (what, (_, tel)) in broken {
            stories.entry(tel).or_default().push(what);
        }
        let tell = |(tel, what): (&str, Vec<&str>)| {
            story::tell(&what.join(", "), tel, &all[tel], book, logs)
        };
        let stories = stories.into_iter().map(tell).collect();
        let messages = book.given.iter().filter(|it| it.why == NEW).count();
        Self {
            seed,
            messages,
            again: book.given.len() - messages,
            recipients: all.len(),
            counts,
            trouble: trouble.times,
            stories,
        }
    }

    /// Whether nothing is broken.
    pub fn is_fine(&self) -> bool {
        let Counts { doubled, lost, denied, wrong, .. } = self.counts;
        doubled + lost + denied + wrong == 0
    }
}

fn recipients<'a>(book: &'a Book, sent: &'a [Sent]) -> HashMap<&'a str, Recipient<'a>> {
    let mut all: HashMap<&str, Recipient> = HashMap::new();
    for given in &book.given {
        for tel in &given.tels {
            all.entry(tel).or_default().given.push(given);
        }
    }
    for said in &book.said {
        all.entry(&said.tel).or_default().said.push(said);
    }
    for sms in sent {
        let at = sms.date.parse::<Timestamp>().unwrap().as_millisecond();
        let tracker = sms.tracker.clone().unwrap_or_default();
        all.entry(&sms.tel).or_default().taken.push(Taken { at, tracker });
    }
    for recipient in all.values_mut() {
        recipient.said.sort_by_key(|it| it.at);
    }
    all
}

impl Counts {
    /// Counts a recipient; what is broken.
    fn add(&mut self, it: &Recipient) -> Vec<&'static str> {
        match it.said.last().map(|it| it.word) {
            Some(Word::Accepted) => self.accepted += 1,
            Some(Word::Refused) => self.refused += 1,
            Some(Word::NotSent) => self.not_sent += 1,
            Some(Word::Unknown) => self.unknown += 1,
            None => {}
        }
        let mut broken = Vec::new();
        let mut add = |what, count: &mut usize, more: usize| {
            *count += more;
            if more > 0 {
                broken.push(what);
            }
        };
        add("doubled", &mut self.doubled, it.taken.len().saturating_sub(1));
        add("lost", &mut self.lost, usize::from(it.is_lost()));
        add("denied", &mut self.denied, usize::from(it.is_denied()));
        add("wrong", &mut self.wrong, usize::from(it.is_wrong()));
        broken
    }
}

impl Recipient<'_> {
    fn is_lost(&self) -> bool {
        let told = |given: &&Given| {
            self.said.iter().any(|it| it.tracker == given.tracker && it.at >= given.at)
        };
        !self.given.iter().all(told)
    }

    fn is_denied(&self) -> bool {
        let denies = |it: &&Said| matches!(it.word, Word::Refused | Word::NotSent);
        let last = |said: &&Said| {
            !self.said.iter().any(|it| it.tracker == said.tracker && it.at > said.at)
        };
        self.said.iter().filter(|it| denies(it)).any(|said| {
            let mut taken = self.taken.iter().filter(|it| it.tracker == said.tracker);
            taken.any(|it| it.at < said.at || last(said))
        })
    }

    fn is_wrong(&self) -> bool {
        let taken = |tracker: &str| self.taken.iter().any(|it| it.tracker == tracker);
        let invented = |it: &&Said| it.word == Word::Accepted && !taken(&it.tracker);
        let asked = |it: &Taken| self.given.iter().any(|given| given.tracker == it.tracker);
        self.said.iter().any(invented) || !self.taken.iter().all(asked)
    }
}

/// Proves that what is looked for is found, and nothing else.
pub fn check_yourself() {
    use crate::messages::Shape;
    use serde_json::json;
    let given = |tracker: &str, at: i64| {
        let body = json!({"num": "0610005001", "sms": "a"});
        let (id, why) = (tracker.to_owned(), String::new());
        Given { at, ..Given::new(id, tracker.to_owned(), Shape::Single, body, why) }
    };
    let said = |tracker: &str, word, at| Said {
        id: tracker.to_owned(),
        tracker: tracker.to_owned(),
        tel: "33610005001".to_owned(),
        word,
        at,
        by: String::new(),
    };
    let broken = |given: &[Given], said: &[Said], taken: &[(&str, i64)]| {
        let taken = taken.iter().map(|it| Taken { at: it.1, tracker: it.0.to_owned() }).collect();
        let all = Recipient { given: given.iter().collect(), said: said.iter().collect(), taken };
        Counts::default().add(&all)
    };
    let none: [&str; 0] = [];
    let (one, two) = ([given("a", 1)], [given("a", 1), given("b", 5)]);
    let not_sent = said("a", Word::NotSent, 4);
    let accepted = [not_sent.clone(), said("b", Word::Accepted, 7)];
    assert_eq!(broken(&two, &accepted, &[("b", 6)]), none);
    assert_eq!(broken(&two, &accepted, &[("a", 3), ("b", 6)]), ["doubled", "denied"]);
    assert_eq!(broken(&two, &accepted[..1], &[("b", 6)]), ["lost"]);
    assert_eq!(broken(&two, &accepted, &[]), ["wrong"]);
    // What was told again, of a message whose retry was sent meanwhile, is as true as it was.
    let twice = [accepted[0].clone(), accepted[1].clone(), said("a", Word::NotSent, 9)];
    assert_eq!(broken(&two, &twice, &[("b", 6)]), none);
    assert_eq!(broken(&one, &[not_sent], &[("a", 5)]), ["denied"]);
    let again = [given("a", 1), given("a", 5)];
    assert_eq!(broken(&again, &accepted[..1], &[]), ["lost"]);
}
