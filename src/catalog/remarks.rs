//! What a configuration gets wrong, or leaves open, without being refused for it.

use crate::component::{Config, Delivery, Handler, Role, nearest, options_schema};

use super::{COMPONENT, SETTINGS, credential, step_fields};

/// The names of all settings and fields that a configuration may hold, whatever it is for.
fn known_settings() -> Vec<String> {
    let delivery = options_schema::<Delivery>().to_value();
    let mut forms = vec![credential(), delivery["properties"].clone()];
    forms.extend(COMPONENT.handlers.iter().map(step_fields));
    let fields = forms.iter().filter_map(|it| it.as_object()).flat_map(|it| it.keys().cloned());
    let mut names: Vec<String> =
        SETTINGS.iter().map(|it| it.name.to_owned()).chain(fields).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether it is left open what the messages are for, so that hours and STOP mention are not checked.
pub fn kind_is_open(handler: &Handler, config: &Config) -> bool {
    step_fields(handler).get("kind").is_some() && config.get("kind").is_none()
}

/// What is worth a warning when a step starts. It repeats names, and never a value.
pub fn remarks(handler: &Handler, config: &Config) -> Vec<String> {
    let mut remarks = Vec::new();
    let unknown = unknown_settings(config.names()).into_iter().map(|(name, meant)| match meant {
        Some(meant) => format!("{name} (did you mean {meant}?)"),
        None => name.to_owned(),
    });
    let unknown: Vec<String> = unknown.collect();
    if !unknown.is_empty() {
        remarks.push(format!("fields that nobody knows are ignored: {}", unknown.join(", ")));
    }
    if kind_is_open(handler, config) {
        remarks.push(
            "kind is not set (marketing or transactional): hours and STOP mention are not checked"
                .to_owned(),
        );
    }
    let calls = handler.role == Role::Action && config.text("mode").as_deref() != Some("dryRun");
    if calls && config.text("keyid").is_none() {
        remarks.push(
            "no key (keyid of the credential, or ISENDPRO_KEYID): each message must bring its own"
                .to_owned(),
        );
    }
    remarks
}

/// The names that nobody knows, each with the one that was most likely meant. Those that begin with
/// `_` are a platform's own.
pub fn unknown_settings<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Vec<(&'a str, Option<String>)> {
    let known = known_settings();
    let unknown =
        names.filter(|name| !name.starts_with('_') && known.iter().all(|it| it.as_str() != *name));
    unknown.map(|name| (name, nearest(name, &known).map(str::to_owned))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(function: &str, config: &Value) -> Vec<String> {
        let handler = COMPONENT.handler(function).unwrap();
        remarks(handler, &Config::new(config.as_object().unwrap().clone()))
    }

    #[test]
    fn a_slip_is_told_by_its_name_and_never_its_value() {
        let config = json!({"keyid": "k", "kind": "marketing", "mod": "secret", "_account": "x"});
        let told = told("sendSms", &config);
        assert_eq!(told, ["fields that nobody knows are ignored: mod (did you mean mode?)"]);
    }

    #[test]
    fn what_is_left_open_is_told() {
        let open = told("sendSms", &json!({}));
        assert!(open.len() == 2 && open[0].starts_with("kind is not set"), "{open:?}");
        assert!(open[1].starts_with("no key"), "{open:?}");
        assert_eq!(told("getCredit", &json!({"keyid": "k"})), [""; 0]);
        assert_eq!(told("startFlow", &json!({})), [""; 0]);
        assert_eq!(told("sendSms", &json!({"mode": "dryRun", "kind": "marketing"})), [""; 0]);
    }

    #[test]
    fn what_the_old_connector_and_credentials_hold_is_known() {
        let config = json!({"server": "2", "otherServer": "https://host", "keyid": "k",
            "stopLifted": true, "emetteur": "x", "giveUpAfter": "", "whenUnknown": null,
            "kind": "transactional"});
        assert_eq!(told("sendSms", &config), [""; 0]);
    }
}
