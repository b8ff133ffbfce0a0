//! What operators watch: counts, times and states. Never a number, a text, an id or a key.
//!
//! Kept only while somebody watches ([`watch`]): else counting costs one look at an empty place.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::{Error, Kind, Tally};

/// Upper bounds for the times of calls to the API, in seconds.
const CALLS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0];
/// Upper bounds for the times of the broker and of the journal, in seconds.
const STORES: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

static WATCHED: OnceLock<Metrics> = OnceLock::new();

/// A label's name and value: words of this program, and nothing that anybody sent.
type Label = (&'static str, &'static str);
type Counters<const LABELS: usize> = Family<[Label; LABELS], Counter>;
type Times<const LABELS: usize> = Family<[Label; LABELS], Histogram, Bounds>;
/// What has no value before it was seen.
type Seen = Family<[Label; 0], Gauge<f64, AtomicU64>>;

#[derive(Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// The metrics of a process.
pub struct Metrics {
    registry: Registry,
    messages: Counters<3>,
    recipients: Counters<2>,
    parts: Counters<1>,
    in_flight: Gauge,
    retries: Counters<1>,
    calls: Times<2>,
    errors: Counters<1>,
    rebounds: Counter,
    publications: Times<1>,
    connections: Counters<1>,
    commits: Times<1>,
    euros: Seen,
    sms: Seen,
    credit_seen: Family<[Label; 0], Gauge>,
    obstacles: Family<[Label; 1], Gauge>,
}

/// Begins to count. More than once is the same as once.
pub fn watch() -> &'static Metrics {
    WATCHED.get_or_init(Metrics::new)
}

/// The metrics, if somebody watches.
pub fn watched() -> Option<&'static Metrics> {
    WATCHED.get()
}

/// Counts a message as under way until this is dropped.
pub struct UnderWay(Option<&'static Metrics>);

/// A message is under way.
pub fn under_way() -> UnderWay {
    let metrics = watched();
    metrics.inspect(|it| {
        it.in_flight.inc();
    });
    UnderWay(metrics)
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.inspect(|it| {
            it.in_flight.dec();
        });
    }
}

impl Metrics {
    fn new() -> Self {
        let mut its = Self {
            registry: Registry::with_prefix("isendpro"),
            messages: Family::default(),
            recipients: Family::default(),
            parts: Family::default(),
            in_flight: Gauge::default(),
            retries: Family::default(),
            calls: Family::new_with_constructor(Bounds(CALLS)),
            errors: Family::default(),
            rebounds: Counter::default(),
            publications: Family::new_with_constructor(Bounds(STORES)),
            connections: Family::default(),
            commits: Family::new_with_constructor(Bounds(STORES)),
            euros: Family::default(),
            sms: Family::default(),
            credit_seen: Family::default(),
            obstacles: Family::default(),
        };
        its.register();
        its
    }

    fn register(&mut self) {
        let it = &mut self.registry;
        it.register("build", "The version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let started = Gauge::<i64>::default();
        started.set(jiff::Timestamp::now().as_second());
        let help = "When the process began, in seconds since 1970";
        it.register("start_timestamp_seconds", help, started);
        it.register(
            "messages",
            "Messages that ended, by what became of them",
            self.messages.clone(),
        );
        it.register("recipients", "Recipients, by what became of them", self.recipients.clone());
        it.register("parts", "SMS parts billed, as far as iSendPro said", self.parts.clone());
        it.register("messages_in_flight", "Messages under way", self.in_flight.clone());
        it.register("retries", "Requests that were made again, safely", self.retries.clone());
        let help = "Time that iSendPro took to answer, or not to";
        it.register_with_unit("api_call_duration", help, Unit::Seconds, self.calls.clone());
        it.register("errors", "Errors that a step told of its messages", self.errors.clone());
        it.register("rebounds", "Messages put back for later", self.rebounds.clone());
        let help = "Time until the broker had confirmed what was published";
        it.register_with_unit("publish_duration", help, Unit::Seconds, self.publications.clone());
        it.register("connections", "Connections made to the broker", self.connections.clone());
        let help = "Time of a transaction of the journal";
        it.register_with_unit("journal_commit_duration", help, Unit::Seconds, self.commits.clone());
        it.register("credit_euros", "The credit when iSendPro last said it", self.euros.clone());
        it.register("credit_sms", "How many SMS that buys, as iSendPro said", self.sms.clone());
        let help = "When iSendPro last said the credit, in seconds since 1970";
        it.register("credit_seen_timestamp_seconds", help, self.credit_seen.clone());
        let help = "1 while this keeps messages from being carried";
        it.register("obstacle", help, self.obstacles.clone());
    }

    /// An action or a trigger begins: what it counts is there from now on, since an increase is seen
    /// only of what was there before.
    pub fn begin(&self, action: &'static str) {
        let outcomes = Kind::ALL.iter().map(|it| it.as_str()).chain(["done"]);
        for outcome in outcomes {
            let labels = [("action", action), ("outcome", outcome), ("reason", "")];
            drop(self.messages.get_or_create(&labels));
        }
        for (status, _) in Tally::default().by_status() {
            let labels = [("action", action), ("status", status.as_str())];
            drop(self.recipients.get_or_create(&labels));
        }
        for kind in Kind::ALL {
            drop(self.errors.get_or_create(&[("kind", kind.as_str())]));
        }
        for counters in [&self.parts, &self.retries] {
            drop(counters.get_or_create(&[("action", action)]));
        }
    }

    /// A step has told an error of this kind.
    pub fn told(&self, kind: Kind) {
        self.errors.get_or_create(&[("kind", kind.as_str())]).inc();
    }

    /// A message has ended.
    pub fn ended(&self, action: &'static str, tally: &Tally, error: Option<&Error>) {
        let outcome = error.map_or("done", |it| it.kind.as_str());
        let reason = error.and_then(|it| it.reason).map_or("", super::Reason::as_str);
        let labels = [("action", action), ("outcome", outcome), ("reason", reason)];
        self.messages.get_or_create(&labels).inc();
        for (status, count) in tally.by_status() {
            if count > 0 {
                let labels = [("action", action), ("status", status.as_str())];
                self.recipients.get_or_create(&labels).inc_by(count);
            }
        }
        if tally.parts > 0 {
            self.parts.get_or_create(&[("action", action)]).inc_by(tally.parts);
        }
    }

    /// A request is made again.
    pub fn retried(&self, action: &'static str) {
        self.retries.get_or_create(&[("action", action)]).inc();
    }

    /// A call to the API has ended after so long.
    pub fn called(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        let labels = [("operation", operation), ("outcome", outcome)];
        self.calls.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A message is put back for later.
    pub fn put_back(&self) {
        self.rebounds.inc();
    }

    /// The broker has confirmed something after so long.
    pub fn published(&self, what: &'static str, took: Duration) {
        self.publications.get_or_create(&[("what", what)]).observe(took.as_secs_f64());
    }

    /// A connection to the broker was made.
    pub fn connected(&self, purpose: &'static str) {
        self.connections.get_or_create(&[("purpose", purpose)]).inc();
    }

    /// The journal has committed, in so long.
    pub fn committed(&self, store: &'static str, took: Duration) {
        self.commits.get_or_create(&[("store", store)]).observe(took.as_secs_f64());
    }

    /// iSendPro has said the account's credit, `now` in seconds since 1970.
    pub fn credit(&self, euros: Option<f64>, sms: Option<f64>, now: i64) {
        for (gauge, value) in [(&self.euros, euros), (&self.sms, sms)] {
            if let Some(value) = value {
                gauge.get_or_create(&[]).set(value);
            }
        }
        self.credit_seen.get_or_create(&[]).set(now);
    }

    /// Whether this keeps messages from being carried.
    pub fn obstacle(&self, what: &'static str, there: bool) {
        self.obstacles.get_or_create(&[("what", what)]).set(i64::from(there));
    }

    /// All of them, as Prometheus reads them (`OpenMetrics` 1.0).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A text takes whatever is written.
        encode(&mut text, &self.registry).ok();
        text
    }
}
