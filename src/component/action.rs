//! The shape of an action that makes calls: plan, call, finish.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Entry, Error, Outcome, Part, Plan, Session, Tally};

/// What a second identical request would do to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// A question: nothing changes.
    Read,
    /// A change that a repetition leaves as it is.
    Idempotent,
    /// A repetition costs money or adds a second thing. It is never repeated on its own.
    Once,
}

/// An example of a message, shown to people and run by the tests.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// The message's body, as JSON.
    pub body: &'static str,
}

/// What people and the platform are told about an action or a trigger.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// The name on the wire, as iSendPro writes it.
    pub name: &'static str,
    /// The name in the low-code UI.
    pub title: &'static str,
    /// What it does, in one or two sentences.
    pub description: &'static str,
    /// The source file, from the root of the repository.
    pub source: &'static str,
    /// What it does to the world, as a participle: `sent` or `done`.
    pub deed: &'static str,
    /// Constants that the API insists on. They are filled in, and tolerated in a message.
    pub constants: &'static [(&'static str, &'static str)],
    /// Messages that it takes.
    pub examples: &'static [Example],
}

/// What an action has to say once its calls are made.
#[derive(Debug, Clone)]
pub struct Finish<T> {
    /// The results, in order.
    pub outputs: Vec<T>,
    /// What they count for.
    pub tally: Tally,
}

impl<T> Finish<T> {
    /// One result that counts as one thing done.
    pub fn done(output: T) -> Self {
        Self { outputs: vec![output], tally: Tally::of(super::Status::Accepted) }
    }
}

/// An action that makes calls. Each is a small file of three functions.
///
/// The engine does the rest, the same for all: it holds the rate, claims, calls, decides on
/// retries, records, and emits.
pub trait Action: Sized + 'static {
    /// The message body. The first paragraph of a field's documentation is its label in the
    /// low-code UI, the rest is its help.
    type Input: DeserializeOwned + JsonSchema + Send + Sync;
    /// The step's fields.
    type Options: DeserializeOwned + JsonSchema + Send + Sync;
    /// What is emitted.
    type Output: Serialize + JsonSchema;
    /// What one call needs.
    type Request: Send + Sync;

    /// What people and the platform are told about it.
    const META: Meta;

    /// Whether these options may emit more than one result for a message.
    fn emits_many(_options: &Self::Options) -> bool {
        false
    }

    /// Whether any of its requests is [`Effect::Once`]. Then a message that came before may have done
    /// something, whatever is wrong with it now.
    const ONCE: bool = true;

    /// Fields of the reply's data that are remembered of a request without recipients, so that the
    /// same message gets the same result when it comes again. No numbers, texts or secrets.
    const REMEMBERED: &'static [&'static str] = &[];

    /// Leaves recipients out of a request of several: `keep` says for each, in order, whether it
    /// stays; `whole` whether what the request does beyond them does. Not called for requests of one
    /// recipient or none.
    fn narrow(_request: &mut Self::Request, _keep: &[bool], _whole: bool) {}

    /// Whether a result returns what was not sent, as a message that somebody else sends.
    const RETURNS: bool = false;

    /// Whether what is sent to a recipient has a tracker.
    const TRACKS: bool = false;

    /// Puts the recipients' trackers into their request.
    fn track(_part: &mut Part<Self::Request>) {}

    /// Whether a bad entry of its lists is refused alone.
    const ENTRY_BY_ENTRY: bool = false;

    /// Takes what is known of each recipient beyond its typed fields, in their order; of the later
    /// ones perhaps nothing.
    fn take(_input: &mut Self::Input, _entries: Vec<Entry>) {}

    /// Puts back into a result the users' own data, in which serde has changed the form of numbers.
    fn give_back(_output: &Self::Output, _result: &mut Value) {}

    /// Decides what the message will do. Pure: no I/O, no clock but `now`.
    ///
    /// # Errors
    /// What is wrong with the message as a whole; then nothing is sent.
    fn plan(
        input: Self::Input,
        options: &Self::Options,
        now: Timestamp,
    ) -> Result<Plan<Self::Request>, Error>;

    /// Makes one call: one HTTP request, no retry, no memory.
    fn call(api: &Session, part: &Part<Self::Request>) -> impl Future<Output = Outcome> + Send;

    /// Says what became of it. `outcomes` holds one outcome a part, in order.
    ///
    /// # Errors
    /// When the message as a whole failed.
    fn finish(
        options: &Self::Options,
        plan: Plan<Self::Request>,
        outcomes: Vec<Outcome>,
    ) -> Result<Finish<Self::Output>, Error>;
}
