//! A worker that is stopped for longer than its lease: another process, this test binary again.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use isendpro_connector::component::{Claim, Journal as _};
use isendpro_connector::journal::{RedisJournal, RedisOptions};

use super::support::{Redis, signal_to};
use super::{accepted, ask, insist, is_accepted, is_unknown, open, quick, take};

const URL: &str = "JOURNAL_TEST_URL";

fn short() -> RedisOptions {
    RedisOptions { lease: Duration::from_millis(1500), ..quick() }
}

/// The worker: it is told by lines what to do, and tells by lines what it did.
#[tokio::test]
#[ignore = "is started by the test below"]
async fn worker() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = RedisJournal::open(&url, short()).await.unwrap();
    let mut tickets = [take(&store, 1).await, take(&store, 2).await].into_iter();
    println!("\nclaimed");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let ticket = tickets.next().unwrap();
    println!("covered {}", store.covers(&ticket));
    let own = insist(&store, 2, false).await;
    println!("own {}", is_unknown(&own));
    take(&store, 3).await;
    store.record(ticket, &accepted()).await.unwrap();
    println!("recorded");
    line.clear();
    std::io::stdin().read_line(&mut line).unwrap();
}

struct Worker(Child, Lines<BufReader<ChildStdout>>);

impl Worker {
    fn start(url: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::worker", "--ignored", "--nocapture"])
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self(child, lines)
    }

    fn hear(&mut self, line: &str) {
        assert!(self.1.any(|it| it.unwrap() == line), "the worker never said {line:?}");
    }

    fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn a_worker_that_was_stopped_knows_that_it_has_lost_its_lease() {
    let redis = Redis::start();
    let mut worker = Worker::start(&redis.url());
    worker.hear("claimed");
    let store = open(&redis.url()).await;
    assert!(matches!(ask(&store, 1, true).await.unwrap(), Claim::Busy(_)));
    signal_to(worker.0.id(), "STOP");
    let after = insist(&store, 1, false).await;
    assert!(is_unknown(&after), "{after:?}");
    // A person has it sent again, by somebody who is killed before he knows what became of it.
    let again = ask(&store, 1, true).await.unwrap();
    assert!(matches!(again, Claim::Granted(..)), "{again:?}");
    signal_to(worker.0.id(), "CONT");
    worker.go_on();
    worker.hear("covered false");
    worker.hear("own true");
    worker.hear("recorded");
    assert!(is_accepted(&ask(&store, 1, true).await.unwrap()), "what was accepted, was");
    assert!(matches!(ask(&store, 3, false).await.unwrap(), Claim::Busy(_)), "a new owner's");
}
