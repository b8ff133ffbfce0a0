//! What the last four digits of a recipient bring about.

use std::sync::Arc;
use std::time::Duration;

use super::*;

async fn sms(server: &Simulator, num: &str) -> Option<Answer> {
    exchange(server, "POST", "/cgi-bin/sms", &sms_to(num).to_string()).await
}

/// Waits for the ledger without a clock.
async fn until_sent(server: &Simulator, count: usize) {
    while server.sent().len() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_refused_recipient_is_an_answer_and_costs_nothing() {
    let server = simulator().await;
    for (num, code) in [("0600000011", "11"), ("0600000021", "21"), ("0600", "922")] {
        let answer = sms(&server, num).await.unwrap();
        assert_eq!((answer.status, &*answer.code()), (200, code));
        assert_eq!(answer.etat()["tel"], num);
        assert_eq!(answer.etat().get("smslong"), None);
    }
    assert_eq!(server.sent(), []);
    assert_eq!(credit_of(&server, "key-01").await, "1000.0");
}

#[tokio::test]
async fn a_throttled_recipient_passes_the_second_time() {
    let server = simulator().await;
    let first = sms(&server, "0600000429").await.unwrap();
    assert_eq!(first.status, 429);
    assert!(first.head.contains("retry-after: 1"), "{}", first.head);
    assert_eq!(server.sent().len(), 0);
    assert_eq!(sms(&server, "0600000429").await.unwrap().code(), "0");
    let mut other = sms_to("0600000429");
    other["sms"] = "Autre texte".into();
    assert_eq!(post(&server, "sms", &other).await.status, 429);
    for _ in 0..3 {
        assert_eq!(sms(&server, "0600000430").await.unwrap().status, 429);
    }
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn several_throttled_recipients_are_throttled_once() {
    let server = simulator().await;
    let nums = ["0600010429", "0600020429"];
    let fields = json!({"keyid": "key-01", "num": nums, "sms": ["Bonjour"]});
    assert_eq!(post(&server, "smsmulti", &fields).await.status, 429);
    assert_eq!(post(&server, "smsmulti", &fields).await.status, 200);
}

#[tokio::test]
async fn what_is_answered_wrongly_is_taken_or_not() {
    let server = simulator().await;
    // Recipient, status, first bytes of the body, whether it was taken.
    for (num, status, body, taken) in [
        ("0600000500", 500, "<html>", 0),
        ("0600000501", 500, "<html>", 1),
        ("0600000900", 200, "<html>", 1),
        ("0600000901", 200, "{\"etat\":{", 1),
        ("0600000902", 200, "", 1),
        ("0600000907", 400, "{\"etat\":{", 0),
        ("0600000908", 400, "{\"etat\":{", 0),
    ] {
        let before = server.sent().len();
        let answer = sms(&server, num).await.unwrap();
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(answer.status, status, "{num}");
        assert!(text.starts_with(body), "{num}: {text}");
        assert_eq!(text.is_empty(), body.is_empty(), "{num}: {text}");
        assert_eq!(answer.json().is_object(), status == 400, "{num}: {text}");
        assert_eq!(server.sent().len() - before, taken, "{num}");
    }
}

#[tokio::test]
async fn refusals_have_a_code_of_no_list_or_the_key_in_clear() {
    let server = simulator().await;
    let unlisted = sms(&server, "0600000907").await.unwrap();
    assert_eq!(unlisted.code(), "999");
    let reflected = sms(&server, "0600000908").await.unwrap().etat();
    assert!(reflected[0]["message"].as_str().unwrap().contains("key-01"));
}

#[tokio::test]
async fn a_dropped_connection_closes_without_a_byte() {
    let server = simulator().await;
    assert!(sms(&server, "0600000905").await.is_none());
    assert_eq!(server.sent().len(), 0);
    assert!(sms(&server, "0600000903").await.is_none());
    assert_eq!(server.sent().len(), 1);
}

/// Sends to one recipient and does not wait for the answer.
async fn unanswered(server: &Simulator, num: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let body = sms_to(num).to_string();
    let length = body.len();
    let head = "POST /cgi-bin/sms HTTP/1.1\r\nhost: localhost";
    let request = format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    until_sent(server, 1).await;
    stream
}

/// How many bytes still come before the connection is closed, or reset.
async fn rest(mut stream: TcpStream) -> usize {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap_or(0)
}

#[tokio::test]
async fn a_silent_answer_ends_with_the_simulator() {
    let server = simulator().await;
    let stream = unanswered(&server, "0600000904").await;
    server.stop().await;
    assert_eq!(rest(stream).await, 0);
}

#[tokio::test]
async fn a_silent_answer_ends_with_the_client() {
    let server = simulator().await;
    let stream = unanswered(&server, "0600000904").await;
    let busy = Arc::strong_count(&server.app);
    drop(stream);
    while Arc::strong_count(&server.app) == busy {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn latency_delays_the_answer_but_not_the_send() {
    let options = Options { latency: Duration::from_secs(3600), ..Options::default() };
    let server = start(options).await.unwrap();
    let stream = unanswered(&server, "0680010203").await;
    server.stop().await;
    assert_eq!(rest(stream).await, 0);
}

#[tokio::test]
async fn in_smsmulti_one_recipient_may_lack_an_entry() {
    let server = simulator().await;
    let nums = ["0600000001", "0600000906", "0600000011"];
    let fields = json!({"keyid": "key-01", "num": nums, "sms": ["Bonjour"]});
    let etat = post(&server, "smsmulti", &fields).await.etat();
    assert_eq!(etat.as_array().unwrap().len(), 2);
    assert_eq!(etat[0]["tel"], "0600000001");
    assert_eq!(etat[1]["code"], "11");
    assert_eq!(server.sent().len(), 2);
}

#[tokio::test]
async fn in_smsmulti_a_transport_scenario_is_for_all() {
    let server = simulator().await;
    let send = async |num: &str| {
        let fields = json!({"keyid": "key-01", "num": ["0600000001", num], "sms": ["a"]});
        exchange(&server, "POST", "/cgi-bin/smsmulti", &fields.to_string()).await
    };
    assert_eq!(send("0600000500").await.unwrap().status, 500);
    assert_eq!(server.sent().len(), 0);
    assert!(send("0600000903").await.is_none());
    assert_eq!(server.sent().len(), 2);
}

#[tokio::test]
async fn a_simulator_that_is_dropped_stops_listening() {
    let server = simulator().await;
    let address = server.address();
    drop(server);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
