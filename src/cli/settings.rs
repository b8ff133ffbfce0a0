//! The configuration from flags, environment and file, in this order of precedence.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::{Usage, environment, files, keyfile};
use crate::catalog::{
    COMPONENT, SECRETS, SETTINGS, Setting, describe, step_fields, unknown_settings,
};
use crate::component::{Config, Error, Handler, Kind, nearest};

/// Flags that every command with an account has.
#[derive(Debug, Clone, Args)]
pub struct SettingsArgs {
    /// isendpro, simulator, or an address such as `https://host/cgi-bin`
    #[arg(long, value_name = "SERVER")]
    pub server: Option<String>,
    /// A JSON file with settings: {"keyid":"...","emetteur":"...","giveUpAfter":5}
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A file that holds the key and nothing else
    #[arg(long, value_name = "FILE")]
    pub keyid_file: Option<PathBuf>,
    /// A setting or a field of the action, such as callTimeout=40 or region=RE
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

impl SettingsArgs {
    /// The configuration. `fields` are the names that the action knows besides the general ones.
    pub fn config(&self, fields: &[String]) -> anyhow::Result<Config> {
        let mut settings = match &self.config {
            Some(path) => known_only(read_object(path)?, path)?,
            None => Map::new(),
        };
        settings.extend(environment()?);
        if let Some(path) = &self.keyid_file {
            settings.insert("keyid".to_owned(), keyfile::read("--keyid-file", path)?.into());
        }
        if let Some(server) = self.server.as_deref().map(str::trim) {
            if server.is_empty() {
                // An unset variable in a script must not come to mean the real service.
                return Err(Usage(
                    "--server is empty; name a server, or leave the flag away".to_owned(),
                )
                .into());
            }
            settings.insert("server".to_owned(), server.into());
        }
        for assignment in &self.set {
            let (name, value) = assigned(assignment, fields)?;
            settings.insert(name.to_owned(), value.into());
        }
        Ok(Config::new(settings))
    }
}

/// The environment's variables that are text.
pub fn variables() -> Vec<(String, String)> {
    let texts = std::env::vars_os().map(|(name, value)| (name.into_string(), value.into_string()));
    texts.filter_map(|(name, value)| Some((name.ok()?, value.ok()?))).collect()
}

/// A variable of the environment. One that is empty is as good as none.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

/// The settings that the environment makes.
///
/// # Errors
/// When the file of a secret cannot be read.
pub fn environment() -> Result<Map<String, Value>, Usage> {
    let mut settings = Map::new();
    for Setting { name, env, .. } in SETTINGS {
        let value = if SECRETS.contains(env) { environment::secret(env)? } else { variable(env) };
        settings.extend(value.map(|it| ((*name).to_owned(), it.into())));
    }
    Ok(settings)
}

fn read_object(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = std::fs::read_to_string(path).map_err(|it| files::cannot("--config", path, &it))?;
    // serde's own message could quote the file, and with it the key.
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|it| {
        Usage(format!(
            "--config {}, line {}: this is not JSON; the file holds one object, such as \
             {{\"emetteur\": \"MYSHOP\"}} (a file with nothing but the key is --keyid-file)",
            path.display(),
            it.line()
        ))
    })?;
    match value {
        Value::Object(settings) => Ok(settings),
        _ => Err(Usage(format!("{} must hold a JSON object", path.display())).into()),
    }
}

/// Checks a `name=value`; a name that nobody knows is most likely a slip.
fn assigned<'a>(assignment: &'a str, fields: &[String]) -> Result<(&'a str, &'a str), Usage> {
    let (name, value) = assignment.split_once('=').ok_or_else(|| {
        Usage("--set wants name=value, for example --set callTimeout=40".to_owned())
    })?;
    let name = name.trim();
    if name == "keyid" {
        return Err(Usage(
            "a key in a flag can be read by every user of this machine; set ISENDPRO_KEYID, or use \
             --keyid-file or --config"
                .to_owned(),
        ));
    }
    let general = SETTINGS.iter().map(|it| it.name).filter(|it| *it != "keyid");
    let known: Vec<&str> =
        general.chain(["otherServer"]).chain(fields.iter().map(String::as_str)).collect();
    if known.contains(&name) && value.trim().is_empty() {
        return Err(Usage(format!("--set {name}= has no value; give one, or leave the flag away")));
    }
    if known.contains(&name) {
        return Ok((name, value.trim()));
    }
    let of_messages = COMPONENT
        .handlers
        .iter()
        .any(|it| describe(it)["metadata"]["in"]["properties"].get(name).is_some());
    if of_messages {
        return Err(Usage(format!(
            "--set {name}: this is a field of messages and no setting; put it into each of them, such as \
             {{\"{name}\": ...}}"
        )));
    }
    let advice = did_you_mean(nearest(name, &known));
    Err(Usage(format!(
        "--set {name}: there is no such setting; {advice}`isendpro actions ACTION` lists them"
    )))
}

/// Refuses names that no command knows: a slip in `mode` would make a dry run a real one.
fn known_only(settings: Map<String, Value>, path: &Path) -> Result<Map<String, Value>, Usage> {
    let unknown = unknown_settings(settings.keys().map(String::as_str)).into_iter();
    let said: Vec<String> = unknown
        .map(|(name, meant)| {
            format!("{name}: there is no such setting; {}", did_you_mean(meant.as_deref()))
        })
        .collect();
    if said.is_empty() {
        return Ok(settings);
    }
    Err(Usage(format!(
        "--config {}: {}isendpro actions ACTION lists them",
        path.display(),
        said.concat()
    )))
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |it| format!("did you mean {it}? "))
}

/// An error of the set-up, with how to give here what a step would be given in a form.
pub fn advised(error: Error, handler: &Handler) -> Error {
    let error = Error { deed: handler.meta.deed, ..error };
    let field = error.field.clone().filter(|_| error.kind == Kind::Config && error.hint.is_none());
    let fields = step_fields(handler);
    let example = field.as_deref().and_then(|it| fields.get(it)?.get("placeholder")?.as_str());
    match (&field, example) {
        (Some(field), Some(example)) => error.hint(format!("such as --set {field}={example}")),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_a_secret_in_a_flag_is_refused() {
        let fields = ["giveUpAfter".to_owned()];
        assert_eq!(assigned("giveUpAfter= 5", &fields).unwrap(), ("giveUpAfter", "5"));
        assert!(assigned("giveupafter=5", &fields).unwrap_err().0.contains("giveUpAfter"));
        assert!(assigned("giveUpAfter", &fields).unwrap_err().0.contains("name=value"));
        let refused = assigned("keyid=0123456789", &fields).unwrap_err().0;
        assert!(refused.contains("ISENDPRO_KEYID") && !refused.contains("0123456789"));
    }
}
