//! What a platform or a person configures: variables, the file of a step, a credential, the state of a
//! trigger.

use serde_json::Value;

use crate::catalog::COMPONENT;
use crate::cli::poll::state::{Account, StateFile};
use crate::component::Config;
use crate::runtime::service::settings as question;
use crate::runtime::step::Settings;

/// The first byte chooses which; the rest is it.
pub fn read(bytes: &[u8]) {
    let ([choice], rest) = super::chosen(bytes);
    match choice % 4 {
        0 => variables(rest),
        1 => step_file(rest),
        2 => config(rest),
        _ => state(rest),
    }
}

/// Lines such as `ELASTICIO_STEP_ID=step`.
fn variables(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|it| it.split_once('='));
    let variables: Vec<_> = lines
        .filter(|it| it.0 != "ISENDPRO_STEP_FILE")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if let Err(error) = Settings::read(variables.clone()) {
        drop(error.to_string());
    }
    if let Ok((_, Ok(question))) = question::read(variables) {
        question.config(Config::default()).ok();
    }
}

fn step_file(bytes: &[u8]) {
    let file = super::file(bytes);
    let path = file.path().to_str().unwrap().to_owned();
    Settings::read([("ISENDPRO_STEP_FILE".to_owned(), path)]).ok();
}

fn config(bytes: &[u8]) {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return };
    let config = Config::new(fields);
    for handler in COMPONENT.handlers {
        handler.bind(&config).err();
    }
}

fn state(bytes: &[u8]) {
    let file = super::file(bytes);
    let account = Account { server: "simulator", key: "key" };
    let opened = StateFile::open(file.path(), "newOptOuts", account);
    let mut lock = file.path().as_os_str().to_owned();
    lock.push(".lock");
    std::fs::remove_file(lock).ok();
    assert!(opened.is_err(), "the account of another");
}
