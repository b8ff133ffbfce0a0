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
        (out.snapshot(&json!({}), Snapshot::Whole, ID).unwrap(), "k.snap", &["snapshotEvent"]),
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

#[test]
fn an_error_goes_with_the_input_in_the_first_protocol() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let plain = br#"{"body":{"num":"06"}}"#;
    let first = String::from_utf8(cipher.encrypt(plain, Protocol::V1)).unwrap();
    let error = Error::invalid("num", "is too short").hint("give ten digits");
    for (payload, version) in
        [(first.clone().into_bytes(), 1), (cipher.encrypt(plain, Protocol::V2), 2)]
    {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let incoming = Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap();
        let published =
            outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        assert_eq!(payload["errorInput"], first, "protocol {version}");
        let shown = opened(&settings, payload["error"].as_str().unwrap().as_bytes(), Protocol::V1);
        let text = "INVALID, nothing sent: num: is too short; give ten digits";
        let expected =
            json!({"name": "invalid", "message": text, "stack": format!("invalid: {text}")});
        assert_eq!(shown.to_string(), expected.to_string(), "in this order");
    }
}

#[test]
fn what_cannot_be_decrypted_is_reported_all_the_same() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    for (payload, version, expected) in [
        (b"garbage".to_vec(), 1, "garbage"),
        (vec![0xff, 0xfe], 1, "//4="),
        (vec![1, 2], 2, "AQI="),
    ] {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let met = Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap_err();
        let published =
            outgoing(&settings, Some(&met.incoming)).error(&met.error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        assert_eq!(payload["errorInput"], expected);
    }
}

#[test]
fn an_error_at_the_start_has_neither_input_nor_times() {
    let settings = settings(&[]);
    let out = outgoing(&settings, None);
    let error = Error::config("server", "is unknown");
    let published = out.error(&error, ID, Input::Given).unwrap();
    let payload: Value = serde_json::from_slice(&published.payload).unwrap();
    assert_eq!(payload.as_object().unwrap().keys().collect::<Vec<_>>(), ["error"]);
    assert_eq!(
        names(&published),
        [
            "compId",
            "containerId",
            "execId",
            "function",
            "messageId",
            "stepId",
            "taskId",
            "userId",
            "workspaceId"
        ]
    );
    assert_eq!(out.error_reply(&error, ID).unwrap(), None);
    assert!(out.rebound("later", 1).is_err() && out.next_rebound().is_none());
}

#[test]
fn whoever_waits_for_an_answer_gets_errors_too() {
    let settings = settings(&[]);
    let incoming = delivered(&json!({}), &[("reply_to", "k.reply")]);
    let out = outgoing(&settings, Some(&incoming));
    let error = Error::invalid("num", "is missing");
    let reply = out.error_reply(&error, ID).unwrap().unwrap();
    let payload: Value =
        serde_json::from_slice(&out.error(&error, ID, Input::Given).unwrap().payload).unwrap();
    assert_eq!(payload["error"], String::from_utf8_lossy(&reply.payload).as_ref());
    assert_eq!((&headers(&reply)["x-eio-error-response"], reply.kind), (&json!(true), Kind::Reply));
    let silent = super::super::settings::tests::settings(&[("ELASTICIO_NO_ERROR_REPLIES", "true")]);
    assert_eq!(outgoing(&silent, Some(&incoming)).error_reply(&error, ID).unwrap(), None);
    let nobody = delivered(&json!({}), &[]);
    let error = outgoing(&silent, Some(&nobody)).http_reply(200, "", &Map::new(), ID).unwrap_err();
    assert!(error.what.contains("reply_to"), "{error}");
    let long = delivered(&json!({}), &[("reply_to", &"k".repeat(256))]);
    assert!(outgoing(&settings, Some(&long)).error_reply(&error, ID).is_err());
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
    for (what, event) in [(Snapshot::Whole, "snapshot"), (Snapshot::Update, "updateSnapshot")] {
        let published =
            outgoing(&settings, Some(&incoming)).snapshot(&json!({"last": 3}), what, ID).unwrap();
        assert_eq!(published.payload, br#"{"last":3}"#);
        assert_eq!(headers(&published)["snapshotEvent"], event);
    }
}

#[test]
fn a_rebound_is_the_delivery_itself() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let came = properties(&[
        ("threadId", long("th")),
        ("custom", long("kept")),
        ("reboundIteration", AMQPValue::ShortShortInt(2)),
        ("reboundReason", long("old")),
    ])
    .with_content_type("a/b".into())
    .with_content_encoding("c".into())
    .with_priority(3)
    .with_correlation_id("corr".into())
    .with_reply_to("r".into())
    .with_expiration("7".into())
    .with_message_id("mid".into())
    .with_timestamp(9)
    .with_type("t".into())
    .with_app_id("app".into());
    let payload = cipher.encrypt(br#"{"body":{}}"#, Protocol::V1);
    let incoming =
        Incoming::decode(payload.clone(), came.clone(), cipher, InputFormat::Default).unwrap();
    let out = outgoing(&settings, Some(&incoming));
    assert_eq!(out.next_rebound(), Some(3));
    let rebound = out.rebound("not now", 3).unwrap();
    let mut found = headers(&rebound);
    assert!(found.shift_remove("end").unwrap().as_i64().unwrap() > 1_600_000_000_000);
    assert!(Uuid::parse_str(found.shift_remove("reboundId").unwrap().as_str().unwrap()).is_ok());
    assert_eq!(
        Value::from(found),
        json!({"custom": "kept", "reboundIteration": 3, "reboundReason": "not now", "threadId": "th"})
    );
    let expected = came
        .with_headers(rebound.properties.headers().clone().unwrap())
        .with_expiration("60000".into())
        .with_delivery_mode(2);
    assert_eq!(rebound.properties, expected);
    assert_eq!((rebound.payload, rebound.routing_key.as_str()), (payload, "k.reb"));
    assert!(rebound.mandatory, "a rebound that no queue wants must not be lost");
}

/// The way that a message has come is not the way that it goes: the broker would send it to these
/// places again, and takes nobody's name but that of who is connected.
#[test]
fn a_rebound_goes_nowhere_else_and_in_nobody_elses_name() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let elsewhere = || AMQPValue::FieldArray(vec![long("elsewhere")].into());
    let came = properties(&[
        ("custom", long("kept")),
        ("CC", elsewhere()),
        ("BCC", elsewhere()),
        ("x-death", elsewhere()),
        ("x-first-death-queue", long("q")),
        ("x-last-death-reason", long("expired")),
    ])
    .with_user_id("somebody".into())
    .with_message_id("mid".into())
    .with_cluster_id("cluster".into());
    let payload = cipher.encrypt(br#"{"body":{}}"#, Protocol::V1);
    let incoming = Incoming::decode(payload, came, cipher, InputFormat::Default).unwrap();
    let rebound = outgoing(&settings, Some(&incoming)).rebound("", 1).unwrap();
    let mut names: Vec<_> = headers(&rebound).keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["custom", "end", "reboundId", "reboundIteration", "reboundReason"]);
    let properties = rebound.properties;
    assert_eq!(properties.user_id(), &None);
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "mid");
    assert_eq!(properties.cluster_id().as_ref().unwrap().as_str(), "cluster");
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

#[test]
fn what_is_put_off_gets_an_id_and_keeps_it_and_says_when_it_may_be_there_twice() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let first = delivered(&json!({}), &[]);
    let mut once = outgoing(&settings, Some(&first)).rebound("", 1).unwrap();
    let other = outgoing(&settings, Some(&first)).rebound("", 1).unwrap();
    assert_ne!(headers(&once)["reboundId"], headers(&other)["reboundId"], "it is of one put-back");
    assert!(!once.is_repeated());
    let read = |it: &Publication| {
        let (payload, properties) = (it.payload.clone(), it.properties.clone());
        Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap()
    };
    let copy = read(&once);
    once.repeat();
    let second = read(&once);
    assert_eq!((copy.repeated, second.repeated, once.is_repeated()), (false, true, true));
    assert_eq!(copy.rebound_id, second.rebound_id);
    // Each of the two goes on to say what it says.
    for incoming in [&copy, &second] {
        let later = read(&outgoing(&settings, Some(incoming)).rebound("", 2).unwrap());
        assert_eq!((later.rebound_id, later.repeated), (incoming.rebound_id, incoming.repeated));
    }
    let mut data = outgoing(&settings, Some(&first)).data(&mut message(), None, ID).unwrap();
    data.repeat();
    assert!(!data.is_repeated(), "a result has an id by which it is told");
}

#[test]
fn rebounds_come_later_each_time_up_to_what_the_broker_takes() {
    let settings = settings(&[("ELASTICIO_REBOUND_LIMIT", "19")]);
    let mut incoming = delivered(&json!({}), &[]);
    for (iteration, wait) in [
        (1, "15000"),
        (2, "30000"),
        (19, "3932160000"),
        (20, "4294967295"),
        (u32::MAX, "4294967295"),
    ] {
        let rebound = outgoing(&settings, Some(&incoming)).rebound("", iteration).unwrap();
        assert_eq!(rebound.properties.expiration().as_ref().unwrap().as_str(), wait);
    }
    for (before, next) in [(0, Some(1)), (18, Some(19)), (19, None), (u32::MAX, None)] {
        incoming.rebounds = before;
        assert_eq!(outgoing(&settings, Some(&incoming)).next_rebound(), next);
    }
    let never = super::super::settings::tests::settings(&[("ELASTICIO_REBOUND_LIMIT", "0")]);
    incoming.rebounds = 0;
    assert_eq!(outgoing(&never, Some(&incoming)).next_rebound(), None);
    let long = outgoing(&settings, Some(&incoming)).rebound(&"é".repeat(9000), 1).unwrap();
    assert_eq!(headers(&long)["reboundReason"].as_str().unwrap().len(), 1024);
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

#[test]
fn the_input_of_an_error_has_no_key_either_where_no_step_reads_it() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let error = Error::invalid("num", "is too short");
    let told = |payload: Vec<u8>, version| {
        let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
        let read = Incoming::decode(payload, properties, cipher, InputFormat::Default);
        let incoming = read.unwrap_err().incoming;
        let published =
            outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
        let payload: Value = serde_json::from_slice(&published.payload).unwrap();
        payload["errorInput"].as_str().unwrap().to_owned()
    };
    let bare = json!({"keyid": "k1", "num": "06"}).to_string();
    let hidden = json!({"keyid": "***", "num": "06"});
    let input = told(cipher.encrypt(bare.as_bytes(), Protocol::V2), 2);
    assert_eq!(opened(&settings, input.as_bytes(), Protocol::V1), hidden);
    for (body, hidden) in [
        (json!({"body": {"keyid": "k1"}}), json!({"body": {"keyid": "***"}})),
        (json!({"keyid": "k1", "num": "06"}), hidden),
    ] {
        for version in [1, 2] {
            let input = told(body.to_string().into_bytes(), version);
            assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), hidden, "{version}");
        }
    }
    assert_eq!(told(b"keyid k1".to_vec(), 1), "keyid k1");
}

#[test]
fn the_input_of_an_error_has_no_key_of_its_own() {
    let settings = settings(&[]);
    let cipher = &settings.broker.as_ref().unwrap().cipher;
    let error = Error::invalid("num", "is too short");
    for (body, told) in [
        (json!({"keyid": "k1", "num": 1.50}), json!({"keyid": "***", "num": 1.50})),
        (json!({"keyid:k1": 1, "num": "06"}), json!({"keyid***": "***", "num": "06"})),
        (json!({"requestBody": {"KeyId ": "k1"}}), json!({"requestBody": {"KeyId ": "***"}})),
        (json!({"subAccountPassword": "k1"}), json!({"subAccountPassword": "***"})),
        (
            json!({"meta": {"keyid": "own"}, "keyid": "k1"}),
            json!({"meta": {"keyid": "own"}, "keyid": "***"}),
        ),
    ] {
        let plain = json!({"id": "1", "body": body, "headers": {"a": "b"}}).to_string();
        for (protocol, version) in [(Protocol::V1, 1), (Protocol::V2, 2)] {
            let properties = properties(&[("protocolVersion", AMQPValue::LongInt(version))]);
            let payload = cipher.encrypt(plain.as_bytes(), protocol);
            let incoming =
                Incoming::decode(payload, properties, cipher, InputFormat::Default).unwrap();
            let published =
                outgoing(&settings, Some(&incoming)).error(&error, ID, Input::Given).unwrap();
            let payload: Value = serde_json::from_slice(&published.payload).unwrap();
            let input = payload["errorInput"].as_str().unwrap().as_bytes();
            let expected = json!({"id": "1", "body": told, "headers": {"a": "b"}});
            assert_eq!(opened(&settings, input, Protocol::V1), expected, "protocol {version}");
        }
    }
}
