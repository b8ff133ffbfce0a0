//! The laws of a store, for any store: give a [`Stage`] and write `every_law!(TheStage);` in the
//! store's tests. The laws themselves are in `laws/*.rs`.

pub mod claims;
pub mod crowd;
pub mod late;
pub mod model;
pub mod outcomes;
pub mod people;
pub mod runs;
pub mod state;

use std::sync::Arc;
use std::time::Duration;

use crate::component::{
    Account, Claim, Fallout, Kept, Known, MessageKey, Scope, Slot, Ticket, Wanted,
};
use crate::journal::{Entry, Filter, Ledger};

/// Some data of its own, and owners who open it.
pub trait Stage: Sized + Send + Sync {
    /// A store, opened.
    type Store: Ledger + ?Sized + 'static;

    /// Whether two owners can be alive at once, and whether one that counts as dead may still
    /// speak. Otherwise an owner is killed before another opens the data.
    const SHARED: bool;

    /// How many random histories are tried.
    const CASES: u32;

    /// New, empty data that nobody else uses.
    async fn fresh() -> Self;

    /// Another owner of the data.
    async fn open(&self) -> Arc<Self::Store>;

    /// Makes this owner count as dead from now on. When owners share the data its handle goes on to
    /// work, as a process does that was stopped for a while; otherwise this is the only handle, and
    /// is dropped.
    async fn kill(&self, owner: &mut Option<Arc<Self::Store>>);

    /// Kills this owner and opens the data anew.
    async fn reopen(&self, owner: Arc<Self::Store>) -> Arc<Self::Store> {
        self.kill(&mut Some(owner)).await;
        self.open().await
    }
}

/// Makes a test of each law for this stage.
macro_rules! every_law {
    ($stage:ty) => {
        $crate::journal::laws::every_law!($stage =>
            claims: free_slots_are_granted
            claims: a_claim_of_a_living_owner_makes_busy
            claims: busy_comes_before_known_and_changes_nothing
            claims: accepted_slots_are_known_with_what_was_kept
            claims: unknown_slots_are_known_with_their_time_and_tracker
            claims: known_lists_all_of_them_and_claims_nothing
            claims: a_resend_takes_unknown_slots_and_never_accepted_ones
            claims: what_is_in_doubt_is_sent_again_once
            claims: what_was_sent_again_in_vain_stays_in_doubt
            claims: refused_and_released_slots_are_free
            claims: a_new_claim_replaces_what_was_remembered
            claims: the_whole_is_a_slot_of_its_own
            claims: a_claim_of_a_dead_owner_is_unknown
            claims: a_resend_takes_the_claim_of_a_dead_owner
            claims: only_a_claim_that_answers_known_settles_a_dead_owners_slots
            outcomes: each_outcome_survives_its_owner
            outcomes: slots_without_an_outcome_become_unknown
            outcomes: outcomes_of_other_slots_are_not_heard
            outcomes: a_ticket_is_used_once
            outcomes: a_ticket_dies_with_its_owner
            outcomes: long_and_odd_values_come_back
            people: entries_tell_all_that_is_remembered
            people: a_number_has_one_hash_in_a_store
            people: an_account_has_one_mark_in_a_store_and_slots_keep_it
            people: what_may_have_been_sent_of_a_message_is_recalled
            people: what_is_given_of_a_filter_must_all_hold
            people: entries_are_oldest_first_and_no_more_than_asked_for
            people: a_person_accepts_only_what_is_in_doubt
            people: forgotten_slots_are_free
            people: what_a_living_owner_claims_is_never_forgotten
            runs: a_run_that_is_not_over_is_resumed
            runs: a_run_that_is_over_is_followed_by_a_new_one
            runs: runs_survive_their_owner
            runs: each_job_has_runs_of_its_own
            runs: a_claim_tells_how_far_its_run_has_read
            runs: a_run_that_claimed_nothing_is_joined_by_its_own_input_only
            runs: a_person_begins_anew_or_takes_a_run_again
            runs: runs_that_are_over_are_remembered_for_a_while
            state: what_a_trigger_saved_survives_its_owner
            crowd: of_many_tasks_one_is_granted
            crowd: many_tasks_do_not_disturb_each_other
            late: living_owners_respect_each_other
            late: a_late_accepted_is_always_written
            late: a_late_refusal_frees_nothing_that_changed_hands
            model: random_histories_go_as_the_model_says
        );
    };
    ($stage:ty => $($file:ident: $law:ident)*) => {
        $(
            #[test]
            fn $law() {
                $crate::journal::laws::$file::$law::<$stage>();
            }
        )*
    };
}
pub(crate) use every_law;

/// Runs a law that waits.
pub fn run(law: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(law);
}

pub const SCOPE: Scope = Scope([7; 16]);

/// The longest that a call takes.
pub const LASTS: Duration = Duration::from_secs(20);

/// The key of the account that all claims are for.
pub const KEY: &str = "key-of-the-laws";

/// A message of its own for each number.
pub fn message(number: u8) -> MessageKey {
    MessageKey([number; 32])
}

/// The slot at this place, with a number and a tracker of its own.
pub fn slot(index: u32) -> Slot<'static> {
    const TELS: [&str; 4] = ["33612345600", "33612345611", "33612345622", "33612345633"];
    const TRACKERS: [&str; 4] = ["track-0", "track-1", "track-2", "track-3"];
    let place = index as usize % 4;
    Slot { index, tel: TELS[place], tracker: Some(TRACKERS[place]) }
}

pub async fn claim(
    store: &(impl Ledger + ?Sized),
    message: MessageKey,
    indexes: &[u32],
    resend: bool,
) -> Claim {
    let slots: Vec<_> = indexes.iter().map(|it| slot(*it)).collect();
    claim_slots(store, message, &slots, resend).await
}

/// Claims these very slots.
pub async fn claim_slots(
    store: &(impl Ledger + ?Sized),
    message: MessageKey,
    slots: &[Slot<'_>],
    resend: bool,
) -> Claim {
    let wanted = Wanted {
        message,
        scope: SCOPE,
        action: "sendSms",
        account: Some(Account::of_key(KEY)),
        slots,
        resend,
        lasts: LASTS,
        progress: None,
    };
    store.claim(wanted).await.unwrap()
}

/// Claims these slots, which must be granted.
pub async fn take(store: &(impl Ledger + ?Sized), message: MessageKey, indexes: &[u32]) -> Ticket {
    granted(claim(store, message, indexes, false).await)
}

/// Claims these slots and records this of each.
pub async fn settle(
    store: &(impl Ledger + ?Sized),
    message: MessageKey,
    indexes: &[u32],
    fallout: &Fallout,
) {
    let ticket = take(store, message, indexes).await;
    let all: Vec<_> = indexes.iter().map(|it| (*it, fallout.clone())).collect();
    store.record(ticket, &all).await.unwrap();
}

pub fn granted(claim: Claim) -> Ticket {
    match claim {
        Claim::Granted(ticket, _) => ticket,
        other => panic!("not granted: {other:?}"),
    }
}

/// The slots that are known, as (slot, is it accepted), in the order of their slots.
pub fn known(claim: Claim) -> Vec<(u32, bool)> {
    let Claim::Known(known) = claim else { panic!("not known: {claim:?}") };
    let mut known: Vec<_> =
        known.into_iter().map(|(slot, it)| (slot, matches!(it, Known::Accepted(_)))).collect();
    known.sort_unstable();
    known
}

pub fn assert_busy(claim: &Claim) {
    let Claim::Busy(wait) = claim else { panic!("not busy: {claim:?}") };
    assert!(!wait.is_zero() && wait.as_secs() < 60, "{wait:?} is no time to wait");
}

/// An acceptance with all that can be kept.
pub fn accepted() -> Fallout {
    Fallout::Accepted(Kept {
        at: jiff::Timestamp::UNIX_EPOCH,
        code: Some(0),
        parts: Some(2),
        data: Some(r#"{"etat":"ok"}"#.into()),
    })
}

pub async fn entries(store: &(impl Ledger + ?Sized), filter: &Filter) -> Vec<Entry> {
    store.entries(filter, usize::MAX).await.unwrap()
}

/// The entry of this slot.
pub async fn entry(
    store: &(impl Ledger + ?Sized),
    message: MessageKey,
    slot: u32,
) -> Option<Entry> {
    let of_message = Filter { message: Some(message), ..Filter::default() };
    entries(store, &of_message).await.into_iter().find(|it| it.slot == slot)
}
