//! Two workers at one message, in one journal: what the other one has sent since this one asked is not
//! called unsent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isendpro_connector::component::{
    Account, AccountMark, BoxFuture, Claim, Error, Fallout, Journal, MessageKey, NumberHash, Past,
    Ticket, Wanted,
};
use isendpro_connector::delivery::Memory;
use isendpro_connector::journal::FileJournal;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::journal::SCOPE;
use super::past::{taken, three, told};
use super::run::{Ran, Step};
use crate::http::{Answer, Api};

/// A journal that stands still once, after it has recorded: others are faster.
struct Slow {
    journal: Arc<FileJournal>,
    /// After how many records it stands still.
    after: AtomicUsize,
    recorded: Notify,
    go: Notify,
}

impl Journal for Slow {
    fn claim<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Claim, Error>> {
        self.journal.claim(wanted)
    }

    fn recall(&self, message: MessageKey) -> BoxFuture<'_, Result<Vec<Past>, Error>> {
        self.journal.recall(message)
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
            self.journal.record(ticket, fallout).await?;
            if self.after.fetch_sub(1, Ordering::Relaxed) == 1 {
                self.recorded.notify_one();
                self.go.notified().await;
            }
            Ok(())
        })
    }
}

/// How a worker remembers.
#[derive(Debug, Clone, Copy)]
enum As {
    Run,
    Resumed,
    Step,
}

fn memory(of: As, journal: Arc<dyn Journal>) -> Memory {
    match of {
        As::Run => Memory::of_run(journal, SCOPE, false),
        As::Resumed => Memory::of_run(journal, SCOPE, true),
        As::Step => Memory::of_step(journal, SCOPE),
    }
}

/// One worker's message, of which another one sends all that is left once the first has recorded so
/// often.
async fn overtaken(
    of: As,
    after: usize,
    is_stopped: bool,
    (action, message): (&str, Value),
    answers: [Vec<Answer>; 2],
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    let slow = Arc::new(Slow {
        journal: Arc::clone(&journal),
        after: AtomicUsize::new(after),
        recorded: Notify::new(),
        go: Notify::new(),
    });
    let path = if action == "sendSms" { "sms" } else { "smsmulti" };
    let [first, second] = answers;
    let (first, second) = (Api::new([(path, first)]).await, Api::new([(path, second)]).await);
    let worker = |url: &str, memory: Memory, is_stopped: bool| {
        Step::in_run(action, url, json!({"batchSize": 1}), memory, is_stopped)
    };
    let one = worker(&first.url(), memory(of, Arc::clone(&slow) as _), is_stopped);
    let other = worker(&second.url(), memory(of, journal), false);
    let overtaking = async {
        slow.recorded.notified().await;
        let ran = other.run(message.clone()).await;
        slow.go.notify_one();
        ran
    };
    let (ran, other) = tokio::join!(one.run(message.clone()), overtaking);
    assert!(other.verdict.error.is_none() && other.verdict.tally.not_sent == 0, "{other:?}");
    ran
}

/// It was told to come back later, and gives up: by then it has been sent.
#[tokio::test]
async fn what_another_worker_has_sent_after_a_refusal_to_take_it_is_told() {
    for of in [As::Run, As::Resumed, As::Step] {
        let message = json!({"num": "0680010201", "sms": "a"});
        let answers = [vec![Answer::new(429, "")], vec![taken(1)]];
        let ran = Box::pin(overtaken(of, 1, false, ("sendSms", message), answers)).await;
        assert_eq!(ran.result()["replayed"], true, "{of:?}");
    }
}

/// Its run is stopped after the first request of three.
#[tokio::test]
async fn what_another_worker_has_sent_of_a_bulk_message_is_told() {
    for of in [As::Run, As::Resumed, As::Step] {
        let answers = [vec![taken(1)], vec![taken(2), taken(3)]];
        let ran = Box::pin(overtaken(of, 1, true, ("sendSmsMulti", three()), answers)).await;
        assert_eq!(told(&ran), (vec!["accepted"; 3], 0), "{of:?}");
    }
}

/// Its second request is told to come back later, and the third is taken; the other worker has sent the
/// second before the third is recorded.
#[tokio::test]
async fn the_journal_is_asked_at_the_end_of_a_bulk_message() {
    for of in [As::Run, As::Resumed, As::Step] {
        let answers = [vec![taken(1), Answer::new(429, ""), taken(3)], vec![taken(2)]];
        let ran = Box::pin(overtaken(of, 3, false, ("sendSmsMulti", three()), answers)).await;
        assert_eq!(told(&ran), (vec!["accepted"; 3], 0), "{of:?}");
    }
}
