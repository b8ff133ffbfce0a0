//! A server that changes while it is used: its settings, and which server it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use isendpro_connector::component::{Claim, Error, Journal as _};
use isendpro_connector::journal::{Ledger as _, RedisJournal, RedisOptions, Retention};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::support::{Redis, SAFE};
use super::{accepted, ask, begin, end, open, quick, take};

/// Claims one message after the other until the answer is meant.
async fn claims_until(
    store: &RedisJournal,
    numbers: &mut impl Iterator<Item = u16>,
    meant: impl Fn(&Result<Claim, Error>) -> bool,
) -> Result<Claim, Error> {
    let asking = async {
        loop {
            let answer = ask(store, numbers.next().unwrap(), false).await;
            if meant(&answer) {
                return answer;
            }
            // A refusal asks nobody.
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("it never came")
}

#[tokio::test]
async fn a_server_that_begins_to_forget_grants_nothing_until_it_is_well_again() {
    let redis = Redis::start();
    let lease = Duration::from_millis(300);
    let store = RedisJournal::open(&redis.url(), RedisOptions { lease, ..quick() }).await.unwrap();
    let mut numbers = (0..60_000).cycle();
    let ticket = take(&store, 60_000).await;
    redis.set("maxmemory-policy", "allkeys-lru");
    let refused = claims_until(&store, &mut numbers, Result::is_err).await.unwrap_err();
    assert!(refused.what.contains("maxmemory-policy is allkeys-lru"), "{refused}");
    assert!(!store.answers(), "whoever asks whether it is ready is told");
    store.record(ticket, &accepted()).await.unwrap();
    redis.set("maxmemory-policy", "noeviction");
    claims_until(&store, &mut numbers, Result::is_ok).await.unwrap();
}

/// The address of a server that another one may take over.
struct Address {
    port: Arc<AtomicU16>,
    cut: Arc<Notify>,
    url: String,
}

impl Address {
    async fn of(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (port, cut) = (Arc::new(AtomicU16::new(redis.port())), Arc::new(Notify::new()));
        let (to, cuts) = (port.clone(), cut.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let cut = cuts.clone();
                let server = TcpStream::connect(("127.0.0.1", to.load(Ordering::SeqCst))).await;
                let Ok(mut server) = server else { continue };
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        Self { port, cut, url }
    }

    /// From now on it is this server's.
    fn moves_to(&self, redis: &Redis) {
        self.port.store(redis.port(), Ordering::SeqCst);
        self.cut.notify_waiters();
    }
}

/// A replica of this server that has all that was written by now.
fn replica_of(redis: &Redis) -> Redis {
    let primary = format!("127.0.0.1 {}", redis.port());
    let replica = Redis::with(&[SAFE, &["--replicaof", &primary]].concat());
    while !replica.command(&["INFO", "replication"]).contains("master_link_status:up") {}
    replica
}

#[tokio::test]
async fn a_replica_that_takes_over_without_the_last_writes_grants_nothing() {
    let redis = Redis::start();
    let address = Address::of(&redis).await;
    let store = open(&address.url).await;
    let replica = replica_of(&redis);
    assert_eq!(replica.command(&["REPLICAOF", "NO", "ONE"]), "+OK\r\n");
    // It has not heard of this one.
    let ticket = take(&store, 1).await;
    store.record(ticket, &accepted()).await.unwrap();
    address.moves_to(&replica);
    for number in [1, 2] {
        let refused = ask(&store, number, false).await.unwrap_err();
        assert!(refused.what.contains("a replica has taken over"), "{refused}");
    }
    // What it granted unheard is given up. An operator who knows better starts again.
    store.close().await.unwrap();
    take(&open(&address.url).await, 2).await;
}

#[tokio::test]
async fn a_server_that_is_started_again_is_the_same() {
    let mut redis = Redis::start();
    let store = open(&redis.url()).await;
    let ticket = take(&store, 1).await;
    store.record(ticket, &accepted()).await.unwrap();
    redis.kill();
    redis.restart();
    take(&store, 2).await;
}

#[tokio::test]
async fn what_is_settled_is_kept_for_as_long_as_the_address_says() {
    let redis = Redis::start();
    for (tail, days, chosen) in
        [("", 30, false), ("/1?keep=2", 2, true), ("/2?keep=400", 400, true)]
    {
        let store = open(&(redis.url() + tail)).await;
        assert_eq!(store.retention(), Some(Retention { days, chosen }));
        let run = begin(&store, "job").await;
        let ticket = take(&store, 1).await;
        store.record(ticket, &accepted()).await.unwrap();
        end(&store, "job", run.scope).await;
        let database = tail.get(1..2).unwrap_or("0");
        let left = "local all = {} redis.call('SELECT', ARGV[1]) \
                    for _, key in ipairs(redis.call('KEYS', '*')) do \
                    local left = redis.call('PTTL', key) \
                    if left > 50000000 then all[#all + 1] = left end end return all";
        let answer = redis.command(&["EVAL", left, "0", database]);
        let left: Vec<u64> =
            answer.lines().filter_map(|it| it.strip_prefix(':')?.parse().ok()).collect();
        // The message, how many of its run were accepted, and the run. That a run is over is kept for
        // twelve hours.
        assert_eq!(left.len(), 3, "{answer}");
        let whole = u64::from(days) * 24 * 3600 * 1000;
        assert!(left.iter().all(|it| (whole - 60_000..=whole).contains(it)), "{days}: {left:?}");
    }
}
