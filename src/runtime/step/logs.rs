//! Logs as the platform reads them: lines of JSON in the form of bunyan, on stdout.

mod level;

use std::fmt;
use std::io::Write as _;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};
use tracing_subscriber::util::SubscriberInitExt as _;

pub use level::LogLevel;

use crate::component::{Error, Kind};
use crate::printable;

/// The variables of the platform that every line carries, when they are set.
pub const CONTEXT: &[&str] = &[
    "ELASTICIO_API_USERNAME",
    "ELASTICIO_COMP_ID",
    "ELASTICIO_COMP_NAME",
    "ELASTICIO_CONTAINER_ID",
    "ELASTICIO_CONTRACT_ID",
    "ELASTICIO_EXEC_ID",
    "ELASTICIO_EXEC_TYPE",
    "ELASTICIO_EXECUTION_RESULT_ID",
    "ELASTICIO_FLOW_ID",
    "ELASTICIO_FLOW_VERSION",
    "ELASTICIO_FUNCTION",
    "ELASTICIO_STEP_ID",
    "ELASTICIO_TASK_USER_EMAIL",
    "ELASTICIO_TENANT_ID",
    "ELASTICIO_USER_ID",
    "ELASTICIO_WORKSPACE_ID",
];

/// What a line says about itself; an event's field of such a name gets an underscore.
const OWN: &[&str] = &["name", "hostname", "pid", "tag", "level", "msg", "time", "v"];

/// What a span says that is in the head of each line already, or for others than a platform.
fn is_known(name: &str) -> bool {
    ["flowId", "stepId"].contains(&name) || name.starts_with("otel.")
}

/// The root of the paths of this crate's own events.
const OURS: &str = env!("CARGO_CRATE_NAME");

/// The values of [`CONTEXT`] among these variables.
pub fn context(variables: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let known = |name: &String| CONTEXT.contains(&name.as_str());
    variables.into_iter().filter(|(name, value)| known(name) && !value.is_empty()).collect()
}

/// Starts logging to stdout. `context` is what every line carries; `other` hears all that happens.
///
/// # Errors
/// When logging was started before.
pub fn start(
    context: &[(String, String)],
    level: LogLevel,
    other: Option<Box<dyn Layer<Registry> + Send + Sync>>,
) -> Result<(), Error> {
    let layer = Bunyan::new(context, level, std::io::stdout);
    tracing_subscriber::registry()
        .with(other)
        .with(layer.with_filter(Audible(level)))
        .try_init()
        .map_err(|it| Error::new(Kind::Internal, format!("logging does not start: {it}")))
}

/// The name of this machine, or of the container.
pub fn hostname() -> String {
    let read = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().filter(|it| !it.is_empty()).or_else(read);
    name.map_or_else(|| "unknown".to_owned(), |it| it.trim().to_owned())
}

/// A layer that writes each event as a line.
///
/// An event's fields follow those of the spans that it is in: `threadId`, `messageId` and
/// `parentMessageId` of a message. An error with a field `fatal` is the last line of a process.
#[derive(Debug)]
pub struct Bunyan<W> {
    /// What every line begins with.
    head: String,
    least: LogLevel,
    writer: W,
}

impl<W> Bunyan<W> {
    /// A layer that writes here.
    pub fn new(context: &[(String, String)], least: LogLevel, writer: W) -> Self {
        let mut head = Map::new();
        head.insert("name".to_owned(), env!("CARGO_PKG_NAME").into());
        head.insert("hostname".to_owned(), hostname().into());
        head.insert("pid".to_owned(), std::process::id().into());
        for (name, value) in context {
            head.insert(name.clone(), value.as_str().into());
            if name == "ELASTICIO_FLOW_ID" {
                head.insert("tag".to_owned(), value.as_str().into());
            }
        }
        let mut head = Value::Object(head).to_string();
        head.pop();
        Self { head, least, writer }
    }

    fn line(&self, level: u16, fields: &Fields) -> String {
        let mut line = String::with_capacity(self.head.len() + 256);
        line += &self.head;
        for (name, value) in &fields.values {
            let underscore = if OWN.contains(name) { "_" } else { "" };
            line += &match *name {
                "error" => format!(",\"err\":{}", bunyan_error(value)),
                name => format!(",\"{underscore}{name}\":{value}"),
            };
        }
        let (message, now) = (Value::from(fields.message.as_str()), jiff::Timestamp::now());
        line += &format!(",\"level\":{level},\"msg\":{message},\"time\":\"{now:.3}\",\"v\":0}}\n");
        line
    }
}

/// An error as bunyan writes it. The platform shows its stack, which here is what people read.
fn bunyan_error(error: &Value) -> Value {
    json!({ "message": error, "name": "Error", "stack": error })
}

/// What is heard at this level: of other crates less, since some of them trace what they send.
#[derive(Debug, Clone, Copy)]
pub struct Audible(pub LogLevel);

impl<S> Filter<S> for Audible {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let whose = metadata.target().split("::").next();
        let most = match whose {
            Some(OURS) => LevelFilter::TRACE,
            // The broker's client tells its errors in Rust's words, and we tell them again. It warns of
            // returned messages with all that is in them.
            Some("lapin") if self.0.filter() >= LevelFilter::DEBUG => LevelFilter::ERROR,
            Some("lapin") => LevelFilter::OFF,
            _ => LevelFilter::WARN,
        };
        let level = *metadata.level();
        level <= self.0.filter() && level <= most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.filter())
    }
}

impl<S, W> Layer<S> for Bunyan<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.values.extend_from_slice(&outer.values);
            }
        }
        event.record(&mut fields);
        let level = if fields.fatal { 60 } else { number(*event.metadata().level()) };
        if level >= self.least.0 {
            // Nobody is left to be told that logs are not read.
            let line = self.line(level, &fields);
            self.writer.make_writer().write_all(printable::json(&line).as_bytes()).ok();
        }
    }
}

fn number(level: Level) -> u16 {
    match level {
        Level::TRACE => 10,
        Level::DEBUG => 20,
        Level::INFO => 30,
        Level::WARN => 40,
        Level::ERROR => 50,
    }
}

/// The fields of a span or an event. A field that comes again replaces the former one.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    fatal: bool,
    values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("fatal", value) => self.fatal = value == Value::Bool(true),
            (name, _) if is_known(name) => {}
            (name, value) => {
                self.values.retain(|(known, _)| *known != name);
                self.values.push((name, value));
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }
}

#[cfg(test)]
mod tests;
