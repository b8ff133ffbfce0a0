//! Several workers at once.

use std::sync::Arc;
use std::time::Duration;

use isendpro_connector::component::{Claim, Journal as _};
use isendpro_connector::journal::{Filter, Ledger as _, RedisJournal, RedisOptions, State};

use super::support::Redis;
use super::{
    SCOPE, accepted, ask, begin, claim_for, claim_in, end, is_accepted, open, quick, take,
};

const MESSAGES: u16 = 500;
const TASKS: u16 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_with_many_tasks_one_gets_each_message() {
    let redis = Redis::start();
    let stores = [Arc::new(open(&redis.url()).await), Arc::new(open(&redis.url()).await)];
    let tasks: Vec<_> = (0..2 * TASKS)
        .map(|task| {
            let store = stores[usize::from(task % 2)].clone();
            tokio::spawn(async move {
                let mut won = Vec::new();
                // Two tasks at a time begin at the same message.
                for step in 0..MESSAGES {
                    let number = (task / 2 * 10 + step) % MESSAGES;
                    match ask(&store, number, false).await.unwrap() {
                        Claim::Granted(ticket, _) => {
                            won.push(number);
                            store.record(ticket, &accepted()).await.unwrap();
                        }
                        Claim::Busy(_) => {}
                        known @ Claim::Known(_) => assert!(is_accepted(&known), "{known:?}"),
                    }
                }
                won
            })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        won.extend(task.await.unwrap());
    }
    won.sort_unstable();
    assert_eq!(won, (0..MESSAGES).collect::<Vec<_>>());
    let entries = stores[0].entries(&Filter::default(), usize::MAX).await.unwrap();
    assert_eq!(entries.len(), usize::from(MESSAGES));
    assert!(entries.iter().all(|it| it.state == State::Accepted));
    assert_eq!(redis.command(&["ZCARD", "isendpro:open"]), ":0\r\n");
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_its_owner_lives() {
    let redis = Redis::start();
    // A third of it is what a busy machine may be late.
    let lease = Duration::from_secs(2);
    let short = RedisOptions { lease, ..quick() };
    let one = RedisJournal::open(&redis.url(), short.clone()).await.unwrap();
    let two = RedisJournal::open(&redis.url(), short).await.unwrap();
    let ticket = take(&one, 1).await;
    // Time has to pass here: it is what is tested.
    tokio::time::sleep(lease * 3 / 2).await;
    assert!(matches!(ask(&two, 1, false).await.unwrap(), Claim::Busy(wait) if wait <= lease));
    assert!(one.covers(&ticket));
    drop(one);
    let after = super::insist(&two, 1, false).await;
    assert!(super::is_unknown(&after), "{after:?}");
}

#[tokio::test]
async fn a_bulk_message_is_claimed_in_one_go_with_a_lease_that_outlives_its_call() {
    let redis = Redis::start();
    let store = RedisJournal::open(&redis.url(), RedisOptions::default()).await.unwrap();
    let all: Vec<u32> = (0..10_000).collect();
    let call = Duration::from_secs(20 + 200);
    let claim = claim_for(&store, SCOPE, 1, &all, false, call).await.unwrap();
    let ticket = super::granted(claim);
    assert!(store.covers(&ticket));
    let script = "return redis.call('PTTL', redis.call('KEYS', 'isendpro:owner:*')[1])";
    let lease = redis.command(&["EVAL", script, "0"]).trim()[1..].parse().unwrap();
    assert!(Duration::from_millis(lease) >= call, "the server knows of it");
    let fallout: Vec<_> = all.iter().map(|it| (*it, accepted()[0].1.clone())).collect();
    store.record(ticket, &fallout).await.unwrap();
    let Claim::Known(known) = claim_for(&store, SCOPE, 1, &all, false, call).await.unwrap() else {
        panic!("all are known")
    };
    assert_eq!(known.len(), all.len());
    assert_eq!(store.forget(&Filter::default()).await.unwrap(), 10_000);
    let left = redis.command(&["KEYS", "*m:*"]);
    assert_eq!(left, "*0\r\n", "a message without slots is no key");
}

#[tokio::test]
async fn only_what_is_settled_expires() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    let name = format!("isendpro:m:0001{}", "0".repeat(60));
    let expires = || redis.command(&["PTTL", &name]).trim_end().to_owned();
    let slots = [0, 1];
    let claim = claim_in(&store, SCOPE, 1, &slots, false).await.unwrap();
    assert_eq!(expires(), ":-1");
    store.record(super::granted(claim), &accepted()).await.unwrap();
    assert_eq!(expires(), ":-1", "slot 1 is unknown");
    assert!(store.accept(super::message(1), 1).await.unwrap());
    let days = expires()[1..].parse::<f64>().unwrap() / 86_400_000.0;
    assert!((29.9..=30.0).contains(&days), "{days}");
    let claim = claim_in(&store, SCOPE, 1, &[2], false).await.unwrap();
    assert_eq!(expires(), ":-1");
    store.record(super::granted(claim), &[(2, super::Fallout::Released)]).await.unwrap();
    assert_ne!(expires(), ":-1");
}

#[tokio::test]
async fn who_ends_an_older_run_is_not_heard() {
    let redis = Redis::start();
    let (one, two) = (open(&redis.url()).await, open(&redis.url()).await);
    let first = begin(&one, "job").await;
    assert_eq!(begin(&two, "job").await.scope, first.scope);
    end(&two, "job", first.scope).await;
    let second = begin(&two, "job").await;
    assert!(second.scope != first.scope && second.resumed.is_none());
    end(&one, "job", first.scope).await;
    let again = begin(&two, "job").await;
    assert_eq!((again.scope, again.resumed.unwrap().accepted), (second.scope, 0));
}

#[tokio::test]
async fn neither_numbers_nor_jobs_are_written_down() {
    let redis = Redis::start();
    let store = open(&redis.url()).await;
    let ticket = take(&store, 1).await;
    store.record(ticket, &accepted()).await.unwrap();
    begin(&store, "customer-file").await;
    let all = redis.command(&["KEYS", "*"])
        + &redis.command(&["HGETALL", &format!("isendpro:m:0001{}", "0".repeat(60))]);
    assert!(all.contains("sendSms") && !all.contains("3361234") && !all.contains("customer"));
}
