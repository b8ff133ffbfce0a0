//! How long the two things take that a message waits for: the API's answer and the broker's confirm.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};

use crate::queues::{Queue, Queues};
use crate::stage::Stage;
use crate::support::child::Server;

/// The medians: of a request to an API that takes 20 ms, with as many in flight as the prefetch, and of
/// a confirm with one in flight.
pub fn both(stage: &Stage) -> Result<(Duration, Duration)> {
    // The other runtime of this process belongs to the tests' client.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let api = runtime.block_on(api(stage.plan.prefetch))?;
    Ok((api, runtime.block_on(confirm(stage))?))
}

#[expect(clippy::disallowed_methods, reason = "bare on purpose, against a server of our own")]
async fn api(in_flight: u64) -> Result<Duration> {
    let server = Server::start(20)?;
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().build()?;
    let request = || {
        let client = client.clone();
        let url = format!("{}/sms", server.url);
        async move {
            let began = Instant::now();
            client.post(url).body("{}").send().await?.bytes().await?;
            Ok::<_, anyhow::Error>(began.elapsed())
        }
    };
    let mut times = Vec::new();
    for _ in 0..20 {
        let all = (0..in_flight).map(|_| tokio::spawn(request()));
        for one in futures_util::future::join_all(all).await {
            times.push(one??);
        }
    }
    middle(times)
}

async fn confirm(stage: &Stage) -> Result<Duration> {
    let queues = Queues::declare(&stage.rabbit.uri());
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(&stage.rabbit.uri(), properties).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let (exchange, key) = (queues.exchange().into(), queues.name(Queue::Data).into());
        let (options, none) = (BasicPublishOptions::default(), BasicProperties::default());
        let began = Instant::now();
        channel.basic_publish(exchange, key, options, &[b'x'; 500], none).await?.await?;
        times.push(began.elapsed());
    }
    middle(times)
}

fn middle(mut times: Vec<Duration>) -> Result<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied().context("nothing was measured")
}
