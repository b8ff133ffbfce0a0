//! The yardstick: the least that a step does at the broker, and no API. It decrypts and parses a
//! message, waits for as long as the API would take, writes and encrypts it, publishes it with the
//! broker's confirm, and acknowledges it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::StreamExt as _;
use isendpro_connector::runtime::step::cipher::{Cipher, Protocol};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use serde_json::Value;

use crate::step::{IV, PASSWORD};

/// Where everything goes.
struct To {
    channel: Channel,
    exchange: String,
    key: String,
    cipher: Cipher,
    wait: Duration,
}

/// Carries messages from a queue to a key of an exchange, until it is killed.
pub fn run(to: [&str; 4], prefetch: u16, wait: Duration) -> Result<()> {
    let [uri, queue, exchange, key] = to;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let connect = || Connection::connect(uri, ConnectionProperties::default());
        let (reading, writing) = (connect().await?, connect().await?);
        let channel = writing.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let cipher = Cipher::new(Some(PASSWORD), Some(IV))?;
        let to = To { channel, exchange: exchange.to_owned(), key: key.to_owned(), cipher, wait };
        let to = Arc::new(to);
        let channel = reading.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
        let mut consumer = channel.basic_consume(queue.into(), "".into(), options, none).await?;
        while let Some(delivery) = consumer.next().await {
            let (delivery, to) = (delivery?, Arc::clone(&to));
            tokio::spawn(async move {
                if let Err(error) = carry(delivery, &to).await {
                    tracing::error!(%error, "not carried");
                }
            });
        }
        Ok(())
    })
}

async fn carry(delivery: Delivery, to: &To) -> Result<()> {
    let plain = to.cipher.open(&delivery.data, Protocol::V1, |it| Ok(it.to_vec()))?;
    let message: Value = serde_json::from_slice(&plain)?;
    if !to.wait.is_zero() {
        tokio::time::sleep(to.wait).await;
    }
    let sealed = to.cipher.seal(serde_json::to_vec(&message)?, Protocol::V1);
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let (exchange, key) = (to.exchange.as_str().into(), to.key.as_str().into());
    let published =
        to.channel.basic_publish(exchange, key, options, &sealed, delivery.properties).await?;
    ensure!(published.await?.is_ack(), "refused");
    delivery.acker.ack(BasicAckOptions::default()).await?;
    Ok(())
}
