//! The input of a pipe, up to what each action plans for it.

use std::collections::HashSet;
use std::sync::LazyLock;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::catalog::COMPONENT;
use crate::component::{Bound, Config, MessageKey, Role, WHOLE, Work};
use crate::runtime::pipe::{Line, Lines, json as written};

const MOST: usize = 64 * 1024;
/// So many digits at the end of a number are the same however it is written.
const ENDING: usize = 6;

/// All actions, each with settings that let it do much.
static ACTIONS: LazyLock<Vec<Box<dyn Bound>>> = LazyLock::new(|| {
    let settings = [
        json!({"kind": "transactional"}),
        json!({"kind": "marketing", "textPolicy": "ucs2", "region": "RE", "batchSize": 2}),
    ];
    let actions = COMPONENT.handlers.iter().filter(|it| it.role == Role::Action);
    let bound = actions.flat_map(|handler| {
        settings.iter().map(|it| {
            let config = Config::new(it.as_object().unwrap().clone());
            handler.bind(&config).unwrap()
        })
    });
    bound.collect()
});

/// The bytes are the input.
pub fn read(bytes: &[u8]) {
    let mut lines = Lines::new(bytes, MOST);
    while let Some((_, line)) = lines.next().now_or_never().unwrap().unwrap() {
        let Line::Text(text) = line else { continue };
        let Ok(body) = written::read(&text) else { continue };
        let mut given = Vec::new();
        digits(&body, &mut given);
        for action in ACTIONS.iter() {
            plan(action.as_ref(), body.clone(), &given);
        }
    }
}

/// No number is called that nobody has named.
fn plan(action: &dyn Bound, body: Value, given: &[String]) {
    let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
    let Ok(task) = action.prepare(body, now) else { return };
    let Work::Calls(mut job) = task.work else { return };
    job.track(MessageKey([7; 32]));
    let parts = job.parts();
    let mut called = HashSet::new();
    for (part, info) in parts.iter().enumerate() {
        let slots = job.slots(part);
        let numbers = slots.iter().filter(|it| it.index != WHOLE);
        for slot in numbers {
            let ending = &slot.tel[slot.tel.len().saturating_sub(ENDING)..];
            assert!(given.iter().any(|it| it.contains(ending)), "nobody has named {}", slot.tel);
            assert!(called.insert(slot.index), "the same recipient twice");
        }
        assert!(info.recipients <= slots.len());
    }
}

/// The digits of each text and number of a message, whatever stands between them.
fn digits(value: &Value, given: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|it| digits(it, given)),
        Value::Object(fields) => fields.values().for_each(|it| digits(it, given)),
        Value::String(text) => given.push(text.chars().filter_map(digit).collect()),
        Value::Number(number) => given.push(number.as_str().chars().filter_map(digit).collect()),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A digit, also one of those as wide as Chinese characters.
fn digit(character: char) -> Option<char> {
    let place = u32::from(character).checked_sub(0xff10).filter(|it| *it < 10);
    place.and_then(|it| char::from_digit(it, 10)).or(Some(character)).filter(char::is_ascii_digit)
}
