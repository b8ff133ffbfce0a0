//! Whatever comes in: a plan or an error with the field, and never a panic.

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{Config, Error, Outcome, Work};
use isendpro_connector::sms::text;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A Tuesday in the last hour in which marketing may be sent in Paris.
const NOW: &str = "2026-11-24T18:30:10Z";

/// What a dry run of this message says.
fn planned(action: &str, settings: Value, body: Value) -> Result<Vec<Value>, Error> {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    let handler = COMPONENT.handler(action).unwrap();
    let bound = handler.bind(&Config::new(settings))?;
    let task = bound.prepare(body, NOW.parse::<Timestamp>().unwrap())?;
    let Work::Calls(job) = task.work else { panic!("{action} makes calls") };
    let outcomes = vec![Outcome::Planned; job.parts().len()];
    job.finish(outcomes).map(|it| it.outputs)
}

fn settings() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(vec!["marketing", "transactional"]));
    let policy = prop::sample::select(vec!["repair", "strict", "ucs2"]);
    let region = prop::sample::select(vec!["FR", "RE", "NC", "BE", "AQ"]);
    (kind, policy, region, prop::option::of(1..=6_u8), any::<bool>()).prop_map(
        |(kind, policy, region, parts, lifted)| {
            json!({"kind": kind, "textPolicy": policy, "region": region, "maxParts": parts,
                "stopLifted": lifted})
        },
    )
}

/// Numbers and texts that are right often enough to get anywhere.
fn num() -> impl Strategy<Value = String> {
    prop_oneof![
        "0[67][0-9]{8}",
        "\\+(262692|590690|32470|7912|1201555)[0-9]{4,6}",
        "[0-9 +.()]{0,40}",
        any::<String>(),
    ]
}

fn sms() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zéèàùê’ œ€🎉]{1,400}",
        "(https://ex.fr/|[a-zê]){1,40}",
        "[я你ê😀a]{1,200}",
        any::<String>(),
    ]
}

fn message() -> impl Strategy<Value = Value> {
    let date = prop::option::of(prop_oneof![
        "202[67]-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9](Z|\\+01:00)?",
        any::<String>(),
    ]);
    let zone =
        prop::option::of(prop_oneof!["Europe/(Paris|Brussels)", "Indian/Reunion", "\\PC{0,20}"]);
    let flags = (any::<bool>(), any::<bool>());
    let limit = prop::option::of(prop_oneof![1..=6_u16, Just(999), any::<u16>()]);
    (num(), sms(), date, zone, flags, limit, prop::option::of("\\PC{0,14}")).prop_map(
        |(num, sms, date, zone, (nostop, ucs2), limit, sender)| {
            json!({"num": num, "sms": sms, "date_envoi": date, "gmt_zone": zone, "nostop": nostop,
                "ucs2": ucs2, "smslong": limit, "emetteur": sender})
        },
    )
}

/// What must hold of everything that would be sent.
fn check(planned: &Value, settings: &Value) {
    if planned["status"] != "planned" {
        assert!(
            ["refused", "duplicate"].contains(&planned["status"].as_str().unwrap()),
            "{planned}"
        );
        assert!(planned["message"].is_string(), "{planned}");
        return;
    }
    let tel = planned["tel"].as_str().unwrap();
    assert!(
        tel.bytes().all(|it| it.is_ascii_digit()) && (7..=15).contains(&tel.len()),
        "{planned}"
    );
    let sms = planned["sms"].as_str().unwrap();
    assert!(!sms.trim().is_empty(), "{planned}");
    match planned["encoding"].as_str().unwrap() {
        "GSM-7" => assert!(text::is_gsm(sms), "{planned}"),
        encoding => assert!(encoding == "UCS-2" && !tel.starts_with("33"), "{planned}"),
    }
    let parts = planned["smslong"].as_u64().unwrap();
    let most = settings["maxParts"].as_u64().unwrap_or(6);
    assert!((1..=most).contains(&parts), "{planned} {settings}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_message_is_planned_or_refused_with_its_field(settings in settings(), message in message()) {
        match planned("sendSms", settings.clone(), message) {
            Ok(outputs) => check(&outputs[0], &settings),
            Err(error) => prop_assert!(error.field.is_some(), "{error}"),
        }
    }

    #[test]
    fn each_recipient_of_several_has_one_result_in_its_place(
        settings in settings(),
        mut message in message(),
        recipients in prop::collection::vec((num(), prop::option::of(sms())), 1..8),
    ) {
        message.as_object_mut().unwrap().remove("num");
        let one = |(num, sms): &(String, Option<String>)| json!({"num": num, "sms": sms});
        message["recipients"] = recipients.iter().map(one).collect();
        match planned("sendSmsMulti", settings.clone(), message) {
            Ok(outputs) => {
                let results = outputs[0]["results"].as_array().unwrap();
                prop_assert_eq!(results.len(), recipients.len());
                for (place, result) in results.iter().enumerate() {
                    prop_assert_eq!(&result["index"], place);
                    check(result, &settings);
                }
            }
            Err(error) => prop_assert!(error.field.is_some(), "{error}"),
        }
    }
}

#[test]
fn a_text_of_megabytes_is_refused_in_a_few_words() {
    for (text, megabytes) in [("a", 10), ("ê", 1), ("🎉a", 1), ("я", 1)] {
        let sms = text.repeat(megabytes * 1_000_000 / text.len());
        let error = planned("sendSms", json!({}), json!({"num": "0680010203", "sms": sms}));
        let said = error.unwrap_err().to_string();
        assert!(said.starts_with("INVALID, nothing sent: sms: "), "{}", &said[..100]);
        assert!(said.len() < 300, "{}", &said[..300]);
    }
}
