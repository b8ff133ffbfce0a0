//! A network that loses answers, between the store and a real Redis.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isendpro_connector::component::{Claim, Fallout, Journal as _};
use isendpro_connector::journal::{Filter, Ledger as _, RedisJournal, State};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::support::Redis;
use super::{accepted, ask, begin, claim_in, end, granted, insist, is_accepted, open, take};

/// What the network does to the next script that is called.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Fair,
    /// Forwards it, and cuts the connection when the answer is there.
    CutAnswer,
    /// Forwards all, and brings no answers.
    Mute,
    /// Keeps requests back until it is told to let them go.
    Hold,
}

struct Network {
    mood: Mutex<Mood>,
    cuts: Mutex<u32>,
    go: Notify,
    gone: Notify,
}

impl Network {
    async fn before(redis: &Redis) -> (Arc<Self>, String) {
        let network = Arc::new(Self {
            mood: Mutex::new(Mood::Fair),
            cuts: Mutex::new(0),
            go: Notify::new(),
            gone: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (port, shared) = (redis.port(), network.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(shared.clone().carry(client, server));
            }
        });
        (network, url)
    }

    fn become_(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    async fn carry(self: Arc<Self>, mut client: TcpStream, mut server: TcpStream) {
        let (mut question, mut answer) = (vec![0; 65536], vec![0; 65536]);
        loop {
            tokio::select! {
                read = client.read(&mut question) => {
                    let Ok(size @ 1..) = read else { return };
                    let script = question[..size].windows(7).any(|it| it == b"EVALSHA");
                    if script && self.mood() == Mood::Hold {
                        self.go.notified().await;
                        server.write_all(&question[..size]).await.ok();
                        // The script has run when its answer is there.
                        heard(&mut server).await;
                        self.gone.notify_one();
                        return;
                    }
                    server.write_all(&question[..size]).await.ok();
                    if script && self.mood() == Mood::CutAnswer {
                        heard(&mut server).await;
                        *self.cuts.lock().unwrap() += 1;
                        self.become_(Mood::Fair);
                        return;
                    }
                }
                read = server.read(&mut answer) => {
                    let Ok(size @ 1..) = read else { return };
                    if self.mood() != Mood::Mute {
                        client.write_all(&answer[..size]).await.ok();
                    }
                }
            }
        }
    }

    fn cuts(&self) -> u32 {
        *self.cuts.lock().unwrap()
    }
}

/// Waits for an answer of the server.
async fn heard(server: &mut TcpStream) {
    assert!(server.read_u8().await.is_ok(), "the server hung up");
}

/// Waits until this message is claimed.
async fn claimed(store: &RedisJournal, number: u16) {
    let message = Some(super::message(number));
    let filter = Filter { message, state: Some(State::Claimed), ..Filter::default() };
    let seen = async { while store.entries(&filter, 1).await.unwrap().is_empty() {} };
    tokio::time::timeout(Duration::from_secs(10), seen).await.expect("it was never written");
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_granted_once() {
    let redis = Redis::start();
    let (network, url) = Network::before(&redis).await;
    let (store, other) = (open(&url).await, open(&redis.url()).await);
    take(&store, 9).await; // so that the server knows the script
    network.become_(Mood::CutAnswer);
    let ticket = take(&store, 1).await;
    assert_eq!(network.cuts(), 1);
    assert!(matches!(ask(&other, 1, true).await.unwrap(), Claim::Busy(_)));
    store.record(ticket, &accepted()).await.unwrap();
    assert!(is_accepted(&ask(&other, 1, true).await.unwrap()));
}

#[tokio::test]
async fn a_record_whose_answer_is_lost_is_written_once() {
    let redis = Redis::start();
    let (network, url) = Network::before(&redis).await;
    let store = open(&url).await;
    let run = begin(&store, "job").await;
    let claim = |number| claim_in(&store, run.scope, number, &[0], false);
    let ticket = granted(claim(9).await.unwrap());
    store.record(ticket, &[(0, Fallout::Released)]).await.unwrap();
    let ticket = granted(claim(1).await.unwrap());
    network.become_(Mood::CutAnswer);
    store.record(ticket, &accepted()).await.unwrap();
    assert_eq!(network.cuts(), 1);
    assert!(is_accepted(&ask(&store, 1, false).await.unwrap()));
    network.become_(Mood::CutAnswer);
    let again = begin(&store, "job").await;
    assert_eq!((again.scope, again.resumed.unwrap().accepted), (run.scope, 1));
    end(&store, "job", run.scope).await;
    network.become_(Mood::CutAnswer);
    assert_eq!(begin(&store, "job").await.resumed, None, "the new run is not a resumed one");
    assert_eq!(network.cuts(), 3);
}

#[tokio::test]
async fn a_claim_that_nobody_was_told_of_is_undone() {
    let redis = Redis::start();
    let (network, url) = Network::before(&redis).await;
    let (store, other) = (open(&url).await, open(&redis.url()).await);
    let ticket = take(&store, 9).await;
    store.record(ticket, &[]).await.unwrap();
    network.become_(Mood::Mute);
    let (error, ()) = tokio::join!(ask(&store, 1, false), claimed(&other, 1));
    let error = error.unwrap_err();
    assert!(error.to_string().contains("does not answer in time"), "{error}");
    // A resend of something unknown, which must not be free afterwards.
    network.become_(Mood::Fair);
    take(&store, 8).await;
    network.become_(Mood::Mute);
    let (resent, ()) = tokio::join!(ask(&store, 9, true), claimed(&other, 9));
    resent.unwrap_err();
    network.become_(Mood::Fair);
    granted(insist(&other, 1, false).await);
    assert!(super::is_unknown(&insist(&other, 9, false).await));
}

#[tokio::test]
async fn a_claim_that_is_dropped_is_undone() {
    let redis = Redis::start();
    let (network, url) = Network::before(&redis).await;
    let (store, other) = (open(&url).await, open(&redis.url()).await);
    take(&store, 9).await;
    network.become_(Mood::Mute);
    let claim = ask(&store, 1, false);
    tokio::select! {
        _ = claim => panic!("nobody answers"),
        () = claimed(&other, 1) => {}
    }
    network.become_(Mood::Fair);
    granted(insist(&other, 1, false).await);
}

#[tokio::test]
async fn a_request_that_comes_after_its_claim_has_ended_changes_nothing() {
    let redis = Redis::start();
    let (network, url) = Network::before(&redis).await;
    let (store, other) = (open(&url).await, open(&redis.url()).await);
    take(&store, 9).await;
    network.become_(Mood::Hold);
    let claim = async {
        let ticket = take(&store, 1).await;
        store.record(ticket, &[(0, Fallout::Released)]).await.unwrap();
    };
    let heal = async {
        // Longer than the answer may take, so that the request is repeated.
        tokio::time::sleep(Duration::from_millis(200)).await;
        network.become_(Mood::Fair);
    };
    tokio::join!(claim, heal);
    network.go.notify_one();
    network.gone.notified().await;
    assert_eq!(
        other
            .entries(&Filter { message: Some(super::message(1)), ..Filter::default() }, 9)
            .await
            .unwrap(),
        []
    );
    take(&other, 1).await;
}
