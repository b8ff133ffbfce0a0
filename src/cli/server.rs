//! Which server a command talks to: the real one, or a simulator inside this process.

#[cfg(feature = "simulator")]
use anyhow::Context as _;

use crate::component::{Config, Error, nearest};

/// What keeps the simulator of this process alive.
#[cfg(feature = "simulator")]
pub type Simulator = Option<crate::simulator::Simulator>;
/// There is no simulator in this build.
#[cfg(not(feature = "simulator"))]
pub struct Simulator;

/// Starts the simulator, if that is the server, and points the configuration to it.
#[cfg(feature = "simulator")]
pub async fn resolve(config: &mut Config) -> anyhow::Result<Simulator> {
    // Only we know whether it is a test.
    config.unset("testMode");
    known(config)?;
    if config.text("server").is_none_or(|it| !it.eq_ignore_ascii_case("simulator")) {
        return Ok(None);
    }
    let options = crate::simulator::Options { credit: 1_000_000.0, ..Default::default() };
    let simulator = crate::simulator::start(options).await.context("starting the simulator")?;
    config.set("server", simulator.url());
    config.set("testMode", "simulator");
    if config.text("keyid").is_none() {
        config.set("keyid", "simulated-account");
    }
    Ok(Some(simulator))
}

/// There is no simulator in this build: the session says so.
#[cfg(not(feature = "simulator"))]
#[allow(clippy::unused_async, reason = "the same shape as with the simulator")]
pub async fn resolve(config: &mut Config) -> anyhow::Result<Simulator> {
    config.unset("testMode");
    known(config)?;
    Ok(Simulator)
}

/// A slip in the name of a server gets the name that was meant.
fn known(config: &Config) -> Result<(), Error> {
    // An address, or a title of the connector that this one replaces, is none.
    let named = |it: &String| !it.contains("://") && !it.starts_with("---");
    let Some(server) = config.text("server").filter(named) else { return Ok(()) };
    match nearest(&server, &["isendpro", "simulator"]) {
        Some(meant) if !server.trim().eq_ignore_ascii_case(meant) => {
            Err(Error::config("server", format!("{server} is no server"))
                .hint(format!("did you mean {meant}?")))
        }
        _ => Ok(()),
    }
}
