//! What is decided about money, in one place: from facts to the next step. No I/O, no clock, no state.
//!
//! The laws are in the tests, which go through every combination of facts.

#[cfg(test)]
mod tests;

use super::facts::{
    ClaimAnswer, Facts, IdUse, JournalState, Made, MessageFacts, NotMade, Read, Remembered, Rest,
    SendAgain, Stage,
};

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Read what the journal remembers of the message. Of a request without a claim, leave out what it
    /// knows.
    Look,
    /// Claim what is left of the request; with `resend`, also what may have been sent.
    Claim {
        /// Whether a claim may take what is in doubt.
        resend: bool,
    },
    /// Wait for whoever has it in hand, then claim again.
    Wait,
    /// Make the request, then record what came of it.
    Call,
    /// Record that nothing came of the claim.
    GiveBack(NotMade),
    /// The same, of a message whose id is another's.
    GiveBackForOthers(IdUse),
    /// Ask whether the account is what was refused.
    Diagnose,
    /// Wait, then make the request again.
    TryAgain,
    /// The request is through: this is told of it.
    Tell(Word),
    /// Remember that the result which is told next returns what was not sent.
    Mark,
    /// The message is refused as a whole.
    Refuse(Refusal),
    /// Nothing is told of the message: it comes again.
    ComeAgain,
    /// Go on: nothing is in the way.
    Proceed,
}

/// What is told of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// What came of it; where it is about to be told as not sent, that.
    Outcome,
    /// What the journal remembers.
    Replayed,
    /// It was not made. When all requests are through, the journal is asked once more.
    NotMade(NotMade),
    /// Refused: the message's id is another's.
    IdOfOthers,
    /// It may have been sent.
    InDoubt(Doubt),
}

/// Why nobody knows whether a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The message was delivered before, and there is no journal.
    NoJournal,
    /// Somebody else has it in hand.
    Elsewhere,
    /// An earlier try ended in doubt, and this one was not made.
    Still,
    /// The message came before, and the journal cannot say for whom.
    Unreadable,
    /// The journal cannot say what another delivery does, or be told what this one returns.
    JournalFails,
    /// The message's id is another's, and some of these recipients may have been sent to under it.
    IdOfOthers,
}

/// Why a message is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// For what is wrong with it: nothing was sent before.
    AsItIs,
    /// For what is wrong with it, although an earlier try ended in doubt.
    StillInDoubt,
    /// For what is wrong with it, although an earlier try has sent, or may have.
    AfterAnEarlierTry,
    /// For what is wrong with it, and the journal cannot say what an earlier try has done.
    Unreadable,
    /// Its id is another's.
    IdOfOthers,
}

/// The next step that follows from these facts.
pub fn decide(facts: &Facts) -> Decision {
    let message = facts.message;
    match facts.stage {
        Stage::Refused { once, read, past } => refused(message, once, read, past),
        Stage::Opened { id } => opened(message, id),
        Stage::Begun { once, obstructed, stopped, late } => {
            let stopped = stopped.then_some(NotMade::Stopped);
            begun(message, once, obstructed.then_some(NotMade::Obstructed).or(stopped), late)
        }
        Stage::Claimed { answer, stands, late, waited } => match answer {
            ClaimAnswer::Granted if must_look(message) => Decision::Look,
            ClaimAnswer::Granted => held(stands, late),
            ClaimAnswer::Busy if !waited => Decision::Wait,
            ClaimAnswer::Busy if message.is_postponed() => in_doubt(Doubt::Elsewhere),
            ClaimAnswer::Known | ClaimAnswer::Busy => Decision::Look,
            ClaimAnswer::Failed => not_made(NotMade::Journal),
        },
        Stage::Confirmed { readable, id, withdrawn, stands, late } => {
            match (readable, id, withdrawn) {
                (false, ..) => Decision::GiveBack(NotMade::Journal),
                (true, IdUse::Own, false) => held(stands, late),
                (true, IdUse::Own, true) => Decision::GiveBack(NotMade::Withdrawn),
                (true, others, _) => Decision::GiveBackForOthers(others),
            }
        }
        Stage::Recalled { id, rest, waited } => recalled(message, id, rest, waited),
        Stage::GivenBack { why, patience } => match again(message) {
            again @ Decision::TryAgain if patience && why == NotMade::ClaimTooOld => again,
            _ => not_made(why),
        },
        Stage::Made { once, made, patience } => match made {
            Made::RefusedUnexplained => Decision::Diagnose,
            Made::NotSent if patience => again(message),
            Made::InDoubt if patience && !once => again(message),
            _ => Decision::Tell(Word::Outcome),
        },
        Stage::Closing { id_of_others, unsent, left_out, marked, read } => {
            closing(message, id_of_others, unsent, unsent || left_out, marked, read)
        }
        Stage::Unmade { marked, rest, others } => {
            let goes_on = others && !message.marks_its_rest() && rest == Rest::Some;
            let rest = if goes_on { Rest::Busy } else { rest };
            Decision::Tell(unmade(message, marked, rest))
        }
    }
}

/// The refusal of a whole message, by what the journal knows of its past.
fn refused(message: MessageFacts, once: bool, read: Read, past: bool) -> Decision {
    let as_of_now = if message.is_in_doubt() { Refusal::StillInDoubt } else { Refusal::AsItIs };
    match (once, message.remembered, read) {
        (false, ..) => Decision::Refuse(Refusal::AsItIs),
        (true, Remembered::Nowhere, _) => Decision::Refuse(as_of_now),
        (true, _, Read::NotYet) => Decision::Look,
        (true, _, Read::Answered) if past => Decision::Refuse(Refusal::AfterAnEarlierTry),
        (true, _, Read::Answered) => Decision::Refuse(as_of_now),
        (true, Remembered::ByStep, Read::Failed) => Decision::ComeAgain,
        (true, _, Read::Failed) if message.is_fresh() => Decision::Refuse(Refusal::AsItIs),
        (true, _, Read::Failed) => Decision::Refuse(Refusal::Unreadable),
    }
}

fn opened(message: MessageFacts, id: IdUse) -> Decision {
    match (id, message.is_in_doubt()) {
        (IdUse::Own, _) => Decision::Proceed,
        (_, true) => in_doubt(Doubt::IdOfOthers),
        (_, false) => Decision::Refuse(Refusal::IdOfOthers),
    }
}

fn begun(message: MessageFacts, once: bool, in_the_way: Option<NotMade>, late: bool) -> Decision {
    let fails = message.journal != JournalState::Works || message.is_postponed();
    let unasked = message.is_in_doubt() && message.send_again == SendAgain::Never;
    match (message.remembered, in_the_way) {
        (_, Some(why @ NotMade::Obstructed)) => not_made(why),
        (it, _) if once && it != Remembered::Nowhere && fails => not_made(NotMade::Journal),
        (_, Some(why)) => not_made(why),
        (Remembered::Nowhere, None) if once && unasked => in_doubt(Doubt::NoJournal),
        (_, None) if once && unasked => not_made(NotMade::InDoubt),
        // A claim that may take what is in doubt takes it whoever it was for: that is looked at first.
        (it, None) if once && it != Remembered::Nowhere => Decision::Claim { resend: false },
        (_, None) if late => not_made(NotMade::TooLate),
        (_, None) => Decision::Call,
    }
}

/// Whether what is claimed is looked at once more before it is called. Another message of the same id
/// may have claimed the same number for another place at the same moment, so that at most one of them
/// goes on; or this same message may have been told as not sent.
fn must_look(message: MessageFacts) -> bool {
    message.is_by_id() || message.may_be_withdrawn()
}

/// A request whose claim nothing speaks against.
fn held(stands: bool, late: bool) -> Decision {
    match (stands, late) {
        (true, false) => Decision::Call,
        (false, _) => Decision::GiveBack(NotMade::ClaimTooOld),
        (true, true) => Decision::GiveBack(NotMade::TooLate),
    }
}

/// A request that the journal knew something of.
fn recalled(message: MessageFacts, id: IdUse, rest: Rest, waited: bool) -> Decision {
    match (rest, id) {
        (Rest::Unreadable, _) if !waited => in_doubt(Doubt::Unreadable),
        (Rest::Unreadable, _) => in_doubt(Doubt::Elsewhere),
        (_, IdUse::OthersAndThese) => in_doubt(Doubt::IdOfOthers),
        (_, IdUse::Others) => Decision::Tell(Word::IdOfOthers),
        (Rest::Nothing, IdUse::Own) => Decision::Tell(Word::Replayed),
        (Rest::Some | Rest::Busy, IdUse::Own) if waited => in_doubt(Doubt::Elsewhere),
        (Rest::Some | Rest::Busy, IdUse::Own) => {
            Decision::Claim { resend: message.send_again != SendAgain::Never }
        }
    }
}

/// Another try, as long as the journal works.
fn again(message: MessageFacts) -> Decision {
    if message.journal == JournalState::Works {
        Decision::TryAgain
    } else {
        Decision::Tell(Word::Outcome)
    }
}

/// What has to be known before the message is told.
fn closing(
    message: MessageFacts,
    id_of_others: bool,
    unsent: bool,
    denies: bool,
    marked: Read,
    read: Read,
) -> Decision {
    if id_of_others && !message.called && !message.is_in_doubt() {
        return Decision::Refuse(Refusal::IdOfOthers);
    }
    if message.is_postponed() {
        return Decision::ComeAgain;
    }
    if !denies || message.remembered == Remembered::Nowhere {
        return Decision::Proceed;
    }
    if unsent && message.marks_its_rest() && marked == Read::NotYet {
        return Decision::Mark;
    }
    if read == Read::NotYet { Decision::Look } else { Decision::Proceed }
}

/// What is told of a request that was not made, or of a recipient that was refused without one. A false
/// "not sent" is an invitation to send twice.
fn unmade(message: MessageFacts, marked: bool, rest: Rest) -> Word {
    match (message.remembered, rest) {
        (Remembered::Nowhere, _) if message.is_in_doubt() => Word::InDoubt(Doubt::NoJournal),
        (Remembered::Nowhere, _) => Word::Outcome,
        (_, Rest::Nothing) => Word::Replayed,
        (_, Rest::Busy) => Word::InDoubt(Doubt::Elsewhere),
        (_, Rest::Some) if message.is_in_doubt() => Word::InDoubt(Doubt::Still),
        (_, Rest::Some) if marked => Word::Outcome,
        (_, Rest::Unreadable) if marked && message.is_fresh() => Word::Outcome,
        // What is not remembered as returned may be sent when the message comes again.
        (_, Rest::Some | Rest::Unreadable) => Word::InDoubt(Doubt::JournalFails),
    }
}

fn not_made(why: NotMade) -> Decision {
    Decision::Tell(Word::NotMade(why))
}

fn in_doubt(doubt: Doubt) -> Decision {
    Decision::Tell(Word::InDoubt(doubt))
}
