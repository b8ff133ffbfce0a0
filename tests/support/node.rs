//! The platform's own runtime, on Node: what ours has to be a drop-in for.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::cli::{Running, program};
use super::platform::Platform;
use super::queues::Queues;
use super::step::{IV, Launch, PASSWORD};

/// Where its packages are.
fn folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers"));
    let package = folder.join("node_modules/elasticio-sailor-nodejs/package.json");
    let package = std::fs::read_to_string(package).unwrap_or_default();
    assert!(
        package.contains(r#""version": "2.7.8""#),
        "run `npm ci --ignore-scripts` in tests/peers to run these tests; scripts/test does"
    );
    folder
}

/// A step with a function of `tests/peers/component.json`.
pub fn step(function: &str, queues: &Queues, platform: &Platform) -> Launch {
    let run = "node_modules/elasticio-sailor-nodejs/run.js";
    Launch::new("node", &[run], &folder()).step(function, queues, platform)
}

/// A service call, such as `verifyCredentials`, with this configuration.
pub fn service(method: &str, config: &str, platform: &Platform) -> Launch {
    let run = "node_modules/elasticio-sailor-nodejs/runService.js";
    Launch::new("node", &[run, method], &folder()).service(config, platform)
}

/// A script that answers lines with lines.
fn peer(script: &str) -> Running {
    let script = folder().join(script);
    let path = std::env::var("PATH").unwrap_or_default();
    program("node", &[script.to_str().unwrap()]).env("PATH", &path).start()
}

/// Its cipher, in a process that answers until it is dropped.
pub struct Codec(Running);

impl Codec {
    /// Starts it.
    pub fn start() -> Self {
        Self(peer("codec.js"))
    }

    /// The bytes of an AMQP message, as protocol 1 or 2 has them.
    pub fn encrypt(&mut self, message: &Value, protocol: u8) -> Vec<u8> {
        let answer = self.ask(json!({ "encrypt": message }), protocol);
        BASE64_STANDARD.decode(answer["payload"].as_str().unwrap()).unwrap()
    }

    /// What is in the bytes of an AMQP message.
    pub fn decrypt(&mut self, payload: &[u8], protocol: u8) -> Value {
        let mut answer = self.ask(json!({ "decrypt": BASE64_STANDARD.encode(payload) }), protocol);
        assert_eq!(answer.get("error"), None, "{}", String::from_utf8_lossy(payload));
        answer["message"].take()
    }

    fn ask(&mut self, mut question: Value, protocol: u8) -> Value {
        question["protocol"] = protocol.into();
        question["password"] = PASSWORD.into();
        question["iv"] = IV.into();
        self.0.send(&question.to_string());
        self.0.line()
    }
}

/// What evaluates mappings, in a process that answers until it is dropped.
pub struct Mapper(Running);

impl Mapper {
    /// Starts it.
    pub fn start() -> Self {
        Self(peer("mapper.js"))
    }

    /// What a mapping makes of a message's body and of what went before; null is nothing.
    pub fn map(&mut self, expression: &str, body: &Value, passthrough: &Value) -> Value {
        let question =
            json!({ "expression": expression, "body": body, "passthrough": passthrough });
        self.0.send(&question.to_string());
        let mut answer = self.0.line();
        assert_eq!(answer.get("error"), None, "{expression}");
        answer["result"].take()
    }
}
