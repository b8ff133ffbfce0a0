//! `isendpro service`: one question of a platform.

use super::{logging, settings};
use crate::catalog::COMPONENT;
use crate::component::{Config, Private};
use crate::runtime::service;

/// Arguments of `service`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is asked: verifyCredentials, getMetaModel or selectModel
    method: String,
}

/// Answers by one request to where the platform wants it. All else is in the environment.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    let variables = settings::variables();
    logging::start_for_platform(&variables)?;
    super::environment::check()?;
    let defaults = Config::new(settings::environment()?);
    let answered = service::answer(&COMPONENT, defaults, &args.method, variables);
    match super::runtime()?.block_on(answered) {
        Ok(()) => Ok(0),
        Err(error) => {
            tracing::error!(fatal = true, error = %error.logged(), "the platform is left without an answer");
            Private::tell(&error, || []);
            Ok(super::FAILED)
        }
    }
}
