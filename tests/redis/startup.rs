//! What a server must be, found out when the journal is opened.

use isendpro_connector::component::{Journal as _, Kind};
use isendpro_connector::journal::{Filter, Ledger as _, RedisJournal, State};

use super::support::{Redis, SAFE};
use super::{open, quick};

async fn refused(url: &str) -> String {
    let error = RedisJournal::open(url, quick()).await.unwrap_err();
    let text = error.to_string();
    assert!(!format!("{error:?} {text}").contains("s3cret"), "{error:?}");
    text
}

/// That there is one warning, with this word.
async fn warned(url: &str, word: &str) {
    let store = open(url).await;
    let warnings = store.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains(word), "{warnings:?}");
}

#[tokio::test]
async fn a_safe_server_gives_no_warning() {
    let redis = Redis::start();
    assert_eq!(redis.get("appendfsync"), "always");
    assert!(open(&redis.url()).await.warnings().is_empty());
}

#[tokio::test]
async fn a_server_that_forgets_is_refused_unless_that_is_accepted() {
    let redis = Redis::with(&["--save", "", "--appendonly", "no"]);
    assert!(refused(&redis.url()).await.contains("set appendonly yes and appendfsync always"));
    warned(&format!("{}?durability=accept-loss", redis.url()), "append-only").await;
    let redis = Redis::start();
    for policy in ["allkeys-lru", "volatile-ttl"] {
        redis.set("maxmemory-policy", policy);
        assert!(refused(&redis.url()).await.contains("set maxmemory-policy noeviction"));
        warned(&format!("{}?durability=accept-loss", redis.url()), policy).await;
    }
}

#[tokio::test]
async fn a_server_that_writes_late_is_worth_a_warning() {
    let redis = Redis::start();
    redis.set("appendfsync", "everysec");
    warned(&redis.url(), "appendfsync everysec").await;
}

#[tokio::test]
async fn a_server_that_does_not_tell_is_worth_a_warning() {
    let options = [SAFE, &["--rename-command", "CONFIG", ""]].concat();
    warned(&Redis::with(&options).url(), "CONFIG GET").await;
    let redis = Redis::start();
    redis
        .command(&["ACL", "SETUSER", "worker", "on", ">s3cret", "~*", "+@all", "-info", "-config"]);
    let url = redis.url().replace("//", "//worker:s3cret@");
    let store = open(&url).await;
    assert_eq!(store.warnings().len(), 4, "{:?}", store.warnings());
    assert!(!format!("{store:?} {:?}", store.warnings()).contains("s3cret"));
}

#[tokio::test]
async fn what_a_user_needs_to_be_allowed_is_what_the_manual_says() {
    let redis = Redis::start();
    let manual = include_str!("../../docs/redis.md");
    let command = manual.lines().find_map(|it| it.trim().strip_prefix("ACL SETUSER ")).unwrap();
    let words: Vec<_> = command.split(' ').map(|it| it.replace("PASSWORD", "s3cret")).collect();
    let words = ["ACL", "SETUSER"].into_iter().chain(words.iter().map(String::as_str));
    assert_eq!(redis.command(&words.collect::<Vec<_>>()), "+OK\r\n");
    let secrets = include_str!("../../deploy/rabbitmq/secrets.sh");
    let (_, rules) = command.split_once("PASSWORD ").unwrap();
    assert!(secrets.contains(rules), "the user of the deployment is another one");
    for denied in [
        "CONFIG GET requirepass",
        "CONFIG SET appendonly no",
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "ACL LIST",
        "ACL SETUSER isendpro +@all",
        "CLIENT LIST",
        "CLIENT KILL TYPE normal",
        "SHUTDOWN",
        "DEBUG SLEEP 1",
        "REPLICAOF 127.0.0.1 1",
        "EVAL return 0",
        "FUNCTION FLUSH",
        "SCRIPT FLUSH",
        "MODULE LIST",
        "MONITOR",
        "SAVE",
        "GET other:key",
        "DEL other:key",
        "HGETALL other",
    ] {
        let words: Vec<_> =
            ["ACL", "DRYRUN", "isendpro"].into_iter().chain(denied.split(' ')).collect();
        let answer = redis.command(&words);
        assert!(
            answer.contains("has no permissions") || answer.contains("NOPERM"),
            "{denied}: {answer}"
        );
    }
    let store = open(&redis.url().replace("//", "//isendpro:s3cret@")).await;
    let [warning] = store.warnings() else { panic!("{:?}", store.warnings()) };
    assert!(warning.contains("CONFIG GET"), "{warning}");
    let ticket = super::take(&store, 1).await;
    store.record(ticket, &super::accepted()).await.unwrap();
    let run = super::begin(&store, "job").await;
    super::end(&store, "job", run.scope).await;
    assert!(!store.accept(super::message(1), 0).await.unwrap());
    let open = Filter { state: Some(State::Unknown), ..Filter::default() };
    assert_eq!(store.entries(&open, 9).await.unwrap(), []);
    assert_eq!(store.forget(&Filter::default()).await.unwrap(), 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_replica_is_refused() {
    let options = [SAFE, &["--replicaof", "127.0.0.1 1"]].concat();
    let url = Redis::with(&options).url() + "?durability=accept-loss";
    assert!(refused(&url).await.contains("cannot be reached"), "it has ended by now");
    let redis = Redis::with(&options);
    assert!(refused(&redis.url()).await.contains("give the address of its primary"));
}

#[tokio::test]
async fn passwords_are_used_and_never_shown() {
    let options = [SAFE, &["--requirepass", "s3cret"]].concat();
    let redis = Redis::with(&options);
    assert!(refused(&redis.url()).await.contains("wants a password"));
    let wrong = redis.url().replace("//", "//:not-s3cret@");
    assert!(refused(&wrong).await.contains("refuses the password"));
    let right = redis.url().replace("//", "//:s3cret@");
    let store = open(&right).await;
    assert!(!format!("{store:?}").contains("s3cret"));
    let options = [SAFE, &["--rename-command", "AUTH", "LOGIN"]].concat();
    // A server that does not know AUTH quotes what it was sent.
    refused(&Redis::with(&options).url().replace("//", "//:s3cret@")).await;
}

#[tokio::test]
async fn prefixes_and_databases_are_journals_of_their_own() {
    let redis = Redis::start();
    for tail in ["", "?prefix=a:", "/3", "/3?prefix=a:"] {
        super::take(&open(&(redis.url() + tail)).await, 1).await;
    }
    let error = RedisJournal::open(&(redis.url() + "/99"), quick()).await.unwrap_err();
    assert!(!error.to_string().is_empty());
}

#[tokio::test]
async fn a_journal_of_another_version_is_refused() {
    let redis = Redis::start();
    redis.command(&["HSET", "isendpro:meta", "version", "3"]);
    assert!(refused(&redis.url()).await.contains("version \"3\""));
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let mut redis = Redis::start();
    redis.stop();
    let error = RedisJournal::open(&redis.url(), quick()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}
