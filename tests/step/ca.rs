//! A broker whose certificate is of a CA that only this process knows.

use std::time::Duration;

use serde_json::json;

use crate::cli::Simulator;
use crate::contract::{sender, sms};
use crate::node::Codec;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::stage::{Stage, incoming};
use crate::tls::Ca;

#[test]
fn a_broker_whose_ca_is_known_here_alone_is_used_when_the_ca_is_named() {
    let ca = Ca::new("company");
    let shown = ca.issue();
    let rabbit = Rabbit::over_tls(&shown.certificate, &shown.key);
    let queues = Queues::declare(&rabbit.uri());
    let mut stage = Stage { queues, platform: Platform::start(), codec: Codec::start() };
    let simulator = Simulator::start(&[]);
    stage.publish(&incoming(), &sms("0001", "a"));
    let launch = || sender(&stage, &simulator, &json!({})).set("AMQP_URI", &rabbit.tls_uri());

    let mut strange = launch().start();
    strange.says("UnknownIssuer");
    strange.says("ISENDPRO_CA_FILE");
    strange.signal("TERM");
    assert!(strange.exited(Duration::from_secs(60)), "{}", strange.output());
    assert_eq!((stage.queues.count(Queue::Input), simulator.total()), (1, 0));

    let damaged = tempfile::NamedTempFile::new().unwrap();
    let named = damaged.path().to_str().unwrap();
    let mut refused = launch().env("ISENDPRO_CA_FILE", named).start();
    assert_eq!(refused.exit(), Some(1), "{}", refused.output());
    refused.says("has no certificate in PEM");

    let mut step = launch().env("ISENDPRO_CA_FILE", &ca.file()).start();
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}
