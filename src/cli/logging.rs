//! Logs: to a file or to stderr, never to stdout, which carries messages; but a platform's messages
//! go elsewhere, and it reads logs from stdout.

use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use super::own::{self, Access};
use super::settings::variable;
use super::traces;
use crate::catalog::LOG;
use crate::printable::{Form, Lines};
use crate::runtime::step::logs;

/// Starts logging, if it is asked for: by `-v` to stderr, by a file, or by the environment.
pub fn start(verbose: u8, file: Option<&Path>) -> anyhow::Result<()> {
    start_from(None, verbose, file)
}

/// The same, but warnings go to stderr without being asked for.
pub fn start_telling(verbose: u8, file: Option<&Path>) -> anyhow::Result<()> {
    start_from(Some("warn"), verbose, file)
}

fn start_from(least: Option<&str>, verbose: u8, file: Option<&Path>) -> anyhow::Result<()> {
    log_panics();
    let wanted = variable(LOG);
    let asked = verbose > 0 || file.is_some() || wanted.is_some();
    let traces = traces::listener()?;
    let silent = !asked && least.is_none();
    if silent && traces.is_none() {
        return Ok(());
    }
    let default = match (verbose, least) {
        (0, Some(least)) if !asked => least,
        (0 | 1, _) => "info",
        (2, _) => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(default))
        .map_err(|it| super::Usage(format!("{LOG}: {it}")))?;
    let lines = fmt::layer().with_ansi(false);
    let log = match file {
        _ if silent => None,
        Some(path) => {
            let file = Lines::new(Form::Json, own::open("--log-file", path, Access::Append)?);
            Some(lines.json().with_writer(Mutex::new(file)).boxed())
        }
        None => {
            let stderr = || Lines::new(Form::Text, std::io::stderr());
            Some(lines.with_writer(stderr).boxed())
        }
    };
    tracing_subscriber::registry().with(traces).with(log.with_filter(filter)).init();
    traces::complain();
    Ok(())
}

/// Starts logging as a platform reads it, to stdout. `variables` are those of the environment.
pub fn start_for_platform(variables: &[(String, String)]) -> anyhow::Result<()> {
    let level = variables.iter().find(|(name, _)| name == "LOG_LEVEL");
    let level = level.map(|(_, level)| level.parse::<logs::LogLevel>());
    let (level, wrong) = match level.transpose() {
        Ok(level) => (level.unwrap_or_default(), None),
        Err(wrong) => (logs::LogLevel::default(), Some(wrong)),
    };
    logs::start(&logs::context(variables.iter().cloned()), level, traces::listener()?)?;
    log_panics();
    traces::complain();
    if let Some(error) = wrong {
        tracing::warn!(%error, "info and above are logged");
    }
    Ok(())
}

/// A panic is caught where messages are carried and reported there; its own words may hold data, so
/// only its place is logged.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "a defect of the connector");
    }));
}
