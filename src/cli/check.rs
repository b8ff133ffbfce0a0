//! `isendpro check`: does the account work?

use super::run::resolve_server;
use super::settings::SettingsArgs;
use super::{FAILED, USAGE};
use crate::actions::Session;
use crate::component::{Connection as _, Kind};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Asks for the credit, which is free, and says in words what came of it.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    super::logging::start(0, None)?;
    let mut config = args.settings.config(&[])?;
    super::runtime()?.block_on(async {
        let _simulator = resolve_server(&mut config).await?;
        let session = Session::connect(&config)?;
        match session.verify().await {
            Ok(verified) => {
                super::print(&format!("{}\n", verified.message))?;
                Ok(0)
            }
            Err(error) => {
                super::complain(&error);
                Ok(match error.kind {
                    Kind::AccountKey => 4,
                    Kind::AccountCredit => 5,
                    Kind::Config | Kind::Invalid => USAGE,
                    _ => FAILED,
                })
            }
        }
    })
}
