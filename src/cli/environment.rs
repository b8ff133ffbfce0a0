//! The variables that are ours. A slip in one of their names is not a wish for its default: it would send
//! without a journal, or in earnest what was to be a dry run.

use std::path::Path;

use super::settings::variable;
use super::{Usage, files, keyfile};
use crate::catalog::{ALLOW_CLEARTEXT, CA_FILE, SECRETS, variables};
use crate::component::nearest;
use crate::trust::{self, Authorities};

const PREFIX: &str = "ISENDPRO_";

/// Sees to it that all variables with our prefix are ours, and no secret is given twice. Then trusts the
/// CAs that the environment names.
///
/// # Errors
/// Names each that is not, and the one that was most likely meant; or says why a CA cannot be trusted.
pub fn check() -> Result<(), Usage> {
    let names = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    });
    known_only(names)?;
    allow_cleartext()?;
    trust_own()
}

fn allow_cleartext() -> Result<(), Usage> {
    match variable(ALLOW_CLEARTEXT).as_deref() {
        None | Some("0") => Ok(()),
        Some("1") => {
            trust::allow_cleartext();
            Ok(())
        }
        Some(_) => Err(Usage(format!("{ALLOW_CLEARTEXT} must be 1 or 0"))),
    }
}

fn trust_own() -> Result<(), Usage> {
    let Some(path) = std::env::var_os(CA_FILE).filter(|it| !it.is_empty()) else { return Ok(()) };
    let path = Path::new(&path);
    let file = std::fs::read(path).map_err(|it| files::cannot(CA_FILE, path, &it))?;
    let read = Authorities::read(&file);
    trust::add(read.map_err(|it| Usage(format!("{CA_FILE} {}: {it}", path.display())))?);
    Ok(())
}

fn known_only(given: impl Iterator<Item = (String, String)>) -> Result<(), Usage> {
    let known = variables();
    let ends: Vec<&str> = known.iter().filter_map(|it| it.strip_prefix(PREFIX)).collect();
    let mut ours: Vec<_> = given.filter(|it| it.0.starts_with(PREFIX)).collect();
    ours.sort_unstable();
    let unknown =
        ours.iter().filter(|(name, value)| !known.contains(name) && !of_cluster(name, value));
    let said: Vec<String> = unknown
        .map(|(name, _)| match nearest(name.trim_start_matches(PREFIX), &ends) {
            Some(meant) => format!("{name} (did you mean {PREFIX}{meant}?)"),
            None => name.clone(),
        })
        .collect();
    if !said.is_empty() {
        let names = said.join(", ");
        return Err(Usage(format!(
            "nothing was sent: the environment has a name that is none of ours: {names}; README.md, \
             \"Settings\", lists them; mend it, or unset it"
        )));
    }
    for secret in SECRETS {
        let file = format!("{secret}_FILE");
        let set = |name: &str| ours.iter().any(|it| it.0 == name && !it.1.is_empty());
        if set(secret) && set(&file) {
            return Err(Usage(format!("{secret} and {file} are both set; unset one of them")));
        }
    }
    Ok(())
}

/// Kubernetes tells each container of the services beside it, under names that begin with theirs.
fn of_cluster(name: &str, value: &str) -> bool {
    let numbered = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
    let host = name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    let port = name.ends_with("_PORT") && value.contains("://");
    host || port || name.split_once("_PORT_").is_some_and(|(_, it)| numbered(it))
}

/// The value of a secret: its variable, or what is in the file that its `_FILE` names.
///
/// # Errors
/// When the file cannot be read, or is named by nothing.
pub fn secret(name: &str) -> Result<Option<String>, Usage> {
    let file = format!("{name}_FILE");
    match std::env::var_os(&file) {
        None => Ok(super::settings::variable(name)),
        Some(path) if path.to_string_lossy().trim().is_empty() => Err(Usage(format!(
            "{file} is set, and empty, as an unset variable of a script leaves it; name the file, or \
             unset it"
        ))),
        Some(path) if name == "ISENDPRO_KEYID" => keyfile::read(&file, Path::new(&path)).map(Some),
        Some(path) => keyfile::text(&file, Path::new(&path)).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(given: &[(&str, &str)]) -> String {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        known_only(given).map_or_else(|it| it.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn a_slip_names_the_variable_that_was_meant_and_no_value() {
        for (slip, meant) in [
            ("ISENDPRO_KEYD", "ISENDPRO_KEYID"),
            ("ISENDPRO_KEY_ID", "ISENDPRO_KEYID"),
            ("ISENDPRO_KEYIDFILE", "ISENDPRO_KEYID_FILE"),
            ("ISENDPRO_JOURNALS", "ISENDPRO_JOURNAL"),
            ("ISENDPRO_JOURNAL_FIL", "ISENDPRO_JOURNAL_FILE"),
            ("ISENDPRO_EMETEUR", "ISENDPRO_EMETTEUR"),
            ("ISENDPRO_REGIN", "ISENDPRO_REGION"),
            ("ISENDPRO_TIMEZONE", "ISENDPRO_TIME_ZONE"),
            ("ISENDPRO_STEPFILE", "ISENDPRO_STEP_FILE"),
            ("ISENDPRO_METRIC_ADDR", "ISENDPRO_METRICS_ADDR"),
            ("ISENDPRO_CALLTIMEOUT", "ISENDPRO_CALL_TIMEOUT"),
            ("ISENDPRO_LOGS", "ISENDPRO_LOG"),
            ("ISENDPRO_CAFILE", "ISENDPRO_CA_FILE"),
        ] {
            let said = said(&[(slip, "canary"), ("PATH", "/bin")]);
            assert!(said.contains(&format!("{slip} (did you mean {meant}?)")), "{said}");
            assert!(!said.contains("canary"), "{said}");
        }
        assert!(said(&[("ISENDPRO_COLOUR", "x")]).contains("none of ours: ISENDPRO_COLOUR;"));
    }

    #[test]
    fn all_of_ours_and_those_of_a_cluster_are_fine() {
        for name in variables() {
            assert_eq!(said(&[(&name, "x")]), "fine");
        }
        for (name, value) in [
            ("ISENDPRO_SERVICE_HOST", "10.0.0.1"),
            ("ISENDPRO_SERVICE_PORT", "9464"),
            ("ISENDPRO_SERVICE_PORT_METRICS", "9464"),
            ("ISENDPRO_PORT", "tcp://10.0.0.1:9464"),
            ("ISENDPRO_PORT_9464_TCP", "tcp://10.0.0.1:9464"),
            ("ISENDPRO_PORT_9464_TCP_ADDR", "10.0.0.1"),
            ("ISENDPRO_WORKER_PORT_80_TCP_PROTO", "tcp"),
            ("MY_ISENDPRO_KEY", "x"),
        ] {
            assert_eq!(said(&[(name, value)]), "fine");
        }
        assert_ne!(said(&[("ISENDPRO_PORT", "9464")]), "fine");
        assert!(
            said(&[("ISENDPRO_KEYID", "a"), ("ISENDPRO_KEYID_FILE", "b")]).contains("both set")
        );
    }
}
