//! What a collector of OpenTelemetry gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::cli::{Simulator, isendpro, sms as line, until};
use crate::contract::{sender, sms};
use crate::queues::Queue;
use crate::stage::{Stage, incoming};

/// A collector, which keeps what it is given: texts stand in it as they are.
struct Collector {
    url: String,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = Arc::clone(&all);
                thread::spawn(move || while take(&stream, &all).is_some() {});
            }
        });
        Self { url, taken }
    }

    fn has(&self, text: &str) -> bool {
        let taken = self.taken.lock().unwrap();
        taken.windows(text.len()).any(|it| it == text.as_bytes())
    }
}

/// Takes one request; none when there are no more.
fn take(mut stream: &TcpStream, all: &Mutex<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let head = reader.by_ref().lines().map_while(Result::ok).take_while(|it| !it.is_empty());
    let head: Vec<String> = head.map(|it| it.to_ascii_lowercase()).collect();
    assert!(head.first()?.starts_with("post /v1/traces "), "{head:?}");
    let length = head.iter().find_map(|it| it.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    all.lock().unwrap().extend(body);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()
}

#[test]
fn a_trace_tells_of_a_message_by_its_ids_and_by_nothing_else() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let collector = Collector::start();
    let launch = sender(&stage, &simulator, &serde_json::json!({}));
    let mut step = launch.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).start();
    stage.publish(&incoming(), &sms("0001", "Grüße"));
    stage.next(Queue::Data);
    stage.end(&mut step);
    // What it knows is sent before it ends, but the last answer may still be on its way.
    until("the spans are there", || collector.has("publish"));
    let ids =
        ["threadId", "thread-1", "messageId", "m-in-1", "flowId", "flow1", "stepId", "step_2"];
    for there in ["isendpro-connector", "message", "call", "sendSms"].iter().chain(&ids) {
        assert!(collector.has(there), "no {there}");
    }
    for secret in ["33680010001", "0680010001", "Grüße", "testCryptoPassword", "guest:"] {
        assert!(!collector.has(secret), "{secret}");
    }
    let log = step.log();
    let done = log.iter().find(|it| it["msg"] == "message done").unwrap();
    for elsewhere in ["flowId", "stepId", "otel.kind"] {
        assert!(done.get(elsewhere).is_none(), "{done}");
    }
}

#[test]
fn a_pipe_sends_its_last_spans_before_it_ends() {
    let collector = Collector::start();
    let run = isendpro(&["run", "sendSms", "--server", "simulator"]).key("traced-key");
    let run = run.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).run(line("0001", "a") + "\n");
    run.quiet(0);
    assert!(collector.has("message") && collector.has("call"));
    assert!(!collector.has("traced-key") && !collector.has("680010001"));
}

#[test]
fn a_collector_that_is_not_there_stops_nothing() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let (url, _held) = crate::cli::nobody();
    let launch = sender(&stage, &simulator, &serde_json::json!({}));
    let launch = launch.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url);
    let mut step = launch.env("OTEL_BSP_SCHEDULE_DELAY", "50").start();
    stage.publish(&incoming(), &sms("0001", "a"));
    let (_, result) = stage.next(Queue::Data);
    assert_eq!(result["body"]["status"], "accepted");
    step.says("BatchSpanProcessor");
    stage.end(&mut step);
}
