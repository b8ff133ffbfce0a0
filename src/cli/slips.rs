//! What is most likely meant by a command line that clap refuses.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::actions;

/// How to say it, in place of clap's own words. No value that was given is repeated.
pub fn meant(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => command(text(ContextKind::InvalidSubcommand)?),
        ErrorKind::UnknownArgument => flag(text(ContextKind::InvalidArg)?),
        ErrorKind::MissingRequiredArgument if text(ContextKind::InvalidArg) == Some("<ACTION>") => {
            Some(
                "which action? for example: isendpro run sendSms < messages.ndjson; `isendpro actions` \
                 lists them"
                    .to_owned(),
            )
        }
        _ => None,
    }
}

fn command(given: &str) -> Option<String> {
    let name = match given {
        "send" | "sms" | "envoyer" => "sendSms",
        other => actions::find(other).ok()?.meta.name,
    };
    Some(format!(
        "there is no command {given}; messages are sent by: isendpro run {name} < messages.ndjson"
    ))
}

fn flag(given: &str) -> Option<String> {
    let name = given.split('=').next().unwrap_or(given);
    let said = match name {
        "--keyid" | "--key" | "--api-key" => {
            "a key in a flag can be read by every user of this machine; set ISENDPRO_KEYID, or use \
             --keyid-file or --config"
        }
        "--to" | "--num" | "--sms" | "--text" | "--message" | "--from" => {
            "is no flag: numbers and texts are in the messages, such as \
             echo '{\"num\":\"0680010203\",\"sms\":\"Bonjour\"}' | isendpro run sendSms"
        }
        "--csv" | "--file" => {
            "is no flag: messages are JSON, from --input FILE or stdin; a table is told with the way to \
             make messages of it"
        }
        _ => return None,
    };
    Some(format!("{name}: {said}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_is_tried_first_leads_on() {
        for (line, expected) in [
            ("send", "isendpro run sendSms <"),
            ("send clients.csv", "isendpro run sendSms <"),
            ("sendsms", "isendpro run sendSms <"),
            ("SENDSMSMULTI", "isendpro run sendSmsMulti <"),
            ("getCredit", "isendpro run getCredit <"),
            ("run", "which action?"),
            ("plan --compare-credit", "which action?"),
            ("run sendSms --keyid canary", "set ISENDPRO_KEYID"),
            ("check --keyid=canary", "set ISENDPRO_KEYID"),
            ("run sendSms --to 0680010203", "are in the messages"),
            ("run sendSms --sms=Bonjour", "are in the messages"),
            ("run sendSms --csv clients.csv", "messages are JSON"),
        ] {
            let error = Cli::try_parse_from(["isendpro"].into_iter().chain(line.split(' ')));
            let said = meant(&error.unwrap_err()).unwrap_or_default();
            assert!(said.contains(expected) && !said.contains("canary"), "{line}: {said}");
        }
        let other = Cli::try_parse_from(["isendpro", "run", "sendSms", "--whatever"]);
        assert_eq!(meant(&other.unwrap_err()), None);
    }
}
