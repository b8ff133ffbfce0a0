//! A stolen Redis: who tries all numbers of a small range finds them without a key, and none with one.

use std::collections::HashSet;

use isendpro_connector::component::{
    Account, Claim, Fallout, Journal as _, MessageKey, Slot, Wanted, hex,
};
use isendpro_connector::journal::{JournalKey, RedisJournal, RedisOptions};
use ring::{digest, hmac};

use super::support::Redis;
use super::{LASTS, SCOPE, accepted, quick};

/// How many numbers were sent to, of the 20,000 that are tried.
const NUMBERS: usize = 10_000;
const ACCOUNT: &str = "key of the account";

fn tel(number: usize) -> String {
    format!("336800{number:05}")
}

/// The hash of a message that the engine makes: everybody can make it who guesses the message.
fn message(tel: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, tel.as_bytes()).as_ref());
    hash
}

/// Sends to all numbers, 500 at a time.
async fn fill(store: &RedisJournal) {
    let tels: Vec<String> = (0..NUMBERS).map(tel).collect();
    for tels in tels.chunks(500) {
        let slot = |(index, tel): (u32, &'static str)| Slot { index, tel, tracker: None };
        let tels = tels.iter().map(|it| &*it.clone().leak());
        let slots: Vec<_> = (0..).zip(tels).map(slot).collect();
        let wanted = Wanted {
            message: MessageKey(store.seal().of(message(slots[0].tel))),
            scope: SCOPE,
            action: "sendSmsMulti",
            account: Some(Account::of_key(ACCOUNT)),
            slots: &slots,
            resend: false,
            lasts: LASTS,
            progress: None,
        };
        let Claim::Granted(ticket, _) = store.claim(wanted).await.unwrap() else {
            panic!("not granted")
        };
        let [(_, outcome)] = accepted();
        let all: Vec<(u32, Fallout)> = slots.iter().map(|it| (it.index, outcome.clone())).collect();
        store.record(ticket, &all).await.unwrap();
    }
}

/// Each row of 16 characters that a Redis holds, and the secret in it.
fn stolen(redis: &Redis) -> (HashSet<Vec<u8>>, Vec<u8>) {
    let keys = redis.command(&["KEYS", "*"]);
    let mut all = keys.clone();
    for key in keys.split("\r\n").filter(|it| it.contains("m:")) {
        all += &redis.command(&["HGETALL", key]);
    }
    let script = "local secret = redis.call('HGET', 'isendpro:meta', 'secret') \
        return (secret:gsub('.', function(it) return string.format('%02x', it:byte()) end))";
    let secret = redis.command(&["EVAL", script, "0"]);
    let digits = secret.lines().nth(1).unwrap();
    let byte = |it: usize| u8::from_str_radix(&digits[2 * it..2 * it + 2], 16).unwrap();
    let secret = (0..32).map(byte).collect();
    (all.as_bytes().windows(16).map(<[u8]>::to_vec).collect(), secret)
}

/// How many numbers and messages are found by whoever tries all, and whether the account is.
fn loot(redis: &Redis) -> (usize, usize, bool) {
    let (rows, secret) = stolen(redis);
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let has = |bytes: &[u8]| rows.contains(&hex(bytes).as_bytes()[..16]);
    let marked = |bytes: &[u8]| has(hmac::sign(&secret, bytes).as_ref());
    let numbers = (0..2 * NUMBERS).filter(|it| marked(tel(*it).as_bytes())).count();
    let messages = (0..2 * NUMBERS).filter(|it| has(&message(&tel(*it)))).count();
    (numbers, messages, marked(Account::of_key(ACCOUNT).bytes()))
}

#[tokio::test]
async fn it_gives_everything_without_a_key_and_nothing_with_one() {
    for (key, expected) in [
        (None, (NUMBERS, NUMBERS / 500, true)),
        (Some("0123456789abcdef of a test"), (0, 0, false)),
    ] {
        let redis = Redis::start();
        let key = key.map(|it| JournalKey::new(it).unwrap());
        let options = RedisOptions { key, ..quick() };
        fill(&RedisJournal::open(&redis.url(), options).await.unwrap()).await;
        assert_eq!(loot(&redis), expected);
    }
}
