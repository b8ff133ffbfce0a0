mod errors;
mod rebounds;

use lapin::types::{AMQPValue, FieldTable};
use proptest::prelude::*;

use super::super::headers::json as headers_json;
use super::super::incoming::tests::{delivered, long, properties};
use super::super::settings::InputFormat;
use super::super::settings::tests::settings;
use super::*;

const ID: Uuid = Uuid::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111);

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn outgoing<'a>(settings: &'a Settings, incoming: Option<&'a Incoming>) -> Outgoing<'a> {
    let broker = settings.broker.as_ref().unwrap();
    Outgoing { settings, broker, incoming, started: Timestamp::now() }
}

fn headers(publication: &Publication) -> Map<String, Value> {
    headers_json(publication.properties.headers().as_ref().unwrap())
}

fn names(publication: &Publication) -> Vec<String> {
    headers(publication).keys().cloned().collect()
}

fn opened(settings: &Settings, payload: &[u8], protocol: Protocol) -> Value {
    let plain = settings.broker.as_ref().unwrap().cipher.decrypt(payload, protocol).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

fn message() -> Map<String, Value> {
    map(&json!({"body": {"a": 1}}))
}

#[test]
fn a_result_has_exactly_the_headers_of_a_node_step() {
    let settings = settings(&[
        (
            "ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS",
            "ELASTICIO_TENANT_ID,FLOW_VERSION,FOO_BAR,STEP_ID",
        ),
        ("ELASTICIO_TENANT_ID", "ten1"),
        ("FLOW_VERSION", "v1"),
        ("FOO_BAR", "fb"),
        ("STEP_ID", "the fixed one wins"),
    ]);
    let incoming = delivered(
        &json!({"body": {}}),
        &[
            ("stepId", "step_1"),
            ("threadId", "th-1"),
            ("messageId", "m-in-1"),
            ("parentMessageId", "m-in-0"),
            ("reply_to", "k.reply"),
            ("X-EIO-Meta-Trace-Id", "tr1"),
            ("x-eio-meta-foo", "bar"),
            ("execId", "dropped"),
            ("retry", "dropped"),
            ("custom", "dropped"),
            ("reboundReason", "dropped"),
        ],
    );
    let outgoing = outgoing(&settings, Some(&incoming));
    let data = outgoing.data(&mut message(), None, ID).unwrap();
    let mut found = headers(&data);
    let (start, end) = (found["start"].as_i64().unwrap(), found["end"].as_i64().unwrap());
    assert!(start == outgoing.started.as_millisecond() && end >= start, "{start} {end}");
    found.retain(|name, _| name != "start" && name != "end");
    assert_eq!(
        Value::from(found),
        json!({
            "stepId": "step_2", "x-eio-meta-trace-id": "tr1", "x-eio-meta-foo": "bar",
            "threadId": "th-1", "messageId": ID.to_string(), "parentMessageId": "m-in-1",
            "reply_to": "k.reply", "tenantId": "ten1", "flowVersion": "v1", "fooBar": "fb",
            "execId": "exec1", "taskId": "flow1", "workspaceId": "ws1", "containerId": "cont1",
            "userId": "user1", "compId": "comp1", "function": "multi", "protocolVersion": 1,
        })
    );
    let numbers = data.properties.headers().as_ref().unwrap().inner();
    assert!(matches!(numbers["start"], AMQPValue::LongLongInt(_)), "readers want a number");
    assert_eq!(
        data.properties.clone().with_headers(FieldTable::default()),
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf8".into())
            .with_delivery_mode(1)
            .with_headers(FieldTable::default())
    );
    assert_eq!(
        (data.routing_key.as_str(), data.kind, data.mandatory),
        ("k.data", Kind::Data, true)
    );
    let expected =
        json!({"body": {"a": 1}, "id": ID.to_string(), "attachments": {}, "headers": {}});
    assert_eq!(opened(&settings, &data.payload, Protocol::V1), expected);
}

#[test]
fn each_kind_has_its_own_headers() {
    let settings = settings(&[]);
    let incoming = delivered(&json!({}), &[("reply_to", "k.reply")]);
    let out = outgoing(&settings, Some(&incoming));
    let error = Error::invalid("num", "is missing");
    let reply = out.http_reply(200, "ok", &Map::new(), ID).unwrap();
    let failed = out.error_reply(&error, ID).unwrap().unwrap();
    for (publication, route, more) in [
        (out.data(&mut message(), None, ID).unwrap(), "k.data", &["end", "protocolVersion"][..]),
        (out.error(&error, ID, Input::Given).unwrap(), "k.err", &["end"]),
        (failed, "k.reply", &["end", "x-eio-error-response"]),
        (reply, "k.reply", &["protocolVersion"]),
        (out.snapshot(&json!({}), ID).unwrap(), "k.snap", &["snapshotEvent"]),
    ] {
        let own = ["end", "protocolVersion", "x-eio-error-response", "snapshotEvent"];
        let found: Vec<_> =
            names(&publication).into_iter().filter(|it| own.contains(&it.as_str())).collect();
        assert_eq!(found, more, "{:?}", publication.kind);
        assert!(names(&publication).contains(&"start".to_owned()));
        assert_eq!(publication.routing_key.as_str(), route);
        assert!(publication.mandatory, "what nobody wants must come back");
    }
}

#[test]
fn the_second_protocol_and_durable_messages_are_obeyed() {
    let settings = settings(&[
        ("ELASTICIO_PROTOCOL_VERSION", "2"),
        ("ELASTICIO_AMQP_PERSISTENT_MESSAGES", "1"),
    ]);
    let incoming = delivered(&json!({}), &[("reply_to", "k")]);
    let out = outgoing(&settings, Some(&incoming));
    let data = out.data(&mut message(), None, ID).unwrap();
    assert_eq!(opened(&settings, &data.payload, Protocol::V2)["body"], json!({"a": 1}));
    assert_eq!(headers(&data)["protocolVersion"], 2);
    assert_eq!(*data.properties.delivery_mode(), Some(2));
    let reply = out.http_reply(201, "text", &map(&json!({"a": "b"})), ID).unwrap();
    assert_eq!(headers(&reply)["protocolVersion"], 1, "answers are always of the first");
    let expected = json!({"statusCode": 201, "body": "text", "headers": {"a": "b"}});
    assert_eq!(opened(&settings, &reply.payload, Protocol::V1), expected);
}

/// Such an answer would be the next input.
#[test]
fn nothing_answers_to_the_steps_own_queues_or_to_an_answer() {
    let settings = settings(&[]);
    let error = Error::invalid("num", "is missing");
    let answered = |headers: &[(&str, &str)]| {
        let incoming = delivered(&json!({}), headers);
        let out = outgoing(&settings, Some(&incoming));
        let [told, replied] = [
            out.error_reply(&error, ID).unwrap().is_some(),
            out.http_reply(200, "", &Map::new(), ID).is_ok(),
        ];
        assert_eq!(told, replied, "{headers:?}");
        told
    };
    let own = [("taskId", "flow1"), ("stepId", "step_2"), ("reply_to", "k")];
    for headers in [
        &[("reply_to", "in.q")][..],
        &[("reply_to", "k.data")],
        &[("reply_to", "k.err")],
        &[("reply_to", "k.reb")],
        &[("reply_to", "k.snap")],
        &[("reply_to", "k"), ("x-eio-error-response", "true")],
        &[("reply_to", "k"), ("x-eio-error-response", "")],
        &own,
        &[("reply_to", "")],
        &[],
    ] {
        assert!(!answered(headers), "{headers:?}");
    }
    for headers in [
        &[("reply_to", "k")][..],
        &[("reply_to", "k.data.more")],
        &[("reply_to", "K.DATA")],
        &[("reply_to", "k"), ("taskId", "flow1"), ("stepId", "step_1")],
        &[("reply_to", "k"), ("taskId", "flow2"), ("stepId", "step_2")],
        &own[1..],
    ] {
        assert!(answered(headers), "{headers:?}");
    }
}

#[test]
fn a_message_may_choose_its_way() {
    let settings = settings(&[]);
    let out = outgoing(&settings, None);
    let routed =
        |headers: Value| out.data(&mut map(&json!({"body": {}, "headers": headers})), None, ID);
    for name in ["x-eio-routing-key", "X-EIO-Routing-Key"] {
        let data = routed(json!({name: "k.own", "kept": 1})).unwrap();
        assert_eq!(data.routing_key.as_str(), "k.own");
        assert_eq!(opened(&settings, &data.payload, Protocol::V1)["headers"], json!({"kept": 1}));
    }
    for none in [
        json!({}),
        json!(null),
        json!({"x-eio-routing-key": ""}),
        json!({"x-eio-routing-key": null}),
    ] {
        assert_eq!(routed(none).unwrap().routing_key.as_str(), "k.data");
    }
    for bad in
        [json!([]), json!({"x-eio-routing-key": 1}), json!({"x-eio-routing-key": "k".repeat(256)})]
    {
        let error = routed(bad).unwrap_err();
        assert!(!error.to_string().contains("nothing sent"), "that is not known here: {error}");
    }
}

#[test]
fn results_larger_than_the_limit_are_refused() {
    let size = outgoing(&settings(&[]), None).data(&mut message(), None, ID).unwrap().payload.len();
    let limited = |limit: usize| {
        let settings = settings(&[("ELASTICIO_OUTGOING_MESSAGE_SIZE_LIMIT", &limit.to_string())]);
        outgoing(&settings, None).data(&mut message(), None, ID)
    };
    assert!(limited(size).is_ok());
    let error = limited(size - 1).unwrap_err();
    let expected =
        format!("the outgoing message has {size} bytes, the platform's limit is {}", size - 1);
    assert_eq!(error.what, expected);
}

#[test]
fn a_snapshot_is_readable() {
    let settings = settings(&[]);
    let incoming = delivered(&json!({}), &[]);
    let published = outgoing(&settings, Some(&incoming)).snapshot(&json!({"last": 3}), ID).unwrap();
    assert_eq!(published.payload, br#"{"last":3}"#);
    assert_eq!(headers(&published)["snapshotEvent"], "snapshot");
}

#[test]
fn where_there_is_little_room_headers_of_others_stay_behind() {
    let settings = settings(&[]);
    let long = "x".repeat(9000);
    let incoming = delivered(
        &json!({}),
        &[("x-eio-meta-a", "short"), ("threadId", &long), ("messageId", "m-1")],
    );
    let mut error = outgoing(&settings, Some(&incoming))
        .error(&Error::invalid("num", "is missing"), ID, Input::Given)
        .unwrap();
    let before = error.header_size();
    assert!(before > 9000 && error.lighten(), "{before}");
    assert!(error.header_size() < 1000, "{}", error.header_size());
    let found = headers(&error);
    assert_eq!((&found["parentMessageId"], found.get("threadId")), (&json!("m-1"), None));
    assert!(!error.lighten(), "there is nothing more");
    let mut rebound = outgoing(&settings, Some(&incoming)).rebound("", 1).unwrap();
    let size = rebound.header_size();
    assert!(!rebound.lighten() && rebound.header_size() == size, "it comes back as it is");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|it| Value::from(f64::from(it) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_result_is_read_as_it_was_written(body in any_json(), second: bool) {
        let settings =
            settings(&[("ELASTICIO_PROTOCOL_VERSION", if second { "2" } else { "1" })]);
        let body = if body.is_null() { json!({}) } else { body };
        let mut message = map(&json!({"headers": {"a": "b"}, "body": body}));
        let data = outgoing(&settings, None).data(&mut message, None, ID).unwrap();
        let cipher = &settings.broker.as_ref().unwrap().cipher;
        let read = Incoming::decode(data.payload, data.properties, cipher, InputFormat::Default).unwrap();
        let expected = json!({"headers": {"a": "b"}, "body": body, "id": ID.to_string(), "attachments": {}});
        prop_assert_eq!(Value::from(read.payload), expected);
        prop_assert_eq!(read.ids.message, Some(ID.to_string()));
    }
}
