//! Reports as files that go along with a message.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::cli::Simulator;
use crate::contract::sender;
use crate::platform::{Fault, TOKEN};
use crate::queues::Queue;
use crate::stage::{Stage, incoming, with};
use crate::step::Launch;

/// A step that gets reports as files, of a simulator that has one SMS to tell of.
fn reporter(stage: &Stage, simulator: &Simulator, options: &Value) -> Launch {
    let sms = json!({"num": "0680010001", "sms": "a"}).to_string();
    simulator.run("sendSms", "main", &[]).run(sms).quiet(0);
    let file = json!({"emitBehaviour": "file", "period": "last24Hours"});
    sender(stage, simulator, &with(file, options)).set("FUNCTION", "getCampagne")
}

/// The attachment of a result, which must say its size and type, and nothing else of the file.
fn attachment(result: &Value, url: &str) -> Value {
    assert_eq!(result["body"].as_object().unwrap().keys().collect::<Vec<_>>(), ["size"]);
    let attachment = &result["attachments"]["report.zip"];
    assert_eq!(attachment["content-type"], "application/zip", "{result}");
    assert_eq!(attachment["size"], result["body"]["size"].to_string());
    assert!(attachment["url"].as_str().unwrap().starts_with(url), "{result}");
    attachment.clone()
}

fn is_report(file: &[u8]) {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let table = std::io::read_to_string(zip.by_index(0).unwrap()).unwrap();
    assert!(table.contains("0680010001"), "{table}");
}

#[test]
fn a_report_goes_where_the_platform_says() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = reporter(&stage, &simulator, &json!({})).start();
    stage.publish(&incoming(), &json!({"body": {}}));
    let (_, result) = stage.next(Queue::Data);
    attachment(&result, &format!("{}/uploads/", stage.platform.url));
    let put = stage.platform.requests("PUT /uploads/");
    assert_eq!(put.len(), 1);
    is_report(&put[0].body);
    stage.end(&mut step);
}

#[test]
fn a_report_goes_to_the_object_store_if_there_is_one() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    let mut step = reporter(&stage, &simulator, &json!({})).storage(&stage.platform).start();
    stage.publish(&incoming(), &json!({"body": {}}));
    let (_, result) = stage.next(Queue::Data);
    let attachment = attachment(&result, &format!("{}/objects/", stage.platform.url));
    assert!(attachment["url"].as_str().unwrap().ends_with("?storage_type=maester"));
    let put = stage.platform.requests("POST /objects");
    assert_eq!(put.len(), 1);
    assert_eq!(put[0].header("authorization"), format!("Bearer {TOKEN}"));
    is_report(&put[0].body);
    stage.end(&mut step);
}

#[test]
fn a_file_that_nobody_takes_is_an_error_that_says_so() {
    let (mut stage, simulator) = (Stage::new(), Simulator::start(&[]));
    stage.platform.fail("PUT /uploads/", Fault::Status(403, "no"), 99);
    let mut step = reporter(&stage, &simulator, &json!({"giveUpAfter": 0})).start();
    stage.publish(&incoming(), &json!({"body": {}}));
    let (_, error, _) = stage.next_error();
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("report.zip") && said.contains("403"), "{said}");
    assert!(!said.contains("/uploads/"), "whoever has the address has the file: {said}");
    stage.end(&mut step);
    assert_eq!(stage.queues.count(Queue::Data), 0);
}
