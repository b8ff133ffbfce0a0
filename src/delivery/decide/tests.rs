//! The laws, of every combination of facts.

use super::*;
use crate::delivery::facts::*;

const YES_NO: [bool; 2] = [false, true];

/// Every message that there can be: what no host and no journal can bring together is left out.
fn every_message() -> Vec<MessageFacts> {
    let mut all = Vec::new();
    let provenances = [Provenance::New, Provenance::Before, Provenance::InDoubt];
    let wishes = [SendAgain::Never, SendAgain::ByPolicy, SendAgain::ByPerson];
    let remembered = [
        Remembered::Nowhere,
        Remembered::ByRun { resumed: false },
        Remembered::ByRun { resumed: true },
        Remembered::ById,
        Remembered::ByStep,
    ];
    let journals = [JournalState::Works, JournalState::Fails, JournalState::Forgot];
    for provenance in provenances {
        for send_again in wishes {
            for remembered in remembered {
                for journal in journals {
                    for bits in 0..64_u32 {
                        let bit = |it: u32| bits & (1 << it) != 0;
                        let message = MessageFacts {
                            provenance,
                            send_again,
                            remembered,
                            shared: bit(0),
                            journal,
                            returns: bit(1),
                            put_back: bit(2),
                            called: bit(3),
                            doubted: bit(4),
                            elsewhere: bit(5),
                        };
                        all.extend(is_possible(message).then_some(message));
                    }
                }
            }
        }
    }
    all
}

fn is_possible(message: MessageFacts) -> bool {
    let MessageFacts { provenance, send_again, remembered, journal, .. } = message;
    let has_no_journal = remembered == Remembered::Nowhere;
    let uses_it = message.shared || message.elsewhere || journal != JournalState::Works;
    let is_new = provenance == Provenance::New;
    // Whoever asks to send again says that there was an earlier try.
    let has_come_before = message.put_back || send_again == SendAgain::ByPerson;
    let is_impossible = has_no_journal && uses_it
        || is_new && has_come_before
        || message.doubted && !message.called
        || message.elsewhere && !message.shared;
    !is_impossible
}

fn every_stage() -> Vec<Stage> {
    let mut all = Vec::new();
    let reads = [Read::NotYet, Read::Answered, Read::Failed];
    let ids = [IdUse::Own, IdUse::Others, IdUse::OthersAndThese];
    for id in ids {
        all.push(Stage::Opened { id });
    }
    for a in YES_NO {
        for read in reads {
            for past in YES_NO {
                all.push(Stage::Refused { once: a, read, past });
            }
        }
        for b in YES_NO {
            for c in YES_NO {
                for d in YES_NO {
                    all.push(Stage::Begun { once: a, obstructed: b, stopped: c, late: d });
                }
                for answer in [
                    ClaimAnswer::Granted,
                    ClaimAnswer::Known,
                    ClaimAnswer::Busy,
                    ClaimAnswer::Failed,
                ] {
                    all.push(Stage::Claimed { answer, stands: a, late: b, waited: c });
                }
            }
            for made in [
                Made::Answered,
                Made::Refused,
                Made::RefusedUnexplained,
                Made::NotSent,
                Made::InDoubt,
            ] {
                all.push(Stage::Made { once: a, made, patience: b });
            }
        }
        for why in EVERY_REASON {
            all.push(Stage::GivenBack { why, patience: a });
        }
    }
    let rests = [Rest::Unreadable, Rest::Nothing, Rest::Busy, Rest::Some];
    for bits in 0..16_u32 {
        let bit = |it: u32| bits & (1 << it) != 0;
        for id in ids {
            let (readable, withdrawn, stands, late) = (bit(0), bit(1), bit(2), bit(3));
            all.push(Stage::Confirmed { readable, id, withdrawn, stands, late });
        }
    }
    for rest in rests {
        for a in YES_NO {
            all.extend(ids.map(|id| Stage::Recalled { id, rest, waited: a }));
            all.extend(YES_NO.map(|others| Stage::Unmade { marked: a, rest, others }));
        }
    }
    for bits in 0..8_u32 {
        let bit = |it: u32| bits & (1 << it) != 0;
        let (id_of_others, unsent, left_out) = (bit(0), bit(1), bit(2));
        for marked in reads {
            for read in reads {
                all.push(Stage::Closing { id_of_others, unsent, left_out, marked, read });
            }
        }
    }
    all
}

const EVERY_REASON: [NotMade; 7] = [
    NotMade::Obstructed,
    NotMade::Stopped,
    NotMade::TooLate,
    NotMade::Journal,
    NotMade::ClaimTooOld,
    NotMade::Withdrawn,
    NotMade::InDoubt,
];

/// A law in words, and whether it holds for a decision.
type Law = (&'static str, fn(&Facts, Decision) -> bool);

/// Goes through all facts with these laws.
fn hold(laws: &[Law]) {
    let (messages, stages) = (every_message(), every_stage());
    for message in &messages {
        for stage in &stages {
            let facts = Facts { message: *message, stage: *stage };
            let decision = decide(&facts);
            for (law, holds) in laws {
                assert!(holds(&facts, decision), "{law}: {facts:#?} lead to {decision:?}");
            }
        }
    }
    println!(
        "{} combinations of facts: {} messages at {} stages",
        messages.len() * stages.len(),
        messages.len(),
        stages.len()
    );
}

fn is_once(stage: Stage) -> bool {
    match stage {
        Stage::Begun { once, .. } | Stage::Made { once, .. } | Stage::Refused { once, .. } => once,
        _ => true,
    }
}

#[test]
fn what_must_happen_once_is_called_only_under_a_claim_that_stands_or_without_a_journal() {
    hold(&[
        ("no call without a claim, where there is a journal", |facts, decision| {
            let held = match facts.stage {
                Stage::Claimed { answer, stands, .. } => answer == ClaimAnswer::Granted && stands,
                Stage::Confirmed { stands, .. } => stands,
                _ => false,
            };
            decision != Decision::Call
                || !is_once(facts.stage)
                || facts.message.remembered == Remembered::Nowhere
                || held
        }),
        ("no claim and no call while the journal fails", |facts, decision| {
            let begins = matches!(facts.stage, Stage::Begun { .. });
            let acts = matches!(decision, Decision::Call | Decision::Claim { .. });
            facts.message.journal == JournalState::Works
                || !begins
                || !is_once(facts.stage)
                || !acts
        }),
        ("what is too late, or in the way, is not called", |facts, decision| {
            let hindered = match facts.stage {
                Stage::Begun { obstructed, stopped, late, once } => {
                    let claims_first = once && facts.message.remembered != Remembered::Nowhere;
                    obstructed || stopped || late && !claims_first
                }
                Stage::Claimed { late, .. } | Stage::Confirmed { late, .. } => late,
                _ => false,
            };
            !hindered || decision != Decision::Call
        }),
        ("an id of others, or a message left to others, is not called", |facts, decision| {
            match facts.stage {
                Stage::Confirmed { id, withdrawn, .. } if id != IdUse::Own || withdrawn => {
                    decision != Decision::Call
                }
                _ => true,
            }
        }),
        (
            "an id that counts, and what may be left to others, is looked at once more",
            |facts, decision| {
                let unlooked = matches!(facts.stage, Stage::Claimed { .. });
                let message = facts.message;
                !(unlooked && (message.is_by_id() || message.may_be_withdrawn()))
                    || decision != Decision::Call
            },
        ),
    ]);
}

#[test]
fn what_may_have_been_sent_is_sent_again_only_where_somebody_asks_for_it() {
    hold(&[
        ("a claim that takes what is in doubt is asked for", |facts, decision| {
            decision != Decision::Claim { resend: true }
                || facts.message.send_again != SendAgain::Never
        }),
        ("it is compared with what was sent before it is claimed", |facts, decision| {
            decision != Decision::Claim { resend: true }
                || matches!(
                    facts.stage,
                    Stage::Recalled { rest: Rest::Some | Rest::Busy, id: IdUse::Own, .. }
                )
        }),
        (
            "a message in doubt is neither claimed nor called unless somebody asks",
            |facts, decision| {
                let MessageFacts { provenance, send_again, .. } = facts.message;
                let begins = matches!(facts.stage, Stage::Begun { once: true, .. });
                let acts = matches!(decision, Decision::Call | Decision::Claim { .. });
                !(begins
                    && provenance == Provenance::InDoubt
                    && send_again == SendAgain::Never
                    && acts)
            },
        ),
        ("a call that may have been carried out is not made again by itself", |facts, decision| {
            let ended = matches!(
                facts.stage,
                Stage::Made { once: true, made: Made::InDoubt, .. }
                    | Stage::Made { made: Made::Answered | Made::Refused, .. }
            );
            !ended || matches!(decision, Decision::Tell(Word::Outcome))
        }),
        (
            "nothing is tried again without patience, or while the journal fails",
            |facts, decision| {
                let patience = match facts.stage {
                    Stage::Made { patience, .. } | Stage::GivenBack { patience, .. } => patience,
                    _ => false,
                };
                let works = facts.message.journal == JournalState::Works;
                decision != Decision::TryAgain || patience && works
            },
        ),
    ]);
}

/// The words that leave a request to be told as not sent or refused.
fn denies(decision: Decision) -> bool {
    matches!(decision, Decision::Tell(Word::Outcome))
}

#[test]
fn nothing_is_told_as_not_sent_that_may_have_been() {
    hold(&[
        (
            "what the journal cannot say is in doubt, unless nobody can have sent it",
            |facts, decision| match facts.stage {
                Stage::Unmade { rest: Rest::Unreadable, .. } => {
                    let message = facts.message;
                    let nowhere = message.remembered == Remembered::Nowhere;
                    !denies(decision) || message.is_fresh() || nowhere && !message.is_in_doubt()
                }
                _ => true,
            },
        ),
        (
            "of a step nobody can say so: an earlier process may have carried another copy",
            |facts, decision| match facts.stage {
                Stage::Unmade { rest: Rest::Unreadable, .. } => {
                    !facts.message.comes_again() || !denies(decision)
                }
                _ => true,
            },
        ),
        ("what somebody else has in hand is in doubt", |facts, decision| match facts.stage {
            Stage::Unmade { rest: Rest::Busy, .. } => {
                facts.message.remembered == Remembered::Nowhere || !denies(decision)
            }
            _ => true,
        }),
        (
            "what another worker goes on with is in doubt, unless the journal bars that",
            |facts, decision| match facts.stage {
                Stage::Unmade { rest: Rest::Some, others: true, .. } => {
                    let message = facts.message;
                    let nowhere = message.remembered == Remembered::Nowhere;
                    nowhere || message.marks_its_rest() || !denies(decision)
                }
                _ => true,
            },
        ),
        ("what the journal knows is told as that", |facts, decision| match facts.stage {
            Stage::Unmade { rest: Rest::Nothing, .. } => {
                facts.message.remembered == Remembered::Nowhere
                    || decision == Decision::Tell(Word::Replayed)
            }
            _ => true,
        }),
        ("a message in doubt stays in doubt", |facts, decision| match facts.stage {
            Stage::Unmade { .. } => !facts.message.is_in_doubt() || !denies(decision),
            _ => true,
        }),
        ("nothing is returned that the journal has not heard of", |facts, decision| {
            match facts.stage {
                Stage::Unmade { marked: false, .. } => {
                    facts.message.remembered == Remembered::Nowhere || !denies(decision)
                }
                _ => true,
            }
        }),
        ("the journal is asked before anything is denied", |facts, decision| match facts.stage {
            Stage::Closing { id_of_others: false, unsent: true, read: Read::NotYet, .. } => {
                facts.message.remembered == Remembered::Nowhere || decision != Decision::Proceed
            }
            _ => true,
        }),
        ("what a result returns is remembered before the journal is read", |facts, decision| {
            match facts.stage {
                Stage::Closing { unsent: true, marked: Read::NotYet, .. } => {
                    !facts.message.marks_its_rest() || decision != Decision::Look
                }
                _ => true,
            }
        }),
    ]);
}

#[test]
fn nothing_is_refused_as_if_it_had_not_been_sent() {
    hold(&[
        ("an id of others that may have been called is in doubt", |facts, decision| {
            match facts.stage {
                Stage::Recalled {
                    rest: Rest::Nothing | Rest::Some,
                    id: IdUse::OthersAndThese,
                    ..
                } => decision == Decision::Tell(Word::InDoubt(Doubt::IdOfOthers)),
                _ => true,
            }
        }),
        (
            "a message that was sent before is not refused as if it had not been",
            |facts, decision| match facts.stage {
                Stage::Refused { once: true, read: Read::Answered, past: true } => {
                    facts.message.remembered == Remembered::Nowhere
                        || decision == Decision::Refuse(Refusal::AfterAnEarlierTry)
                }
                Stage::Refused { once: true, read: Read::Failed, .. } => {
                    let message = facts.message;
                    message.remembered == Remembered::Nowhere
                        || message.is_fresh()
                        || decision != Decision::Refuse(Refusal::AsItIs)
                }
                Stage::Refused { once: true, .. } => {
                    !facts.message.is_in_doubt() || decision != Decision::Refuse(Refusal::AsItIs)
                }
                _ => true,
            },
        ),
        ("a message whose request was begun is not refused as a whole", |facts, decision| {
            match facts.stage {
                Stage::Closing { .. } => {
                    !facts.message.called || !matches!(decision, Decision::Refuse(_))
                }
                _ => true,
            }
        }),
    ]);
}

#[test]
fn nothing_is_told_as_replayed_or_made_that_was_neither() {
    hold(&[
        ("replayed is what the journal was read for", |facts, decision| {
            let read = matches!(
                facts.stage,
                Stage::Recalled { rest: Rest::Nothing, id: IdUse::Own, .. }
                    | Stage::Unmade { rest: Rest::Nothing, .. }
            );
            decision != Decision::Tell(Word::Replayed) || read
        }),
        (
            "an outcome is told of what was made, or was not and is told as it was",
            |facts, decision| {
                decision != Decision::Tell(Word::Outcome)
                    || matches!(facts.stage, Stage::Made { .. } | Stage::Unmade { .. })
            },
        ),
        ("a claim that is held is called or given back", |facts, decision| {
            let held = match facts.stage {
                Stage::Claimed { answer, .. } => answer == ClaimAnswer::Granted,
                Stage::Confirmed { .. } => true,
                _ => false,
            };
            !held
                || matches!(
                    decision,
                    Decision::Call
                        | Decision::Look
                        | Decision::GiveBack(_)
                        | Decision::GiveBackForOthers(_)
                )
        }),
        ("what was claimed and looked at is not looked at for ever", |facts, decision| {
            !matches!(facts.stage, Stage::Confirmed { .. } | Stage::Recalled { .. })
                || decision != Decision::Look
        }),
    ]);
}

#[test]
fn nothing_is_told_of_a_message_that_comes_again_unless_it_must_be() {
    hold(&[
        ("only a message that comes again is left untold", |facts, decision| {
            decision != Decision::ComeAgain || facts.message.comes_again()
        }),
        ("what was not recorded is told", |facts, decision| {
            let refused = matches!(facts.stage, Stage::Refused { .. });
            refused || decision != Decision::ComeAgain || !facts.message.must_be_told()
        }),
        ("a message whose journal fails comes again", |facts, decision| match facts.stage {
            Stage::Closing { id_of_others: false, .. } => {
                let message = facts.message;
                let fails = message.journal != JournalState::Works || message.elsewhere;
                !(message.comes_again() && fails && !message.must_be_told())
                    || decision == Decision::ComeAgain
            }
            _ => true,
        }),
    ]);
}
