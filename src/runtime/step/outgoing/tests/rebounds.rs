//! Messages that are put off.

use super::*;

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
    let never = super::settings(&[("ELASTICIO_REBOUND_LIMIT", "0")]);
    incoming.rebounds = 0;
    assert_eq!(outgoing(&never, Some(&incoming)).next_rebound(), None);
    let long = outgoing(&settings, Some(&incoming)).rebound(&"é".repeat(9000), 1).unwrap();
    assert_eq!(headers(&long)["reboundReason"].as_str().unwrap().len(), 1024);
}
