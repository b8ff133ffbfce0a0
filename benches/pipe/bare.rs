//! The yardstick: the shortest reqwest loop that does the same work as the pipe, without the pipe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Result, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::measure::{Mark, Sample};
use crate::support::{KEYID, Load, NUM, text};

#[derive(Serialize)]
struct Body<'a> {
    keyid: &'a str,
    num: &'a str,
    sms: &'a str,
}

/// Sends all messages and prints what the measured ones of them took.
#[expect(clippy::print_stdout, reason = "the figure goes to the parent process")]
pub fn run(url: &str, plan: Load) -> Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a crypto provider was there already"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sample = runtime.block_on(send_all(url, plan))?;
    println!("{}", serde_json::to_string(&sample)?);
    Ok(())
}

async fn send_all(url: &str, plan: Load) -> Result<Sample> {
    let client = reqwest::Client::builder().build()?;
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let all = plan.all();
    let mut tasks = JoinSet::new();
    for _ in 0..plan.concurrency {
        let (client, url) = (client.clone(), url.to_owned());
        let (next, done, warm_up) = (Arc::clone(&next), Arc::clone(&done), plan.warm_up);
        tasks.spawn(async move {
            let mut marks = Vec::new();
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= all {
                    return Ok::<_, anyhow::Error>(marks);
                }
                send(&client, &url, number).await?;
                let finished = done.fetch_add(1, Relaxed) + 1;
                if finished == warm_up || finished == all {
                    marks.push(Mark::of(std::process::id())?);
                }
            }
        });
    }
    let mut marks = Vec::new();
    while let Some(task) = tasks.join_next().await {
        marks.extend(task??);
    }
    marks.sort_by_key(|mark| mark.at);
    let [start, end] = &marks[..] else { anyhow::bail!("{} marks instead of 2", marks.len()) };
    Ok(Sample::between(start, end, plan.messages))
}

#[expect(clippy::disallowed_methods, reason = "bare on purpose, against a server of our own")]
async fn send(client: &reqwest::Client, url: &str, number: u64) -> Result<()> {
    let text = text(number);
    let body = serde_json::to_vec(&Body { keyid: KEYID, num: NUM, sms: &text })?;
    let json = HeaderValue::from_static("application/json");
    let reply = client.post(url).header(CONTENT_TYPE, json).body(body).send().await?;
    let reply: Value = serde_json::from_slice(&reply.bytes().await?)?;
    ensure!(reply["etat"]["etat"][0]["code"] == "0", "not accepted: {reply}");
    Ok(())
}
