//! What is broken on purpose, so that it shows whether the simulation sees it. Most is broken where the
//! made-up world meets the code: a journal that forgets is to the code what code is to a journal that it
//! does not listen to.

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    AcceptedIsFree,
    DeadIsFree,
    EachHasItsOwn,
    DoubtIsFreeTwice,
    LostIsNotSent,
    ErrorIsNotSent,
    UnknownIsRefused,
    ReturnedIsForgotten,
    GivenUpIsForgotten,
    HistoryIsReadOnce,
    UnclaimedIsCalled,
    RecordIsSkipped,
    RedeliveredIsIgnored,
    RepeatedIsIgnored,
    PutBackForgetsSince,
    PutBackIsNotPublished,
    AcknowledgedFirst,
}

impl Break {
    pub const ALL: [(Self, &'static str); 17] = [
        (Self::AcceptedIsFree, "an accepted slot counts as free"),
        (Self::DeadIsFree, "a claim of a dead owner counts as free"),
        (Self::EachHasItsOwn, "each process has a journal of its own"),
        (
            Self::DoubtIsFreeTwice,
            "what is in doubt is granted again each time that it is asked for",
        ),
        (Self::LostIsNotSent, "a lost answer counts as not sent"),
        (Self::ErrorIsNotSent, "HTTP 500 counts as not sent"),
        (Self::UnknownIsRefused, "what is unknown is recorded as refused"),
        (Self::ReturnedIsForgotten, "nobody remembers what a result has returned"),
        (Self::GivenUpIsForgotten, "nobody remembers what was told as not sent"),
        (
            Self::HistoryIsReadOnce,
            "the history of a message is read once, and believed from then on",
        ),
        (Self::UnclaimedIsCalled, "a claim that fails is taken for granted"),
        (Self::RecordIsSkipped, "an acceptance is not recorded"),
        (Self::RedeliveredIsIgnored, "what the broker delivers again is taken for new"),
        (Self::RepeatedIsIgnored, "a put-back copy does not say that there may be two"),
        (Self::PutBackForgetsSince, "a put-back copy forgets since when"),
        (Self::PutBackIsNotPublished, "what is put back is acknowledged and not published"),
        (Self::AcknowledgedFirst, "a message is acknowledged before it is carried"),
    ];
}
