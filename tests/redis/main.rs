//! The journal in Redis, against a real one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

mod changes;
mod faults;
mod network;
mod process;
mod shared;
mod startup;
mod stolen;
#[path = "../support/redis.rs"]
mod support;

use std::time::Duration;

use isendpro_connector::component::{
    Claim, Error, Fallout, Journal as _, Kept, Known, MessageKey, Scope, Slot, Ticket, Wanted,
};
use isendpro_connector::journal::{
    Begin, EndedRun, Job, Ledger as _, RedisJournal, RedisOptions, Run,
};
use jiff::Timestamp;

/// Impatient enough for tests.
fn quick() -> RedisOptions {
    let (answer, patience) = (Duration::from_millis(300), Duration::from_secs(2));
    RedisOptions { answer, patience, outcome_patience: patience, ..RedisOptions::default() }
}

async fn open(url: &str) -> RedisJournal {
    RedisJournal::open(url, quick()).await.unwrap()
}

fn message(number: u16) -> MessageKey {
    let mut key = [0; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    MessageKey(key)
}

/// The longest that a call takes, unless a test says otherwise.
const LASTS: Duration = Duration::from_millis(50);

const SCOPE: Scope = Scope([7; 16]);

async fn ask(store: &RedisJournal, number: u16, resend: bool) -> Result<Claim, Error> {
    claim_in(store, SCOPE, number, &[0], resend).await
}

async fn claim_in(
    store: &RedisJournal,
    scope: Scope,
    number: u16,
    indexes: &[u32],
    resend: bool,
) -> Result<Claim, Error> {
    claim_for(store, scope, number, indexes, resend, LASTS).await
}

/// Claims for a call that takes so long at most.
async fn claim_for(
    store: &RedisJournal,
    scope: Scope,
    number: u16,
    indexes: &[u32],
    resend: bool,
    lasts: Duration,
) -> Result<Claim, Error> {
    let slot = |index| Slot { index, tel: "33612345678", tracker: None };
    let slots: Vec<_> = indexes.iter().map(|it| slot(*it)).collect();
    let (message, action) = (message(number), "sendSms");
    let (account, progress, slots) = (None, None, &slots);
    let wanted = Wanted { message, scope, action, account, slots, resend, lasts, progress };
    store.claim(wanted).await
}

/// Begins a run of a job, or joins its open one.
async fn begin(store: &RedisJournal, job: &str) -> Run {
    store.begin(&Job::new(None, job, None), [1; 32], Begin::Join).await.unwrap()
}

async fn end(store: &RedisJournal, job: &str, scope: Scope) {
    let run = EndedRun { scope, ended: Timestamp::now(), first: [1; 32], read: 1, sent: 1 };
    store.end(&Job::new(None, job, None), run).await.unwrap();
}

async fn take(store: &RedisJournal, number: u16) -> Ticket {
    granted(ask(store, number, false).await.unwrap())
}

fn granted(claim: Claim) -> Ticket {
    match claim {
        Claim::Granted(ticket, _) => ticket,
        other => panic!("not granted: {other:?}"),
    }
}

/// Claims as one does who is told to wait: until the answer is another one.
async fn insist(store: &RedisJournal, number: u16, resend: bool) -> Claim {
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match ask(store, number, resend).await.unwrap() {
                Claim::Busy(wait) => tokio::time::sleep(wait).await,
                other => return other,
            }
        }
    });
    patience.await.expect("busy for ever")
}

fn accepted() -> [(u32, Fallout); 1] {
    let at = jiff::Timestamp::UNIX_EPOCH;
    [(0, Fallout::Accepted(Kept { at, code: Some(0), parts: Some(1), data: None }))]
}

fn is_accepted(claim: &Claim) -> bool {
    matches!(claim, Claim::Known(known) if matches!(known[..], [(0, Known::Accepted(_))]))
}

fn is_unknown(claim: &Claim) -> bool {
    matches!(claim, Claim::Known(known) if matches!(known[..], [(0, Known::Unknown { .. })]))
}
