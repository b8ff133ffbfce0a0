//! What operators see of a step: metrics, and whether it is alive and ready.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use lapin::BasicProperties;
use serde_json::{Value, json};

use crate::cli::{Simulator, ask, isendpro, until};
use crate::contract::{impatient, sender, sms};
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::redis::Redis;
use crate::stage::{Stage, incoming, with};
use crate::step::{Launch, Step};

/// With a port for those who watch.
pub fn watched(launch: Launch) -> Launch {
    launch.env("ISENDPRO_METRICS_ADDR", "127.0.0.1:0")
}

/// Where that is.
fn address(step: &Step) -> String {
    step.says("\"msg\":\"metrics\"");
    let log = step.log();
    let line = log.iter().find(|it| it["msg"] == "metrics").unwrap();
    line["address"].as_str().unwrap().to_owned()
}

/// All metrics.
pub fn scrape(step: &Step) -> String {
    let (head, body) = ask(&address(step), "GET", "/metrics", "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    body
}

/// Whether it is ready, and what it says.
pub fn ready(step: &Step) -> (bool, String) {
    let (head, body) = ask(&address(step), "GET", "/readyz", "");
    let ready = head.starts_with("HTTP/1.1 200");
    assert!(ready || head.starts_with("HTTP/1.1 503"), "{head}");
    (ready, body)
}

/// The value of a series, written as Prometheus writes it; 0 if it is not there.
pub fn value(metrics: &str, series: &str) -> Value {
    let found = metrics.lines().find_map(|it| it.strip_prefix(series)?.strip_prefix(' '));
    found.map_or(json!(0), |it| serde_json::from_str(it).unwrap())
}

#[test]
fn what_becomes_of_messages_is_counted() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let options = with(impatient(), &json!({"whenRefused": "throw"}));
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("journal").display());
    let launch = watched(sender(&stage, &simulator, &options)).env("ISENDPRO_JOURNAL", &journal);
    let mut step = launch.start();
    // Accepted, blacklisted, and refused with 429 until it is put back.
    for (place, ending) in ["0001", "0002", "0011", "0430"].into_iter().enumerate() {
        let ids = json!({"messageId": format!("m-{place}")});
        stage.publish(&with(incoming(), &ids), &sms(ending, &format!("text {place}")));
    }
    stage.next(Queue::Data);
    stage.next(Queue::Data);
    stage.next_error();
    stage.queues.next(Queue::Rebound);
    until("all is counted", || value(&scrape(&step), "isendpro_rebounds_total") == 1);
    let metrics = scrape(&step);
    let count = |series: &str| value(&metrics, series).as_u64().unwrap();
    let message = |outcome: &str, reason: &str| {
        let labels = format!(r#"action="sendSms",outcome="{outcome}",reason="{reason}""#);
        count(&format!("isendpro_messages_total{{{labels}}}"))
    };
    assert_eq!(message("done", ""), 2, "{metrics}");
    assert_eq!(message("refused", "blacklisted"), 1, "{metrics}");
    assert_eq!(message("notSent", "unavailable"), 1, "{metrics}");
    let recipients = |status: &str| {
        count(&format!(r#"isendpro_recipients_total{{action="sendSms",status="{status}"}}"#))
    };
    assert_eq!((recipients("accepted"), recipients("refused")), (2, 1), "{metrics}");
    assert_eq!(count(r#"isendpro_parts_total{action="sendSms"}"#), 2, "{metrics}");
    let calls = |outcome: &str| {
        let labels = format!(r#"operation="sms",outcome="{outcome}""#);
        count(&format!("isendpro_api_call_duration_seconds_count{{{labels}}}"))
    };
    let made = calls("answered") + calls("refused") + calls("notSent");
    assert_eq!(made, 4 + count(r#"isendpro_retries_total{action="sendSms"}"#), "{metrics}");
    let published =
        |what: &str| count(&format!(r#"isendpro_publish_duration_seconds_count{{what="{what}"}}"#));
    assert_eq!((published("data"), published("error"), published("rebound")), (2, 1, 1));
    for purpose in ["read", "write"] {
        assert_eq!(count(&format!(r#"isendpro_connections_total{{purpose="{purpose}"}}"#)), 1);
    }
    assert!(count(r#"isendpro_journal_commit_duration_seconds_count{store="file"}"#) >= 2);
    assert_eq!(count("isendpro_messages_in_flight"), 0, "{metrics}");
    assert!(!metrics.contains("\nisendpro_credit_euros{"), "nobody has asked for it:\n{metrics}");
    stage.end(&mut step);
}

#[test]
fn the_credit_is_shown_as_it_was_last_said() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    stage.platform.set_step(json!({ "config": config }));
    let launch = Launch::ours("getCredit", &stage.queues, &stage.platform);
    let mut step = watched(launch).start();
    stage.publish(&incoming(), &json!({"body": {}}));
    let (_, answer) = stage.next(Queue::Data);
    let shown = |name: &str| value(&scrape(&step), &format!("{name}{{}}")).as_f64();
    assert_eq!(shown("isendpro_credit_euros"), answer["body"]["credit"].as_f64(), "{answer}");
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let now = jiff::Timestamp::now().as_second() as f64;
    let seen = shown("isendpro_credit_seen_timestamp_seconds").unwrap();
    assert!((0.0..60.0).contains(&(now - seen)), "{seen}");

    // Whoever pays with another key has another credit.
    stage.publish(&incoming(), &json!({"body": {"keyid": "empty"}}));
    stage.next(Queue::Data);
    assert_eq!(shown("isendpro_credit_euros"), answer["body"]["credit"].as_f64());
    stage.end(&mut step);
}

#[test]
fn a_step_is_ready_while_it_carries_messages() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = watched(sender(&stage, &simulator, &json!({"keyid": "empty"}))).start();
    step.says("waiting for messages");
    assert_eq!(ready(&step), (true, "ready\n".to_owned()));
    let obstacle =
        |what: &str| value(&scrape(&step), &format!(r#"isendpro_obstacle{{what="{what}"}}"#));
    assert_eq!((obstacle("account"), obstacle("starting")), (json!(0), json!(0)));

    stage.publish(&incoming(), &sms("0001", "a"));
    step.says("paused: the account is refused");
    let (is_ready, why) = ready(&step);
    assert!(!is_ready && why.starts_with("account: iSendPro refuses the account"), "{why}");
    assert_eq!(obstacle("account"), 1);
    let (alive, _) = ask(&address(&step), "GET", "/healthz", "");
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");

    let health = |args: &[&str]| isendpro(&["health"]).args(args);
    let at = address(&step);
    health(&["--live"]).env("ISENDPRO_METRICS_ADDR", &at).run("").says(0, &[]);
    let everywhere = at.replace("127.0.0.1", "0.0.0.0");
    let asked = health(&["--at", &everywhere]).run("");
    assert_eq!((asked.code, asked.stdout.as_str()), (1, why.as_str()));
    stage.end(&mut step);
    health(&["--at", &at]).run("").says(1, &["nobody tells at", &at]);
    health(&[]).run("").says(2, &["ISENDPRO_METRICS_ADDR"]);
}

#[test]
fn a_step_whose_broker_is_gone_is_not_ready() {
    let mut rabbit = Rabbit::start();
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let queues = Queues::declare(&rabbit.uri());
    sender(&stage, &simulator, &json!({}));
    let launch = Launch::ours("sendSms", &queues, &stage.platform);
    let mut step = watched(launch).start();
    step.says("waiting for messages");
    assert!(ready(&step).0);
    rabbit.stop();
    step.says("no messages can be taken");
    let (is_ready, why) = ready(&step);
    assert!(!is_ready && why.starts_with("consumer: the broker cannot be reached"), "{why}");
    until("results cannot go either", || ready(&step).1.contains("\npublisher: the broker"));

    // Nothing is to be published, and it is connected again all the same.
    rabbit.restart();
    until("it is ready again", || ready(&step).0);
    assert_eq!(value(&scrape(&step), r#"isendpro_connections_total{purpose="write"}"#), 2);
    step.signal("TERM");
    assert_eq!(step.exit(), Some(0));
}

#[test]
fn a_step_that_has_nothing_to_do_tells_when_its_journal_is_gone() {
    let mut redis = Redis::start();
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let launch = watched(sender(&stage, &simulator, &json!({})));
    let mut step = launch.env("ISENDPRO_JOURNAL", &redis.url()).start();
    step.says("waiting for messages");
    assert!(ready(&step).0);
    redis.stop();
    step.says("the journal does not answer");
    assert_eq!(ready(&step), (false, "journal: the journal fails\n".to_owned()));
    assert_eq!(value(&scrape(&step), r#"isendpro_obstacle{what="journal"}"#), 1);

    redis.restart();
    step.says("the journal answers again");
    assert!(ready(&step).0);
    stage.publish(&incoming(), &sms("0001", "a"));
    stage.next(Queue::Data);
    assert_eq!((simulator.total(), ready(&step).0), (1, true));
    stage.end(&mut step);
}

#[test]
fn a_broker_that_takes_nothing_is_told_also_when_nothing_more_could_begin() {
    let mut rabbit = Rabbit::start();
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.queues = Queues::declare(&rabbit.uri());
    let input = (
        BasicProperties::default().with_delivery_mode(2),
        stage.codec.encrypt(&sms("0001", "a"), 1),
    );
    stage.queues.publish_all(Queue::Input, vec![input]);
    rabbit.stop();
    rabbit.restart_with("vm_memory_high_watermark.absolute = 1KB");
    let launch = watched(sender(&stage, &simulator, &json!({})));
    let step = launch.set("RABBITMQ_PREFETCH_SAILOR", "1").start();
    // It has one message in hand, and its result is not taken.
    step.says("the broker takes nothing");
    assert_eq!(simulator.total(), 1);
    let (is_ready, why) = ready(&step);
    assert!(!is_ready && why.starts_with("blocked: the broker takes nothing"), "{why}");
}

#[test]
fn a_broker_that_comes_back_and_takes_nothing_is_there_and_is_waited_for() {
    let mut rabbit = Rabbit::start();
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&["--latency", "1000"]));
    stage.queues = Queues::declare(&rabbit.uri());
    let folder = tempfile::tempdir().unwrap();
    let journal = format!("file:{}", folder.path().join("sent.journal").display());
    let launch = watched(sender(&stage, &simulator, &json!({})));
    let launch = launch.set("AMQP_PERSISTENT_MESSAGES", "true");
    let mut step = launch.env("ISENDPRO_JOURNAL", &journal).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    until("it is under way", || simulator.total() == 1);
    rabbit.stop();
    let tries = |step: &Step| step.output().matches("not published yet").count();
    until("its result has found no broker a few times", || tries(&step) >= 4);
    rabbit.restart_with("vm_memory_high_watermark.absolute = 1KB");
    step.says("the broker takes nothing");
    until("messages can be taken", || !ready(&step).1.contains("consumer: "));
    let expected = "blocked: the broker takes nothing, for lack of memory or disk\n";
    assert_eq!(ready(&step), (false, expected.to_owned()));

    rabbit.stop();
    rabbit.restart();
    assert_eq!(stage.next(Queue::Data).1["body"]["status"], "accepted");
    until("it is ready", || ready(&step).0);
    stage.end(&mut step);
    assert_eq!(simulator.total(), 1);
}

/// It tries to tell the platform for 30 seconds.
#[test]
fn why_a_step_does_not_start_is_in_its_log_also_when_the_broker_takes_nothing() {
    let mut rabbit = Rabbit::start();
    let stage = Stage::new();
    let queues = Queues::declare(&rabbit.uri());
    rabbit.stop();
    rabbit.restart_with("vm_memory_high_watermark.absolute = 1KB");
    let mut step = Launch::ours("nothing", &queues, &stage.platform).start();
    step.says("ELASTICIO_FUNCTION: nothing is no action or trigger");
    assert_eq!(step.exit(), Some(1), "{}", step.output());
    let log = step.log();
    let said: Vec<_> = log.iter().filter_map(|it| it["msg"].as_str()).collect();
    let untold = "the platform was not told: the broker does not take it";
    assert_eq!(said, ["the step cannot start", untold, "the step has ended"]);
}

#[test]
fn a_port_that_is_taken_is_told_and_nothing_is_taken_from_the_queue() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let launch = sender(&stage, &simulator, &json!({}));
    let mut step = launch.env("ISENDPRO_METRICS_ADDR", &address).start();
    stage.publish(&incoming(), &sms("0001", "a"));
    assert_eq!(step.exit(), Some(1));
    let last = step.log().pop().unwrap();
    let said = last["err"]["message"].as_str().unwrap();
    assert!(said.starts_with("CONFIGURATION, nothing sent: ISENDPRO_METRICS_ADDR: "), "{said}");
    assert!(said.contains(&address), "{said}");
    assert_eq!((stage.queues.count(Queue::Input), simulator.total()), (1, 0));
}

#[test]
fn only_what_is_there_is_answered() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = watched(sender(&stage, &simulator, &json!({}))).start();
    let address = address(&step);
    let status = |method: &str, path: &str| -> Value {
        ask(&address, method, path, "").0.split(' ').nth(1).unwrap().parse::<u16>().unwrap().into()
    };
    assert_eq!(status("GET", "/"), 404);
    assert_eq!(status("POST", "/metrics"), 405);
    assert_eq!(status("GET", "/healthz"), 200);
    step.says("waiting for messages");
    stage.end(&mut step);
}

/// Each holds a connection and asks for nothing, or not to the end.
#[test]
fn a_thousand_silent_connections_do_not_keep_out_a_probe() {
    let (stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = watched(sender(&stage, &simulator, &json!({}))).start();
    step.says("waiting for messages");
    let address = address(&step);
    let mut silent = Vec::new();
    for number in 0..1000 {
        let mut connection = TcpStream::connect(&address).unwrap();
        // The step may have dropped it already.
        connection.write_all(&b"GET /metrics HTTP/1.1\r\nx: y"[..number % 28]).ok();
        silent.push(connection);
        if number % 50 == 49 {
            let asked = Instant::now();
            assert_eq!(ready(&step), (true, "ready\n".to_owned()));
            scrape(&step);
            assert!(asked.elapsed() < Duration::from_secs(1), "{number}: {:?}", asked.elapsed());
        }
    }
    for mut connection in silent {
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let ended = connection.read_to_end(&mut Vec::new());
        let waiting = ended.is_err_and(|it| it.kind() == ErrorKind::WouldBlock);
        assert!(!waiting, "whoever stays silent is let go");
    }
    stage.end(&mut step);
}
