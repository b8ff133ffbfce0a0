//! A step's surroundings: its queues, its platform, and what was said in it of each message.

use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use isendpro_connector::runtime::step::cipher::{Cipher, Protocol};
use lapin::BasicProperties;
use serde_json::{Value, json};

use super::amqp;
use super::messages::Shape;
use super::platform::Platform;
use super::queues::{Message, Queue, Queues};
use super::rabbit::Rabbit;
use super::rabbit_shared;
use super::stage::soon;
use super::step::{IV, Launch, PASSWORD};
use super::worker::{BINARY, Worker};

/// Where nothing happens for so long, nothing more will: a message is held for 10 s at most.
const QUIET: Duration = Duration::from_secs(15);
/// How long a message may be on its way from one queue to another.
const BETWEEN: Duration = Duration::from_secs(2);

/// The step's own user of a broker, where it has one, and the password.
const STEP: &str = "step";

/// A step of a flow, and the broker that its queues are in.
pub struct Flow {
    queues: OnceCell<Queues>,
    /// The broker, if it is not the one that all rows share.
    rabbit: RefCell<Option<Rabbit>>,
    /// Whether its messages are another user's.
    others: Cell<bool>,
    platform: Platform,
    cipher: Cipher,
    /// What is run as the step.
    program: PathBuf,
    /// How many messages were given to it.
    given: Cell<usize>,
    /// What was said so far, each with its time.
    said: RefCell<Vec<(i64, String)>>,
    /// How much was said when it was looked last, and since when nothing changes.
    quiet: Cell<(u32, Instant)>,
}

impl Flow {
    /// One without queues: they are made when they are needed.
    pub fn new() -> Rc<Self> {
        Self::of(Path::new(BINARY))
    }

    /// The same, whose step is this program.
    pub fn of(program: &Path) -> Rc<Self> {
        let platform = Platform::start();
        platform.set_step(json!({"config": {"keyid": "main", "kind": "transactional"}}));
        Rc::new(Self {
            queues: OnceCell::new(),
            rabbit: RefCell::default(),
            others: Cell::new(false),
            platform,
            cipher: Cipher::new(Some(PASSWORD), Some(IV)).unwrap(),
            program: program.to_owned(),
            given: Cell::new(0),
            said: RefCell::default(),
            quiet: Cell::new((0, Instant::now())),
        })
    }

    /// The queues.
    pub fn queues(&self) -> &Queues {
        self.queues.get_or_init(|| Queues::declare(rabbit_shared::uri()))
    }

    /// Gives it a broker of its own, before it has queues.
    pub fn own_broker(&self) {
        let rabbit = Rabbit::start();
        self.use_broker(&rabbit.uri());
        self.rabbit.replace(Some(rabbit));
    }

    /// Makes its queues in the broker at this address, before it has any.
    pub fn use_broker(&self, uri: &str) {
        assert!(self.queues.set(Queues::declare(uri)).is_ok(), "it has queues already");
    }

    /// Gives the step this field, beside those that it needs.
    pub fn field(&self, name: &str, value: &str) {
        let mut config = json!({"keyid": "main", "kind": "transactional"});
        config[name] = value.into();
        self.platform.set_step(json!({ "config": config }));
    }

    /// Has its messages come from another user of its own broker, who has them copied to their own queue.
    pub fn give_in_anothers_name(&self) {
        let definitions = json!({
            "vhosts": [{"name": "/"}],
            "users": [{"name": STEP, "password": STEP, "tags": ""}],
            "permissions":
                [{"user": STEP, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), definitions.to_string()).unwrap();
        let mut rabbit = self.rabbit();
        rabbit.stop();
        rabbit.restart_with(&format!("load_definitions = {}", file.path().display()));
        self.others.set(true);
    }

    /// Its own broker.
    pub fn rabbit(&self) -> RefMut<'_, Rabbit> {
        RefMut::map(self.rabbit.borrow_mut(), |it| it.as_mut().expect("it shares a broker"))
    }

    /// A step with 50 in flight, which publishes as fast as it can.
    pub fn worker(self: &Rc<Self>, shape: Shape, errors: &Path) -> Worker {
        self.quiet.set((0, Instant::now()));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let launch = Launch::new(&self.program, &["step"], folder)
            .step(shape.action(), self.queues(), &self.platform)
            .env("HOSTNAME", "step")
            .env("LOG_LEVEL", "warn")
            .set("RABBITMQ_PREFETCH_SAILOR", "50")
            .set("DATA_RATE_LIMIT", "1000000")
            .set("ERROR_RATE_LIMIT", "1000000")
            .set("REBOUND_INITIAL_EXPIRATION", "200")
            .set("AMQP_PERSISTENT_MESSAGES", if self.shares() { "" } else { "true" });
        let worker = Worker::new(launch.command(), errors, Some(Rc::clone(self)));
        if !self.others.get() {
            return worker;
        }
        worker.broker(&self.queues().uri().replace("guest:guest@", &format!("{STEP}:{STEP}@")))
    }

    fn shares(&self) -> bool {
        self.rabbit.borrow().is_none()
    }

    /// Gives it these messages, each with an id.
    pub fn give(&self, lines: &[String]) {
        let first = self.given.replace(self.given.get() + lines.len());
        let message = |(number, line): (usize, &String)| {
            let body: Value = serde_json::from_str(line).unwrap();
            self.message(&format!("m-{number}"), &body)
        };
        let messages = (first..).zip(lines).map(message).collect();
        self.queues().publish_all(Queue::Input, messages);
    }

    /// Gives it one message of this id.
    pub fn post(&self, id: &str, body: &Value) {
        self.queues().publish_all(Queue::Input, vec![self.message(id, body)]);
    }

    fn message(&self, id: &str, body: &Value) -> (BasicProperties, Vec<u8>) {
        let mut headers = json!({"messageId": id, "threadId": "thread-1"});
        let plain = json!({ "body": body }).to_string();
        let mut properties = BasicProperties::default().with_delivery_mode(2);
        if self.others.get() {
            let input = self.queues().name(Queue::Input);
            (headers["CC"], headers["BCC"]) = (json!([input]), json!([input]));
            properties = properties.with_user_id("guest".into());
        }
        let properties = properties.with_headers(amqp::table(&headers));
        (properties, self.cipher.encrypt(plain.as_bytes(), Protocol::V1))
    }

    /// Whether it was given anything.
    pub fn is_given(&self) -> bool {
        self.given.get() > 0
    }

    /// How much was said that nobody has read.
    pub fn results(&self) -> usize {
        let count = |queue| self.queues().count(queue) as usize;
        count(Queue::Data) + count(Queue::Error)
    }

    /// How much waits to be carried.
    pub fn waiting(&self) -> usize {
        let count = |queue| self.queues().count(queue) as usize;
        count(Queue::Input) + count(Queue::Rebound)
    }

    /// Whether something waits to be carried.
    pub fn is_waiting(&self) -> bool {
        self.waiting() > 0
    }

    /// Whether nobody has anything more to do: all is said, or nothing more will be.
    pub fn is_done(&self) -> bool {
        let results = u32::try_from(self.results()).unwrap();
        if self.is_waiting() || self.quiet.get().0 != results {
            self.quiet.set((results, Instant::now()));
        }
        let all = results as usize + self.said.borrow().len() >= self.given.get();
        all && !self.is_waiting() || self.quiet.get().1.elapsed() > QUIET
    }

    /// Whether something comes to wait after all: it may have been on its way.
    pub fn comes_to_wait(&self) -> bool {
        soon(BETWEEN, || self.is_waiting())
    }

    /// What was said so far, as the pipe says it, and the last word last.
    pub fn words(&self) -> String {
        let mut said = self.said.borrow_mut();
        for queue in [Queue::Data, Queue::Error] {
            said.extend(self.queues().drain(queue).iter().map(|it| self.read(queue, it)));
        }
        said.sort_by_key(|it| it.0);
        said.iter().map(|it| it.1.as_str()).collect()
    }

    /// What a message of the queue of results or of errors says, as the pipe says it, and when.
    pub fn read(&self, queue: Queue, message: &Message) -> (i64, String) {
        let line = match queue {
            Queue::Data => self.decrypt(&message.payload),
            _ => {
                let sealed: Value = serde_json::from_slice(&message.payload).unwrap();
                let part = |name: &str| self.decrypt(sealed[name].as_str().unwrap().as_bytes());
                json!({"error": {"kind": part("error")["name"]}, "body": part("errorInput")["body"]})
            }
        };
        (message.headers()["end"].as_i64().unwrap(), format!("{line}\n"))
    }

    fn decrypt(&self, payload: &[u8]) -> Value {
        let read = |plain: &[u8]| Ok(serde_json::from_slice(plain).unwrap());
        self.cipher.open(payload, Protocol::V1, read).unwrap()
    }
}
