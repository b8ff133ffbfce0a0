//! What a platform configures: settings from two places, and an account that is real.

use serde_json::{Map, Value};

use crate::component::{Config, Error, Session};

/// The configuration of a step or of a question: `fields` of the credential and of the step, and
/// `defaults` where those say nothing.
pub fn configured(mut defaults: Config, fields: Map<String, Value>) -> Config {
    for (name, value) in fields {
        let said = !value.is_null() && value.as_str() != Some("");
        if said || defaults.get(&name).is_none() {
            defaults.set(&name, value);
        }
    }
    defaults
}

/// Connects to an account. No I/O.
///
/// # Errors
/// What is wrong with the configuration. A test mode is, too: in a flow nobody would see that
/// nothing is sent.
pub fn connect(config: &Config) -> Result<Session, Error> {
    let connection = Session::connect(config)?;
    match connection.test_mode() {
        None => Ok(connection),
        Some(mode) => {
            Err(Error::config("testMode", format!("{mode} is a test mode, and not for a platform")))
        }
    }
}
