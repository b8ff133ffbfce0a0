//! Every combination of facts, and what holds for each of them.

use std::fmt::Debug;

use super::*;
use crate::component::{AccountTrouble, Tally};

/// The facts that a host gathers of a delivery, whatever its verdict.
const FLAGS: u32 = 6;

fn verdicts() -> Vec<Verdict> {
    let tallies = [0, 1].into_iter().flat_map(|accepted| {
        let tally = move |unknown, refused, not_sent| Tally {
            accepted,
            refused,
            not_sent,
            unknown,
            ..Tally::default()
        };
        [0, 1].into_iter().flat_map(move |unknown| {
            [tally(unknown, 0, 0), tally(unknown, 1, 0), tally(unknown, 0, 1)]
        })
    });
    let errors: Vec<_> =
        [None].into_iter().chain(Kind::ALL.map(|it| Some(Error::new(it, "why")))).collect();
    let journal_failure =
        |unrecorded| Some(JournalFailure { why: "it is full".to_owned(), unrecorded });
    let mut verdicts = Vec::new();
    for tally in tallies {
        for error in &errors {
            for account in [None, Some(AccountTrouble::Credit)] {
                for journal_failure in [None, journal_failure(false), journal_failure(true)] {
                    let error = error.clone();
                    let unreachable = false;
                    verdicts.push(Verdict { tally, error, account, journal_failure, unreachable });
                }
            }
        }
    }
    verdicts
}

fn unpublished() -> [Unpublished; 2] {
    [
        Unpublished::Unroutable(Error::new(Kind::Internal, "no queue takes it")),
        Unpublished::GaveUp(Error::new(Kind::Unavailable, "the broker is gone")),
    ]
}

fn deliveries(unpublished: &[Unpublished; 2]) -> Vec<Delivery<'_>> {
    let waits = [None, Some(JOURNAL_PATIENCE), Some(JOURNAL_PATIENCE + Duration::from_secs(1))];
    let mut deliveries = Vec::new();
    for flags in 0..1 << FLAGS {
        let fact = |place: u32| flags & (1 << place) != 0;
        for waited_for_journal in waits {
            for unpublished in [None, Some(&unpublished[0]), Some(&unpublished[1])] {
                deliveries.push(Delivery {
                    redelivered: fact(0),
                    was_put_back: fact(1),
                    may_come_back: fact(2),
                    stopping: fact(3),
                    impatient: fact(4),
                    waited_for_account: fact(5),
                    waited_for_journal,
                    unpublished,
                    deed: "sent",
                });
            }
        }
    }
    deliveries
}

/// All that can follow from an act, however it goes.
fn following(act: &Act, delivery: &Delivery<'_>) -> Vec<Disposition> {
    let published = || {
        let [unroutable, gave_up] = unpublished();
        [Ok(()), Err(unroutable), Err(gave_up)]
    };
    let journal_failure = JournalFailure { why: "it is full".to_owned(), unrecorded: false };
    match act {
        Act::End(_) | Act::Leave(_) | Act::TryAgain(_) => Vec::new(),
        Act::PutBack(_) => {
            let wait = Duration::from_secs(15);
            published().map(|it| after_put_back(it, wait, delivery)).into()
        }
        Act::Report(_) => published().map(after_report).into(),
        Act::GiveUp(error) => [Ok(true), Ok(false), Err(journal_failure)]
            .map(|it| after_giving_up(it, error.clone(), delivery))
            .into(),
    }
}

/// A law that is broken, with the facts that break it.
#[track_caller]
fn must(holds: bool, law: &str, facts: (&Verdict, &Delivery<'_>), found: &dyn Debug) {
    assert!(holds, "{law}: {found:#?}\nof {:#?}\n{:#?}", facts.0, facts.1);
}

/// The facts, as the laws speak of them.
struct Facts<'a> {
    verdict: &'a Verdict,
    delivery: &'a Delivery<'a>,
    /// Something may have been sent.
    sent: bool,
    all_published: bool,
    retryable: bool,
    /// The host is being stopped, or stops for this message.
    ending: bool,
    /// The journal could not take its claim.
    unclaimed: bool,
    /// The journal could not take its outcome.
    unrecorded: bool,
    may_still_be_sent: bool,
    /// Its account is in trouble, and it may wait for it.
    waits_for_account: bool,
}

impl<'a> Facts<'a> {
    fn of(verdict: &'a Verdict, delivery: &'a Delivery<'a>, fatal: bool) -> Self {
        let kind = verdict.error.as_ref().map(|it| it.kind);
        let retryable = verdict.error.as_ref().is_some_and(Error::retryable);
        let unrecorded = verdict.journal_failure.as_ref().is_some_and(|it| it.unrecorded);
        let ending = delivery.stopping || fatal;
        let may_wait = !delivery.impatient && !delivery.waited_for_account;
        Self {
            verdict,
            delivery,
            sent: verdict.tally.accepted > 0
                || verdict.tally.unknown > 0
                || kind == Some(Kind::Unknown),
            all_published: delivery.unpublished.is_none(),
            retryable,
            ending,
            unclaimed: verdict.journal_failure.is_some() && !unrecorded,
            unrecorded,
            may_still_be_sent: retryable && (delivery.may_come_back || ending),
            waits_for_account: verdict.account.is_some() && may_wait,
        }
    }

    /// Its error is told because of what became of the message, and not of its results.
    fn is_unsent(&self) -> bool {
        self.all_published && !self.sent && self.verdict.error.is_some()
    }

    fn is_done(&self) -> bool {
        self.all_published && self.verdict.error.is_none()
    }
}

fn laws_of_a_disposition(verdict: &Verdict, delivery: &Delivery<'_>, found: &Disposition) {
    let must = |holds, law| must(holds, law, (verdict, delivery), found);
    let Disposition { act, fatal } = found;
    let facts = Facts::of(verdict, delivery, fatal.is_some());
    must(
        !facts.sent || matches!(act, Act::End(_) | Act::Report(_) | Act::Leave(_)),
        "what may have been sent is neither put back, nor tried again, nor given up",
    );
    must(
        matches!(act, Act::End(_)) == facts.is_done(),
        "what is done and told is acknowledged, and only that",
    );
    let waits_first = facts.waits_for_account && !facts.ending;
    must(
        !(facts.is_unsent() && waits_first && !(facts.unclaimed && facts.retryable))
            || *act == Act::TryAgain(Until::AccountWorks),
        "a message waits for the account once",
    );
    must(!facts.unrecorded || fatal.is_some(), "what is not recorded ends the process");
    must(
        fatal.is_none() || facts.unrecorded || facts.unclaimed,
        "only a journal that fails ends the process",
    );
    if facts.unclaimed && facts.all_published {
        let waits = matches!(act, Act::TryAgain(Until::JournalWorks(_)) | Act::Leave(_));
        must(waits || fatal.is_some(), "no message begins while the journal fails");
    }
    laws_of_an_act(&facts, act, &must);
}

fn laws_of_an_act(facts: &Facts<'_>, act: &Act, must: &dyn Fn(bool, &'static str)) {
    let Facts { verdict, delivery, ending, .. } = *facts;
    let failing = delivery.waited_for_journal;
    match act {
        Act::End(end) => {
            let tally = &verdict.tally;
            let left = tally.refused + tally.not_sent + tally.unknown > 0;
            let expected = if left { End::Incomplete } else { End::Done };
            must(*end == expected, "an end tells whether something is left");
        }
        Act::PutBack(_) => {
            must(
                facts.retryable || verdict.account.is_some(),
                "only what may be tried again, or waits for the account, is put back",
            );
            must(delivery.may_come_back || ending, "nothing is put back more often than it may");
        }
        Act::TryAgain(until) => {
            must(!ending, "nothing is held by a host that ends");
            let awaited = match until {
                Until::Now => false,
                Until::AccountWorks => facts.waits_for_account,
                Until::JournalWorks(_) => {
                    facts.unclaimed && failing.is_none_or(|it| it <= JOURNAL_PATIENCE)
                }
            };
            must(awaited, "a message is held for what is in its way, and not for ever");
        }
        Act::GiveUp(_) => {
            must(delivery.was_put_back, "only a copy is given up");
            must(!facts.may_still_be_sent, "nothing is given up that may still be sent");
        }
        Act::Report(error) => {
            let own = facts.all_published && Some(error) != verdict.error.as_ref();
            must(!own, "an error of the engine is told as it is");
            let denied = error.kind != Kind::Unknown;
            must(
                facts.all_published || !facts.sent || !denied,
                "what may have been sent, and whose result is lost, is told as in doubt",
            );
            must(
                !facts.is_unsent() || !delivery.was_put_back,
                "a copy is given up before it is told as not sent",
            );
            must(
                !facts.is_unsent() || !facts.may_still_be_sent,
                "nothing is told as not sent that may still be sent",
            );
        }
        Act::Leave(_) => {
            let nobody_hears = matches!(delivery.unpublished, Some(Unpublished::GaveUp(_)));
            let too_long = failing.is_some_and(|it| it > JOURNAL_PATIENCE);
            let journal = facts.unclaimed && facts.retryable && (too_long || delivery.stopping);
            let unbegun = delivery.redelivered && ending && verdict.account.is_some();
            must(
                nobody_hears || journal || unbegun,
                "only what nobody can be told, or nobody may touch, stays in the queue",
            );
        }
    }
}

/// Goes every way from here to an end.
fn laws_of_the_way(
    facts: (&Verdict, &Delivery<'_>),
    sent: bool,
    at: &Disposition,
    way: &mut Vec<Act>,
) -> usize {
    way.push(at.act.clone());
    must(way.len() <= 4, "whatever fails, it ends", facts, way);
    let next = following(&at.act, facts.1);
    let before = way.iter().rev().nth(1);
    match &at.act {
        Act::End(End::PutBack(_)) => {
            must(matches!(before, Some(Act::PutBack(_))), "a copy is out", facts, way);
        }
        Act::End(End::Failed) => {
            must(matches!(before, Some(Act::Report(_))), "its error is out", facts, way);
        }
        Act::End(End::Done | End::Incomplete) => {
            must(way.len() == 1, "an error that is met on the way is told", facts, way);
        }
        Act::Report(error) if facts.1.was_put_back && matches!(before, Some(Act::PutBack(_))) => {
            must(error.kind == Kind::Unknown, "the other copy may be sent", facts, way);
        }
        _ => {}
    }
    must(!sent || !way.iter().any(|it| matches!(it, Act::PutBack(_))), "it is sent", facts, way);
    let ways: usize = next.iter().map(|it| laws_of_the_way(facts, sent, it, way)).sum();
    way.pop();
    ways.max(1)
}

#[test]
fn every_combination_of_facts_keeps_the_laws() {
    let unpublished = unpublished();
    let (verdicts, deliveries) = (verdicts(), deliveries(&unpublished));
    let (mut combinations, mut ways) = (0_usize, 0_usize);
    for verdict in &verdicts {
        let sent = verdict.tally.accepted + verdict.tally.unknown > 0;
        for delivery in &deliveries {
            let found = disposition(verdict, delivery);
            laws_of_a_disposition(verdict, delivery, &found);
            ways += laws_of_the_way((verdict, delivery), sent, &found, &mut Vec::new());
            combinations += 1;
        }
    }
    println!("{combinations} combinations of facts, {ways} ways to an end");
    assert_eq!(combinations, 12 * 11 * 2 * 3 * 64 * 3 * 3);
}

#[test]
fn a_message_that_was_not_begun_is_judged_by_what_may_have_become_of_it_before() {
    let unpublished = unpublished();
    let error = || Error::new(Kind::Unavailable, "no body");
    for delivery in &deliveries(&unpublished) {
        let came_before = delivery.redelivered || delivery.was_put_back;
        let Act::Report(told) = without_body(error(), delivery).act else { panic!("{delivery:?}") };
        assert_eq!(told.kind == Kind::Unknown, came_before, "{delivery:?}");
        let left = matches!(unbegun(delivery).act, Act::Leave(_));
        assert_eq!(left, delivery.redelivered, "a copy would not say so: {delivery:?}");
        let put_back = matches!(unbegun(delivery).act, Act::PutBack(_));
        assert_eq!(put_back, !delivery.redelivered, "{delivery:?}");
    }
    assert_eq!(illegible(error()), Act::Report(error()).into());
    assert!(matches!(blocked().act, Act::Leave(_)));
    assert!(matches!(broken().act, Act::Report(error) if error.kind == Kind::Unknown));
}
