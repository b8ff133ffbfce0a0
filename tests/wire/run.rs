//! One message through one action, as the runtimes do it. Whatever comes out is searched for
//! secrets, so that every test of this suite is a test of that too.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{BoxFuture, Config, Emit, Error, Journal, Message, Scope};
use isendpro_connector::runtime::{Admission, Engine, Memory, Stop, Verdict};
use serde_json::{Value, json};

/// The account's key; it must not come out anywhere.
pub const KEY: &str = "CanaryKey5f3a9c21";
/// The password of a sub-account; neither must this.
pub const PASSWORD: &str = "CanaryPassword7b1d";

/// An action, set up.
pub struct Step(Engine);

/// What came of a message.
#[derive(Debug)]
pub struct Ran {
    pub results: Vec<Value>,
    pub verdict: Verdict,
}

#[derive(Default)]
struct Collect(Mutex<Vec<Value>>);

impl Emit for Collect {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        self.0.lock().unwrap().push(result);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A configuration: the server and the key, nothing tried again, then `settings`.
pub fn config(url: &str, settings: Value) -> Config {
    let mut config = Config::default();
    config.set("server", url);
    config.set("keyid", KEY);
    config.set("giveUpAfter", 0);
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    for (name, value) in settings {
        config.set(&name, value);
    }
    config
}

impl Step {
    pub fn new(action: &str, url: &str, settings: Value) -> Self {
        Self::with(action, url, settings, Stop::new().1)
    }

    /// The same in a run that is to stop.
    pub fn stopped(action: &str, url: &str, settings: Value) -> Self {
        let (stopper, stop) = Stop::new();
        stopper.stop();
        Self::with(action, url, settings, stop)
    }

    /// The same with a memory.
    pub fn remembering(
        action: &str,
        url: &str,
        settings: Value,
        journal: impl Journal + 'static,
    ) -> Self {
        let Self(engine) = Self::new(action, url, settings);
        Self(engine.memory(Memory::of_step(Arc::new(journal), Scope([0; 16]))))
    }

    /// The same with the memory of a run of the pipe, which may be a run that is to stop.
    pub fn in_run(
        action: &str,
        url: &str,
        settings: Value,
        memory: Memory,
        is_stopped: bool,
    ) -> Self {
        let (stopper, stop) = Stop::new();
        if is_stopped {
            stopper.stop();
        }
        let Self(engine) = Self::with(action, url, settings, stop);
        Self(engine.memory(memory))
    }

    /// The same, which finishes what it has when it is to stop.
    pub fn finishing(self) -> Self {
        Self(self.0.finishing_for(Duration::from_secs(60)))
    }

    /// The same, guarded.
    pub fn guarded(self, guard: Arc<dyn Admission>) -> Self {
        Self(self.0.admission(guard))
    }

    fn with(action: &str, url: &str, settings: Value, stop: Stop) -> Self {
        let handler = COMPONENT.handler(action).unwrap();
        let config = config(url, settings);
        Self(Engine::new(handler, &config, Duration::ZERO, stop).unwrap())
    }

    pub async fn run(&self, body: Value) -> Ran {
        self.take(Message::new(body)).await
    }

    /// What the broker delivers again.
    pub async fn run_again(&self, body: Value) -> Ran {
        self.take(Message { redelivered: true, ..Message::new(body) }).await
    }

    /// Tells the message as not sent, for good; false if a copy of it has been sent.
    pub async fn give_up(&self, message: Message) -> bool {
        self.0.give_up(&named(message)).await.unwrap()
    }

    pub async fn take(&self, message: Message) -> Ran {
        let out = Collect::default();
        let verdict = self.0.handle(named(message), &out).await;
        let ran = Ran { results: out.0.into_inner().unwrap(), verdict };
        ran.hides(&[KEY, PASSWORD]);
        ran
    }
}

/// The message with an id: without one a step could not tell whether it comes again.
fn named(message: Message) -> Message {
    Message { id: Some("m-1".to_owned()), ..message }
}

/// One message through an action without further settings.
pub async fn run(action: &str, url: &str, body: Value) -> Ran {
    Step::new(action, url, json!({})).run(body).await
}

impl Ran {
    /// The only result of a message that met no error.
    pub fn result(&self) -> &Value {
        assert!(self.verdict.error.is_none() && self.results.len() == 1, "{self:#?}");
        &self.results[0]
    }

    /// The error of a message that led to no result.
    pub fn error(&self) -> &Error {
        assert!(self.results.is_empty(), "{self:#?}");
        self.verdict.error.as_ref().unwrap_or_else(|| panic!("no error: {self:#?}"))
    }

    /// Searches everything that people and platforms may see.
    pub fn hides(&self, secrets: &[&str]) {
        let results: String = self.results.iter().map(Value::to_string).collect();
        let error = self.verdict.error.as_ref();
        let error = error.map(|it| format!("{it}\n{it:?}\n{}", it.to_json())).unwrap_or_default();
        for secret in secrets {
            assert!(!results.contains(secret) && !error.contains(secret), "{secret} in {self:#?}");
        }
    }
}

/// A date in the API's form, a month ahead, in French winter or summer time.
pub fn next_month() -> String {
    let now = jiff::Zoned::now().in_tz("Europe/Brussels").unwrap();
    let day = now.date().checked_add(jiff::ToSpan::days(30)).unwrap();
    format!("{day} 18:00")
}

/// A recorded reply.
pub fn reply(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/resources/replies/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|it| panic!("{path}: {it}"))
}

/// Whether `whole` has everything of `part`; lists must be of the same length.
pub fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, it)| whole.get(name).is_some_and(|its| holds(its, it)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(its, it)| holds(its, it))
        }
        _ => whole == part,
    }
}
