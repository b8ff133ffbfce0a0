//! What the actions talk to, as the runtimes see it, and the table of all that a component does.

use std::time::Duration;

use super::{Account, AccountTrouble, Config, Error, Handler};

/// What a component's actions talk to: an account of a remote API.
pub trait Connection: Clone + Send + Sync + 'static {
    /// Prepares the connection from the configuration. No I/O.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    fn connect(config: &Config) -> Result<Self, Error>;

    /// The same connection with another key, given by a message.
    ///
    /// # Errors
    /// When this cannot be a key.
    fn with_key(&self, key: &str) -> Result<Self, Error>;

    /// Whether a call can be made at all.
    ///
    /// # Errors
    /// What is missing, such as the key.
    fn ready(&self) -> Result<(), Error>;

    /// Whose key its requests carry; nothing where nobody can tell.
    fn account(&self) -> Option<Account> {
        None
    }

    /// The name of the test mode that it runs in, if it is not the real thing.
    fn test_mode(&self) -> Option<&'static str>;

    /// The longest that a request to so many recipients may take.
    fn longest_call(&self, recipients: usize) -> Duration;

    /// Asks, at no cost, whether the account works, and pays for so many units. Used when a whole
    /// request was refused for a reason that nobody knows.
    fn diagnose(&self, units: u64) -> impl Future<Output = Diagnosis> + Send;

    /// What a person can do about an account that does not work.
    fn advice(trouble: AccountTrouble) -> &'static str;

    /// What a person can do about a message that may have been sent.
    const WHEN_UNKNOWN: &'static str;

    /// Checks the credential, and says in words what was found.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    fn verify(&self) -> impl Future<Output = Result<Verified, Error>> + Send;
}

/// What a question about the account brought to light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnosis {
    /// The account works: whatever was refused concerns that request alone.
    Fine,
    /// The account is refused, or out of credit.
    Trouble(AccountTrouble),
    /// No answer; nothing is known.
    Unsure,
}

/// A credential that works, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// For example `key accepted, credit 12.40 EUR, about 250 SMS`.
    pub message: String,
}

/// All that a component does: the table that the runtimes are driven by.
#[derive(Debug)]
pub struct Component<C: 'static> {
    /// The component's name.
    pub name: &'static str,
    /// Its actions and triggers.
    pub handlers: &'static [Handler<C>],
}

impl<C: Connection> Component<C> {
    /// The action or trigger of this name.
    pub fn handler(&self, name: &str) -> Option<&'static Handler<C>> {
        self.handlers.iter().find(|it| it.meta.name == name)
    }
}
