//! `isendpro step`: one step of a flow on a platform.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{journal, logging, monitor, settings, terminal};
use crate::catalog::{COMPONENT, JOURNAL, STEP_FILE, remarks, unknown_settings};
use crate::component::{Config, Error, Journal, Kind, State};
use crate::delivery::{Stop, Stopper};
use crate::journal::Ledger;
use crate::runtime::step::{self, Origin, Settings, Setup};
use crate::runtime::{Health, Obstacle};

/// For how long a journal that cannot be opened is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long between two tries.
const PAUSE: Duration = Duration::from_secs(5);

/// Arguments of `step`: none, all is in the environment.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Takes messages from a queue and publishes what becomes of them, until it is told to stop.
pub fn main() -> anyhow::Result<u8> {
    let variables = settings::variables();
    logging::start_for_platform(&variables)?;
    let run = async {
        let wrong = |it: super::Usage| Error::new(Kind::Config, it.0);
        super::environment::check().map_err(wrong)?;
        let settings = Settings::read(variables)?;
        if let Origin::File(data) = &settings.origin {
            known_only(&data.config)?;
        }
        let (stopper, stop) = Stop::new();
        watch(stopper.clone())?;
        let health = Health::default();
        health.set(Obstacle::Starting, true);
        monitor::start(&health).await?;
        let Some(ledger) = opened(&stop, &health).await? else { return Ok(()) };
        let setup = Setup {
            component: &COMPONENT,
            remarks,
            defaults: Config::new(settings::environment().map_err(wrong)?),
            journal: ledger.as_ref().map(|it| Arc::clone(it) as Arc<dyn Journal>),
            state: ledger.as_ref().map(|it| Arc::clone(it) as Arc<dyn State>),
            health,
        };
        let ended = step::run(settings, setup, (stopper, stop)).await;
        if let Some(ledger) = &ledger {
            journal::close(ledger).await;
        }
        ended
    };
    // One thread: the broker's client has its own, and waking a third one costs more than it gives.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(run) {
        Ok(()) => Ok(0),
        Err(error) => {
            tracing::error!(fatal = true, error = %error.logged(), "the step has ended");
            Ok(super::FAILED)
        }
    }
}

/// Refuses a slip in the file that takes the platform's place. A platform has fields of its own; such a
/// file was written by a person, and a dry run that is misspelled would send.
fn known_only(config: &Map<String, Value>) -> Result<(), Error> {
    let unknown = unknown_settings(config.keys().map(String::as_str)).into_iter();
    let said: Vec<String> = unknown
        .map(|(name, meant)| match meant {
            Some(meant) => format!("{name} (did you mean {meant}?)"),
            None => name.to_owned(),
        })
        .collect();
    if said.is_empty() {
        return Ok(());
    }
    let what = format!("its config has a name that nobody knows: {}", said.join(", "));
    Err(Error::config(STEP_FILE, what).hint("component.json lists the fields"))
}

/// Opens the journal, if there is to be one; waits for one that is not there yet. `None` if the step
/// is to stop before.
async fn opened(stop: &Stop, health: &Health) -> Result<Option<Option<Arc<dyn Ledger>>>, Error> {
    let named = match named(std::env::var_os(JOURNAL))? {
        None => super::journal::found(None).map_err(|it| Error::new(Kind::Config, it.0))?,
        given => given,
    };
    let Some(store) = named else { return Ok(Some(None)) };
    let key = journal::key()?;
    let began = std::time::Instant::now();
    loop {
        match crate::journal::open(&store, key.clone()).await {
            Ok(ledger) => {
                if !ledger.seal().is_keyed() {
                    tracing::warn!("journal: {}", journal::WITHOUT_KEY);
                }
                for warning in ledger.warnings() {
                    tracing::warn!(warning, "journal");
                }
                health.set(Obstacle::Journal, false);
                // Whoever asks keeps no journal open.
                let asked = Arc::downgrade(&ledger);
                health.ask_journal(move || asked.upgrade().is_none_or(|it| it.answers()));
                return Ok(Some(Some(ledger)));
            }
            Err(error) if error.retryable() && began.elapsed() < PATIENCE => {
                health.set(Obstacle::Journal, true);
                tracing::warn!(%error, "the journal cannot be opened: no message is taken");
            }
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.requested() => return Ok(None),
        }
    }
}

/// The journal that the environment names. A step that is to have one must not work without it because
/// a variable in a script was not set.
fn named(variable: Option<OsString>) -> Result<Option<String>, Error> {
    let Some(store) = variable else { return Ok(None) };
    let store = store.into_string().ok().filter(|it| !it.trim().is_empty());
    store.map(Some).ok_or_else(|| {
        Error::config(JOURNAL, "is set, and empty or not readable")
            .hint("give file:PATH or redis://HOST:PORT, or unset it for a step without a journal")
    })
}

/// Stops the step when the platform, or a person, says so.
fn watch(stopper: Stopper) -> Result<(), Error> {
    let failed = |it: std::io::Error| Error::config("signals", it);
    let mut signals = terminal::Signals::new().map_err(failed)?;
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: finishing what is under way");
        stopper.stop();
    });
    Ok(())
}
