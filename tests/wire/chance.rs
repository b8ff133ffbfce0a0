//! Chance: two workers at one bulk message, whose journal fails them and whose API turns requests away,
//! takes them and says nothing of it, or takes them; and a person who sends the first `retry`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use isendpro_connector::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, Kind, MessageKey, NumberHash,
    Past, Ticket, Wanted,
};
use isendpro_connector::delivery::Memory;
use isendpro_connector::journal::FileJournal;
use serde_json::{Value, json};

use super::journal::SCOPE;
use super::run::{Ran, Step};
use crate::http::{Answer, Api, Seen};

/// Numbers drawn from a seed (xorshift).
#[derive(Clone)]
struct Chance(Arc<AtomicU64>);

impl Chance {
    fn of(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut it = self.0.load(Ordering::Relaxed);
        it ^= it << 13;
        it ^= it >> 7;
        it ^= it << 17;
        self.0.store(it, Ordering::Relaxed);
        it % bound
    }
}

/// A journal that fails now and then.
struct Failing {
    journal: Arc<FileJournal>,
    chance: Chance,
    /// Two of so many requests fail.
    of: u64,
}

impl Failing {
    fn or_fail<'a, T: Send + 'a>(
        &'a self,
        asked: BoxFuture<'a, Result<T, Error>>,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let fails = self.chance.below(self.of) < 2;
        Box::pin(async move { if fails { Err(gone()) } else { asked.await } })
    }
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the journal is gone")
}

impl Journal for Failing {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        self.or_fail(self.journal.claim(wanted))
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        self.or_fail(self.journal.recall(message))
    }

    fn number(&self, tel: &str) -> Option<NumberHash> {
        self.journal.number(tel)
    }

    fn account(&self, account: &Account) -> AccountMark {
        self.journal.account(account)
    }

    fn record<'a>(
        &'a self,
        ticket: Ticket,
        fallout: &'a [(u32, Fallout)],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let lost = self.chance.below(self.of);
            // What is never recorded is in doubt in the end, when its owner has died.
            let recorded = if lost == 0 { &[] } else { fallout };
            self.journal.record(ticket, recorded).await?;
            if lost < 2 { Err(gone()) } else { Ok(()) }
        })
    }
}

const NUMS: [&str; 4] = ["33680010201", "33680010202", "33680010203", "33680010204"];

/// The number that a request is for.
fn num(seen: &Seen) -> &'static str {
    NUMS.into_iter().find(|it| seen.body.contains(it)).unwrap()
}

/// How often each number was taken.
type Taken = Arc<Mutex<HashMap<&'static str, usize>>>;

async fn api(chance: &Chance, taken: &Taken) -> Api {
    let answer = |kind| {
        let taken = Arc::clone(taken);
        let take = move |seen: &Seen| *taken.lock().unwrap().entry(num(seen)).or_default() += 1;
        match kind {
            0 | 1 => Answer::new(429, ""),
            2 => Answer::reflecting(500, move |seen| {
                take(seen);
                Vec::new()
            }),
            3 => Answer::reflecting(200, |seen| said(num(seen), 11)),
            _ => Answer::reflecting(200, move |seen| {
                take(seen);
                said(num(seen), 0)
            }),
        }
    };
    let mut answers: Vec<_> = (0..20).map(|_| answer(chance.below(7))).collect();
    answers.push(answer(9));
    Api::new([("smsmulti", answers)]).await
}

fn said(num: &str, code: u8) -> Vec<u8> {
    format!(r#"{{"etat":{{"etat":[{{"code":"{code}","tel":"{num}"}}]}}}}"#).into()
}

/// The results in which a number was told as not sent.
fn unsent(ran: &[Ran]) -> Vec<&str> {
    let results = ran.iter().flat_map(|it| &it.results);
    let results = results.flat_map(|it| it["results"].as_array().unwrap());
    results.filter(|it| it["status"] == "notSent").map(|it| it["tel"].as_str().unwrap()).collect()
}

/// Carries the message by both workers, and again while neither has told anything.
async fn carried(steps: &[Step; 2], message: &Value, chance: &Chance) -> Vec<Ran> {
    let (first, second) =
        tokio::join!(steps[0].run(message.clone()), steps[1].run_again(message.clone()));
    let mut told = vec![first, second];
    for _ in 0..6 {
        if told.iter().any(|it| it.verdict.error.is_none()) {
            break;
        }
        let worker = usize::try_from(chance.below(2)).unwrap();
        told.push(steps[worker].run_again(message.clone()).await);
    }
    told
}

/// What one seed came to: numbers that were taken twice, and those that were taken and told as not sent.
async fn played(seed: u64) -> (usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    let (chance, taken) = (Chance::of(seed), Taken::default());
    let apis = [api(&chance, &taken).await, api(&chance, &taken).await];
    let worker = |api: &Api, of: u64| {
        let failing = Failing { journal: Arc::clone(&journal), chance: chance.clone(), of };
        let memory = Memory::of_step(Arc::new(failing), SCOPE);
        Step::in_run("sendSmsMulti", &api.url(), json!({"batchSize": 1}), memory, false)
    };
    let steps = [worker(&apis[0], 12), worker(&apis[1], 12)];
    let message = json!({"num": NUMS.map(|it| format!("+{it}")), "sms": "a", "reference": "m"});
    let told = Box::pin(carried(&steps, &message, &chance)).await;
    let count = |it: &str| taken.lock().unwrap().get(it).copied().unwrap_or(0);
    let denied = unsent(&told).into_iter().filter(|it| count(it) > 0).count();
    let mut results = told.iter().flat_map(|it| &it.results);
    if let Some(retry) = results.find_map(|it| it.get("retry")) {
        let mut retry = retry.clone();
        retry["reference"] = "again".into();
        worker(&apis[0], u64::MAX).run(retry).await;
    }
    (NUMS.into_iter().filter(|it| count(it) > 1).count(), denied)
}

#[tokio::test]
async fn whatever_fails_nothing_is_sent_twice_or_denied() {
    let (mut doubled, mut denied) = (Vec::new(), Vec::new());
    for seed in 0..40 {
        let (twice, unsaid) = Box::pin(played(seed)).await;
        doubled.extend((twice > 0).then_some(seed));
        denied.extend((unsaid > 0).then_some(seed));
    }
    assert_eq!((doubled, denied), (vec![], vec![]), "seeds: doubled, denied");
}
