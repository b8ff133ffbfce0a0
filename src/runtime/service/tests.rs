use mockito::{Matcher, Server};
use serde_json::Map;

use super::*;

static COMPONENT: Component = Component { name: "accounts", handlers: &[] };

#[tokio::test]
async fn every_end_of_a_verification_has_a_reason_that_a_person_can_act_on() {
    let refused = || Error {
        code: Some(902),
        ..Error::new(Kind::AccountKey, "the key is unknown").hint("check the key")
    };
    let said = in_time(LONGEST, async { Ok("fine".to_owned()) }).await;
    assert_eq!(said, Ok(()));
    let said = in_time(LONGEST, async move { Err(refused()) }).await;
    assert_eq!(said.unwrap_err(), "the key is unknown (code 902); check the key");
    let said = in_time(LONGEST, async { panic!("canary") }).await;
    assert_eq!(said.unwrap_err(), "a defect of the connector, not of the credential; see its log");
    let said = in_time(Duration::from_millis(1), std::future::pending()).await;
    assert_eq!(said.unwrap_err(), "no answer within 0 s; try again");

    let said = async |config: Value| {
        let Value::Object(fields) = config else { panic!("no settings") };
        verified(Config::new(fields)).await.unwrap_err()
    };
    let simulated = said(json!({"keyid": "k", "testMode": "simulator"})).await;
    assert_eq!(simulated, "testMode: simulator is a test mode, and not for a platform");
    let missing = said(json!({"server": "https://127.0.0.1:1"})).await;
    assert!(
        missing.starts_with("keyid: is missing; your key is in your iSendPro account"),
        "{missing}"
    );
}

/// What is posted when this is asked, with these variables besides the address.
async fn posted(method: &str, defaults: Value, variables: &[(&str, &str)]) -> Value {
    let mut server = Server::new_async().await;
    let (sender, posted) = std::sync::mpsc::channel();
    let mock = server.mock("POST", "/result").match_header("content-type", "application/json");
    let mock = mock.match_header("authorization", Matcher::Missing);
    let mock = mock.match_request(move |it| sender.send(it.body().unwrap().clone()).is_ok());
    let mock = mock.create_async().await;
    let address = format!("{}/result", server.url());
    let mut all = vec![("ELASTICIO_POST_RESULT_URL".to_owned(), address)];
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let defaults = match defaults {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    answer(&COMPONENT, Config::new(defaults), method, all).await.unwrap();
    mock.assert_async().await;
    serde_json::from_slice(&posted.recv().unwrap()).unwrap()
}

#[tokio::test]
async fn a_credential_replaces_the_settings_of_the_environment() {
    let mut server = Server::new_async().await;
    for (key, answer) in [
        ("fine", r#"{"etat":{"credit":"12.4","quantite":"250"}}"#),
        ("refused", r#"{"etat":{"code":"902","message":"unknown"}}"#),
    ] {
        let asked = Matcher::UrlEncoded("keyid".to_owned(), key.to_owned());
        let mock = server.mock("GET", "/credit").match_query(Matcher::AllOf(vec![asked]));
        mock.with_body(answer).create_async().await;
    }
    let with = async |key: &str| {
        let config = json!({ "keyid": key, "unknown": null }).to_string();
        let defaults = json!({ "keyid": "fine", "server": server.url() });
        posted("verifyCredentials", defaults, &[("ELASTICIO_CFG", &config)]).await
    };
    let fine = json!({"status": "success", "data": {"verified": true}});
    assert_eq!(with("fine").await, fine);
    assert_eq!(with("").await, fine, "an empty field says nothing");
    assert_eq!(with("refused").await["data"]["verified"], false);
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_told_without_the_credential() {
    let error = async |method: &str, variables: &[(&str, &str)]| {
        let posted = posted(method, Value::Null, variables).await;
        assert_eq!(posted["status"], "error");
        posted["data"]["message"].as_str().unwrap().to_owned()
    };
    let verify = "verifyCredentials";
    assert_eq!(error(verify, &[]).await, "ELASTICIO_CFG is not provided");
    for wrong in ["canary", "{\"a\":canary}", "[\"canary\"]", "\"canary\""] {
        let said = error(verify, &[("ELASTICIO_CFG", wrong)]).await;
        assert_eq!(said, "ELASTICIO_CFG cannot be read: it is no JSON object");
    }
    assert_eq!(error("foo", &[]).await, "Unknown service method \"foo\"");
    let named = [("ELASTICIO_ACTION_OR_TRIGGER", "x")];
    assert_eq!(error("getMetaModel", &[]).await, "ELASTICIO_ACTION_OR_TRIGGER is not provided");
    assert!(error("getMetaModel", &named).await.contains("\"x\" is not found in component.json"));
    assert_eq!(error("selectModel", &named).await, "ELASTICIO_GET_MODEL_METHOD is not provided");
    for (name, value) in [("ATTEMPTS", "0"), ("ATTEMPTS", "many"), ("DELAY", "-1")] {
        let name = format!("ELASTICIO_API_REQUEST_RETRY_{name}");
        let said = error(verify, &[(name.as_str(), value), ("ELASTICIO_CFG", "{}")]).await;
        assert!(said.starts_with(&format!("{name}: must be a number")), "{said}");
    }
}
