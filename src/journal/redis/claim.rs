//! Claims.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use redis::ScriptInvocation;

use super::keys::{number, random};
use super::lease::millis;
use super::link::{Ask, Reply};
use super::record::{Body, Id, Record, time};
use super::scripts::{Answer, CLAIM, unreadable};
use super::{Inner, lock};
use crate::component::{
    Claim, Error, Kind, MessageKey, Progress, Scope, Slot, Ticket, Wanted, hex,
};

/// How long to wait for somebody else's call before asking again, in milliseconds.
const WAIT: u64 = 250;
/// How often a claim begins anew because a lease ran out.
const ROUNDS: usize = 4;

/// A claim, from the first request to its record.
pub(super) struct Attempt {
    pub token: Id,
    pub owner: Id,
    pub message: MessageKey,
    pub scope: Scope,
    pub at: Timestamp,
    pub slots: Vec<(u32, Body)>,
    /// How far its run has read.
    pub progress: Option<Progress>,
    /// The longest that its call may take.
    pub lasts: Duration,
    /// Whether a request of this claim may still be under way.
    pub repeated: bool,
}

/// A claim that nobody has been told of yet. If nobody ever is, and it may have been granted, it is
/// given up: also when its future is dropped.
struct Undertaking<'a> {
    inner: &'a Inner,
    attempt: Attempt,
}

impl Undertaking<'_> {
    /// The claim, for its ticket. What stays has no slots, and is nothing to give up.
    fn take(&mut self) -> Attempt {
        let slots = std::mem::take(&mut self.attempt.slots);
        Attempt { slots, ..self.attempt }
    }
}

impl Drop for Undertaking<'_> {
    fn drop(&mut self) {
        if self.attempt.repeated && !self.attempt.slots.is_empty() {
            let attempt = self.take();
            self.inner.give_up(attempt);
        }
    }
}

impl Inner {
    pub async fn claim(&self, wanted: Wanted<'_>) -> Result<Claim, Error> {
        self.fitness.check()?;
        let mut claim = Undertaking { inner: self, attempt: self.attempt(&wanted)? };
        if claim.attempt.slots.is_empty() {
            return Ok(Claim::Granted(self.ticket(claim.take()), Vec::new()));
        }
        for _ in 0..ROUNDS {
            let owner = self.held().owner;
            claim.attempt.owner = owner;
            let reply = self.request(&mut claim.attempt, wanted.resend).await?;
            let answer = Answer::of(reply.value)?;
            match answer.word.as_str() {
                "lapsed" => self.replace(owner).await?,
                "granted" => {
                    let at = answer.rest.first().and_then(|it| time(it));
                    claim.attempt.at = at.ok_or_else(unreadable)?;
                    if let Err(error) = self.still_fit().await {
                        // Granted, but not to be called.
                        claim.attempt.repeated = true;
                        return Err(error);
                    }
                    let held = self.extended(owner, reply.sent, self.wanted_lease(wanted.lasts));
                    if held.owner == owner && held.left() >= wanted.lasts {
                        let doubts = answer.rest.iter().skip(1).map(|it| number(it));
                        let doubts = doubts.collect::<Option<_>>().ok_or_else(unreadable)?;
                        return Ok(Claim::Granted(self.ticket(claim.take()), doubts));
                    }
                    // The answer took too long: the same claim again, with a fresh lease.
                    claim.attempt.repeated = true;
                }
                _ => return refusal(&answer),
            }
        }
        Err(Error::new(Kind::Unavailable, "the journal's Redis answers too slowly for its lease")
            .hint("check the server, its disk and the network"))
    }

    /// Asks for the claim, and notes whether a request of it may have been granted unheard.
    async fn request(&self, attempt: &mut Attempt, resend: bool) -> Result<Reply, Error> {
        let script = self.claiming(attempt, resend);
        // Until there is an answer; this future may be dropped before.
        let before = std::mem::replace(&mut attempt.repeated, true);
        let answer = self.link.ask(Ask::Script(&script), self.options.patience).await;
        attempt.repeated = before
            || match &answer {
                Ok(reply) => reply.repeated,
                Err(failure) => failure.reached,
            };
        answer.map_err(|it| it.error)
    }

    fn claiming(&self, attempt: &Attempt, resend: bool) -> ScriptInvocation<'static> {
        let of_run = attempt.progress.and_then(|progress| {
            let job = self.keys.job(lock(&self.runs).get(&attempt.scope)?);
            Some((job, progress))
        });
        // A user may be allowed no key but the journal's.
        let (job, progress) = of_run.unwrap_or_else(|| (self.keys.job(""), Progress::default()));
        let mut script = CLAIM.prepare_invoke();
        script
            .key(self.keys.message(attempt.message))
            .key(self.keys.open())
            .key(self.keys.lease(attempt.owner))
            .key(self.keys.ended(attempt.token))
            .key(job)
            .arg(&self.keys.prefix)
            .arg(hex(&attempt.message.0))
            .arg(&attempt.owner)
            .arg(&attempt.token)
            .arg(&attempt.scope.0)
            .arg(i32::from(resend))
            .arg(millis(self.wanted_lease(attempt.lasts)))
            .arg(millis(self.options.lease / 3))
            .arg(self.retention())
            .arg(WAIT)
            .arg(progress.read)
            .arg(hex(&progress.digest));
        for (index, body) in &attempt.slots {
            script.arg(index).arg(body.encode());
        }
        script
    }

    fn attempt(&self, wanted: &Wanted<'_>) -> Result<Attempt, Error> {
        let account = wanted.account.as_ref().map(|it| hex(&self.secret.account(it).0).into());
        let body = |slot: &Slot<'_>| {
            let mark = self.secret.mark_of(slot);
            Body {
                action: wanted.action.into(),
                tracker: slot.tracker.map(Into::into),
                hash: mark.as_ref().map(|it| hex(&it.hash).into()),
                digits: mark.map(|it| it.last_digits.into()),
                account: Option::<Box<str>>::clone(&account),
                code: None,
                parts: None,
                data: None,
            }
        };
        Ok(Attempt {
            token: random()?,
            owner: Id::default(),
            message: wanted.message,
            scope: wanted.scope,
            at: Timestamp::UNIX_EPOCH,
            slots: wanted.slots.iter().map(|it| (it.index, body(it))).collect(),
            progress: wanted.progress,
            lasts: wanted.lasts,
            repeated: false,
        })
    }

    /// The lease that a claim asks for: the call, and a third of a lease until it begins.
    fn wanted_lease(&self, call: Duration) -> Duration {
        self.options.lease.max(call.saturating_add(self.options.lease / 3))
    }

    fn ticket(&self, attempt: Attempt) -> Ticket {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.attempts).insert(ticket, attempt);
        Ticket(ticket)
    }

    /// Whether a call that begins now is covered by the lease of its claim.
    pub fn covers(&self, ticket: &Ticket) -> bool {
        let held = self.held();
        let claim = lock(&self.attempts).get(&ticket.0).map(|it| (it.owner, it.lasts));
        claim.is_some_and(|(owner, lasts)| owner == held.owner && held.left() >= lasts)
    }
}

/// A claim that was not granted.
fn refusal(answer: &Answer) -> Result<Claim, Error> {
    match answer.word.as_str() {
        "busy" => {
            let wait = u64::try_from(answer.number(0)?).map_err(|_| unreadable())?;
            Ok(Claim::Busy(Duration::from_millis(wait)))
        }
        "known" => {
            let (pairs, _) = answer.rest.as_chunks::<2>();
            let known = pairs.iter().map(|[index, record]| {
                let index = number(index).ok_or_else(unreadable)?;
                Ok((index, Record::decode(record)?.known()))
            });
            Ok(Claim::Known(known.collect::<Result<_, Error>>()?))
        }
        _ => Err(Error::new(Kind::Unavailable, "the journal has given this claim up")),
    }
}
