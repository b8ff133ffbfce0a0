//! Secrets and people's data go through all that can happen, and are found nowhere that they need
//! not be.

use std::collections::HashSet;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lapin::types::FieldTable;
use serde_json::{Value, json};

use crate::cli::{Simulator, until};
use crate::contract::{impatient, sender};
use crate::platform::{Fault, TOKEN, USER};
use crate::queues::{Message, Queue};
use crate::stage::{Stage, incoming, with};
use crate::step::{IV, Launch, PASSWORD, Step};
use crate::watched::{scrape, watched};

/// The account's key.
const KEY: &str = "canary-key-5f1e";
/// The key of an account without credit.
const EMPTY: &str = "empty-canary-8d2f";
/// A password that the broker does not take.
const BROKER: &str = "canary-broker-90b1";
/// What a platform may answer that repeats what it was told.
const REFLECTED: &str = r#"{"error": "no such user: task-user:api-key-1f3a"}"#;
/// The text of all messages.
const TEXT: &str = "un canari dans la mine";
/// How the numbers begin that they go to, in both forms.
const NUMBERS: [&str; 2] = ["068001", "3368001"];
/// How they end: accepted, refused, throttled, failed, in doubt in five ways, reflecting the key.
const ENDINGS: [&str; 10] =
    ["0001", "0011", "0430", "0500", "0501", "0900", "0901", "0902", "0903", "0908"];

/// All that is looked for. Nobody needs a part of it in the clear.
fn secrets() -> Vec<String> {
    let login = BASE64_STANDARD.encode(format!("{}:{}", USER.0, USER.1));
    let known = [KEY, EMPTY, BROKER, TEXT, PASSWORD, IV, USER.1, TOKEN, "guest:guest", &login];
    known.iter().chain(&NUMBERS).map(|it| (*it).to_owned()).collect()
}

fn look(place: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} is in {place}:\n{text}");
    }
}

/// A way to the broker that can be cut. A new connection finds it whole.
struct Wire {
    address: String,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ends = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&ends);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || std::io::copy(&mut from, &mut to).ok());
                }
                all.lock().unwrap().extend([client, server]);
            }
        });
        Self { address, ends }
    }

    fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            end.shutdown(Shutdown::Both).ok();
        }
    }
}

/// The host and port in the broker's address.
fn host(uri: &str) -> &str {
    uri.split(['@', '/']).nth(3).unwrap()
}

/// What came out so far. All of it is looked through as it is on the broker, and errors also as a
/// person reads them; results are the message's own data.
fn gather(stage: &mut Stage, heard: &mut HashSet<String>, secrets: &[String]) {
    for queue in [Queue::Data, Queue::Error, Queue::Rebound, Queue::Reply, Queue::Snapshot] {
        while stage.queues.count(queue) > 0 {
            let message = stage.queues.next(queue);
            let place = format!("{queue:?}");
            look(&place, &String::from_utf8_lossy(&message.payload), secrets);
            look(&place, &format!("{} {:?}", message.key, printed(&message)), secrets);
            if let Some(sealed) = errors(queue, &message.payload) {
                look(&place, &stage.codec.decrypt(sealed.as_bytes(), 1).to_string(), secrets);
            }
            let headers = message.headers();
            let own = if queue == Queue::Rebound { "messageId" } else { "parentMessageId" };
            heard.extend(headers.get(own).and_then(Value::as_str).map(str::to_owned));
        }
    }
}

/// The headers and properties of a message.
fn printed(message: &Message) -> (Value, lapin::BasicProperties) {
    let bare = message.properties.clone().with_headers(FieldTable::default());
    (message.headers().into(), bare)
}

/// The encrypted texts of an error.
fn errors(queue: Queue, payload: &[u8]) -> Option<String> {
    match queue {
        Queue::Error => {
            let envelope: Value = serde_json::from_slice(payload).unwrap();
            envelope["error"].as_str().map(str::to_owned)
        }
        Queue::Reply => Some(String::from_utf8(payload.to_vec()).unwrap()),
        _ => None,
    }
}

/// A step that says all that it can, with an object store.
fn loud(stage: &Stage, simulator: &Simulator, key: &Value) -> Launch {
    let options = with(impatient(), &json!({"keyid": key, "whenRefused": "throw"}));
    let step = sender(stage, simulator, &options).storage(&stage.platform);
    step.env("LOG_LEVEL", "trace")
        .set("RABBITMQ_PREFETCH_SAILOR", "4")
        .set("ERROR_RATE_LIMIT", "99")
}

fn ended(mut step: Step, code: i32, secrets: &[String]) {
    step.signal("TERM");
    assert_eq!(step.exit(), Some(code), "{}", step.output());
    assert!(step.output().contains(r#""level":30"#), "it says nothing");
    look("the log", &step.output(), secrets);
}

#[test]
fn what_is_secret_is_found_nowhere_whatever_becomes_of_messages() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "50"]));
    let (secrets, mut heard) = (secrets(), HashSet::new());
    let direct = stage.queues.uri();
    let wire = Wire::to(host(direct).to_owned());
    let uri = direct.replace(host(direct), &wire.address);
    let step = watched(loud(&stage, &simulator, &KEY.into())).set("AMQP_URI", &uri).start();
    let mut wanted = HashSet::new();
    let mut publish = |stage: &mut Stage, name: &str, payload: &[u8]| {
        let reply = json!({"messageId": name, "reply_to": stage.queues.name(Queue::Reply)});
        stage.queues.publish(&with(incoming(), &reply), payload);
        wanted.insert(name.to_owned());
    };
    let mistakes = [
        json!({"num": "0680010001", "sms": TEXT, "smss": TEXT}),
        json!({"num": "0680010001 or 0680010002", "sms": TEXT}),
        json!({"num": "0680010001", "sms": TEXT.repeat(60)}),
        json!({"num": "0680010001", "sms": TEXT, "keyid": "refused"}),
        json!({"num": "0680010001", "sms": TEXT, "date_envoi": TEXT}),
    ];
    let well = ENDINGS.map(|it| json!({"num": format!("068001{it}"), "sms": TEXT}));
    for (number, body) in well.iter().chain(&mistakes).enumerate() {
        let payload = stage.codec.encrypt(&json!({ "body": body }), 1);
        publish(&mut stage, &format!("m-{number}"), &payload);
    }
    publish(&mut stage, "garbage", b"Z2FyYmFnZQ==");
    let lost = json!({"headers": {"x-ipaas-object-storage-id": "lost"}, "body": {}});
    let payload = stage.codec.encrypt(&lost, 1);
    publish(&mut stage, "lost", &payload);
    until("some are sent", || simulator.ask("GET", "sent?count=1", "")["total"] != 0);
    wire.cut();
    step.says("no messages can be taken");
    until("all is told", || {
        gather(&mut stage, &mut heard, &secrets);
        wanted.is_subset(&heard)
    });
    let metrics = scrape(&step);
    assert!(metrics.contains("isendpro_messages_total"), "{metrics}");
    look("the metrics", &metrics, &secrets);
    assert!(wanted.iter().all(|id| !metrics.contains(id)), "{metrics}");
    ended(step, 0, &secrets);
}

#[test]
fn what_is_secret_is_found_nowhere_when_a_step_does_not_work() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let (secrets, key) = (secrets(), EMPTY.into());

    let step = loud(&stage, &simulator, &key).start();
    stage.publish(&incoming(), &json!({"body": {"num": "0680010001", "sms": TEXT}}));
    step.says("paused: the account is refused");
    ended(step, 0, &secrets);

    let uri = stage.queues.uri().replace("guest@", &format!("{BROKER}@"));
    let step = loud(&stage, &simulator, &key).set("AMQP_URI", &uri).start();
    step.says("not connected yet");
    ended(step, 0, &secrets);

    stage.platform.fail("GET /v1/tasks", Fault::Status(404, REFLECTED), 1);
    let mut step = loud(&stage, &simulator, &key).start();
    assert_eq!(step.exit(), Some(1));
    look("the log", &step.output(), &secrets);

    let mut step = loud(&stage, &simulator, &key).set("MESSAGE_CRYPTO_IV", TEXT).start();
    assert_eq!(step.exit(), Some(1));
    look("the log", &step.output(), &secrets);

    let mut heard = HashSet::new();
    gather(&mut stage, &mut heard, &secrets);
    assert_eq!(heard, HashSet::from(["m-in-1".to_owned()]));
}
