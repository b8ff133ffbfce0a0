//! What `isendpro step` does, from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::attachments::Attachments;
use super::broker::{Broker, Line, PAUSES};
use super::flow::{FINISHING, Flow, State};
use super::gate::Gate;
use super::inflight::InFlight;
use super::limits::Limits;
use super::outgoing::{Input, Outgoing};
use super::platform::Platform;
use super::publisher::Publisher;
use super::settings::{BrokerSettings, Origin, Settings};
use super::step_data::StepData;
use super::storage::Storage;
use crate::component::{
    Cause, Component, Config, Error, Handler, Journal, Private, Role, Scope, Store, hex,
};
use crate::delivery::{Engine, Memory, Stop, Stopper};
use crate::runtime::http::Http;
use crate::runtime::{Health, Obstacle, live};

/// For how long a broker that is not there yet is waited for.
const START: Duration = Duration::from_secs(60);
/// For how long what was not sent is tried again, unless the step says otherwise.
const PATIENCE: Duration = Duration::from_secs(3600);
/// For how long a message is held while it is tried again; then it is put back for later.
const HOLDING: Duration = Duration::from_secs(10);
/// For how long the platform is told why a step does not start: a broker that takes nothing would
/// keep it for ever.
const TELLING: Duration = Duration::from_secs(30);

/// What runs as a step.
pub struct Setup {
    /// The component, one of whose actions or triggers it is.
    pub component: &'static Component,
    /// What is worth a warning in the configuration of an action or a trigger.
    pub remarks: fn(&Handler, &Config) -> Vec<String>,
    /// Settings that the platform's own go before.
    pub defaults: Config,
    /// Where it is remembered what was sent.
    pub journal: Option<Arc<dyn Journal>>,
    /// Where triggers keep what is too large for a snapshot.
    pub state: Option<Arc<dyn crate::component::State>>,
    /// What is in the way of the step.
    pub health: Health,
}

/// Runs one action or trigger of the component as a step, until it is to stop.
///
/// # Errors
/// Why it could not start or cannot go on. The platform was told of it, if it could be.
pub async fn run(
    settings: Settings,
    setup: Setup,
    (stopper, stop): (Stopper, Stop),
) -> Result<(), Error> {
    for warning in &settings.warnings {
        tracing::warn!(warning, "settings");
    }
    let http = Http::new()?;
    let origin =
        settings.origin.reached(|api| Platform::new(http.clone(), api, settings.api_retry))?;
    let Some(broker) = settings.broker.clone() else {
        let Origin::Platform(platform) = origin else { return Ok(()) };
        return tokio::select! {
            done = platform.shut_down(&settings.ids.flow) => done,
            () = stop.requested() => {
                tracing::warn!("stopped before the platform let go of the step's start-up data");
                Ok(())
            }
        };
    };
    let reader = Line::new(Broker::new(broker.uri.clone(), "read"), false);
    let writer = Line::new(Broker::new(broker.uri.clone(), "write"), true);
    let health = setup.health.clone();
    let exchange = broker.exchange.clone();
    let publisher = Publisher::new(writer, exchange, settings.publish, health.clone());
    tokio::select! {
        connected = connect(&publisher) => connected?,
        () = stop.requested() => return Ok(()),
    }
    let made = start(&settings, &broker, http, &origin, setup, &stop);
    let started = tokio::select! {
        made = made => made,
        () = stop.requested() => return Ok(()),
    };
    let started = match started {
        Ok(started) => started,
        Err(error) => {
            // Before it is told, which may take long, or fail.
            tracing::error!(error = %error.logged(), "the step cannot start");
            Private::tell(&error, || []);
            let told = tell(&settings, &broker, &publisher, &error);
            tokio::select! {
                told = tokio::time::timeout(TELLING, told) => if told.is_err() {
                    tracing::warn!("the platform was not told: the broker does not take it");
                },
                () = stop.requested() => {}
            }
            return Err(error);
        }
    };
    let Started { engine, deed, storage, attachments, snapshot, passthrough, patience } = started;
    let prefetch = settings.prefetch;
    let flow = Flow {
        rates: Limits::new(&settings.rates),
        settings,
        broker,
        engine,
        deed,
        publisher,
        storage,
        attachments,
        snapshot,
        passthrough,
        patience,
        stopper,
        stop,
        in_flight: InFlight::new(prefetch),
        gate: Gate::new(health.clone()),
        health: health.clone(),
        state: State::default(),
    };
    health.set(Obstacle::Consumer, true);
    health.set(Obstacle::Starting, false);
    Arc::new(flow).run(reader).await
}

/// What a step needs to work.
struct Started {
    engine: Engine,
    deed: &'static str,
    storage: Option<Storage>,
    attachments: Attachments,
    snapshot: Option<Mutex<Value>>,
    passthrough: bool,
    patience: Duration,
}

/// Finds out what this step is, and prepares it.
async fn start(
    settings: &Settings,
    broker: &BrokerSettings,
    http: Http,
    origin: &Origin<Platform>,
    setup: Setup,
    stop: &Stop,
) -> Result<Started, Error> {
    let Setup { component, remarks, defaults, journal, state, .. } = setup;
    let data = match origin {
        Origin::Platform(platform) => platform.step(&settings.ids).await?,
        Origin::File(data) => StepData::clone(data),
    };
    let StepData { config, snapshot, passthrough, .. } = data;
    let function = &settings.ids.function;
    let handler = component.handler(function).ok_or_else(|| {
        Error::config("ELASTICIO_FUNCTION", format!("{function} is no action or trigger"))
    })?;
    let config = live::configured(defaults, config);
    for remark in remarks(handler, &config) {
        tracing::warn!("{remark}");
    }
    let engine = Engine::over(live::connect(&config)?, handler, &config, PATIENCE, stop.clone())?;
    let patience = engine.patience();
    let mut engine = engine.holding_for(HOLDING).finishing_for(FINISHING);
    if let Some(journal) = journal {
        let memory = Memory::of_step(journal, scope(settings)).formerly(former_scope(settings));
        engine = engine.memory(memory);
    } else {
        tracing::warn!(
            "no journal (ISENDPRO_JOURNAL): when this process dies, what it was sending is in doubt, \
             and comes out as an error"
        );
    }
    if let Some(state) = state {
        let name = |scope: Scope| format!("{}:{function}", hex(&scope.0));
        let (name, former) = (name(scope(settings)), name(former_scope(settings)));
        engine = engine.store(Store::new(state, name).formerly(former));
    }
    let cipher = broker.cipher.clone();
    let storage = settings.storage.as_ref();
    let storage =
        storage.map(|it| Storage::new(http.clone(), it, &settings.ids, cipher)).transpose()?;
    let attachments = match (storage.clone(), origin) {
        (Some(storage), _) => Attachments::Storage(http, storage),
        (None, Origin::Platform(platform)) => Attachments::Platform(http, platform.clone()),
        (None, Origin::File(_)) => Attachments::Nowhere,
    };
    let snapshot = (handler.role == Role::Trigger(Cause::Polling)).then(|| Mutex::new(snapshot));
    if let (true, Origin::Platform(platform)) = (settings.hook.startup_required, origin) {
        platform.start_up(&settings.ids.flow).await?;
    }
    let deed = handler.meta.deed;
    Ok(Started { engine, deed, storage, attachments, snapshot, passthrough, patience })
}

/// Connects to the broker, again and again for a while: at the start of a platform all starts.
async fn connect(publisher: &Publisher) -> Result<(), Error> {
    let began = Instant::now();
    for pause in PAUSES.waits() {
        match publisher.begin().await {
            Err(error) if began.elapsed() < START => {
                tracing::warn!(error = %error.logged(), "not connected yet");
                tokio::time::sleep(pause).await;
            }
            connected => return connected,
        }
    }
    Ok(())
}

/// Tells the platform why the step does not start.
async fn tell(settings: &Settings, broker: &BrokerSettings, publisher: &Publisher, error: &Error) {
    let started = Timestamp::now();
    let out = Outgoing { settings, broker, incoming: None, started };
    let told = match out.error(error, Uuid::new_v4(), Input::Given) {
        Ok(publication) => publisher.publish(publication).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    if let Err(failed) = told {
        tracing::warn!(error = %failed.logged(), "the platform was not told");
    }
    publisher.close().await;
}

/// What the messages of this step are counted by in a journal.
fn scope(settings: &Settings) -> Scope {
    Scope::of(&[&settings.ids.flow, &settings.ids.step])
}

/// What the first journals have for it.
fn former_scope(settings: &Settings) -> Scope {
    Scope::formerly_named(&format!("{} {}", settings.ids.flow, settings.ids.step))
}
