//! The ledger and the faults over HTTP.

use super::*;

async fn admin(server: &Simulator, method: &str, path: &str, body: &str) -> Answer {
    let path = format!("/_simulator/{path}");
    exchange(server, method, &path, body).await.unwrap()
}

#[tokio::test]
async fn the_ledger_lists_what_was_sent() {
    let server = simulator().await;
    let mut fields = sms_to("0680010203");
    fields["tracker"] = "abc".into();
    fields["emetteur"] = "iSendPro".into();
    post(&server, "sms", &fields).await;
    let listed = admin(&server, "GET", "sent", "").await.json();
    assert_eq!((&listed["total"], &listed["parts"]), (&json!(1), &json!(1)));
    let mut sent = listed["sent"][0].clone();
    let date = sent["date"].take();
    assert!(date.as_str().unwrap().ends_with('Z'), "{date}");
    let expected = json!({
        "num": "0680010203", "tel": "33680010203", "sms": "Bonjour", "emetteur": "iSendPro",
        "tracker": "abc", "parts": 1, "sandbox": false, "date": null, "due": null, "key": "01",
    });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn the_counts_find_what_was_sent_twice() {
    let server = simulator().await;
    for num in ["0600000001", "0600000002", "33600000001"] {
        post(&server, "sms", &sms_to(num)).await;
    }
    let counts = admin(&server, "GET", "sent?count=1", "").await.json();
    let doubled = json!([{"tel": "33600000001", "sms": "Bonjour", "count": 2}]);
    assert_eq!(counts, json!({"total": 3, "distinct": 2, "doubled": doubled}));
    let cleared = admin(&server, "DELETE", "sent", "").await.json();
    assert_eq!(cleared, json!({"cleared": 3}));
    assert_eq!(server.sent(), []);
}

#[tokio::test]
async fn faults_hit_every_nth_send() {
    let server = simulator().await;
    let plan = r#"{"every":2,"fault":"dropTaken","remaining":1}"#;
    assert_eq!(admin(&server, "PUT", "faults", plan).await.status, 200);
    let mut answered = Vec::new();
    for _ in 0..4 {
        let body = sms_to("0600000001").to_string();
        let answer = exchange(&server, "POST", "/cgi-bin/sms", &body).await;
        answered.push(answer.is_some());
        credit_of(&server, "key-01").await;
    }
    assert_eq!(answered, [true, false, true, true]);
    assert_eq!(server.sent().len(), 4);
    let gone = admin(&server, "DELETE", "faults", "").await.json();
    assert_eq!(gone, json!({"cleared": true}));
    let wrong = admin(&server, "PUT", "faults", r#"{"every":1}"#).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn every_fault_is_taken_or_not() {
    let server = simulator().await;
    for (fault, status, taken) in [
        ("drop", None, 0),
        ("dropTaken", None, 1),
        ("status500", Some(500), 0),
        ("status429", Some(429), 0),
        ("html", Some(200), 1),
        ("truncated", Some(200), 1),
        ("empty", Some(200), 1),
    ] {
        admin(&server, "DELETE", "sent", "").await;
        let plan = json!({"every": 1, "fault": fault}).to_string();
        admin(&server, "PUT", "faults", &plan).await;
        let body = sms_to("0600000001").to_string();
        let answer = exchange(&server, "POST", "/cgi-bin/sms", &body).await;
        assert_eq!(answer.map(|answer| answer.status), status, "{fault}");
        assert_eq!(server.sent().len(), taken, "{fault}");
    }
}

#[tokio::test]
async fn no_key_and_no_password_is_shown() {
    let server = simulator().await;
    let add = json!({
        "keyid": "canary-key-01", "subAccountEdit": "addAccount",
        "subAccountLogin": "agence", "subAccountPassword": "canary-password",
    });
    let added = post(&server, "subaccount", &add).await.etat();
    let child = added["subAccountKeyId"].as_str().unwrap().to_owned();
    let mut send = sms_to("0680010203");
    send["keyid"] = "canary-key-01".into();
    post(&server, "sms", &send).await;
    for path in ["sent", "sent?count=1", "accounts", "health"] {
        let answer = admin(&server, "GET", path, "").await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("canary") && !text.contains(&child), "{text}");
    }
    assert!(!format!("{:?}", server.sent()).contains("canary"));
}
