use std::sync::{Arc, Mutex};

use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::json;

use super::super::platform::tests::ids;
use super::marker::MARKER;
use super::*;

const TOKEN: &str = "Bearer canary-token";

fn cipher() -> Cipher {
    Cipher::new(Some("testCryptoPassword"), Some("iv=any16_symbols")).unwrap()
}

/// A storage; with a threshold, messages are made lightweight.
pub(in crate::runtime::step) fn storage(server: &ServerGuard, threshold: Option<usize>) -> Storage {
    let settings = StorageSettings {
        uri: format!("{}/store/", server.url()),
        token: "canary-token".into(),
        threshold: threshold.unwrap_or(0),
        emit_lightweight: threshold.is_some(),
    };
    let ids = ids("flow1", "step_1");
    Storage::new(Http::new().unwrap(), &settings, &ids, cipher()).unwrap()
}

/// An object that is asked for so often, and how it is answered.
async fn object(
    server: &mut ServerGuard,
    id: &str,
    status: usize,
    body: &[u8],
    times: usize,
) -> Mock {
    let mock = server.mock("GET", format!("/store/objects/{id}").as_str());
    mock.match_header("authorization", TOKEN)
        .match_header("x-request-id", "f:flow1;s:step_1;m:")
        .with_status(status)
        .with_body(body)
        .expect(times)
        .create_async()
        .await
}

fn sealed(value: &Value) -> Vec<u8> {
    cipher().encrypt(value.to_string().as_bytes(), Protocol::V2)
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

fn light(id: &str) -> Value {
    json!({"id": "m", "headers": {"a": "b", MARKER: id}, "body": {}})
}

#[tokio::test]
async fn a_body_comes_back_and_its_header_goes() {
    let mut server = Server::new_async().await;
    let object = object(&mut server, "o1", 200, &sealed(&json!({"num": "1"})), 2).await;
    for marker in [MARKER, "X-Ipaas-Object-Storage-Id"] {
        let mut message = map(json!({"headers": {"a": "b", marker: "o1"}, "body": {}}));
        storage(&server, None).resolve(&mut message).await.unwrap();
        assert_eq!(Value::from(message), json!({"headers": {"a": "b"}, "body": {"num": "1"}}));
    }
    object.assert_async().await;
}

#[tokio::test]
async fn a_message_with_a_body_keeps_it_whatever_its_header_says() {
    let mut server = Server::new_async().await;
    let object = object(&mut server, "old", 200, &sealed(&json!({"num": "old"})), 0).await;
    let mut stale = map(json!({"headers": {MARKER: "old"}, "body": {"num": "new"}}));
    storage(&server, None).resolve(&mut stale).await.unwrap();
    assert_eq!(Value::from(stale), json!({"headers": {}, "body": {"num": "new"}}));
    for plain in [json!({"body": {}}), json!({"headers": {}, "body": {"a": 1}}), json!({})] {
        let mut message = map(plain.clone());
        storage(&server, None).resolve(&mut message).await.unwrap();
        assert_eq!(Value::from(message), plain);
    }
    object.assert_async().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_had_is_told_from_one_that_may_come() {
    let nonsense = cipher().encrypt(b"canary {", Protocol::V2);
    let table: [(usize, &[u8], usize, Kind, &str); 5] = [
        (404, b"canary-token", 1, Kind::Unusable, "expire"),
        (401, b"canary-token", 1, Kind::Config, ADDRESS),
        (503, b"", 3, Kind::Unavailable, "HTTP 503"),
        (200, b"no ciphertext!!", 1, Kind::Unusable, "object o1"),
        (200, &nonsense, 1, Kind::Unusable, "cannot be decrypted"),
    ];
    for (status, body, times, kind, words) in table {
        let mut server = Server::new_async().await;
        let object = object(&mut server, "o1", status, body, times).await;
        let mut message = map(light("o1"));
        let error = storage(&server, None).resolve(&mut message).await.unwrap_err();
        object.assert_async().await;
        assert_eq!((error.kind, Value::from(message)), (kind, light("o1")), "{status}");
        assert!(error.to_string().contains(words) && !error.what.contains("canary"), "{error}");
    }
}

/// A storage that gives ids in order, and keeps what it was given.
async fn taking(server: &mut ServerGuard, times: usize) -> (Mock, Arc<Mutex<Vec<Value>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&taken);
    let mock = server
        .mock("POST", "/store/objects")
        .match_header("authorization", TOKEN)
        .match_header("content-type", "application/json")
        .with_body_from_request(move |request| {
            let plain = cipher().decrypt(request.body().unwrap(), Protocol::V2).unwrap();
            let body: Value = serde_json::from_slice(&plain).unwrap();
            let id = format!("id-of-{}", body["is"].as_str().unwrap_or("nothing"));
            into.lock().unwrap().push(body);
            json!({ "objectId": id }).to_string().into()
        })
        .expect(times);
    (mock.create_async().await, taken)
}

/// Its own body and the two that it passes on have 12 bytes each.
fn heavy() -> Value {
    json!({
        "headers": {"a": "b"},
        "body": {"is": "own"},
        "passthrough": {
            "one": {"body": {"is": "one"}, "headers": {}},
            "two": {"body": {}, "headers": {MARKER: "id-of-two"}},
            "odd": 5,
        },
    })
}

#[tokio::test]
async fn a_message_above_the_threshold_becomes_lightweight() {
    let mut server = Server::new_async().await;
    let (mock, taken) = taking(&mut server, 2).await;
    let weight = r#"{"is":"own"}{"is":"one"}{}"#.len();
    let mut message = map(heavy());
    storage(&server, Some(weight)).outgoing(&mut message).await;
    assert_eq!(Value::from(message.clone()), heavy(), "at the threshold nothing changes");
    storage(&server, Some(weight - 1)).outgoing(&mut message).await;
    mock.assert_async().await;
    let expected = json!({
        "headers": {"a": "b", MARKER: "id-of-own"},
        "body": {},
        "passthrough": {
            "one": {"body": {}, "headers": {MARKER: "id-of-one"}},
            "two": {"body": {}, "headers": {MARKER: "id-of-two"}},
            "odd": 5,
        },
    });
    assert_eq!(Value::from(message), expected);
    let taken = taken.lock().unwrap().clone();
    assert!(taken.contains(&json!({"is": "own"})) && taken.contains(&json!({"is": "one"})));
}

#[tokio::test]
async fn what_comes_in_light_goes_out_with_its_new_body() {
    let mut server = Server::new_async().await;
    object(&mut server, "old", 200, &sealed(&json!({"is": "old"})), 1).await;
    let (_mock, _taken) = taking(&mut server, 1).await;
    let storage = storage(&server, Some(5));
    let mut message = map(light("old"));
    storage.resolve(&mut message).await.unwrap();
    message["body"] = json!({"is": "new"});
    storage.outgoing(&mut message).await;
    assert_eq!(message["headers"], json!({"a": "b", MARKER: "id-of-new"}));
}

#[tokio::test]
async fn a_storage_that_fails_holds_no_result_back() {
    // A server that is dropped is used again, and a request that was given up may reach it late.
    let mut servers = Vec::new();
    for (status, answer, times) in [(500, "", 6), (403, "", 2), (200, "{}", 2)] {
        let mut server = Server::new_async().await;
        let mock = server.mock("POST", "/store/objects").match_body(Matcher::Any);
        let mock = mock.with_status(status).with_body(answer).expect_at_most(times);
        let mock = mock.create_async().await;
        let mut message = map(heavy());
        storage(&server, Some(1)).outgoing(&mut message).await;
        assert_eq!(Value::from(message), heavy(), "{status}");
        mock.assert_async().await;
        servers.push(server);
    }
}

#[tokio::test]
async fn without_lightweight_messages_what_is_passed_on_is_whole() {
    let mut server = Server::new_async().await;
    let found = object(&mut server, "id-of-two", 200, &sealed(&json!({"is": "two"})), 1).await;
    let mut message = map(heavy());
    message["passthrough"]["three"] = light("gone");
    let gone = object(&mut server, "gone", 404, b"", 1).await;
    storage(&server, None).outgoing(&mut message).await;
    assert_eq!(message["passthrough"]["two"], json!({"body": {"is": "two"}, "headers": {}}));
    assert_eq!(message["passthrough"]["three"], light("gone"), "another may have it still");
    assert_eq!(message["body"], json!({"is": "own"}));
    found.assert_async().await;
    gone.assert_async().await;
}

#[test]
fn a_length_is_that_of_the_text() {
    for value in [json!({"a": ["é", 1.5, null]}), json!({}), json!("")] {
        assert_eq!(length(&value), value.to_string().len());
    }
}

#[tokio::test]
async fn nothing_of_it_is_printed() {
    let server = Server::new_async().await;
    assert_eq!(format!("{:?}", storage(&server, Some(7))), "Storage { threshold: Some(7), .. }");
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_not_asked_for() {
    let mut server = Server::new_async().await;
    let any = server.mock("GET", Matcher::Any).expect(0).create_async().await;
    for id in [
        ".",
        "..",
        ".\t.",
        "\t",
        "..\n",
        "a/b",
        "../snapshots",
        "a\\..",
        "\r",
        "a\u{85}",
        "...",
        "a\u{202e}b",
    ] {
        let mut message = map(light(id));
        let error = storage(&server, None).resolve(&mut message).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unusable, "{id:?}");
        assert!(!error.what.contains(|it: char| is_obeyed(it)), "{error}");
    }
    any.assert_async().await;
    let plain = object(&mut server, "a.b-c_1", 200, &sealed(&json!({"a": 1})), 1).await;
    let mut message = map(light("a.b-c_1"));
    storage(&server, None).resolve(&mut message).await.unwrap();
    assert_eq!(message["body"], json!({"a": 1}));
    plain.assert_async().await;
}
