//! What the workers' user may do on the broker is what the manual says, and no more.

use std::fs;

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel};
use serde_json::{Value, json};

use crate::amqp::{connect, wait};
use crate::compose::Deployed;

/// The permissions of the command in docs/step.md.
fn manual() -> Vec<&'static str> {
    let (_, command) =
        include_str!("../../docs/step.md").split_once("rabbitmqctl set_permissions ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    command.split(' ').map(|it| it.trim_matches('\'')).collect()
}

async fn publish(channel: &Channel, exchange: &'static str, key: &str) -> lapin::Result<()> {
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    channel.basic_publish(exchange.into(), key.into(), options, b"x", properties).await?.await?;
    Ok(())
}

#[test]
fn a_worker_may_read_its_input_and_publish_and_nothing_else() {
    let deployed = Deployed::start(&json!({}));
    let users: Value =
        serde_json::from_slice(&fs::read(deployed.path("secrets/users.json")).unwrap()).unwrap();
    let given = &users["permissions"][0];
    let given = ["user", "configure", "write", "read"].map(|it| given[it].as_str().unwrap());
    assert_eq!(given[..], manual());

    let connection = connect(&deployed.broker()).unwrap();
    wait(async move {
        let none = FieldTable::default;
        for attempt in 0..8 {
            let channel = connection.create_channel().await.unwrap();
            let get = BasicGetOptions::default();
            let refused = match attempt {
                0 => channel.basic_get("isendpro.results".into(), get).await.map(drop),
                1 => channel.basic_get("isendpro.errors".into(), get).await.map(drop),
                2 => channel.basic_get("isendpro.dead".into(), get).await.map(drop),
                3 => publish(&channel, "", "isendpro.results").await,
                4 => publish(&channel, "amq.topic", "x").await,
                5 => {
                    let options = QueueDeclareOptions::default();
                    channel.queue_declare("mine".into(), options, none()).await.map(drop)
                }
                6 => {
                    let (queue, exchange) = ("isendpro.input".into(), "isendpro".into());
                    let options = QueueBindOptions::default();
                    channel.queue_bind(queue, exchange, "more".into(), options, none()).await
                }
                _ => {
                    let options = QueueDeleteOptions::default();
                    channel.queue_delete("isendpro.input".into(), options).await.map(drop)
                }
            };
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("ACCESS_REFUSED"), "{attempt}: {refused}");
        }
        let channel = connection.create_channel().await.unwrap();
        let gone = channel.exchange_delete("isendpro".into(), ExchangeDeleteOptions::default());
        assert!(gone.await.unwrap_err().to_string().contains("ACCESS_REFUSED"));
        let channel = connection.create_channel().await.unwrap();
        publish(&channel, "isendpro", "result").await.unwrap();
        let get = BasicGetOptions::default();
        assert!(channel.basic_get("isendpro.input".into(), get).await.unwrap().is_none());
    });
}
