//! What matters for the next step of a message: plain values, and nothing that acts.

/// Where a message comes from, as far as that says whether it was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Nobody has tried it before, as far as its host can tell.
    New,
    /// It was delivered or put back before, or its body asks to send it again. The journal knows what
    /// came of that, if anything did.
    Before,
    /// It may have been sent, and the journal, if there is one, need not know of it.
    InDoubt,
}

/// Who wants what may have been sent to be sent all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendAgain {
    /// Nobody.
    Never,
    /// The step's configuration.
    ByPolicy,
    /// The message's own body: a person decided, for this message.
    ByPerson,
}

/// What the journal is to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// There is no journal, or it cannot tell this message from another.
    Nowhere,
    /// By a run of the pipe, which ends when its journal fails.
    ByRun {
        /// Whether the run was begun by an earlier process.
        resumed: bool,
    },
    /// By runs that send each id once for all.
    ById,
    /// By a step: without a verdict the message comes again by itself.
    ByStep,
}

/// Whether the journal can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalState {
    /// It answers.
    Works,
    /// Something could not be claimed or read, and so was not called.
    Fails,
    /// Something happened that could not be recorded.
    Forgot,
}

/// What is true of a message while it is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFacts {
    /// Where it comes from.
    pub provenance: Provenance,
    /// Who wants what may have been sent to be sent again.
    pub send_again: SendAgain,
    /// What the journal is to it.
    pub remembered: Remembered,
    /// Whether other processes claim in the journal too.
    pub shared: bool,
    /// Whether the journal can be relied on.
    pub journal: JournalState,
    /// Whether its result returns what was not sent, for somebody to send by another message.
    pub returns: bool,
    /// Whether it was put back, at a time that is known.
    pub put_back: bool,
    /// Whether a request of this delivery has begun that must happen at most once.
    pub called: bool,
    /// Whether a request of this delivery has ended in doubt.
    pub doubted: bool,
    /// Whether somebody else was making a request of it when the waiting for that ended.
    pub elsewhere: bool,
}

impl MessageFacts {
    /// True if it may have been sent before, and only the message says so.
    pub fn is_in_doubt(self) -> bool {
        self.provenance == Provenance::InDoubt
    }

    /// True if a message without a verdict comes again by itself.
    pub fn comes_again(self) -> bool {
        self.remembered == Remembered::ByStep
    }

    /// True if its id alone tells what is the same, whatever its body says.
    pub fn is_by_id(self) -> bool {
        self.remembered == Remembered::ById
    }

    /// True if an earlier process may have carried it.
    pub fn may_be_of_an_earlier_run(self) -> bool {
        matches!(self.remembered, Remembered::ById | Remembered::ByRun { resumed: true })
    }

    /// True if nobody can have sent anything of it, whatever the journal would say: it is the first
    /// delivery, in a new run, and nobody else claims beside this process. Of a step nobody can say so:
    /// an earlier process may have carried another copy.
    pub fn is_fresh(self) -> bool {
        self.provenance == Provenance::New
            && self.remembered == (Remembered::ByRun { resumed: false })
            && !self.shared
            && !self.doubted
    }

    /// True if its verdict is told now, whatever comes. What was not recorded is told now or never; what
    /// a person had sent again, and ended in doubt once more, would be sent again unseen.
    pub fn must_be_told(self) -> bool {
        self.journal == JournalState::Forgot
            || self.send_again == SendAgain::ByPerson && self.doubted
    }

    /// True if nothing is told of it: it comes again, and is told from the journal then.
    pub fn is_postponed(self) -> bool {
        let waits = self.journal != JournalState::Works || self.elsewhere;
        self.comes_again() && waits && !self.must_be_told()
    }

    /// True if the journal has to hear what a result of it returns, before the result is told.
    pub fn marks_its_rest(self) -> bool {
        self.comes_again() && self.returns
    }

    /// True if a result or an error of an earlier delivery may have left it to somebody else. Its own
    /// body may ask for it all the same.
    pub fn may_be_withdrawn(self) -> bool {
        self.comes_again()
            && (self.returns || self.put_back)
            && self.send_again != SendAgain::ByPerson
    }
}

/// Whose an id is, where ids alone tell what is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdUse {
    /// It is this message's.
    Own,
    /// It was used for other recipients, none of which is in this request.
    Others,
    /// It was used for other recipients, and some of these may have been sent to then.
    OthersAndThese,
}

/// What the journal answers to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// The call may be made.
    Granted,
    /// Some of its slots were called before.
    Known,
    /// Somebody else is calling one of them.
    Busy,
    /// It cannot be written.
    Failed,
}

/// What came of a request that was made, or that turned out to be too late to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// The API answered for it.
    Answered,
    /// The API refused all of it.
    Refused,
    /// The API refused all of it for a reason that nobody knows: perhaps for the account.
    RefusedUnexplained,
    /// Nothing left, or the API asks to come back later.
    NotSent,
    /// Nobody knows.
    InDoubt,
}

/// What the journal leaves of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// The journal cannot be read.
    Unreadable,
    /// Nothing: all of it is known.
    Nothing,
    /// Something that somebody else is calling.
    Busy,
    /// Something.
    Some,
}

/// Why a request is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMade {
    /// A guard, the account or another copy of the message stands in the way.
    Obstructed,
    /// The run was stopped.
    Stopped,
    /// The last moment for it has passed.
    TooLate,
    /// The journal fails.
    Journal,
    /// The claim did not stand any more.
    ClaimTooOld,
    /// The message was left to somebody else.
    Withdrawn,
    /// The message may have been sent, and nobody asks to send it again.
    InDoubt,
}

/// What was read of a message's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// The journal was not asked.
    NotYet,
    /// It answered.
    Answered,
    /// It fails.
    Failed,
}

/// How far a message, or one request of it, has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The message is refused as a whole, before it was planned or because it is not let through.
    Refused {
        /// Whether anything in it must happen at most once.
        once: bool,
        /// What the journal said when it was asked for the past.
        read: Read,
        /// Whether there is such a past.
        past: bool,
    },
    /// What the journal knew before the first request was made.
    Opened {
        /// Whose its id is.
        id: IdUse,
    },
    /// A request is to be made.
    Begun {
        /// Whether it must happen at most once.
        once: bool,
        /// Whether a guard, the account or another copy of the message stands in the way.
        obstructed: bool,
        /// Whether the run was stopped after an earlier request of the message.
        stopped: bool,
        /// Whether it is too late to make it.
        late: bool,
    },
    /// The journal was asked for the right to make it.
    Claimed {
        /// The answer.
        answer: ClaimAnswer,
        /// Whether the claim still stands for a call that begins now.
        stands: bool,
        /// Whether it is too late to make it.
        late: bool,
        /// Whether the wait for somebody else who has it in hand has ended.
        waited: bool,
    },
    /// The journal was read again while a claim is held.
    Confirmed {
        /// Whether the journal answered.
        readable: bool,
        /// Whose the message's id is.
        id: IdUse,
        /// Whether an error or a result of another delivery has left the message to somebody else.
        withdrawn: bool,
        /// Whether the claim still stands for a call that begins now.
        stands: bool,
        /// Whether it is too late to make it.
        late: bool,
    },
    /// The journal was read, and what it knows left out of a request for which no claim is held.
    Recalled {
        /// Whose the message's id is.
        id: IdUse,
        /// What is left.
        rest: Rest,
        /// Whether the wait for somebody else who has it in hand has ended.
        waited: bool,
    },
    /// A claim was given back, and the request not made.
    GivenBack {
        /// Why.
        why: NotMade,
        /// Whether there is time, and leave, for another try.
        patience: bool,
    },
    /// It was made.
    Made {
        /// Whether it must happen at most once.
        once: bool,
        /// What came of it.
        made: Made,
        /// Whether there is time, and leave, for another try.
        patience: bool,
    },
    /// All requests are through.
    Closing {
        /// Whether the id of one of them was another's.
        id_of_others: bool,
        /// Whether some of them were not made, or were refused for the account.
        unsent: bool,
        /// Whether some recipients were refused without a call.
        left_out: bool,
        /// Whether the journal has heard what the result returns.
        marked: Read,
        /// Whether it was read since.
        read: Read,
    },
    /// A request, or a recipient, that is about to be told as not sent or refused without a call.
    Unmade {
        /// Whether the journal has heard what the result returns, if that is needed.
        marked: bool,
        /// What the journal leaves of it.
        rest: Rest,
        /// Whether another worker has begun with the message since this process began.
        others: bool,
    },
}

/// All that the next step hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// What is true of the message.
    pub message: MessageFacts,
    /// How far it has come.
    pub stage: Stage,
}
