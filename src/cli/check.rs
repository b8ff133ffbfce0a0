//! `isendpro check`: does the account work?

use super::server;
use super::settings::SettingsArgs;
use crate::component::Session;

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
        let _simulator = server::resolve(&mut config).await?;
        let session = Session::connect(&config)?;
        match session.verify().await {
            Ok(verified) => {
                let simulated = config.text("testMode").is_some();
                let note = if simulated { " [simulator: no real account]" } else { "" };
                super::print(&format!("{verified}{note}\n"))?;
                Ok(0)
            }
            Err(error) => {
                super::complain(&error);
                Ok(super::code_of(error.kind))
            }
        }
    })
}
