//! Which server a command talks to: the real one, or a simulator inside this process.

#[cfg(feature = "simulator")]
use anyhow::Context as _;

use crate::component::Config;

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
    Ok(Simulator)
}
