//! A server that stops, dies, is full, or turns out to be another one.

use std::sync::Arc;
use std::time::Duration;

use isendpro_connector::component::{Claim, Journal as _, Kind};
use isendpro_connector::journal::{Filter, Ledger as _, RedisJournal, RedisOptions};

use super::support::Redis;
use super::{accepted, ask, is_accepted, open, quick, take};

fn impatient() -> RedisOptions {
    let patience = Duration::from_secs(1);
    RedisOptions { patience, outcome_patience: patience, ..quick() }
}

#[tokio::test]
async fn while_the_server_is_away_nothing_is_granted() {
    let mut redis = Redis::start();
    let store = RedisJournal::open(&redis.url(), impatient()).await.unwrap();
    let (lost, kept) = (take(&store, 1).await, take(&store, 2).await);
    redis.stop();
    let error = ask(&store, 3, false).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(store.record(lost, &accepted()).await.is_err());
    redis.restart();
    store.record(kept, &accepted()).await.unwrap();
    assert!(is_accepted(&ask(&store, 2, false).await.unwrap()));
    assert!(matches!(ask(&store, 1, true).await.unwrap(), Claim::Busy(_)), "it is still claimed");
    take(&store, 3).await;
}

/// A claim that the server has read, and answered too late, was called by nobody.
#[tokio::test]
async fn what_could_not_be_claimed_is_free_when_the_journal_is_closed() {
    let redis = Redis::start();
    let store = RedisJournal::open(&redis.url(), impatient()).await.unwrap();
    take(&store, 1).await; // so that the server knows the script
    redis.pause();
    assert!(ask(&store, 2, false).await.is_err());
    redis.resume();
    store.close().await.unwrap();
    take(&open(&redis.url()).await, 2).await;
}

/// They share one connection, and only one of them can make it anew.
#[tokio::test]
async fn all_who_wait_for_a_silent_server_give_up_in_time() {
    let redis = Redis::start();
    let store = RedisJournal::open(&redis.url(), impatient()).await.unwrap();
    redis.pause();
    assert!(ask(&store, 0, false).await.is_err());
    let began = std::time::Instant::now();
    let claims = (1..=20).map(|it| ask(&store, it, false));
    for claim in futures_util::future::join_all(claims).await {
        let error = claim.unwrap_err().to_string();
        assert!(error.contains("does not answer in time"), "{error}");
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "each waited for all others to give up: {took:?}");
    redis.resume();
}

#[tokio::test]
async fn a_restart_is_waited_for() {
    let mut redis = Redis::start();
    let store = RedisJournal::open(
        &redis.url(),
        RedisOptions { patience: Duration::from_secs(10), ..quick() },
    )
    .await
    .unwrap();
    let store = Arc::new(store);
    redis.stop();
    let claim = tokio::spawn({
        let store = store.clone();
        async move { take(&store, 1).await }
    });
    tokio::task::yield_now().await;
    redis.restart();
    claim.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_granted_or_recorded_survives_a_kill() {
    let mut redis = Redis::start();
    let store = Arc::new(RedisJournal::open(&redis.url(), impatient()).await.unwrap());
    let (sender, mut progress) = tokio::sync::mpsc::unbounded_channel();
    let tasks: Vec<_> = (0..16_u16)
        .map(|task| {
            let (store, sender) = (store.clone(), sender.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                for number in (task..).step_by(16) {
                    let Ok(Claim::Granted(ticket, _)) = ask(&store, number, false).await else {
                        break;
                    };
                    done.push((number, false));
                    if number % 3 != 0 {
                        if store.record(ticket, &accepted()).await.is_err() {
                            break;
                        }
                        done.pop();
                        done.push((number, true));
                    }
                    sender.send(()).ok();
                }
                done
            })
        })
        .collect();
    for _ in 0..300 {
        progress.recv().await.unwrap();
    }
    redis.kill();
    let mut done = Vec::new();
    for task in tasks {
        done.extend(task.await.unwrap());
    }
    redis.restart();
    let other = open(&redis.url()).await;
    for (number, recorded) in done {
        let answer = ask(&other, number, false).await.unwrap();
        assert!(!matches!(answer, Claim::Granted(..)), "message {number} is forgotten");
        assert!(!recorded || is_accepted(&answer), "message {number}: {answer:?}");
    }
}

#[tokio::test]
async fn a_full_server_grants_nothing_and_still_takes_outcomes() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    let ticket = take(&store, 1).await;
    redis.set("maxmemory", "1");
    let error = ask(&store, 2, false).await.unwrap_err();
    assert!(error.to_string().contains("out of memory (OOM)"), "{error}");
    store.record(ticket, &accepted()).await.unwrap();
    redis.set("maxmemory", "0");
    assert!(is_accepted(&ask(&store, 1, false).await.unwrap()));
    assert_eq!(store.entries(&Filter::default(), 9).await.unwrap().len(), 1);
    take(&store, 2).await;
}

#[tokio::test]
async fn a_server_that_may_not_be_written_to_takes_nothing() {
    let redis = Redis::start();
    let store = RedisJournal::open(&redis.url(), impatient()).await.unwrap();
    let ticket = take(&store, 1).await;
    redis.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error = ask(&store, 2, false).await.unwrap_err();
    assert!(error.to_string().contains("replica"), "{error}");
    assert!(store.record(ticket, &accepted()).await.is_err());
}

#[tokio::test]
async fn a_pause_is_waited_for() {
    let redis = Redis::start();
    let (store, other) = (open(&redis.url()).await, open(&redis.url()).await);
    take(&store, 9).await;
    redis.pause();
    let resume = async {
        // Longer than an answer may take: the claim is asked for again.
        tokio::time::sleep(Duration::from_millis(500)).await;
        redis.resume();
    };
    let (ticket, ()) = tokio::join!(take(&store, 1), resume);
    assert!(matches!(ask(&other, 1, true).await.unwrap(), Claim::Busy(_)));
    store.record(ticket, &accepted()).await.unwrap();
    assert!(is_accepted(&ask(&other, 1, false).await.unwrap()));
}

#[tokio::test]
async fn whether_the_server_answers_is_known_while_nobody_claims() {
    let mut redis = Redis::start();
    let options = RedisOptions { lease: Duration::from_secs(1), ..impatient() };
    let store = RedisJournal::open(&redis.url(), options).await.unwrap();
    let told = async |answers: bool| {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        let waiting = async {
            while store.answers() != answers {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it is never told");
    };
    assert!(store.answers());
    redis.stop();
    told(false).await;
    redis.restart();
    told(true).await;
    redis.command(&["FLUSHALL"]);
    told(false).await;
}

#[tokio::test]
async fn a_server_that_has_lost_its_data_grants_nothing() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    take(&store, 1).await;
    redis.command(&["FLUSHALL"]);
    for number in [1, 2] {
        let error = ask(&store, number, false).await.unwrap_err();
        assert!(error.to_string().contains("has lost its data"), "{error}");
    }
    take(&open(&redis.url()).await, 1).await;
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_loaded_again() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    let ticket = take(&store, 1).await;
    redis.command(&["SCRIPT", "FLUSH"]);
    store.record(ticket, &accepted()).await.unwrap();
    redis.command(&["SCRIPT", "FLUSH"]);
    take(&store, 2).await;
}

#[tokio::test]
async fn a_record_of_another_version_is_never_guessed() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    let ticket = take(&store, 1).await;
    redis.command(&["HSET", &format!("isendpro:m:0001{}", "0".repeat(60)), "0", "2later"]);
    let says = |error: isendpro_connector::component::Error| {
        assert!(error.to_string().contains("a record of version \"2\""), "{error}");
    };
    says(ask(&store, 1, true).await.unwrap_err());
    says(store.record(ticket, &accepted()).await.unwrap_err());
    says(store.entries(&Filter::default(), 9).await.unwrap_err());
    says(store.accept(super::message(1), 0).await.unwrap_err());
    says(store.forget(&Filter::default()).await.unwrap_err());
}
