//! `isendpro service`: what a platform is told, how often, and with which exit code.

use std::sync::{Arc, Mutex};

use mockito::{Server, ServerGuard};
use serde_json::{Value, json};

use crate::cli::{Cli, Finished, Simulator, isendpro, json, nobody, program, web_server};

/// A request as the platform gets it.
#[derive(Debug, Clone, PartialEq)]
struct Posted {
    authorization: String,
    body: Value,
}

/// Names and values.
type Variables = &'static [(&'static str, &'static str)];

/// Where a platform wants results.
struct Platform {
    server: ServerGuard,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Platform {
    /// One that answers with these statuses; the last for ever.
    fn new(statuses: &'static [usize]) -> Self {
        let mut server = Server::new();
        let posted = Arc::new(Mutex::new(Vec::<Posted>::new()));
        let into = Arc::clone(&posted);
        let mock = server.mock("POST", "/result?token=canary-token");
        let mock = mock.match_header("content-type", "application/json");
        let mock = mock.with_header("location", "http://127.0.0.1:1/elsewhere");
        let mock = mock.with_status_code_from_request(move |request| {
            let mut posted = into.lock().unwrap();
            let authorization = request.header("authorization").first().copied();
            posted.push(Posted {
                authorization: authorization.map_or("", |it| it.to_str().unwrap()).to_owned(),
                body: serde_json::from_slice(request.body().unwrap()).unwrap(),
            });
            statuses[(posted.len() - 1).min(statuses.len() - 1)]
        });
        mock.create();
        Self { server, posted }
    }

    /// Its address, with this before the host.
    fn url(&self, user: &str) -> String {
        self.server.url().replace("http://", &format!("http://{user}"))
            + "/result?token=canary-token"
    }

    fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    /// The one answer that it got, which `service` gave and then ended with 0.
    fn told(&self, service: Cli) -> Value {
        let finished = ended(service.env("ELASTICIO_POST_RESULT_URL", &self.url("")));
        assert_eq!(finished.code, 0, "{finished:?}");
        let posted = self.posted.lock().unwrap().split_off(0);
        assert_eq!(posted.len(), 1, "{posted:?}");
        posted[0].body.clone()
    }
}

fn service(method: &str) -> Cli {
    isendpro(&["service", method])
        .env("ELASTICIO_API_REQUEST_RETRY_DELAY", "1")
        .env("LOG_LEVEL", "trace")
}

/// A question about a credential at this server.
fn verify(server: &str, key: &str) -> Cli {
    let config = json!({
        "keyid": key,
        "server": "custom",
        "otherServer": server,
        "_account": "canary-account",
    });
    service("verifyCredentials").env("ELASTICIO_CFG", &config.to_string())
}

/// Runs it to its end. Whatever it logs is JSON, and no secret.
fn ended(service: Cli) -> Finished {
    let finished = service.env("ELASTICIO_FLOW_ID", "flow1").run("");
    for line in finished.lines() {
        assert_eq!((&line["tag"], &line["v"]), (&json!("flow1"), &json!(0)), "{line}");
    }
    assert!(!format!("{finished:?}").contains("canary"), "{finished:?}");
    assert_eq!(finished.stderr, "");
    finished
}

fn success() -> Value {
    json!({"status": "success", "data": {"verified": true}})
}

/// The reason of a credential that does not work.
fn reason(told: &Value) -> String {
    assert_eq!((&told["status"], &told["data"]["verified"]), (&json!("success"), &json!(false)));
    told["data"]["reason"].as_str().unwrap().to_owned()
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no \"{word}\" in: {text}");
    }
}

#[test]
fn a_credential_that_works_is_verified_once() {
    let (platform, simulator) = (Platform::new(&[200]), Simulator::start(&[]));
    assert_eq!(platform.told(verify(&simulator.url, "canary-key")), success());
    assert_eq!(simulator.total(), 0);
    let finished = ended(
        verify(&simulator.url, "canary-key")
            .env("ELASTICIO_POST_RESULT_URL", &platform.url("user:canary%40%C3%A9@")),
    );
    assert_eq!(finished.code, 0);
    // Of `user:canary@é`.
    assert_eq!(platform.posted()[0].authorization, "Basic dXNlcjpjYW5hcnlAw6k=");
}

#[test]
fn a_question_is_asked_by_the_command_lines_of_node() {
    let (platform, simulator) = (Platform::new(&[200]), Simulator::start(&[]));
    let folder = tempfile::tempdir().unwrap();
    let bash = folder.path().join("bash");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_isendpro"), &bash).unwrap();
    let by_link = program(bash.to_str().unwrap(), &["serve.sh", "verifyCredentials"]);
    let script = "./node_modules/elasticio-sailor-nodejs/runService.js";
    let words = ["tini", "-v", "-e", "143", "--", "node", script, "verifyCredentials"];
    for asked in [by_link, isendpro(&words)] {
        let config =
            json!({"keyid": "canary-key", "server": "custom", "otherServer": simulator.url});
        let asked = asked.env("ELASTICIO_CFG", &config.to_string());
        assert_eq!(platform.told(asked), success());
    }
}

#[test]
fn a_credential_that_does_not_work_is_told_with_what_to_do() {
    let (platform, simulator) = (Platform::new(&[200]), Simulator::start(&[]));
    let told = |key: &str| reason(&platform.told(verify(&simulator.url, key)));
    says(&told("refused-canary"), &["code 902", "Mon compte > Mon API", "allowed addresses"]);
    says(&told("empty-canary"), &["key accepted, credit 0.00 EUR", "top up"]);
    says(&told(" "), &["keyid: is missing", "Mon compte > Mon API", "credential"]);
    let (nobody, _taken) = nobody();
    let at = |server: &str| reason(&platform.told(verify(server, "canary-key")));
    says(&at(&nobody), &["no connection", "check the server's address"]);
    says(&at(&web_server("404 Not Found", "<html></html>")), &["HTTP 404 with a web page"]);
    says(&at(""), &["otherServer: is missing"]);
    says(&at("ftp://example.org"), &["server: ftp is not a way"]);
}

#[test]
fn the_simulator_is_no_server_for_a_platform() {
    let platform = Platform::new(&[200]);
    let told = |config: Value| {
        let service = service("verifyCredentials").env("ELASTICIO_CFG", &config.to_string());
        platform.told(service)
    };
    let refused = reason(&told(json!({"keyid": "canary-key", "server": "simulator"})));
    says(&refused, &["server: the simulator is not part of this runtime"]);
    assert_eq!(
        reason(&told(json!({"testMode": "1"}))),
        "testMode: simulator is a test mode, and not for a platform"
    );
    let by_environment = service("verifyCredentials").env("ELASTICIO_CFG", "{\"server\":\"\"}");
    let by_environment = platform.told(by_environment.env("ISENDPRO_SERVER", "Simulator").key("k"));
    says(&reason(&by_environment), &["the simulator is not part of this runtime"]);
}

#[test]
fn the_environment_says_what_a_credential_leaves_open() {
    let (platform, simulator) = (Platform::new(&[200]), Simulator::start(&[]));
    let service = service("VerifyCredentials").env("ELASTICIO_CFG", "{\"keyid\":\"canary-key\"}");
    assert_eq!(platform.told(service.env("ISENDPRO_SERVER", &simulator.url)), success());
}

#[test]
fn what_cannot_be_answered_is_told_as_an_error() {
    let platform = Platform::new(&[200]);
    let table: [(&str, Variables, &str); 8] = [
        ("verifyCredentials", &[], "ELASTICIO_CFG is not provided"),
        (
            "verifyCredentials",
            &[("ELASTICIO_CFG", "{\"keyid\": canary}")],
            "ELASTICIO_CFG cannot be read: it is no JSON object",
        ),
        ("foo", &[("ELASTICIO_CFG", "{}")], "Unknown service method \"foo\""),
        ("getMetaModel", &[], "ELASTICIO_ACTION_OR_TRIGGER is not provided"),
        (
            "getMetaModel",
            &[("ELASTICIO_ACTION_OR_TRIGGER", "sendFax")],
            "Trigger or action \"sendFax\" is not found in component.json!",
        ),
        (
            "getMetaModel",
            &[("ELASTICIO_ACTION_OR_TRIGGER", "sendSms")],
            "Method \"getMetaModel\" is not found in \"sendSms\" action or trigger",
        ),
        (
            "selectModel",
            &[("ELASTICIO_ACTION_OR_TRIGGER", "sendSms")],
            "ELASTICIO_GET_MODEL_METHOD is not provided",
        ),
        (
            "selectModel",
            &[
                ("ELASTICIO_ACTION_OR_TRIGGER", "startFlow"),
                ("ELASTICIO_GET_MODEL_METHOD", "getSenders"),
            ],
            "Method \"getSenders\" is not found in \"startFlow\" action or trigger",
        ),
    ];
    for (method, variables, message) in table {
        let asked = variables.iter().fold(service(method), |it, (name, value)| it.env(name, value));
        let expected = json!({"status": "error", "data": {"message": message}});
        assert_eq!(platform.told(asked), expected);
    }
}

/// What the last line of a process says that left the platform without an answer.
fn failure(finished: &Finished) -> String {
    assert_eq!(finished.code, 1, "{finished:?}");
    let last = json(finished.stdout.lines().last().unwrap());
    assert_eq!(
        (&last["level"], &last["msg"]),
        (&json!(60), &json!("the platform is left without an answer"))
    );
    last["err"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn only_200_means_that_the_answer_was_taken() {
    let simulator = Simulator::start(&[]);
    for statuses in [&[201][..], &[202], &[204], &[302], &[400], &[404]] {
        let platform = Platform::new(statuses);
        let asked = verify(&simulator.url, "canary-key");
        let finished = ended(asked.env("ELASTICIO_POST_RESULT_URL", &platform.url("")));
        assert_eq!(platform.posted().len(), 1);
        says(&failure(&finished), &[&format!("HTTP {}", statuses[0]), "only 200"]);
    }
}

#[test]
fn an_answer_that_was_not_taken_is_given_again_and_never_another() {
    let simulator = Simulator::start(&[]);
    let table: [(&[usize], &str, usize, i32); 4] = [
        (&[500], "", 3, 1),
        (&[500, 503, 200], "", 3, 0),
        (&[500], "5", 5, 1),
        (&[500], "1", 1, 1),
    ];
    for (statuses, attempts, times, code) in table {
        let platform = Platform::new(statuses);
        let asked = verify(&simulator.url, "canary-key")
            .env("ELASTICIO_API_REQUEST_RETRY_ATTEMPTS", attempts)
            .env("ELASTICIO_POST_RESULT_URL", &platform.url(""));
        assert_eq!(ended(asked).code, code);
        let posted = platform.posted();
        assert_eq!(posted.len(), times);
        assert!(posted.iter().all(|it| it.body == success()), "{posted:?}");
    }
}

#[test]
fn without_somebody_to_tell_nothing_is_asked() {
    let simulator = Simulator::start(&[]);
    for address in ["", "canary", "ftp://canary.example.org", "http://"] {
        let asked = verify(&simulator.url, "canary-key");
        let finished = ended(asked.env("ELASTICIO_POST_RESULT_URL", address));
        says(&failure(&finished), &["ELASTICIO_POST_RESULT_URL"]);
    }
    assert_eq!(
        simulator.ask("GET", "accounts", ""),
        Simulator::start(&[]).ask("GET", "accounts", "")
    );
    let (nobody, _taken) = nobody();
    let asked = verify(&simulator.url, "canary-key");
    let finished = ended(asked.env("ELASTICIO_POST_RESULT_URL", &nobody));
    says(&failure(&finished), &["no connection", "ELASTICIO_POST_RESULT_URL can be reached"]);
}

#[test]
fn the_platform_is_reached_through_the_proxy_of_the_environment() {
    let proxy = Platform::new(&[200]);
    let asked = service("foo").env("HTTP_PROXY", &proxy.server.url());
    let away = "http://user:pw@no.such.host.invalid/result?token=canary-token";
    assert_eq!(ended(asked.env("ELASTICIO_POST_RESULT_URL", away)).code, 0);
    assert_eq!(proxy.posted()[0].authorization, "Basic dXNlcjpwdw==");
}

#[test]
fn a_log_level_that_is_none_keeps_nobody_waiting() {
    let (platform, simulator) = (Platform::new(&[200]), Simulator::start(&[]));
    assert_eq!(
        platform.told(verify(&simulator.url, "canary-key").env("LOG_LEVEL", "loud")),
        success()
    );
}
