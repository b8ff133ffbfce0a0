//! The port for those who watch, where one is wanted.

use super::settings::variable;
use crate::catalog::METRICS_ADDR;
use crate::component::Error;
use crate::runtime::{Health, Monitor};

/// Answers on the port that the environment names, if it names one, for as long as the process runs.
pub async fn start(health: &Health) -> Result<(), Error> {
    let Some(address) = variable(METRICS_ADDR) else {
        return Ok(());
    };
    let monitor = Monitor::bind(METRICS_ADDR, &address, health.clone()).await?;
    if let Ok(address) = monitor.address() {
        tracing::info!(%address, "metrics");
    }
    tokio::spawn(monitor.serve());
    Ok(())
}
