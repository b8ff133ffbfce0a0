//! What an HTTP answer of iSendPro means.

use std::hint::black_box;

use serde_json::Value;

use crate::isendpro::{Operation, Outcome, Received, judge};

const SENDS: [Operation; 2] = [Operation::Sms, Operation::SmsMulti];

/// Three bytes choose the operation and the status; the rest is the body.
pub fn read(bytes: &[u8]) {
    let ([operation, high, low], body) = super::chosen(bytes);
    let operation = Operation::ALL[usize::from(operation) % Operation::ALL.len()];
    let status = 100 + u16::from_be_bytes([high, low]) % 500;
    judged(operation, status, body);
    // The statuses that matter most, whatever was chosen.
    for status in [200, 400, 429, 500] {
        for operation in SENDS.into_iter().chain([operation]) {
            judged(operation, status, body);
        }
    }
}

fn judged(operation: Operation, status: u16, body: &[u8]) {
    let received = Received { status, retry_after: None, body };
    let outcome = judge(operation, &received);
    let text = received.text();
    let answer = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    let accepts = answer.is_ok_and(|it: Value| it.get("etat").is_some_and(accepts));
    if SENDS.contains(&operation) && accepts {
        let denied = matches!(outcome, Outcome::Refused(_) | Outcome::NotSent(_));
        assert!(!denied, "HTTP {status}: what was accepted is told as not sent");
    }
    if let Outcome::Answered(reply) = outcome {
        for entry in &reply.entries {
            black_box((entry.code(), entry.message(), entry.tel(), entry.number("credit")));
        }
    }
}

/// True if an entry, on any level, says that an SMS was taken.
fn accepts(value: &Value) -> bool {
    match value {
        Value::Array(entries) => entries.iter().any(accepts),
        Value::Object(fields) => {
            let zero = |it: &Value| it == 0 || it == "0";
            let inner = fields.iter().filter(|it| it.0 == "etat" || it.0.parse::<u32>().is_ok());
            fields.get("code").is_some_and(zero) || inner.map(|it| it.1).any(accepts)
        }
        _ => false,
    }
}
