//! JSON Schema's findings, said to people.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::message::shown_name;
use super::{Error, Kind};
use crate::printable::is_obeyed;

/// At most this many mistakes are named in one error.
const MOST: usize = 8;
/// Most characters of a name that is looked up among the known ones, and shown: those of a stranger may
/// be endless.
const LONGEST_NAME: usize = 64;

/// Everything that is wrong with a value, in one error; nothing if it is as it should be.
pub fn check(
    validator: &Validator,
    value: &Value,
    kind: Kind,
    known: &[String],
) -> Result<(), Error> {
    if validator.is_valid(value) {
        return Ok(());
    }
    let found: Vec<_> = validator.iter_errors(value).collect();
    let missing: Vec<&str> = found.iter().filter_map(missing).collect();
    let mistakes: Vec<Mistake> =
        found.iter().flat_map(|it| describe(it, known, &missing)).take(MOST).collect();
    let more = found.iter().map(count).sum::<usize>().saturating_sub(MOST);
    let mut what: Vec<String> = mistakes.iter().map(|it| it.words.clone()).collect();
    if more > 0 {
        what.push(format!("and {more} more"));
    }
    let field = mistakes.into_iter().next().map(|it| it.field.into());
    Err(Error { field, ..Error::new(kind, what.join("; ")) })
}

struct Mistake {
    field: String,
    words: String,
}

/// The name of a field that has to be there.
fn missing<'a>(found: &'a ValidationError) -> Option<&'a str> {
    match found.kind() {
        ValidationErrorKind::Required { property } => property.as_str(),
        _ => None,
    }
}

/// How many mistakes this is.
fn count(found: &ValidationError) -> usize {
    match found.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.len(),
        _ => 1,
    }
}

/// What is wrong, in words: of many at one place, no more than an error names.
fn describe(found: &ValidationError, known: &[String], missing: &[&str]) -> Vec<Mistake> {
    let at = path(found.instance_path());
    let here = |words: String| {
        let named = if at.is_empty() { words } else { format!("{at}: {words}") };
        vec![Mistake { field: at.clone(), words: named }]
    };
    match found.kind() {
        ValidationErrorKind::Required { property } => {
            let field = join(&at, property.as_str().unwrap_or_default());
            vec![Mistake { words: format!("{field}: is missing or empty"), field }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().take(MOST).map(|name| unknown(&at, name, known, missing)).collect()
        }
        ValidationErrorKind::Type { kind } => {
            here(format!("must be {}, found {}", expected(kind), found_type(found.instance())))
        }
        ValidationErrorKind::Enum { options } => here(format!("must be one of {}", list(options))),
        ValidationErrorKind::Constant { expected_value } => {
            here(format!("must be {expected_value}"))
        }
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } => {
            here("is none of the values that may stand here".to_owned())
        }
        ValidationErrorKind::Minimum { limit } => here(format!("must be {limit} or more")),
        ValidationErrorKind::Maximum { limit } => here(format!("must be {limit} or less")),
        ValidationErrorKind::MinItems { .. } => here("must hold at least one value".to_owned()),
        ValidationErrorKind::MaxLength { limit } => {
            here(format!("must be at most {limit} characters"))
        }
        ValidationErrorKind::MinLength { limit } => {
            here(format!("must be at least {limit} characters"))
        }
        other => here(format!("breaks the rule \"{}\" of the schema", other.keyword())),
    }
}

fn unknown(at: &str, name: &str, known: &[String], missing: &[&str]) -> Mistake {
    if name.chars().nth(LONGEST_NAME).is_some() {
        let field = join(at, &name.chars().take(LONGEST_NAME).chain(['…']).collect::<String>());
        let words = format!("{field}: is not a field of this message");
        return Mistake { field, words };
    }
    let field = join(at, name);
    let meant = other_name(name, missing).or_else(|| slip(name, known, missing));
    let advice = match meant.or_else(|| alike(name, known, 0.66)) {
        Some(nearest) => format!("did you mean \"{nearest}\"? "),
        None => String::new(),
    };
    let words = format!(
        "{field}: is not a field of this message; {advice}your own data goes under \"meta\""
    );
    Mistake { field, words }
}

/// The field that is missing, where this is its name in other APIs.
fn other_name<'a>(name: &str, missing: &[&'a str]) -> Option<&'a str> {
    let meant = match name.to_lowercase().as_str() {
        "message" | "text" | "texte" | "body" | "content" => "sms",
        "to" | "tel" | "phone" | "mobile" | "number" | "numero" | "recipient" => "num",
        _ => return None,
    };
    missing.iter().copied().find(|it| *it == meant)
}

/// The known name that was most likely meant, if any is near.
pub fn nearest<'a, T: AsRef<str>>(name: &str, known: &'a [T]) -> Option<&'a str> {
    slip(name, known, &[]).or_else(|| alike(name, known, 0.85))
}

/// The known name that is most like this one, if that is more than `least`.
fn alike<'a, T: AsRef<str>>(name: &str, known: &'a [T], least: f64) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let likeness = |it: &'a T| (likeness(&it.as_ref().to_lowercase(), &lower), it.as_ref());
    let near = known.iter().map(likeness).filter(|(likeness, _)| *likeness > least);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, it)| it)
}

/// The known name that is a slip away: one letter, or two of a longer name; the fewest, and of
/// equals one that is missing.
fn slip<'a, T: AsRef<str>>(name: &str, known: &'a [T], missing: &[&str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let most = if name.chars().count() < 6 { 1 } else { 2 };
    let known = known.iter().map(AsRef::as_ref).filter(|it| it.len() > 1);
    let slips = known.map(|it| (strsim::damerau_levenshtein(&it.to_lowercase(), &name), it));
    let near = slips.filter(|(slips, _)| *slips <= most);
    near.min_by_key(|(slips, it)| (*slips, !missing.contains(it))).map(|(_, it)| it)
}

/// From 0 to 1: a common beginning counts, and so does a slip of two letters.
fn likeness(a: &str, b: &str) -> f64 {
    let slip = strsim::normalized_damerau_levenshtein(a, b);
    let alike = strsim::jaro_winkler(a, b);
    if alike > 0.75 { alike.max(slip) } else { slip }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => name_of(&one.to_string()).to_owned(),
        TypeKind::Multiple(several) => several
            .iter()
            .map(|it| it.to_string())
            .filter(|it| it != "null")
            .map(|it| name_of(&it).to_owned())
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

fn name_of(json_type: &str) -> &str {
    match json_type {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// The type of a value, in words.
pub fn found_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn list(options: &Value) -> String {
    let names: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| !it.is_null())
        .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        .collect();
    match names.len() {
        0..=12 => names.join(", "),
        many => format!("{}, ... ({many} values)", names[..12].join(", ")),
    }
}

fn path(location: &Location) -> String {
    location.into_iter().fold(String::new(), |path, segment| match segment {
        LocationSegment::Property(name) => join(&path, &name),
        LocationSegment::Index(index) => format!("{path}[{index}]"),
    })
}

/// A name may hold what a terminal obeys: it is escaped. One that a secret has slipped into is cut.
fn join(at: &str, name: &str) -> String {
    let name = &*shown_name(name);
    let is_plain = !name.chars().any(is_obeyed);
    let name: Cow<'_, str> =
        if is_plain { name.into() } else { name.escape_debug().to_string().into() };
    if at.is_empty() { name.into_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(value: &Value) -> String {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["num", "sms"],
            "properties": {"num": {"type": "string"}, "sms": {"type": ["string", "null"]},
                "zone": {"enum": ["a", "b"]}, "smslong": {"type": "integer", "minimum": 1},
                "people": {"type": "array", "items": {"type": "object", "required": ["num"]}}}});
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let known: Vec<String> = ["num", "sms", "zone", "people"].map(str::to_owned).into();
        check(&validator, value, Kind::Invalid, &known)
            .map_or_else(|it| it.what, |()| "fine".to_owned())
    }

    #[test]
    fn every_mistake_is_named_at_once_with_its_place() {
        assert_eq!(said(&json!({"num": "06", "sms": "x"})), "fine");
        assert_eq!(said(&json!({})), "num: is missing or empty; sms: is missing or empty");
        assert_eq!(
            said(&json!({"num": {}, "sms": []})),
            "num: must be text, found an object; sms: must be text, found a list"
        );
        assert_eq!(
            said(&json!({"num": "06", "sms": "x", "zone": "c", "smslong": 0})),
            "zone: must be one of a, b; smslong: must be 1 or more"
        );
        assert_eq!(
            said(&json!({"num": "06", "sms": "x", "people": [{"num": "1"}, {}]})),
            "people[1].num: is missing or empty"
        );
    }

    #[test]
    fn an_unknown_field_names_the_nearest_known_one() {
        assert_eq!(
            said(&json!({"num": "06", "sms": "x", "nums": 1})),
            "nums: is not a field of this message; did you mean \"num\"? your own data goes under \"meta\""
        );
        assert_eq!(
            said(&json!({"num": "06", "sms": "x", "qqq": 1})),
            "qqq: is not a field of this message; your own data goes under \"meta\""
        );
    }

    #[test]
    fn names_of_strangers_are_shortened_counted_and_escaped() {
        let mut message = json!({"num": "06", "sms": "x"});
        message["é".repeat(65)] = 1.into();
        let long = format!("{}…: is not a field of this message", "é".repeat(64));
        assert_eq!(said(&message), long);

        let mut message = json!({"num": "06", "sms": "x"});
        for number in 0..100_000 {
            message[format!("q{number:06}")] = 1.into();
        }
        let many = said(&message);
        assert!(
            many.starts_with("q000000: is not") && many.ends_with("; and 99992 more"),
            "{many}"
        );
        assert_eq!(many.matches("is not a field").count(), 8);

        let mut message = json!({"num": "06", "sms": "x"});
        message["\u{1b}[2J\n\u{9b}m"] = 1.into();
        assert!(
            said(&message).starts_with(r"\u{1b}[2J\n\u{9b}m: is not a field"),
            "{}",
            said(&message)
        );
    }

    #[test]
    fn the_name_of_a_missing_field_in_other_apis_is_known() {
        for (name, field, meant) in
            [("to", "num", true), ("message", "sms", true), ("text", "num", false)]
        {
            let mut message = json!({"num": "06", "sms": "x"});
            message.as_object_mut().unwrap().remove(field);
            message[name] = "x".into();
            let said = said(&message);
            assert_eq!(said.contains(&format!("did you mean \"{field}\"?")), meant, "{said}");
        }
    }

    #[test]
    fn one_letter_is_nearer_than_a_common_beginning_and_what_is_missing_is_nearest() {
        let known = ["numAzur", "nom", "num", "sms", "smslong", "emetteur"];
        let near = |name: &str| nearest(name, &known);
        assert_eq!(near("nums"), Some("num"));
        assert_eq!(near("smss"), Some("sms"));
        assert_eq!(near("emmeteur"), Some("emetteur"));
        assert_eq!(near("NumAzure"), Some("numAzur"));
        assert_eq!(near("texte"), None);
        assert_eq!(slip("nm", &known, &["num"]), Some("num"));
        assert_eq!(slip("nm", &known, &["nom"]), Some("nom"));
    }
}
