//! An iSendPro below the client: it takes what it is asked to take, refuses, fails, is slow, and counts.

use std::sync::Arc;

use hyper::body::Bytes;
use isendpro_connector::isendpro::{Carried, Cut, Network};
use reqwest::{Body, Request, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::breaks::Break;
use crate::world::World;

/// The way to the API of the world of this thread.
#[derive(Debug)]
pub struct Wire;

impl Network for Wire {
    fn carry(&self, request: Request) -> Carried<'_> {
        let world = World::current();
        let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let is_credit = request.url().path().ends_with("credit");
        Box::pin(async move {
            if is_credit {
                return Ok(credit(&world).await);
            }
            if world.strikes(|it| it.cut_before) {
                world.nap(1, 3_000).await;
                doubt_of_copies(&world, &asked);
                world.say(|| format!("no connection for {}", names(&asked)));
                return Err(Cut::Before);
            }
            // The server goes on, whatever becomes of the client.
            let (answer, answered) = oneshot::channel();
            let serving = Arc::clone(&world);
            tokio::spawn(async move {
                let served = serve(&serving, &asked).await;
                answer.send(served).ok();
            });
            answered.await.unwrap_or(Err(Cut::After))
        })
    }
}

/// What is asked for: number, text and tracker of each.
fn entries(asked: &Value) -> Vec<(&str, &str, &str)> {
    let list = |name: &str, count: usize| -> Vec<&str> {
        match &asked[name] {
            Value::Array(all) if all.len() == count => {
                all.iter().map(|it| it.as_str().unwrap_or_default()).collect()
            }
            Value::Array(all) => vec![all[0].as_str().unwrap_or_default(); count],
            one => vec![one.as_str().unwrap_or_default(); count],
        }
    };
    let count = asked["num"].as_array().map_or(1, Vec::len);
    let (tels, texts, trackers) = (list("num", count), list("sms", count), list("tracker", count));
    (0..count).map(|it| (tels[it], texts[it], trackers[it])).collect()
}

fn names(asked: &Value) -> String {
    let all = entries(asked).into_iter();
    all.map(|(tel, text, _)| format!("{tel} \"{text}\"")).collect::<Vec<_>>().join(", ")
}

async fn serve(world: &Arc<World>, asked: &Value) -> Result<Response, Cut> {
    world.nap(5, 60).await;
    let now = world.now();
    if world.strikes(|it| it.account) {
        let until = now + world.between(1_000, 60_000);
        world.lock().account = until;
    }
    if world.lock().account > now {
        doubt_of_copies(world, asked);
        world.say(|| format!("API refuses the account, and {}", names(asked)));
        let entry = json!({"code": "99", "message": "Une erreur dont le code n'est pas publie"});
        return Ok(answer(400, None, json!({"etat": {"etat": [entry]}}).to_string()));
    }
    if world.strikes(|it| it.busy) {
        doubt_of_copies(world, asked);
        world.say(|| format!("API says 429 to {}", names(asked)));
        return Ok(answer(429, Some(world.between(1_000, 4_000).as_secs()), String::new()));
    }
    if world.strikes(|it| it.error_before) {
        doubt(world, asked);
        world.say(|| format!("API fails before it takes {}", names(asked)));
        return error(world);
    }
    if world.strikes(|it| it.slow) {
        doubt(world, asked);
        world.nap(5_000, 40_000).await;
    }
    let said = take(world, asked);
    world.nap(5, 60).await;
    if world.strikes(|it| it.slow) {
        doubt(world, asked);
        world.say(|| format!("API is slow to answer {}", names(asked)));
        world.nap(5_000, 40_000).await;
    }
    if world.strikes(|it| it.cut_after) {
        doubt(world, asked);
        world.say(|| format!("the answer about {} is lost", names(asked)));
        let is_denied = world.is_broken(Break::LostIsNotSent);
        return Err(if is_denied { Cut::Before } else { Cut::After });
    }
    if world.strikes(|it| it.error_after) {
        doubt(world, asked);
        world.say(|| format!("API fails after it has taken {}", names(asked)));
        return error(world);
    }
    Ok(reply(world, asked, said))
}

/// What is said of each, and counted.
fn take(world: &World, asked: &Value) -> Vec<Value> {
    let now = world.now();
    let mut said = Vec::new();
    for (tel, text, tracker) in entries(asked) {
        let mut inner = world.lock();
        let book = &mut inner.book;
        let (slot, message) = (book.slot(tel, text).unwrap(), book.message(tracker).unwrap());
        let refused = book.slots[slot].refused;
        if refused.is_none() {
            book.taken.entry(slot).or_default().push((now, message));
        }
        drop(inner);
        let verb = if refused.is_some() { "refuses" } else { "takes" };
        world.say(|| format!("API {verb} {tel} \"{text}\" of {tracker}"));
        said.push(match refused {
            Some(code) => json!({"code": code.to_string(), "tel": tel, "message": "non"}),
            None => json!({"code": "0", "tel": tel, "smslong": "1", "message": "oui"}),
        });
    }
    said
}

/// The answer to a request that was carried out, whole or not.
fn reply(world: &World, asked: &Value, mut said: Vec<Value>) -> Response {
    if said.len() > 1 && world.strikes(|it| it.unmentioned) {
        doubt(world, asked);
        world.say(|| format!("the answer leaves out some of {}", names(asked)));
        said.pop();
    }
    let text = json!({"etat": {"etat": said}}).to_string();
    if !world.strikes(|it| it.half) {
        return answer(200, None, text);
    }
    doubt(world, asked);
    world.say(|| format!("half of the answer about {} comes", names(asked)));
    let half = Bytes::from(text).slice(..10);
    if world.lock().dice.draw(2) == 0 {
        return respond(200, None, Body::from(half));
    }
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let pieces = futures_util::stream::iter([Ok(half), Err(broken)]);
    respond(200, None, Body::wrap_stream(pieces))
}

async fn credit(world: &World) -> Response {
    world.nap(5, 60).await;
    let has_credit = world.lock().account <= world.now();
    let credit = if has_credit { "12.40" } else { "0" };
    answer(200, None, json!({"etat": {"credit": credit, "quantite": "248"}}).to_string())
}

fn error(world: &World) -> Result<Response, Cut> {
    if world.is_broken(Break::ErrorIsNotSent) {
        return Err(Cut::Before);
    }
    Ok(answer(500, None, "<html>Internal Server Error</html>".to_owned()))
}

/// Something goes wrong that leaves a doubt of these.
fn doubt(world: &World, asked: &Value) {
    let mut inner = world.lock();
    for (tel, text, tracker) in entries(asked) {
        let place = (inner.book.message(tracker), inner.book.slot(tel, text));
        if let (Some(message), Some(slot)) = place {
            inner.book.doubts.insert((message, slot));
        }
    }
}

/// One of two copies that are under way at once cannot tell what becomes of the other.
fn doubt_of_copies(world: &World, asked: &Value) {
    let (_, _, tracker) = entries(asked)[0];
    let message = world.lock().book.message(tracker);
    if message.is_some_and(|it| world.copies(it) > 1) {
        doubt(world, asked);
    }
}

fn answer(status: u16, retry_after: Option<u64>, text: String) -> Response {
    respond(status, retry_after, Body::from(text))
}

fn respond(status: u16, retry_after: Option<u64>, body: Body) -> Response {
    let mut response = hyper::Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    response.body(body).unwrap().into()
}
