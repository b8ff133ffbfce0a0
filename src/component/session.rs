//! An account of the API, as the actions and the engine use it.

use std::time::{Duration, Instant};

use ring::hmac;

use super::{Account, AccountTrouble, Config, Error, Kind, metrics, stretch};
use crate::isendpro::request::Credit;
use crate::isendpro::{Client, Download, KeyId, Operation, Outcome, Reply, Request, RequestStyle};

/// Where to enter the key and the addresses that may call.
const MENU: &str = "in your iSendPro account, under Mon compte > Mon API, check the key (keyid) and \
    the list of allowed addresses, which is on by default";

/// Of hashes that travel to where others read them.
const SALT: &[u8] = b"isendpro-connector 1";

/// A client together with the key of an account.
#[derive(Clone, Debug)]
pub struct Session {
    client: Client,
    key: Option<KeyId>,
    test_mode: Option<&'static str>,
    /// Whether the key came with a message, and is not the one that was configured.
    guest: bool,
}

impl Session {
    /// A session of this account.
    pub fn new(client: Client, key: KeyId) -> Self {
        Self { client, key: Some(key), test_mode: None, guest: false }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The key.
    ///
    /// # Errors
    /// When none was configured.
    pub fn key(&self) -> Result<&KeyId, Error> {
        self.key.as_ref().ok_or_else(|| {
            Error::config("keyid", "is missing").hint(
                "your key is in your iSendPro account under Mon compte > Mon API: enter it into the \
                 credential; on the command line set ISENDPRO_KEYID, or give --keyid-file or --config",
            )
        })
    }

    /// A hash that only this account's key leads to: what it is made of cannot be guessed from it.
    /// `what` tells apart what is hashed.
    ///
    /// # Errors
    /// When no key was configured.
    pub fn hasher(&self, what: &str) -> Result<Hasher, Error> {
        let derived: [u8; 32] = stretch(self.key()?.expose(), SALT);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derived);
        Ok(Hasher { key, what: what.to_owned() })
    }

    /// What the account has. The question is free.
    ///
    /// # Errors
    /// When iSendPro refuses the account, cannot be reached, or gives no usable answer.
    pub async fn balance(&self) -> Result<Balance, Error> {
        match self.call(&Credit::default()).await? {
            Outcome::Answered(reply) => Ok(Balance::of(&reply)),
            Outcome::Refused(failure) if failure.code.is_some() => Err(Error {
                code: failure.code,
                ..Error::new(Kind::AccountKey, failure.message)
                    .quoting_if(failure.quotes)
                    .hint(MENU)
            }),
            Outcome::Refused(failure) | Outcome::NotSent(failure) | Outcome::InDoubt(failure) => {
                let error =
                    Error::new(Kind::Unavailable, failure.message).quoting_if(failure.quotes);
                Err(error.hint(failure.hint.unwrap_or("try again in a while")))
            }
        }
    }

    /// Makes one request with this account's key.
    pub(crate) async fn call<R: Request>(&self, request: &R) -> Result<Outcome<Reply>, Error> {
        let outcome = self.timed(request, self.client.call(self.key()?, request)).await;
        if let (Operation::Credit, Outcome::Answered(reply)) = (request.operation(), &outcome) {
            self.show(Balance::of(reply));
        }
        Ok(outcome)
    }

    /// Makes one request whose answer is a file.
    pub(crate) async fn download<R: Request>(
        &self,
        request: &R,
    ) -> Result<Outcome<Download>, Error> {
        Ok(self.timed(request, self.client.download(self.key()?, request)).await)
    }

    /// Shows operators how long a call took.
    async fn timed<R: Request, T>(
        &self,
        request: &R,
        call: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        let began = Instant::now();
        let outcome = call.await;
        if let Some(metrics) = metrics::watched() {
            let said = match &outcome {
                Outcome::Answered(_) => "answered",
                Outcome::Refused(_) => "refused",
                Outcome::NotSent(_) => "notSent",
                Outcome::InDoubt(_) => "unknown",
            };
            metrics.called(request.operation().name(), said, began.elapsed());
        }
        outcome
    }

    /// Shows operators the credit, unless a message brought the key of another account.
    fn show(&self, balance: Balance) {
        if let Some(metrics) = metrics::watched().filter(|_| !self.guest) {
            let now = jiff::Timestamp::now().as_second();
            metrics.credit(balance.euros, balance.sms, now);
        }
    }
}

impl Session {
    /// The session that the configuration describes. No I/O.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn connect(config: &Config) -> Result<Self, Error> {
        let mut builder = Client::builder()
            .connect_timeout(config.seconds("connectTimeout", 5.0, 0.1, 60.0)?)
            .call_timeout(config.seconds("callTimeout", 20.0, 1.0, 600.0)?)
            .allow_http(config.flag("allowHttp"));
        if let Some(style) = config.text("requestStyle") {
            builder = builder.request_style(RequestStyle::named(&style).ok_or_else(|| {
                Error::config("requestStyle", "must be auto, published, json or form")
            })?);
        }
        if let Some(server) = server(config)? {
            builder = builder.server(server);
        }
        let client = builder.build().map_err(|it| Error {
            hint: it.hint.map(Into::into),
            ..Error::config("server", it.message)
        })?;
        let test_mode = config.text("testMode").map(|_| "simulator");
        let key = config.text("keyid").and_then(KeyId::new);
        Ok(Self { client, key, test_mode, guest: false })
    }

    /// The same with another key, given by a message.
    ///
    /// # Errors
    /// When this cannot be a key.
    pub fn with_key(&self, key: &str) -> Result<Self, Error> {
        let key = KeyId::new(key).ok_or_else(|| {
            Error::invalid("keyid", "holds only blanks; leave it out or give a key")
        })?;
        Ok(Self { key: Some(key), guest: true, ..self.clone() })
    }

    /// Checks that a call can be made at all.
    ///
    /// # Errors
    /// When there is no key.
    pub fn ready(&self) -> Result<(), Error> {
        self.key().map(|_| ())
    }

    /// Whose key its requests carry.
    pub fn account(&self) -> Option<Account> {
        self.key.as_ref().map(|it| Account::of_key(it.expose()))
    }

    /// The name of the test mode that it runs in, if it is not the real thing.
    pub fn test_mode(&self) -> Option<&'static str> {
        self.test_mode
    }

    /// The longest that a request to so many recipients may take.
    pub fn longest_call(&self, recipients: usize) -> Duration {
        self.client.longest_call(recipients)
    }

    /// Asks, at no cost, whether the account works, and pays for so many units. Used when a whole
    /// request was refused for a reason that nobody knows.
    pub async fn diagnose(&self, units: u64) -> Diagnosis {
        match self.call(&Credit::default()).await {
            Ok(Outcome::Answered(reply)) => match Balance::of(&reply) {
                balance if !balance.pays_for(units) => Diagnosis::Trouble(AccountTrouble::Credit),
                balance if balance.euros.is_some() || balance.sms.is_some() => Diagnosis::Fine,
                _ => Diagnosis::Unsure,
            },
            Ok(Outcome::Refused(failure)) if failure.code.is_some() => {
                Diagnosis::Trouble(AccountTrouble::KeyOrAddress)
            }
            _ => Diagnosis::Unsure,
        }
    }

    /// What a person can do about an account that does not work.
    pub fn advice(trouble: AccountTrouble) -> &'static str {
        match trouble {
            AccountTrouble::KeyOrAddress => MENU,
            AccountTrouble::Credit => "top up the account, then feed the message in again",
        }
    }

    /// What a person can do about a message that may have been sent.
    pub const WHEN_UNKNOWN: &'static str = "look into the report (getCampagne), which may not name single messages, or your account \
         before you do it again";

    /// Checks the credential, and says in words what was found: for example `key accepted, credit
    /// 12.40 EUR, about 250 SMS`.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn verify(&self) -> Result<String, Error> {
        let balance = self.balance().await?;
        let message = match balance.to_string() {
            unsaid if unsaid.is_empty() => "key accepted".to_owned(),
            balance => format!("key accepted, {balance}"),
        };
        if !balance.pays_for(1) {
            return Err(Error::new(Kind::AccountCredit, message).hint("top up the account"));
        }
        Ok(message)
    }
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

/// Hashes with an account's key.
pub struct Hasher {
    key: hmac::Key,
    what: String,
}

impl Hasher {
    /// The hash of these texts, in this order.
    pub fn of<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> [u8; 32] {
        let mut hash = hmac::Context::with_key(&self.key);
        let mut add = |text: &str| {
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add(&self.what);
        texts.into_iter().for_each(add);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.sign().as_ref());
        bytes
    }
}

/// What an account has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// The credit in euros, when iSendPro says it.
    pub euros: Option<f64>,
    /// How many SMS to metropolitan France that buys, when iSendPro says it: an estimate.
    pub sms: Option<f64>,
}

impl Balance {
    fn of(reply: &Reply) -> Self {
        let number = |name| reply.with(name).and_then(|it| it.number(name));
        Self { euros: number("credit"), sms: number("quantite") }
    }

    /// Whether it buys so many SMS, and at least one: some cents are often left.
    fn pays_for(self, sms: u64) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "nobody sends 2^52 SMS")]
        let sms = sms.max(1) as f64;
        self.euros.is_none_or(|it| it > 0.0) && self.sms.is_none_or(|it| it >= sms)
    }
}

/// For example `credit 12.40 EUR, about 250 SMS`; empty when iSendPro says neither.
impl std::fmt::Display for Balance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let euros = self.euros.map(|it| format!("credit {it:.2} EUR"));
        let sms = self.sms.map(|it| format!("about {it:.0} SMS"));
        let known: Vec<String> = euros.into_iter().chain(sms).collect();
        f.write_str(&known.join(", "))
    }
}

/// The server's address, from whatever way of naming it: the connector's own, or the old one's
/// (`0` and `1` for the service, `2` or a dashed title for another).
fn server(config: &Config) -> Result<Option<String>, Error> {
    let Some(named) = config.text("server") else { return Ok(None) };
    match named.trim().to_lowercase().as_str() {
        "isendpro" | "0" | "1" => Ok(None),
        "simulator" => Err(Error::config("server", "the simulator is not part of this runtime")
            .hint("use the command line: isendpro run sendSms --server simulator")),
        name if name == "2" || name == "custom" || name.starts_with("---") => {
            config.text("otherServer").map(Some).ok_or_else(|| {
                Error::config("otherServer", "is missing").hint("give the address of your server")
            })
        }
        _ => Ok(Some(named)),
    }
}
