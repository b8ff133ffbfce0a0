//! What is left of a result that is larger than the platform takes.

use serde_json::{Map, Value};

/// The field that says that something is missing.
const TRUNCATED: &str = "truncated";
/// The API's own answer, which says nothing that the rest of a result does not.
const RAW: &str = "raw";
/// The statuses of what went well.
const FINE: [&str; 2] = ["accepted", "planned"];

/// A result with its counts and its problems: what went well is only counted.
pub fn problems(result: &Value) -> Value {
    cut(result, |name, value| match value {
        _ if name == RAW => None,
        Value::Array(list) => Some(list.iter().filter(|it| is_problem(it)).cloned().collect()),
        _ => Some(value.clone()),
    })
}

/// A result with nothing but its counts, and what else is no list.
pub fn counts(result: &Value) -> Value {
    cut(result, |_, value| Some(value.clone()).filter(|it| !it.is_array() && !it.is_object()))
}

fn cut(result: &Value, keep: impl Fn(&str, &Value) -> Option<Value>) -> Value {
    let Value::Object(fields) = result else { return result.clone() };
    let kept = |(name, value): (&String, &Value)| Some((name.clone(), keep(name, value)?));
    let mut short: Map<_, _> = fields.iter().filter_map(kept).collect();
    short.insert(TRUNCATED.to_owned(), true.into());
    short.into()
}

/// Whether an entry of a list is worth its place: a row of data is not, a warning is.
fn is_problem(entry: &Value) -> bool {
    let Value::Object(entry) = entry else { return true };
    entry.get("status").and_then(Value::as_str).is_some_and(|it| !FINE.contains(&it))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn first_goes_what_went_well_and_then_all_lists() {
        let bad = |status: &str| json!({"index": 1, "status": status});
        let results = json!([bad("accepted"), bad("refused"), bad("planned"), bad("unknown")]);
        let whole = json!({
            "accepted": 1, "results": results, "warnings": ["old"], "rows": [{"a": 1}],
            "raw": [{}], "retry": {"num": ["1"]}, "mode": "simulator",
        });
        let problems = problems(&whole);
        let expected = json!({
            "accepted": 1, "results": [bad("refused"), bad("unknown")], "warnings": ["old"],
            "rows": [], "retry": {"num": ["1"]}, "mode": "simulator", "truncated": true,
        });
        assert_eq!(problems, expected);
        let expected = json!({"accepted": 1, "mode": "simulator", "truncated": true});
        assert_eq!(counts(&problems), expected);
    }

    #[test]
    fn what_has_no_fields_stays_as_it_is() {
        assert_eq!((problems(&json!([1])), counts(&json!("text"))), (json!([1]), json!("text")));
    }
}
