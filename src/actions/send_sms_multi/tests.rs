//! What a bulk message becomes, and what its answers mean.

use serde_json::json;

use super::*;
use crate::actions::{Purpose, TextPolicy};
use crate::component::{Problem, Reason, Settled};
use crate::isendpro;

/// A Monday evening in winter: 19:30 in Paris, 22:30 in Réunion, 14:30 in Guadeloupe.
const EVENING: &str = "2026-11-23T19:30:10+01:00";

fn planned(body: Value, rules: Rules) -> Result<Plan<Batch>, Error> {
    let input = serde_json::from_value(body).unwrap();
    let options = Options { rules, ..Options::default() };
    SendSmsMulti::plan(input, &options, EVENING.parse().unwrap())
}

fn plan(body: Value) -> Result<Plan<Batch>, Error> {
    planned(body, Rules::default())
}

#[test]
fn texts_follow_their_recipients_past_refused_and_repeated_ones() {
    let plan = plan(json!({"num": ["x", "0680010203", "+33680010203", "0680010204"], "sms": ["a", "b", "b", "d"]})).unwrap();
    let request = &plan.parts[0].request.sending.request;
    assert_eq!(request.num, ["33680010203", "33680010204"]);
    assert_eq!(request.sms, ["b", "d"]);
    assert_eq!(plan.settled.len(), 2);
}

/// What each request sends, as number and text, and how many recipients are duplicates.
fn sent(body: Value, rules: Rules) -> (Vec<Vec<(String, String)>>, usize) {
    let plan = planned(body, rules).unwrap();
    let of_part = |part: &Part<Batch>| {
        let texts = part.request.sending.contents.iter().map(|it| it.text.clone());
        part.request.sending.request.num.iter().cloned().zip(texts).collect()
    };
    let requests = plan.parts.iter().map(of_part).collect();
    let is_duplicate = |it: &&Settled| it.answer.status == Status::Duplicate;
    (requests, plan.settled.iter().filter(is_duplicate).count())
}

#[test]
fn each_text_to_a_number_is_sent_once_and_in_order() {
    // Numbers by their last digit, and texts; then the same by request, and how many are duplicates.
    for (given, expected, duplicates) in [
        ("3a", "3a", 0),
        ("3a 3b", "3a/3b", 0),
        ("3a 3a", "3a", 1),
        ("3a 3a 3b", "3a/3b", 1),
        ("3a 3b 3a", "3a/3b", 1),
        ("3a 3b 3c", "3a/3b/3c", 0),
        ("3a 4a 3b", "3a 4a/3b", 0),
        ("3a 4a 3b 4b", "3a 4a/3b 4b", 0),
        ("3a 4a 3b 4a", "3a 4a/3b", 1),
        ("3b 3a 4c 3b", "3b 4c/3a", 1),
        ("4a 3a 3b 5c 5d 5e", "4a 3a 5c/3b 5d/5e", 0),
        // Of two texts that are the same as they are sent, one is.
        ("3ê 3e", "3e", 1),
        ("3a 3A", "3a/3A", 0),
    ] {
        let one = |(place, it): (usize, &str)| {
            let (digit, text) = it.split_at(1);
            // Written in another way each time.
            let num = if place % 2 == 0 { "068001020" } else { "+33 6 80 01 02 0" };
            json!({"num": format!("{num}{digit}"), "sms": text})
        };
        let recipients: Vec<_> = given.split(' ').enumerate().map(one).collect();
        let (requests, found) = sent(json!({ "recipients": recipients }), Rules::default());
        let shown: Vec<String> = requests
            .iter()
            .map(|it| {
                it.iter()
                    .map(|(num, text)| num[10..].to_owned() + text)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        assert_eq!((shown.join("/").as_str(), found), (expected, duplicates), "{given}");
    }
}

#[test]
fn the_order_of_texts_holds_across_encodings() {
    let rules = Rules { text_policy: TextPolicy::Ucs2, ..Rules::default() };
    let body = json!({"recipients": [
        {"num": "+32470123456", "sms": "un"}, {"num": "+32470123456", "sms": "deux"},
        {"num": "+32470123457", "sms": "Привет"}, {"num": "+32470123457", "sms": "trois"}]});
    let (requests, _) = sent(body, rules);
    let texts: Vec<_> = requests.iter().flatten().map(|it| it.1.as_str()).collect();
    assert_eq!(texts, ["un", "Привет", "deux", "trois"]);
}

#[test]
fn a_list_of_recipients_has_its_own_texts_or_the_common_one() {
    let body = json!({"sms": ["all"], "recipients": [{"num": "0680010203", "tracker": "t1"}, {"num": "0680010204", "sms": "own"}]});
    let request = plan(body).unwrap().parts.remove(0).request.sending.request;
    assert_eq!(request.sms, ["all", "own"]);
    assert_eq!(request.tracker, ["t1", ""]);
}

#[test]
fn what_does_not_fit_together_is_refused_with_the_field() {
    let cases = [
        (json!({"sms": ["a"]}), "num"),
        (json!({"num": ["0680010203"]}), "sms"),
        (json!({"num": ["0680010203", "0680010204"], "sms": ["a", "b", "c"]}), "sms"),
        (json!({"num": ["0680010203", "0680010204"], "sms": [" "]}), "sms"),
        (json!({"num": ["0680010203"], "sms": ["a"], "tracker": ["t", "u"]}), "tracker"),
        (json!({"num": ["0680010203"], "sms": ["a"], "recipients": [{"num": "06"}]}), "recipients"),
        (json!({"recipients": [{"num": "0680010203"}]}), "sms"),
        (json!({"num": ["0680010203"], "sms": ["я"]}), "sms"),
        (
            json!({"num": ["0680010203"], "sms": ["a"], "date_envoi": "2026-11-23 19:29"}),
            "date_envoi",
        ),
        (json!({"num": ["0680010203"], "sms": ["a"], "gmt_zone": "Paris"}), "gmt_zone"),
        (json!({"num": ["0680010203"], "sms": ["a"], "region": "France"}), "region"),
        (json!({"repertoireId": "1", "num": ["0680010203"], "sms": ["a", "b"]}), "sms"),
    ];
    for (body, field) in cases {
        let error = plan(body.clone()).unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field), "{body}: {error}");
    }
}

#[test]
fn what_was_not_sent_comes_back_as_a_message() {
    let body = json!({"recipients": [{"num": "0680010203", "sms": "a", "meta": 1}, {"num": "x"}], "sms": ["all"], "emetteur": "Garage"});
    let lost = Outcome::NotSent(Problem::new(Reason::Unavailable, "no connection"));
    let finish =
        SendSmsMulti::finish(&Options::default(), plan(body).unwrap(), vec![lost]).unwrap();
    let output = &finish.outputs[0];
    assert_eq!((output.not_sent, output.refused), (1, 1));
    assert_eq!(
        output.retry,
        Some(
            json!({"recipients": [{"num": "0680010203", "sms": "a", "meta": 1}], "emetteur": "Garage"})
        )
    );
}

#[test]
fn each_way_of_emitting_has_the_same_shape() {
    let body = json!({"num": ["0680010203", "0680010204"], "sms": ["a"]});
    let raw =
        r#"{"etat":{"etat":[{"code":"0","tel":"0680010203"},{"code":"11","tel":"0680010204"}]}}"#;
    let emitted = |behaviour| {
        let plan = plan(body.clone()).unwrap();
        let reply = recipients::reply(isendpro::Reply::read(raw).unwrap(), &plan.parts[0].items);
        let options = Options { emit_behaviour: behaviour, ..Options::default() };
        SendSmsMulti::finish(&options, plan, vec![Outcome::Done(reply)]).unwrap().outputs
    };
    let all = emitted(EmitBehaviour::FetchAll);
    assert_eq!((all.len(), all[0].results.len(), all[0].accepted, all[0].refused), (1, 2, 1, 1));
    let problems = emitted(EmitBehaviour::ProblemsOnly);
    assert_eq!(
        (problems[0].results.len(), problems[0].results[0].index, problems[0].accepted),
        (1, 1, 1)
    );
    let alone = emitted(EmitBehaviour::EmitIndividually);
    assert_eq!((alone.len(), alone[1].refused, alone[1].accepted), (2, 1, 0));
}

fn refusals(plan: &Plan<Batch>) -> Vec<(usize, Option<Reason>, &str)> {
    let told = plan.settled.iter();
    told.map(|it| (it.item.index, it.answer.reason, it.answer.message.as_deref().unwrap()))
        .collect()
}

#[test]
fn each_text_of_a_personalised_message_is_judged_on_its_own() {
    let long = "a".repeat(460);
    let body = json!({"num": ["0680010203", "0680010204", "0680010205", "+33 6 80 01 02 03", "0680010206"],
        "sms": ["l’été", long, "я", "l’été", " "], "tracker": ["t", "", "", "", "a-b"]});
    let plan = plan(body).unwrap();
    let request = &plan.parts[0].request.sending.request;
    assert_eq!(
        (request.num.as_slice(), request.smslong),
        (&["33680010203".to_owned()][..], Some(1))
    );
    assert_eq!(request.sms, ["l'été"]);
    let refused = refusals(&plan);
    assert_eq!((refused[0].0, refused[0].1), (1, Some(Reason::TooLong)));
    assert!(refused[0].2.starts_with("sms: needs 4 parts, allowed 3"), "{}", refused[0].2);
    assert_eq!((refused[1].0, refused[1].1), (2, Some(Reason::BadCharacters)));
    assert_eq!((refused[2].0, plan.settled[2].answer.status), (3, Status::Duplicate));
    assert!(refused[3].2.starts_with("tracker: must be"), "{}", refused[3].2);
}

#[test]
fn a_number_whose_first_text_is_refused_may_still_get_a_later_one() {
    let body = json!({"num": ["0680010203", "0680010203"], "sms": ["я", "b"]});
    let plan = plan(body).unwrap();
    assert_eq!(plan.parts[0].request.sending.request.sms, ["b"]);
    assert_eq!(refusals(&plan)[0].1, Some(Reason::BadCharacters));
}

#[test]
fn a_common_text_that_nobody_can_get_is_an_error_of_the_message() {
    let body = json!({"num": ["0680010203", "x"], "sms": ["a".repeat(919)], "smslong": 999});
    let rules = Rules { max_parts: Some(6), ..Rules::default() };
    let error = planned(body, rules).unwrap_err();
    assert_eq!((error.field.as_deref(), error.reason), (Some("sms"), Some(Reason::TooLong)));
    assert!(error.to_string().contains("needs 7 parts, allowed 6"), "{error}");
}

#[test]
fn unicode_goes_abroad_in_a_request_of_its_own() {
    let rules = || Rules { text_policy: TextPolicy::Ucs2, ..Rules::default() };
    let body = json!({"num": ["0680010203", "0692112233", "+32470123456"], "sms": ["Forêt"]});
    let plan = planned(body, rules()).unwrap();
    let requests: Vec<_> = plan.parts.iter().map(|it| &it.request.sending.request).collect();
    assert_eq!(
        (requests[0].ucs2, requests[0].num.len(), &*requests[0].sms[0]),
        (false, 1, "Foret")
    );
    assert_eq!((requests[1].ucs2, requests[1].num.len(), &*requests[1].sms[0]), (true, 2, "Forêt"));
    let only_abroad = json!({"num": ["0680010203", "+7 912 345 67 89"], "sms": ["Привет"]});
    let plan = planned(only_abroad, rules()).unwrap();
    assert_eq!(plan.parts.len(), 1);
    assert_eq!(refusals(&plan)[0].1, Some(Reason::BadCharacters));
}

#[test]
fn marketing_leaves_when_each_territory_allows_it() {
    let rules = Rules { kind: Some(Purpose::Marketing), ..Rules::default() };
    let body = json!({"num": ["0680010203", "0692112233", "0690112233"], "sms": ["Soldes"]});
    let plan = planned(body, rules).unwrap();
    let requests: Vec<_> = plan.parts.iter().map(|it| &it.request.sending.request).collect();
    assert_eq!(requests[0].num, ["33680010203", "590690112233"]);
    assert_eq!(requests[0].date_envoi, None);
    let until = plan.parts[0].until.unwrap();
    assert_eq!(until.at.to_string(), "2026-11-23T18:59:00Z", "a minute to 20:00 in Paris");
    assert_eq!(requests[1].num, ["262692112233"]);
    assert_eq!(requests[1].date_envoi.as_deref(), Some("2026-11-24 05:00"), "8:00 in Réunion");
    assert_eq!(requests[1].gmt_zone.as_deref(), Some("Europe/Brussels"));
    assert!(plan.warnings[0].starts_with("1 recipient: marketing"), "{:?}", plan.warnings);
}

#[test]
fn a_directory_goes_with_the_french_numbers() {
    let rules = Rules { text_policy: TextPolicy::Ucs2, ..Rules::default() };
    let body = json!({"num": ["+32470123456"], "sms": ["Forêt"], "repertoireId": "7"});
    let plan = planned(body, rules).unwrap();
    let requests: Vec<_> = plan.parts.iter().map(|it| &it.request.sending.request).collect();
    assert_eq!((requests[0].ucs2, requests[0].repertoire_id.as_deref()), (true, None));
    assert_eq!((requests[1].ucs2, requests[1].repertoire_id.as_deref()), (false, Some("7")));
    assert_eq!(requests[1].sms, ["Foret"]);

    // What was accepted is told, although the directory's call failed.
    let accepted = r#"{"etat":{"etat":[{"code":"0","tel":"32470123456"}]}}"#;
    let reply = recipients::reply(isendpro::Reply::read(accepted).unwrap(), &plan.parts[0].items);
    let lost = Outcome::InDoubt(Problem::new(Reason::Unavailable, "no answer"));
    let outcomes = vec![Outcome::Done(reply), lost];
    let output =
        SendSmsMulti::finish(&Options::default(), plan, outcomes).unwrap().outputs.remove(0);
    assert_eq!((output.accepted, output.unknown), (1, 1));
    assert_eq!(output.results[1].fate.fate.num, "directory");
}

#[test]
fn what_is_to_be_retried_keeps_its_settings_as_they_were_given() {
    let rules = Rules { kind: Some(Purpose::Marketing), ..Rules::default() };
    let body = json!({"num": ["0692112233", "470123456"], "sms": ["l’été"], "smslong": 2,
        "date_envoi": "2026-11-24T07:00", "gmt_zone": "Europe/Paris", "region": "FR", "nostop": false});
    let plan = planned(body, rules).unwrap();
    let lost = Outcome::NotSent(Problem::new(Reason::Unavailable, "no connection"));
    let outcomes = vec![lost; plan.parts.len()];
    let finish = SendSmsMulti::finish(&Options::default(), plan, outcomes).unwrap();
    assert_eq!(
        finish.outputs[0].retry,
        Some(json!({"recipients": [{"num": "0692112233"}], "sms": ["l’été"], "smslong": 2,
            "date_envoi": "2026-11-24T07:00", "gmt_zone": "Europe/Paris", "region": "FR"}))
    );
}

#[test]
fn too_many_recipients_are_refused_before_anything_else() {
    let rules = || Rules { max_recipients: Some(2), ..Rules::default() };
    let nums =
        |count: u64| (0..count).map(|it| format!("06{:08}", 80_000_000 + it)).collect::<Vec<_>>();
    assert!(planned(json!({"num": nums(2), "sms": ["a"]}), rules()).is_ok());
    let error = planned(json!({"num": nums(3), "sms": ["a"]}), rules()).unwrap_err();
    assert!(error.to_string().contains("num: 3 recipients in one message, allowed 2"), "{error}");
}

#[test]
fn marketing_that_would_arrive_after_the_hours_waits_for_the_morning() {
    let rules = || Rules { kind: Some(Purpose::Marketing), ..Rules::default() };
    let leaves = |now: &str| {
        let input = json!({"num": ["0680010203"], "sms": ["Soldes"]});
        let options = Options { rules: rules(), ..Options::default() };
        let input = serde_json::from_value(input).unwrap();
        let plan = SendSmsMulti::plan(input, &options, now.parse().unwrap()).unwrap();
        plan.parts[0].request.sending.at.map(|it| it.to_string())
    };
    assert_eq!(leaves("2026-11-23T19:57:59+01:00"), None);
    assert_eq!(leaves("2026-11-23T19:58:01+01:00").as_deref(), Some("2026-11-24T07:00:00Z"));
    assert_eq!(leaves("2026-11-23T07:59:00+01:00").as_deref(), Some("2026-11-23T07:00:00Z"));
    assert_eq!(leaves("2026-11-23T08:00:00+01:00"), None);
}

#[test]
fn marketing_goes_to_no_number_whose_place_is_unknown() {
    let rules = Rules { kind: Some(Purpose::Marketing), ..Rules::default() };
    let body = json!({"num": ["0680010203", "+262701234567", "+15551234567"], "sms": ["Soldes"]});
    let plan = planned(body, rules).unwrap();
    let refused = refusals(&plan);
    assert_eq!(refused.iter().map(|it| it.1).collect::<Vec<_>>(), [Some(Reason::Night); 2]);
    assert!(refused[0].2.contains("where this number is cannot be told"), "{}", refused[0].2);
}

#[test]
fn a_plan_says_what_it_does_not_know_of_a_directory() {
    let rules = Rules { price_per_part: Some(0.05), ..Rules::default() };
    let plan = planned(json!({"repertoireId": "7", "sms": ["Forêt"]}), rules).unwrap();
    assert!(plan.warnings[0].contains("neither counted nor priced"), "{:?}", plan.warnings);
    let finish = SendSmsMulti::finish(&Options::default(), plan, vec![Outcome::Planned]).unwrap();
    let row = &finish.outputs[0].results[0].fate;
    assert_eq!((row.fate.num.as_str(), row.sms.as_deref()), ("directory", Some("Foret")));
    assert_eq!((row.price, finish.outputs[0].smslong), (None, 0));
}

#[test]
fn what_is_to_be_retried_can_be_given_to_the_same_action_whatever_failed() {
    let rules = || Rules { text_policy: TextPolicy::Ucs2, ..Rules::default() };
    let body =
        json!({"num": ["0680010203", "+32470123456"], "sms": ["Prête 🎉"], "repertoireId": "7"});
    let lost = || Outcome::NotSent(Problem::new(Reason::Unavailable, "no connection"));
    let accepted = || {
        let raw = r#"{"etat":{"etat":[{"code":"0","tel":"32470123456"}]}}"#;
        let items = planned(body.clone(), rules()).unwrap().parts.remove(1).items;
        Outcome::Done(recipients::reply(isendpro::Reply::read(raw).unwrap(), &items))
    };
    let cases = [
        (
            lost(),
            lost(),
            json!({"recipients": [{"num": "0680010203"}, {"num": "+32470123456"}],
            "sms": ["Prête 🎉"], "repertoireId": "7"}),
        ),
        (
            lost(),
            accepted(),
            json!({"recipients": [{"num": "0680010203"}], "sms": ["Prête 🎉"],
            "repertoireId": "7"}),
        ),
    ];
    for (first, second, expected) in cases {
        let plan = planned(body.clone(), rules()).unwrap();
        let finish = SendSmsMulti::finish(&Options::default(), plan, vec![first, second]).unwrap();
        let retry = finish.outputs[0].retry.clone().unwrap();
        assert_eq!(retry, expected);
        assert!(planned(retry, rules()).is_ok());
    }
    let alone = json!({"repertoireId": "7", "num": ["+32470123456"], "sms": ["Prête 🎉"]});
    let plan = planned(alone, rules()).unwrap();
    let outcomes = vec![accepted(), lost()];
    let finish = SendSmsMulti::finish(&Options::default(), plan, outcomes).unwrap();
    assert_eq!(
        finish.outputs[0].retry,
        Some(json!({"sms": ["Prête 🎉"], "repertoireId": "7"})),
        "the directory alone"
    );
}

#[test]
fn each_recipient_alone_brings_its_own_retry() {
    let options = Options { emit_behaviour: EmitBehaviour::EmitIndividually, ..Options::default() };
    let plan = plan(json!({"num": ["0680010203", "0680010204"], "sms": ["a"]})).unwrap();
    let lost = Outcome::NotSent(Problem::new(Reason::Unavailable, "no connection"));
    let outputs = SendSmsMulti::finish(&options, plan, vec![lost]).unwrap().outputs;
    let retries: Vec<_> = outputs.iter().map(|it| it.retry.clone().unwrap()).collect();
    let expected = |num| json!({"recipients": [{"num": num}], "sms": ["a"]});
    assert_eq!(retries, [expected("0680010203"), expected("0680010204")]);
}
