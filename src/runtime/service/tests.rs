use mockito::{Matcher, Server};
use serde_json::Map;

use super::*;
use crate::component::{AccountTrouble, Diagnosis, Verified};

/// An account that is what its configuration says.
#[derive(Clone)]
struct Account(String);

impl Connection for Account {
    fn connect(config: &Config) -> Result<Self, Error> {
        let is = config.text("is");
        Ok(Self(is.ok_or_else(|| Error::config("is", "is missing").hint("say what it is"))?))
    }

    fn with_key(&self, _: &str) -> Result<Self, Error> {
        Ok(self.clone())
    }

    fn ready(&self) -> Result<(), Error> {
        Ok(())
    }

    fn test_mode(&self) -> Option<&'static str> {
        (self.0 == "simulated").then_some("simulator")
    }

    fn longest_call(&self, _: usize) -> Duration {
        Duration::ZERO
    }

    async fn diagnose(&self, _: u64) -> Diagnosis {
        Diagnosis::Unsure
    }

    fn advice(_: AccountTrouble) -> &'static str {
        ""
    }

    const WHEN_UNKNOWN: &'static str = "";

    async fn verify(&self) -> Result<Verified, Error> {
        match self.0.as_str() {
            "refused" => Err(Error {
                code: Some(902),
                ..Error::new(Kind::AccountKey, "the key is unknown").hint("check the key")
            }),
            "silent" => std::future::pending().await,
            "broken" => panic!("canary"),
            _ => Ok(Verified { message: "fine".to_owned() }),
        }
    }
}

static COMPONENT: Component<Account> = Component { name: "accounts", handlers: &[] };

async fn said(is: Value, longest: Duration) -> Result<(), String> {
    let Value::Object(config) = json!({ "is": is }) else { return Ok(()) };
    verified::<Account>(Config::new(config), longest).await
}

#[tokio::test]
async fn every_end_of_a_verification_has_a_reason_that_a_person_can_act_on() {
    let table = [
        ("fine", Ok(())),
        ("", Err("is: is missing; say what it is")),
        ("refused", Err("the key is unknown (code 902); check the key")),
        ("simulated", Err("testMode: simulator is a test mode, and not for a platform")),
        ("broken", Err("a defect of the connector, not of the credential; see its log")),
    ];
    for (is, expected) in table {
        assert_eq!(said(is.into(), LONGEST).await, expected.map_err(str::to_owned));
    }
    let late = said("silent".into(), Duration::from_millis(1)).await;
    assert_eq!(late.unwrap_err(), "no answer within 0 s; try again");
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
    let with = async |is: &str| {
        let config = json!({ "is": is, "unknown": null }).to_string();
        let defaults = json!({ "is": "fine" });
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
