//! How a message says that its body is elsewhere.

use std::io;

use serde_json::{Map, Value};

/// The header of a message, not of a request, that names the object which holds its body.
pub(super) const MARKER: &str = "x-ipaas-object-storage-id";

/// The id of the object that holds the body, if the body is not here.
pub(super) fn stored(message: &Map<String, Value>) -> Option<String> {
    let empty = match message.get("body") {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    };
    let headers = message.get("headers")?.as_object()?;
    let (_, id) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(MARKER))?;
    id.as_str().filter(|it| empty && !it.is_empty()).map(str::to_owned)
}

/// Takes the header away.
pub(super) fn unmark(message: &mut Map<String, Value>) {
    if let Some(Value::Object(headers)) = message.get_mut("headers") {
        headers.retain(|name, _| !name.eq_ignore_ascii_case(MARKER));
    }
}

/// Names the object that holds the body, in its place.
pub(super) fn mark(message: &mut Map<String, Value>, id: String) {
    unmark(message);
    message.insert("body".to_owned(), Map::new().into());
    let headers = message.entry("headers").or_insert_with(|| Map::new().into());
    if !headers.is_object() {
        *headers = Map::new().into();
    }
    headers[MARKER] = id.into();
}

/// The messages of the steps before, by the steps' names.
pub(super) fn passthrough(
    message: &Map<String, Value>,
) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    let passed = message.get("passthrough").and_then(Value::as_object);
    passed.into_iter().flatten().filter_map(|(name, it)| Some((name, it.as_object()?)))
}

/// Changes the message of a step before.
pub(super) fn passed_on(
    message: &mut Map<String, Value>,
    name: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) {
    let passed = message.get_mut("passthrough").and_then(|it| it.get_mut(name));
    if let Some(Value::Object(passed)) = passed {
        change(passed);
    }
}

/// How many bytes a value takes as JSON.
pub(super) fn length(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither writing a value nor counting can fail.
    serde_json::to_writer(&mut count, value).ok();
    count.0
}
