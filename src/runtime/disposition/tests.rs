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

fn laws_of_a_disposition(verdict: &Verdict, delivery: &Delivery<'_>, found: &Disposition) {
    let must = |holds, law| must(holds, law, (verdict, delivery), found);
    let Disposition { act, fatal } = found;
    let tally = &verdict.tally;
    let kind = verdict.error.as_ref().map(|it| it.kind);
    let sent = tally.accepted > 0 || tally.unknown > 0 || kind == Some(Kind::Unknown);
    let retryable = verdict.error.as_ref().is_some_and(Error::retryable);
    let forgotten = verdict.journal_failure.as_ref();
    let is_unrecorded = forgotten.is_some_and(|it| it.unrecorded);
    let ending = delivery.stopping || fatal.is_some();
    let all_published = delivery.unpublished.is_none();
    let is_done = all_published && verdict.error.is_none();

    must(
        !sent || matches!(act, Act::End(_) | Act::Report(_) | Act::Leave(_)),
        "what may have been sent is neither put back, nor tried again, nor given up",
    );
    must(
        kind != Some(Kind::Unknown)
            || !matches!(act, Act::Report(error) if error.kind != Kind::Unknown),
        "what is in doubt is told as in doubt",
    );
    must(
        all_published || !sent || !matches!(act, Act::Report(error) if error.kind != Kind::Unknown),
        "what may have been sent, and whose result is lost, is told as in doubt",
    );
    must(
        matches!(act, Act::End(_)) == is_done,
        "what is done and told is acknowledged, and only that",
    );
    let left = tally.refused + tally.not_sent + tally.unknown > 0;
    match act {
        Act::End(end) => {
            let expected = if left { End::Incomplete } else { End::Done };
            must(*end == expected, "an end tells whether something is left");
        }
        Act::PutBack(_) => {
            must(
                retryable || verdict.account.is_some(),
                "only what may be tried again, or waits for the account, is put back",
            );
            must(delivery.may_come_back || ending, "nothing is put back more often than it may");
        }
        Act::TryAgain(until) => {
            must(!ending, "nothing is held by a host that ends");
            let awaited = match until {
                Until::Now => false,
                Until::AccountWorks => {
                    verdict.account.is_some() && !delivery.impatient && !delivery.waited_for_account
                }
                Until::JournalWorks(_) => {
                    forgotten.is_some()
                        && delivery.waited_for_journal.is_none_or(|it| it <= JOURNAL_PATIENCE)
                }
            };
            must(awaited, "a message is held for what is in its way, and not for ever");
        }
        Act::GiveUp(_) => must(delivery.was_put_back, "only a copy is given up"),
        Act::Report(error) => {
            let told = !all_published || Some(error) == verdict.error.as_ref();
            must(told, "an error of the engine is told as it is");
            must(
                sent || !all_published || !delivery.was_put_back,
                "a copy is given up before it is told as not sent",
            );
        }
        Act::Leave(_) => {
            let nobody_hears = matches!(delivery.unpublished, Some(Unpublished::GaveUp(_)));
            let unclaimed = forgotten.is_some() && !is_unrecorded && retryable;
            let again = delivery.redelivered && ending && verdict.account.is_some();
            must(
                nobody_hears || unclaimed || again,
                "only what nobody can be told, or nobody may touch, stays in the queue",
            );
        }
    }
    must(!is_unrecorded || fatal.is_some(), "what is not recorded ends the process");
    must(fatal.is_none() || forgotten.is_some(), "only a journal that fails ends the process");
    if forgotten.is_some() && all_published {
        let waits = matches!(act, Act::TryAgain(Until::JournalWorks(_)) | Act::Leave(_));
        must(waits || fatal.is_some(), "no message begins while the journal fails");
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
