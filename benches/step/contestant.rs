//! What is measured, and how each of them is started.

use serde_json::{Value, json};

use crate::node;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::step::Launch;
use crate::support::KEYID;

/// One of those that are compared.
#[derive(Clone, Copy)]
pub struct Contestant {
    /// What the table calls it.
    pub name: &'static str,
    /// Which share of the messages it is given: the slow ones need fewer for the same time.
    pub share: f64,
    /// Whether it remembers in Redis what was sent.
    pub redis: bool,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Ours,
    Node,
    Bare,
}

pub const OURS: Contestant =
    Contestant { name: "ours", share: 1.0, redis: false, kind: Kind::Ours };
pub const OURS_WITH_REDIS: Contestant = Contestant { name: "ours, Redis", redis: true, ..OURS };
pub const NODE: Contestant =
    Contestant { name: "Node peer", share: 0.15, kind: Kind::Node, ..OURS };
pub const BARE: Contestant = Contestant { name: "bare loop", kind: Kind::Bare, ..OURS };

impl Contestant {
    /// The step's configuration, for an API at this address.
    pub fn config(self, api: &str) -> Value {
        match self.kind {
            Kind::Ours => json!({
                "keyid": KEYID, "server": "custom", "otherServer": api, "kind": "transactional",
            }),
            Kind::Node | Kind::Bare => json!({"keyid": KEYID, "server": api}),
        }
    }

    /// It, not started yet.
    pub fn launch(
        self,
        queues: &Queues,
        platform: &Platform,
        prefetch: u64,
        latency: u64,
    ) -> Launch {
        let launch = match self.kind {
            // The image sets this too.
            Kind::Ours => {
                Launch::ours("sendSms", queues, platform).env("MIMALLOC_PURGE_DELAY", "0")
            }
            Kind::Node => node::step("sendSms", queues, platform),
            Kind::Bare => {
                let program = std::env::current_exe().unwrap();
                let [input, output] = [Queue::Input, Queue::Data].map(|it| queues.name(it));
                let (exchange, prefetch) = (queues.exchange(), prefetch.to_string());
                let latency = latency.to_string();
                let words = ["bare", queues.uri(), &input, &exchange, &output, &prefetch, &latency];
                Launch::new(program, &words, std::path::Path::new("."))
            }
        };
        launch
            .set("RABBITMQ_PREFETCH_SAILOR", &prefetch.to_string())
            .set("DATA_RATE_LIMIT", "1000000")
            .set("ERROR_RATE_LIMIT", "1000000")
    }
}
