//! Recipients: from numbers to what became of each.

use std::collections::HashMap;

use super::answer::known;
use crate::component::{
    Answer, Error, Item, Kind, Outcome, Part, Plan, Problem, Reason, Reply, Settled, Status, Tally,
};
use crate::isendpro::{self, Entry};
use crate::sms::number::{self, BadNumber, Number};
use crate::sms::region::Region;

/// The number as it is called.
///
/// # Errors
/// Names the field, and why this cannot be called.
pub fn called(field: &str, num: &str, national: Region) -> Result<Number, Error> {
    number::read(num, national).map_err(|bad| refused(field, bad))
}

fn refused(field: &str, bad: BadNumber) -> Error {
    Error { reason: Some(reason(bad)), ..Error::invalid(field, bad) }
}

fn reason(bad: BadNumber) -> Reason {
    match bad {
        BadNumber::Landline => Reason::Landline,
        BadNumber::Short => Reason::ShortNumber,
        _ => Reason::BadNumber,
    }
}

/// The recipients that can be called, each with what `keep` makes of it, and those that are settled
/// without a call: bad numbers, those that `keep` refuses, and those that get the `same` as a
/// recipient before them with the same number.
pub fn sort_out<T>(
    items: Vec<Item>,
    national: Region,
    mut keep: impl FnMut(&mut Item, &Number) -> Result<T, Error>,
    same: impl Fn(&T, &T) -> bool,
) -> (Vec<(Item, T)>, Vec<Settled>) {
    let (mut callable, mut settled) = (Vec::<(Item, T)>::with_capacity(items.len()), Vec::new());
    let mut seen: HashMap<String, Vec<usize>> = HashMap::with_capacity(items.len());
    for mut item in items {
        let number = match item.fault.take() {
            Some(fault) => Err(Error::new(Kind::Invalid, fault)),
            None => number::read(&item.num, national).map_err(|bad| Error {
                reason: Some(reason(bad)),
                ..Error::new(Kind::Invalid, bad.to_string())
            }),
        };
        let kept = number.and_then(|number| {
            item.tel.clone_from(&number.tel);
            item.warnings.extend(number.doubt.as_ref().map(|it| format!("num: {it}")));
            Ok((keep(&mut item, &number)?, number.tel))
        });
        let answer = match kept {
            Err(error) => without_call(Status::Refused, error.reason, error.told()),
            Ok((kept, tel)) => {
                let before = seen.entry(tel).or_default();
                if before.iter().any(|it| same(&callable[*it].1, &kept)) {
                    without_call(Status::Duplicate, None, REPEATED.to_owned())
                } else {
                    item.nth = before.len();
                    before.push(callable.len());
                    callable.push((item, kept));
                    continue;
                }
            }
        };
        settled.push(Settled { item, answer });
    }
    (callable, settled)
}

/// What is said of a duplicate.
const REPEATED: &str = "the same comes earlier in this message for the same number, and goes once";

fn without_call(status: Status, reason: Option<Reason>, message: String) -> Answer {
    let message = Some(message);
    Answer { status, code: None, message, reason, parts: None, replayed: false, quotes: true }
}

/// The engine's reply for the API's: one answer for each recipient of the call.
///
/// Entries are matched to recipients by number. Of several for one number, one that was accepted
/// counts before one that cannot be read, and that before one that was refused: what may have cost
/// money must not be claimed again. A recipient without an entry is unknown. So is one that was asked
/// for alone, where the only entry is about another number: it answers some other message.
pub fn reply(reply: isendpro::Reply, items: &[Item]) -> Reply {
    let answers = match (reply.entries.as_slice(), items) {
        ([entry], [item]) if !is_about_another(entry, item) => vec![answer(entry)],
        (entries, items) => matched(entries, items),
    };
    Reply { answers, raw: reply.raw, ..Reply::default() }
}

/// The same where the answer may have entries of others too: those of a directory's numbers.
pub fn reply_by_number(reply: isendpro::Reply, items: &[Item]) -> Reply {
    let answers = matched(&reply.entries, items);
    Reply { answers, raw: reply.raw, ..Reply::default() }
}

/// Whether an entry names a number that can be read, and is not this one in any way of writing it.
/// None at all, or one with hidden digits, may well be this one.
pub fn is_about_another(entry: &Entry, item: &Item) -> bool {
    let Some(tel) = entry.tel() else { return false };
    let named = key(&tel);
    let is_hidden = |it: char| it.is_alphabetic() || "*#?_•".contains(it);
    let is_number = named.len() >= FEWEST_DIGITS && !tel.contains(is_hidden);
    // Abroad, a national number ends the international one.
    let national = named.trim_start_matches('0');
    is_number && named != key(&item.tel) && !item.tel.ends_with(national)
}

/// No number that can be called has fewer digits; part of one may.
const FEWEST_DIGITS: usize = 6;

fn matched(entries: &[Entry], items: &[Item]) -> Vec<Answer> {
    let said = by_recipient(entries, items).said;
    let weighed = said.into_iter().map(|it| it.into_iter().map(answer).min_by_key(weight));
    weighed.map(|it| it.unwrap_or_else(unmentioned)).collect()
}

/// Of several answers the one with the least counts.
fn weight(answer: &Answer) -> u8 {
    match answer.status {
        Status::Accepted => 0,
        Status::Refused => 2,
        _ => 1,
    }
}

/// Entries of an answer, by whom they are about.
pub struct ByRecipient<'a> {
    /// The entries about each recipient, in their order.
    pub said: Vec<Vec<&'a Entry>>,
    /// Entries about none of them.
    pub others: Vec<&'a Entry>,
}

/// Sorts the entries of an answer. The API may write a number in its own way; as it was called comes
/// first, since two numbers may share a key: 687751234 is called in New Caledonia, and could be read
/// as the French 0687751234, which has lost its zero.
pub fn by_recipient<'a>(entries: &'a [Entry], items: &[Item]) -> ByRecipient<'a> {
    let by_tel: HashMap<&str, usize> =
        (0..).zip(items).map(|(place, it)| (it.tel.as_str(), place)).collect();
    let mut by_key: HashMap<String, usize> = HashMap::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        by_key.entry(key(&item.tel)).or_insert(place);
    }
    let mut sorted = ByRecipient { said: vec![Vec::new(); items.len()], others: Vec::new() };
    for entry in entries {
        let place = entry.tel().and_then(|tel| {
            let key = key(&tel);
            by_tel.get(&*tel).or_else(|| by_tel.get(key.as_str())).or_else(|| by_key.get(&key))
        });
        match place.and_then(|it| sorted.said.get_mut(*it)) {
            Some(said) => said.push(entry),
            None => sorted.others.push(entry),
        }
    }
    sorted
}

/// Keeps the elements that `keep` says; a list that is not one for each recipient stays.
pub fn retain<T>(list: &mut Vec<T>, keep: &[bool]) {
    if list.len() == keep.len() {
        let mut kept = keep.iter();
        list.retain(|_| kept.next().copied().unwrap_or(true));
    }
}

fn unmentioned() -> Answer {
    let said = "iSendPro's answer does not mention this number".to_owned();
    let answer = without_call(Status::Unknown, Some(Reason::Unavailable), said);
    Answer { quotes: false, ..answer }
}

/// A form in which the ways of writing a number are equal. iSendPro writes national numbers in the
/// French way.
pub fn key(tel: &str) -> String {
    number::key(tel, Region::FR)
}

/// What one entry says of its recipient.
pub fn answer(entry: &Entry) -> Answer {
    let code = entry.code();
    let status = match code {
        Some(0) => Status::Accepted,
        Some(_) => Status::Refused,
        None => Status::Unknown,
    };
    Answer {
        status,
        code,
        message: entry.message().map(Into::into),
        reason: (status == Status::Refused).then(|| known(code).unwrap_or(Reason::Other)),
        parts: entry.integer("smslong").and_then(|it| u32::try_from(it).ok()),
        replayed: false,
        quotes: true,
    }
}

/// What became of every recipient of a call that had this outcome.
pub fn answers(items: &[Item], outcome: Outcome) -> Vec<Answer> {
    let all = |status, problem: Problem| {
        let answer = Answer {
            status,
            code: problem.code,
            message: Some(problem.message),
            reason: Some(problem.reason),
            parts: None,
            replayed: false,
            quotes: problem.quotes,
        };
        vec![answer; items.len()]
    };
    match outcome {
        Outcome::Done(reply) => reply.answers,
        // With the account mended, the same message may well be taken.
        Outcome::Refused(problem) if problem.account.is_some() => all(Status::NotSent, problem),
        Outcome::Refused(problem) => all(Status::Refused, problem),
        Outcome::NotSent(problem) => all(Status::NotSent, problem),
        Outcome::InDoubt(problem) => all(Status::Unknown, problem),
        Outcome::Planned => items.iter().map(planned).collect(),
    }
}

fn planned(item: &Item) -> Answer {
    Answer {
        status: Status::Planned,
        code: None,
        message: None,
        reason: None,
        parts: (item.units > 0).then_some(item.units),
        replayed: false,
        quotes: false,
    }
}

/// What became of every recipient of a message, in the message's order, and the count.
pub fn results<R>(plan: Plan<R>, outcomes: Vec<Outcome>) -> (Vec<(Item, Answer)>, Tally) {
    let called = plan.parts.into_iter().zip(outcomes).flat_map(|(part, outcome)| {
        let Part { items, .. } = part;
        let answers = answers(&items, outcome);
        items.into_iter().zip(answers)
    });
    let settled = plan.settled.into_iter().map(|it| (it.item, it.answer));
    let mut results: Vec<(Item, Answer)> = called.chain(settled).collect();
    results.sort_by_key(|(item, _)| item.index);
    let mut tally = Tally::default();
    for (_, answer) in &results {
        tally.count(answer.status);
        if answer.replayed {
            tally.replayed += 1;
        } else {
            tally.parts += u64::from(answer.parts.unwrap_or(0));
        }
    }
    (results, tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(nums: &[&str]) -> Vec<Item> {
        let item = |(index, num): (usize, &&str)| Item {
            index,
            num: (*num).to_owned(),
            ..Item::default()
        };
        nums.iter().enumerate().map(item).collect()
    }

    fn callable(nums: &[&str]) -> (Vec<Item>, Vec<Settled>) {
        let (callable, settled) = sort_out(items(nums), Region::FR, |_, _| Ok(()), |(), ()| true);
        (callable.into_iter().map(|(item, ())| item).collect(), settled)
    }

    #[test]
    fn bad_numbers_and_repeats_are_settled_beforehand() {
        let (callable, settled) = callable(&["0680010203", "0142000000", "+33 680 01 02 03", "x"]);
        assert_eq!(callable.len(), 1);
        let statuses: Vec<_> =
            settled.iter().map(|it| (it.item.index, it.answer.status, it.answer.reason)).collect();
        assert_eq!(
            statuses,
            [
                (1, Status::Refused, Some(Reason::Landline)),
                (2, Status::Duplicate, None),
                (3, Status::Refused, Some(Reason::BadNumber))
            ]
        );
    }

    #[test]
    fn entries_are_matched_by_number_whatever_their_order_and_form() {
        let raw = r#"{"etat":{"etat":[{"code":"11","tel":"0692112233"},{"code":"0","tel":"33680010203"},{"code":"0","tel":"0600000000"}]}}"#;
        let callable = callable(&["0680010203", "0692112233", "0611111111"]).0;
        let reply = reply(isendpro::Reply::read(raw).unwrap(), &callable);
        let statuses: Vec<_> = reply.answers.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [Status::Accepted, Status::Refused, Status::Unknown]);
        assert_eq!(reply.answers[1].reason, Some(Reason::Blacklisted));
    }

    #[test]
    fn numbers_that_only_a_plus_tells_apart_get_their_own_answers() {
        let raw = r#"{"etat":{"etat":[{"code":"0","tel":"687751234"},{"code":"11","tel":"0687751234"}]}}"#;
        for (nums, statuses) in [
            (["0687751234", "+687751234"], [Status::Refused, Status::Accepted]),
            (["+687751234", "0687751234"], [Status::Accepted, Status::Refused]),
        ] {
            let callable = callable(&nums).0;
            let reply = reply(isendpro::Reply::read(raw).unwrap(), &callable);
            let told: Vec<_> = reply.answers.iter().map(|it| it.status).collect();
            assert_eq!(told, statuses, "{nums:?}");
        }
    }

    #[test]
    fn of_several_entries_for_one_number_what_may_have_cost_money_counts() {
        let (yes, no) =
            (r#"{"code":"0","tel":"33680010203"}"#, r#"{"code":"11","tel":"0680010203"}"#);
        let (unread, other) = (r#"{"tel":"33680010203"}"#, r#"{"code":"21","tel":"33680010203"}"#);
        for (entries, status, code) in [
            ([yes, no], Status::Accepted, Some(0)),
            ([no, yes], Status::Accepted, Some(0)),
            ([unread, yes], Status::Accepted, Some(0)),
            ([no, unread], Status::Unknown, None),
            ([no, other], Status::Refused, Some(11)),
            ([other, no], Status::Refused, Some(21)),
        ] {
            // The second mention in the message is settled beforehand, and is not asked for.
            let (callable, settled) = callable(&["0680010203", "+33680010203", "0680010204"]);
            assert_eq!(settled.len(), 1);
            let raw = format!(r#"{{"etat":{{"etat":[{}]}}}}"#, entries.join(","));
            let reply = reply(isendpro::Reply::read(&raw).unwrap(), &callable);
            let told: Vec<_> = reply.answers.iter().map(|it| (it.status, it.code)).collect();
            assert_eq!(told, [(status, code), (Status::Unknown, None)], "{entries:?}");
        }
    }

    #[test]
    fn the_only_entry_counts_unless_it_is_about_another_number() {
        let told = |num: &str, tel: &str| {
            let callable = callable(&[num]).0;
            let raw = format!(r#"{{"etat":{{"etat":{{"code":"0","tel":{tel}}}}}}}"#);
            reply(isendpro::Reply::read(&raw).unwrap(), &callable).answers[0].status
        };
        for tel in [
            r#""0680010203""#,
            r#""+33 (0)6.80.01.02.03""#,
            "33680010203",
            "680010203",
            r#""06xxxxxxxx""#,
            r#""06 80 01 ** **""#,
            r#""06""#,
            r#""""#,
            "null",
            "[]",
        ] {
            assert_eq!(told("0680010203", tel), Status::Accepted, "{tel}");
        }
        // Overseas and abroad, in national form.
        assert_eq!(told("0692112233", r#""0692112233""#), Status::Accepted);
        assert_eq!(told("0692112233", r#""33692112233""#), Status::Accepted);
        assert_eq!(told("+32470123456", r#""0470123456""#), Status::Accepted);
        for tel in [r#""0680010204""#, "33680010204", r#""0142000000""#, r#""+32470123456""#] {
            assert_eq!(told("0680010203", tel), Status::Unknown, "{tel}");
        }
    }

    #[test]
    fn of_several_entries_about_others_none_is_about_the_only_recipient() {
        for (first, second) in [
            (r#"{"code":"0","tel":"0680010204"}"#, r#"{"code":"0","tel":"0680010205"}"#),
            (r#"{"code":"11","tel":"0680010204"}"#, r#"{"code":"0"}"#),
        ] {
            let raw = format!(r#"{{"etat":{{"etat":[{first},{second}]}}}}"#);
            let callable = callable(&["0680010203"]).0;
            let reply = reply(isendpro::Reply::read(&raw).unwrap(), &callable);
            assert_eq!(reply.answers[0].status, Status::Unknown);
        }
    }

    #[test]
    fn results_come_in_the_messages_order() {
        let (callable, settled) = callable(&["x", "0680010203", "0680010204"]);
        let part = Part::new(crate::component::Effect::Once, callable, ());
        let plan = Plan { settled, ..Plan::parts(vec![part]) };
        let lost = Outcome::InDoubt(Problem::new(Reason::Unavailable, "lost"));
        let (results, tally) = results(plan, vec![lost]);
        let statuses: Vec<_> = results.iter().map(|it| (it.0.index, it.1.status)).collect();
        assert_eq!(statuses, [(0, Status::Refused), (1, Status::Unknown), (2, Status::Unknown)]);
        assert_eq!((tally.unknown, tally.refused), (2, 1));
    }
}
