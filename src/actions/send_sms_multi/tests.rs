//! What a bulk message becomes, and what its answers mean.

use serde_json::json;

use super::*;
use crate::component::{Problem, Reason};
use crate::isendpro;

fn plan(body: Value) -> Result<Plan<SmsMulti>, Error> {
    let input = serde_json::from_value(body).unwrap();
    SendSmsMulti::plan(input, &Options::default(), Timestamp::UNIX_EPOCH)
}

#[test]
fn texts_follow_their_recipients_past_refused_and_repeated_ones() {
    let plan = plan(json!({"num": ["x", "0680010203", "+33680010203", "0680010204"], "sms": ["a", "b", "c", "d"]})).unwrap();
    let request = &plan.parts[0].request;
    assert_eq!(request.num, ["33680010203", "33680010204"]);
    assert_eq!(request.sms, ["b", "d"]);
    assert_eq!(plan.settled.len(), 2);
}

#[test]
fn a_list_of_recipients_has_its_own_texts_or_the_common_one() {
    let body = json!({"sms": ["all"], "recipients": [{"num": "0680010203", "tracker": "t1"}, {"num": "0680010204", "sms": "own"}]});
    let request = plan(body).unwrap().parts.remove(0).request;
    assert_eq!(request.sms, ["all", "own"]);
    assert_eq!(request.tracker, ["t1", ""]);
}

#[test]
fn what_does_not_fit_together_is_refused_with_the_field() {
    let cases = [
        (json!({"sms": ["a"]}), "num"),
        (json!({"num": ["0680010203"]}), "sms"),
        (json!({"num": ["0680010203", "0680010204"], "sms": ["a", "b", "c"]}), "sms"),
        (json!({"num": ["0680010203", "0680010204"], "sms": ["a", " "]}), "sms[1]"),
        (json!({"num": ["0680010203"], "sms": ["a"], "tracker": ["t", "u"]}), "tracker"),
        (json!({"num": ["0680010203"], "sms": ["a"], "recipients": [{"num": "06"}]}), "recipients"),
        (json!({"recipients": [{"num": "0680010203"}]}), "recipients[0].sms"),
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
