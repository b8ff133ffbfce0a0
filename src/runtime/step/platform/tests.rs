use std::sync::atomic::{AtomicUsize, Ordering};

use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::{Value, json};

use super::*;

const QUICK: Retry = Retry { attempts: 3, delay: Duration::from_millis(1) };
/// Of `user:canary-key`.
const BASIC: &str = "Basic dXNlcjpjYW5hcnkta2V5";
const STEP: &str = "/base/v1/tasks/flow1/steps/step_1";
const STARTUP: &str = "/base/sailor-support/hooks/task/flow1/startup/data";

pub(in crate::runtime::step) fn ids(flow: &str, step: &str) -> Ids {
    let other = || "other".to_owned();
    Ids {
        flow: flow.to_owned(),
        exec: other(),
        step: step.to_owned(),
        container: other(),
        workspace: other(),
        user: other(),
        comp: other(),
        function: other(),
    }
}

/// Retries with hardly a wait, so many of them.
pub(in crate::runtime::step) fn quick(attempts: u32) -> settings::Retry {
    let millisecond = Duration::from_millis(1);
    settings::Retry { delay: millisecond, max_delay: millisecond, attempts: Some(attempts) }
}

fn platform(server: &ServerGuard) -> Platform {
    let api = ApiAccess {
        uri: format!("{}/base", server.url()),
        username: "user".to_owned(),
        key: "canary-key".into(),
    };
    let platform = Platform::new(Http::new().unwrap(), &api, quick(2)).unwrap();
    assert_eq!(platform.patience, LEAST, "a start is not given up sooner than Node's");
    Platform { patience: QUICK, ..platform }
}

async fn mock(
    server: &mut ServerGuard,
    method: &str,
    path: &str,
    status: usize,
    body: &str,
) -> Mock {
    let mock = server.mock(method, path).match_header("authorization", BASIC);
    mock.with_status(status).with_body(body).create_async().await
}

#[tokio::test]
async fn a_step_is_read_as_the_platform_tells_it() {
    let mut server = Server::new_async().await;
    let answer = json!({
        "config": {"keyid": "canary", "_account": "a1"},
        "snapshot": [1],
        "is_passthrough": true,
        "variables": {"x": 1},
        "id": "step_1",
    });
    let mock = mock(&mut server, "GET", STEP, 200, &answer.to_string()).await;
    let step = platform(&server).step(&ids("flow1", "step_1")).await.unwrap();
    mock.assert_async().await;
    assert_eq!(Value::from(step.config.clone()), answer["config"]);
    assert_eq!((&step.snapshot, step.passthrough), (&json!([1]), true));
    assert_eq!(Value::from(step.variables.clone()), json!({"x": 1}));
    assert!(!format!("{step:?}").contains("canary"));
}

#[tokio::test]
async fn what_a_step_does_not_say_is_empty() {
    for answer in [json!({}), json!({"config": null, "snapshot": null, "is_passthrough": "true"})] {
        let step = StepData::read(answer.to_string().as_bytes()).unwrap();
        assert!(step.config.is_empty() && step.variables.is_empty() && !step.passthrough);
        assert_eq!(step.snapshot, json!({}));
    }
}

#[tokio::test]
async fn a_step_that_is_none_is_an_error_that_quotes_nothing() {
    for answer in [
        "\"canary\"",
        "{\"config\":\"canary\"}",
        "{\"variables\":[\"canary\"]}",
        "{\"config\":{\"canary\":1",
        "",
    ] {
        let mut server = Server::new_async().await;
        mock(&mut server, "GET", STEP, 200, answer).await;
        let error = platform(&server).step(&ids("flow1", "step_1")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unusable, "{answer}");
        assert!(!format!("{error:?}").contains("canary"), "{error}");
        assert!(error.to_string().contains(ADDRESS), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_tells_its_reason() {
    let mut server = Server::new_async().await;
    let refusal = format!("no step for canary-key ({BASIC})");
    let mock = mock(&mut server, "GET", STEP, 404, &refusal).await;
    let error = platform(&server).step(&ids("flow1", "step_1")).await.unwrap_err().to_string();
    mock.expect(1).assert_async().await;
    let said = "CONFIGURATION, nothing sent: the platform does not say what this step is: the \
                answer was HTTP 404: no step for *** (Basic ***); check ELASTICIO_API_URI and the \
                credentials that go with it";
    assert_eq!(error, said);
}

#[tokio::test]
async fn a_platform_that_fails_is_asked_three_times() {
    let mut server = Server::new_async().await;
    let mock = mock(&mut server, "GET", STEP, 500, "oops").await;
    let error = platform(&server).step(&ids("flow1", "step_1")).await.unwrap_err();
    mock.expect(3).assert_async().await;
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test]
async fn ids_do_not_change_where_is_asked() {
    let mut server = Server::new_async().await;
    let mock = mock(&mut server, "GET", "/base/v1/tasks/a%2Fb%3Fc/steps/%23d", 200, "{}").await;
    let odd = ids("a/b?c", "#d");
    platform(&server).step(&odd).await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn a_start_leaves_an_empty_note() {
    let mut server = Server::new_async().await;
    let post = server
        .mock("POST", STARTUP)
        .match_header("authorization", BASIC)
        .match_header("content-type", "application/json")
        .match_body(Matcher::Exact("{}".to_owned()))
        .with_status(201)
        .create_async()
        .await;
    platform(&server).start_up("flow1").await.unwrap();
    post.assert_async().await;
}

#[tokio::test]
async fn a_note_of_an_earlier_start_is_written_anew() {
    let mut server = Server::new_async().await;
    let posts = AtomicUsize::new(0);
    let post = server
        .mock("POST", STARTUP)
        .with_status_code_from_request(move |_| [409, 201][posts.fetch_add(1, Ordering::SeqCst)])
        .expect(2)
        .create_async()
        .await;
    let delete = mock(&mut server, "DELETE", STARTUP, 204, "").await;
    platform(&server).start_up("flow1").await.unwrap();
    post.assert_async().await;
    delete.assert_async().await;
}

#[tokio::test]
async fn a_note_that_is_not_taken_is_an_error() {
    let mut server = Server::new_async().await;
    mock(&mut server, "POST", STARTUP, 400, "{\"error\":\"no\"}").await;
    let error = platform(&server).start_up("flow1").await.unwrap_err();
    assert!(error.what.contains("HTTP 400: {\"error\":\"no\"}"), "{error}");
}

#[tokio::test]
async fn a_stop_takes_the_note_away_if_there_is_one() {
    for status in [200, 404] {
        let mut server = Server::new_async().await;
        let get = mock(&mut server, "GET", STARTUP, status, "{}").await;
        let delete = mock(&mut server, "DELETE", STARTUP, status, "").await;
        platform(&server).shut_down("flow1").await.unwrap();
        get.assert_async().await;
        delete.assert_async().await;
    }
    let mut server = Server::new_async().await;
    mock(&mut server, "GET", STARTUP, 500, "").await;
    assert_eq!(platform(&server).shut_down("flow1").await.unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn an_address_that_is_none_is_named_by_its_variable() {
    for uri in ["", "api.example.org", "ftp://example.org", "http://"] {
        let error = address(uri, ADDRESS).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(ADDRESS), "{uri}");
    }
    let secret = address("://user:canary@host", ADDRESS).unwrap_err();
    assert!(!format!("{secret:?}").contains("canary"));
}
