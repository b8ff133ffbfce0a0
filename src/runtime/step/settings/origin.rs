//! Who says what a step is: its configuration, its snapshot.

use serde_json::Value;

use super::parts::{ApiAccess, Hook};
use super::reader::{FILE, Reader};
use crate::component::{Error, nearest};
use crate::runtime::step::step_data::StepData;

/// Who says what a step is. `P` is how the platform is reached.
#[derive(Debug, Clone)]
pub enum Origin<P> {
    /// The platform's API.
    Platform(P),
    /// A file, read when the step starts: there is no platform.
    File(Box<StepData>),
}

impl<P> Origin<P> {
    /// The same, with a platform that is reached in another way.
    ///
    /// # Errors
    /// Those of `other`.
    pub fn reached<T>(
        &self,
        other: impl FnOnce(&P) -> Result<T, Error>,
    ) -> Result<Origin<T>, Error> {
        match self {
            Self::Platform(platform) => other(platform).map(Origin::Platform),
            Self::File(data) => Ok(Origin::File(data.clone())),
        }
    }
}

/// Reads the file, or how the API is reached.
pub(super) fn origin(from: &mut Reader) -> Origin<ApiAccess> {
    if from.variable(FILE).is_some() && !from.is_alone() {
        from.complain_of_file(format!("{FILE} is set, and empty: name the file, or unset it"));
    }
    if !from.is_alone() {
        return Origin::Platform(ApiAccess {
            uri: from.required_address("API_URI"),
            username: from.required("API_USERNAME"),
            key: from.required("API_KEY").into(),
        });
    }
    let path = from.variable(FILE).unwrap_or_default().trim().to_owned();
    let read = std::fs::read(&path).map_err(|it| format!("({path}) cannot be read: {it}"));
    let data = read.and_then(|it| {
        let known = known_only(&it).and_then(|()| StepData::read(&it));
        known.map_err(|what| format!("({path}): {what}"))
    });
    let data = data.unwrap_or_else(|what| {
        from.complain_of_file(format!("{FILE} {what}"));
        StepData::default()
    });
    Origin::File(Box::new(data))
}

/// Refuses a file without its config, and one with a name that is none: whatever it was to say would be
/// taken for not said.
fn known_only(file: &[u8]) -> Result<(), String> {
    const NAMES: &[&str] = &["config", "snapshot", "is_passthrough", "variables"];
    let Ok(Value::Object(fields)) = serde_json::from_slice(file) else { return Ok(()) };
    let names = fields.keys().filter(|it| !NAMES.contains(&it.as_str()) && !it.starts_with('_'));
    let unknown: Vec<String> = names
        .map(|name| match nearest(name, NAMES) {
            Some(meant) => format!("{name} (did you mean {meant}?)"),
            None => name.clone(),
        })
        .collect();
    if !unknown.is_empty() {
        let (unknown, known) = (unknown.join(", "), NAMES.join(", "));
        return Err(format!("it has a name that is none: {unknown}; there are {known}"));
    }
    if !fields.get("config").is_some_and(Value::is_object) {
        return Err(
            "its config is no JSON object, or is missing: put the fields of the step under \
                    \"config\", such as {\"config\": {\"keyid\": \"...\", \"mode\": \"dryRun\"}}"
                .to_owned(),
        );
    }
    Ok(())
}

/// Complains of hooks where there is no platform that could be told.
pub(super) fn hooks(from: &mut Reader, hook: Hook) -> Hook {
    for (name, wanted) in
        [("STARTUP_REQUIRED", hook.startup_required), ("HOOK_SHUTDOWN", hook.shutdown)]
    {
        if wanted && from.is_alone() {
            from.complain(name, format!("needs a platform, and {FILE} is set"));
        }
    }
    hook
}
