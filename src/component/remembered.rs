//! What a journal remembers of a request, and what that means when the same message comes again.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    Action, Answer, Difference, Fallout, GIVEN_UP, Item, Kept, Known, MessageKey, Outcome, Part,
    Plan, Problem, Reason, Reply, Settled, Slot, Status, WHOLE, clock, identity,
};

/// What one request does that must happen at most once.
pub fn slots<R>(part: &Part<R>) -> Vec<Slot<'_>> {
    let recipients = part.items.iter().map(slot);
    let whole = part.whole.then_some(Slot { index: WHOLE, tel: "", tracker: None });
    recipients.chain(whole).collect()
}

fn slot(item: &Item) -> Slot<'_> {
    Slot { index: place(item.index), tel: &item.tel, tracker: item.tracker.as_deref() }
}

/// All recipients but duplicates, which claim nothing, as what they would claim.
pub fn everyone<R>(plan: &Plan<R>) -> Vec<Slot<'_>> {
    let called = plan.parts.iter().flat_map(|it| &it.items);
    let settled = plan.settled.iter().filter(|it| it.answer.status != Status::Duplicate);
    called.chain(settled.map(|it| &it.item)).map(slot).collect()
}

/// The recipients that were refused without a call, as what they would claim.
pub fn left_out<R>(plan: &Plan<R>) -> Vec<Slot<'_>> {
    let refused = |it: &&Settled| it.answer.status == Status::Refused && !it.answer.replayed;
    plan.settled.iter().filter(refused).map(|it| slot(&it.item)).collect()
}

/// Tells of recipients that were refused without a call what is known of them from an earlier
/// delivery.
pub fn restate<R>(plan: &mut Plan<R>, known: Vec<(u32, Known)>) {
    let mut known: HashMap<u32, Known> = known.into_iter().collect();
    for Settled { item, answer: told } in &mut plan.settled {
        let Some(known) = known.remove(&place(item.index)) else { continue };
        let now = told.message.take().unwrap_or_default();
        *told = answer(known);
        if let (Status::Unknown, Some(said)) = (told.status, &mut told.message) {
            *said += &format!("; it is refused now: {now}");
        }
    }
}

/// Gives recipients without a tracker one that is the same whenever the message comes again.
pub fn track<A: Action>(plan: &mut Plan<A::Request>, message: MessageKey) {
    for part in plan.parts.iter_mut().filter(|_| A::TRACKS) {
        for item in &mut part.items {
            let slot = place(item.index);
            item.track(|| identity::tracker(message, slot));
        }
        A::track(part);
    }
}

/// Leaves out of a request what is known of it. If nothing is left, says what became of it.
pub fn settle<A: Action>(
    plan: &mut Plan<A::Request>,
    part: usize,
    known: Vec<(u32, Known)>,
) -> Option<Outcome> {
    let Plan { parts, settled, warnings, .. } = plan;
    let part = parts.get_mut(part)?;
    let mut beyond = None;
    let is_replay = !known.iter().any(|it| matches!(it.1, Known::Changed { .. }));
    let mut keep = vec![true; part.items.len()];
    let several = part.items.len() + usize::from(part.whole) > 1;
    for (index, known) in known {
        if index == WHOLE {
            beyond = Some(known);
        } else if let Some(place) = part.items.iter().position(|it| place(it.index) == index) {
            keep[place] = false;
            let mut item = part.items[place].clone();
            if let Known::Unknown { tracker, .. } = &known {
                item.tracker.clone_from(tracker);
            }
            settled.push(Settled { item, answer: answer(known) });
        }
    }
    part.whole &= beyond.is_none();
    // The recipients have results of their own; this has none.
    match &beyond {
        Some(Known::Unknown { .. }) if several => warnings.push(BEYOND_IN_DOUBT.to_owned()),
        Some(Known::Changed { difference, accepted }) if several => {
            warnings.push(changed(difference, *accepted));
        }
        _ => {}
    }
    if several {
        A::narrow(&mut part.request, &keep, part.whole);
    }
    let mut kept = keep.into_iter();
    part.items.retain(|_| kept.next().unwrap_or(true));
    if !part.items.is_empty() || part.whole {
        return None;
    }
    Some(match beyond {
        Some(Known::Unknown { .. }) => {
            Outcome::InDoubt(Problem::new(Reason::Unavailable, IN_DOUBT))
        }
        Some(Known::Accepted(kept)) => Outcome::Done(reply(&kept)),
        Some(Known::Refused { code }) => {
            Outcome::Refused(Problem { code, ..Problem::new(Reason::Other, REFUSED) })
        }
        Some(Known::Changed { difference, accepted }) => {
            let said = changed(&difference, accepted);
            Outcome::InDoubt(Problem { quotes: true, ..Problem::new(Reason::Other, said) })
        }
        None => Outcome::Done(Reply { replayed: is_replay, ..Reply::default() }),
    })
}

/// What is told of a request that was made although these slots of it may have been sent before.
pub fn doubt<A: Action>(
    plan: &mut Plan<A::Request>,
    part: usize,
    outcome: Outcome,
    doubts: &[u32],
) -> Outcome {
    let now = match &outcome {
        Outcome::NotSent(problem) | Outcome::Refused(problem) => problem.clone(),
        _ => return with_doubts(plan, part, outcome, doubts),
    };
    let Some(called) = plan.parts.get(part) else { return outcome };
    let items = called.items.iter().filter(|it| doubts.contains(&place(it.index)));
    let mut known: Vec<_> =
        items.map(|it| (place(it.index), doubted(it.tracker.clone()))).collect();
    if called.whole && doubts.contains(&WHOLE) {
        known.push((WHOLE, doubted(None)));
    }
    let before = plan.settled.len();
    let settled = settle::<A>(plan, part, known);
    for it in &mut plan.settled[before..] {
        it.answer.message = Some(format!("{IN_DOUBT}; this one: {}", now.message));
        it.answer.quotes = now.quotes;
        it.answer.replayed = false;
    }
    match settled {
        // It was made now.
        Some(Outcome::Done(reply)) => Outcome::Done(Reply { replayed: false, ..reply }),
        settled => settled.unwrap_or(outcome),
    }
}

fn doubted(tracker: Option<String>) -> Known {
    Known::Unknown { since: clock::now(), tracker }
}

/// An answer that names recipients, with the doubt of those that were not accepted.
fn with_doubts<R>(plan: &Plan<R>, part: usize, mut outcome: Outcome, doubts: &[u32]) -> Outcome {
    let (Outcome::Done(reply), Some(part)) = (&mut outcome, plan.parts.get(part)) else {
        return outcome;
    };
    for (item, answer) in part.items.iter().zip(&mut reply.answers) {
        let doubted = doubts.contains(&place(item.index));
        if doubted && matches!(answer.status, Status::Refused | Status::NotSent) {
            let now = answer.message.take().unwrap_or_default();
            answer.status = Status::Unknown;
            answer.message = Some(format!("{IN_DOUBT}; this one: {now}"));
        }
    }
    outcome
}

/// What is said of a message that comes again and may have been sent.
const IN_DOUBT: &str = "an earlier try of this same message ended in doubt: it may have been sent";

/// The same of what a request does beyond its recipients.
const BEYOND_IN_DOUBT: &str = "an earlier try of this same message ended in doubt: it may have \
    been sent to its directory, and is not sent to it now";

/// What is said of a refusal that was told before.
const REFUSED: &str = "refused by an earlier delivery of this message; nothing was sent now";

/// What is said of a slot that was called before with something that is another now. It is in doubt,
/// and not refused: the message was sent, or may have been.
fn changed(difference: &Difference, accepted: bool) -> String {
    let before = if accepted { "was accepted" } else { "ended in doubt" };
    match difference {
        Difference::Number { ending } => {
            let ending = ending.as_ref().map(|it| format!(", ending in {it},"));
            let ending = ending.unwrap_or_default();
            format!(
                "num: was read as another number{ending} when an earlier try of this message \
                 {before}; nothing was sent to the new one"
            )
        }
        Difference::Account => format!(
            "keyid: an earlier try of this message {before} with another key; nothing was sent \
             with this one"
        ),
    }
}

fn answer(known: Known) -> Answer {
    let unsaid = Answer {
        status: Status::Unknown,
        code: None,
        message: Some(IN_DOUBT.to_owned()),
        reason: Some(Reason::Unavailable),
        parts: None,
        replayed: true,
        quotes: false,
    };
    match known {
        Known::Unknown { .. } => unsaid,
        Known::Accepted(kept) => Answer {
            status: Status::Accepted,
            code: kept.code,
            message: Some(format!("sent before, at {:.0}; nothing was sent now", kept.at)),
            reason: None,
            parts: kept.parts,
            ..unsaid
        },
        Known::Refused { code } => Answer {
            status: Status::Refused,
            code,
            message: Some(REFUSED.to_owned()),
            reason: Some(Reason::Other),
            ..unsaid
        },
        Known::Changed { difference, accepted } => Answer {
            message: Some(changed(&difference, accepted)),
            quotes: true,
            reason: Some(Reason::Other),
            replayed: false,
            ..unsaid
        },
    }
}

fn reply(kept: &Kept) -> Reply {
    let data = kept.data.as_deref().and_then(|it| serde_json::from_str(it).ok());
    let mut data: Map<String, Value> = data.unwrap_or_default();
    if let Some(code) = kept.code {
        data.entry("code").or_insert_with(|| code.into());
    }
    Reply { data, replayed: true, ..Reply::default() }
}

/// What became of each slot of a request, by its outcome.
pub fn fallout<A: Action>(part: &Part<A::Request>, outcome: &Outcome) -> Vec<(u32, Fallout)> {
    let each = |fallout: &Fallout| {
        let recipients = part.items.iter().map(|it| place(it.index));
        let whole = part.whole.then_some(WHOLE);
        recipients.chain(whole).map(|it| (it, fallout.clone())).collect()
    };
    match outcome {
        Outcome::Done(reply) => {
            let recipients = part.items.iter().zip(&reply.answers);
            let mut fallout: Vec<_> =
                recipients.map(|(item, answer)| (place(item.index), of_answer(answer))).collect();
            if part.whole {
                fallout.push((WHOLE, Fallout::Accepted(kept::<A>(reply))));
            }
            fallout
        }
        Outcome::Refused(problem) if problem.account.is_none() => {
            each(&Fallout::Refused { code: problem.code })
        }
        Outcome::InDoubt(_) => each(&Fallout::Unknown),
        Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Planned => each(&Fallout::Released),
    }
}

fn of_answer(answer: &Answer) -> Fallout {
    match answer.status {
        Status::Accepted => {
            let (at, data) = (jiff::Timestamp::UNIX_EPOCH, None);
            Fallout::Accepted(Kept { at, code: answer.code, parts: answer.parts, data })
        }
        Status::Refused => Fallout::Refused { code: answer.code },
        Status::NotSent => Fallout::Released,
        _ => Fallout::Unknown,
    }
}

fn kept<A: Action>(reply: &Reply) -> Kept {
    let remembered = A::REMEMBERED.iter().filter_map(|name| reply.data.get_key_value(*name));
    let data: Map<String, Value> =
        remembered.map(|(name, value)| (name.clone(), value.clone())).collect();
    Kept {
        at: jiff::Timestamp::UNIX_EPOCH,
        code: reply.data.get("code").and_then(Value::as_i64),
        parts: None,
        data: (!data.is_empty()).then(|| Value::Object(data).to_string().into()),
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(GIVEN_UP - 1)
}
