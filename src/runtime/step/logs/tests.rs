use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tracing::{debug, error, info, info_span, trace, warn};

use super::*;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of what is logged meanwhile.
fn logged(level: &str, work: impl FnOnce()) -> Vec<Value> {
    let kept = Kept::default();
    let context = [("ELASTICIO_FLOW_ID", "flow1"), ("ELASTICIO_STEP_ID", "st\"ep")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let writer = kept.clone();
    let level = level.parse().unwrap();
    let layer = Bunyan::new(&context, level, move || writer.clone()).with_filter(Audible(level));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn a_line_has_the_form_that_the_platform_reads() {
    let lines = logged("info", || info!(count = 3, "two\nlines"));
    let line = lines[0].as_object().unwrap();
    let names: Vec<&str> = line.keys().map(String::as_str).collect();
    let expected = [
        "name",
        "hostname",
        "pid",
        "ELASTICIO_FLOW_ID",
        "tag",
        "ELASTICIO_STEP_ID",
        "count",
        "level",
        "msg",
        "time",
        "v",
    ];
    assert_eq!(names, expected);
    assert_eq!((&line["tag"], &line["ELASTICIO_STEP_ID"]), (&json!("flow1"), &json!("st\"ep")));
    assert_eq!(
        (&line["level"], &line["msg"], &line["v"]),
        (&json!(30), &json!("two\nlines"), &json!(0))
    );
    assert_eq!(line["pid"], json!(std::process::id()));
    let time = line["time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    time.parse::<jiff::Timestamp>().unwrap();
}

#[test]
fn a_line_carries_the_ids_of_the_message_that_it_is_about() {
    let lines = logged("info", || {
        let message = info_span!(
            "message",
            threadId = "t",
            messageId = "m",
            parentMessageId = tracing::field::Empty
        );
        let inside = message.enter();
        message.record("parentMessageId", "p");
        let _inner = info_span!("inner", messageId = "n").entered();
        info!("in it");
        drop(inside);
    });
    assert_eq!((&lines[0]["threadId"], &lines[0]["parentMessageId"]), (&json!("t"), &json!("p")));
    assert_eq!(lines[0]["messageId"], "n");
    assert!(logged("info", || info!("outside"))[0].get("messageId").is_none());
}

#[test]
fn levels_are_heard_from_the_least_on() {
    let all = || {
        trace!("10");
        debug!("20");
        info!("30");
        warn!("40");
        error!("50");
        error!(fatal = true, "60");
    };
    let table = [
        ("trace", 6),
        ("10", 6),
        ("DEBUG", 5),
        ("", 4),
        ("30", 4),
        ("31", 3),
        ("warn", 3),
        ("50", 2),
        ("fatal", 1),
        ("60", 1),
    ];
    for (level, count) in table {
        let lines = logged(level, all);
        assert_eq!(lines.len(), count, "{level}");
        for line in lines {
            assert_eq!(line["level"].to_string(), line["msg"], "{level}");
        }
    }
    for wrong in ["loud", "-1", "3.5"] {
        assert!(wrong.parse::<LogLevel>().unwrap_err().what.contains("LOG_LEVEL"));
    }
}

#[test]
fn other_crates_are_heard_only_when_they_warn() {
    let lines = logged("trace", || {
        trace!(target: "lapin::frames", "user canary");
        info!(target: "isendpro_connector_of_others", "canary");
        warn!(target: "rustls::client", "a warning");
        warn!(target: "lapin::returned_messages", "a canary in a message");
        trace!(target: "isendpro_connector::runtime", "ours");
    });
    let heard: Vec<_> = lines.iter().map(|it| it["msg"].as_str().unwrap()).collect();
    assert_eq!(heard, ["a warning", "ours"]);
}

#[test]
fn the_brokers_client_is_heard_only_by_those_who_look_for_a_defect() {
    let fails = || error!(target: "lapin::channels", "Connection error");
    assert_eq!((logged("info", fails).len(), logged("debug", fails).len()), (0, 1));
}

#[test]
fn an_error_is_told_as_bunyan_does_and_no_field_hides_the_lines_own() {
    let lines = logged("info", || {
        let error = Error::config("keyid", "is missing");
        warn!(%error, time = 1, name = "n", "no");
    });
    let told = "CONFIGURATION, nothing sent: keyid: is missing";
    assert_eq!(lines[0]["err"], json!({"message": told, "name": "Error", "stack": told}));
    assert_eq!((&lines[0]["_time"], &lines[0]["_name"]), (&json!(1), &json!("n")));
    assert_eq!(lines[0]["name"], "isendpro-connector");
}

#[test]
fn only_what_the_platform_sets_becomes_context() {
    let variables = [
        ("ELASTICIO_FLOW_ID", "f"),
        ("ELASTICIO_USER_ID", ""),
        ("ELASTICIO_CFG", "canary"),
        ("ELASTICIO_API_KEY", "canary"),
        ("ELASTICIO_AMQP_URI", "canary"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(context(variables), [("ELASTICIO_FLOW_ID".to_owned(), "f".to_owned())]);
}

proptest! {
    #[test]
    fn whatever_is_said_is_one_line_of_json(text in "\\PC*|[\\x00-\\x20\"\\\\]*", field in any::<f64>()) {
        let lines = logged("info", || info!(text = text.as_str(), field, debugged = ?text, "{text}"));
        prop_assert_eq!(lines.len(), 1);
        prop_assert_eq!(&lines[0]["msg"], &json!(text));
        prop_assert_eq!(&lines[0]["text"], &json!(text));
    }
}
