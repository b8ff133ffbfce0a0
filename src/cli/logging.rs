//! Logs: to a file or to stderr, never to stdout, which carries messages.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// The variable that says what is logged, for example `debug` or `isendpro_connector=trace`.
const FILTER: &str = "ISENDPRO_LOG";

/// Starts logging, if it is asked for: by `-v` to stderr, by a file, or by the environment.
pub fn start(verbose: u8, file: Option<&Path>) -> anyhow::Result<()> {
    log_panics();
    let wanted = std::env::var(FILTER).ok().filter(|it| !it.is_empty());
    if verbose == 0 && file.is_none() && wanted.is_none() {
        return Ok(());
    }
    let default = match verbose {
        0 | 1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(default))
        .map_err(|it| super::Usage(format!("{FILTER}: {it}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(false);
    if let Some(path) = file {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|it| super::Usage(format!("--log-file {}: {it}", path.display())))?;
        builder.json().with_writer(Mutex::new(file)).init();
    } else {
        builder.with_writer(std::io::stderr).init();
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
