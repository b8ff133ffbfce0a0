//! Reads variables one by one, and remembers everything that is wrong with them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use lapin::uri::AMQPUri;
use reqwest::Url;

use crate::component::{Error, Kind};
use crate::runtime::step::cipher::Cipher;
use crate::trust;

/// Most that a number of milliseconds, messages or tries may be.
pub const MOST: u64 = u32::MAX as u64;

/// The variable that names a JSON file in the place of the platform's API.
pub const FILE: &str = "ISENDPRO_STEP_FILE";

/// How the names of the platform's variables begin.
pub const PREFIX: &str = "ELASTICIO_";

const TRUE: &[&str] = &["true", "1", "yes", "on"];
const FALSE: &[&str] = &["false", "0", "no", "off"];

/// The whole name of a variable.
pub fn full(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The variables, and what is wrong with those that were read.
pub struct Reader {
    variables: HashMap<String, String>,
    wrong: Vec<String>,
    /// What is right, and has to be said.
    pub warnings: Vec<String>,
    /// What is wrong with the file in the platform's place.
    wrong_file: Option<String>,
}

impl Reader {
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter().collect();
        Self { variables, wrong: Vec::new(), warnings: Vec::new(), wrong_file: None }
    }

    /// Any variable, by its whole name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// True if there is no platform.
    pub fn is_alone(&self) -> bool {
        self.variable(FILE).is_some_and(|it| !it.trim().is_empty())
    }

    /// One of the platform's. An empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variable(&full(name)).filter(|it| !it.trim().is_empty())
    }

    /// Says what is wrong with one of the platform's.
    pub fn complain(&mut self, name: &str, what: impl std::fmt::Display) {
        self.wrong.push(format!("{} {what}", full(name)));
    }

    /// Says what is wrong with the file in the platform's place: then nothing else is told.
    pub fn complain_of_file(&mut self, what: String) {
        self.wrong_file = Some(what);
    }

    /// A text that must be there; an empty one in its place, with a complaint, if it is not.
    pub fn required(&mut self, name: &str) -> String {
        let value = self.get(name).map(str::to_owned);
        value.unwrap_or_else(|| {
            self.complain(name, "is missing");
            String::new()
        })
    }

    /// A name in AMQP.
    pub fn amqp_name(&mut self, name: &str) -> String {
        let value = self.required(name);
        if value.len() > 255 {
            self.complain(name, "must have 255 bytes at most");
        }
        value
    }

    /// A yes or no, of which no is the default.
    pub fn flag(&mut self, name: &str) -> bool {
        let value = self.get(name).unwrap_or("false").trim().to_ascii_lowercase();
        let known = TRUE.contains(&value.as_str());
        if !known && !FALSE.contains(&value.as_str()) {
            self.complain(name, "must be true or false");
        }
        known
    }

    /// A whole number within bounds.
    pub fn number<T: TryFrom<u64> + Default>(
        &mut self,
        name: &str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> T {
        let value = match self.get(name) {
            None => Some(default),
            Some(text) => text.trim().parse().ok().filter(|it| bounds.contains(it)),
        };
        value.and_then(|it| T::try_from(it).ok()).unwrap_or_else(|| {
            let (least, most) = bounds.into_inner();
            self.complain(name, format!("must be a whole number from {least} to {most}"));
            T::default()
        })
    }

    /// A time in milliseconds.
    pub fn millis(&mut self, name: &str, default: u64, least: u64) -> Duration {
        Duration::from_millis(self.number(name, default, least..=MOST))
    }

    /// A number of tries; none means without end.
    pub fn attempts(&mut self, name: &str, default: Option<u32>) -> Option<u32> {
        match self.get(name) {
            None => default,
            Some(text) if text.trim().eq_ignore_ascii_case("infinity") => None,
            Some(_) => Some(self.number(name, 1, 1..=MOST)),
        }
    }

    /// One of a few words, of which the first is the default.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> T {
        let value = self.get(name).unwrap_or(choices[0].0).trim();
        let found = choices.iter().find(|it| it.0.eq_ignore_ascii_case(value)).map(|it| it.1);
        found.unwrap_or_else(|| {
            let words: Vec<_> = choices.iter().map(|it| it.0).collect();
            self.complain(name, format!("must be {}", words.join(" or ")));
            choices[0].1
        })
    }

    /// An address over HTTP, without a slash at its end.
    pub fn required_address(&mut self, name: &str) -> String {
        let text = self.required(name);
        if text.is_empty() {
            return text;
        }
        let url = Url::parse(text.trim()).ok().filter(|it| matches!(it.scheme(), "http" | "https"));
        match url {
            None => self.complain(name, "must be an address such as https://api.example.com"),
            Some(it) if !it.username().is_empty() || it.password().is_some() => {
                self.complain(name, "must not hold a user name or a password");
            }
            Some(it) if it.query().is_some() || it.fragment().is_some() => {
                self.complain(name, "must not hold a ? or a #");
            }
            Some(it) if it.scheme() == "http" => self.in_clear(name, &it),
            Some(_) => {}
        }
        text.trim().trim_end_matches('/').to_owned()
    }

    /// The address of a broker, as lapin reads it.
    pub fn broker_address(&mut self, name: &str) -> String {
        let text = self.required(name);
        if text.is_empty() {
            return text;
        }
        match broker_address(text.trim()) {
            Ok(url) => {
                if url.scheme() == "amqp" {
                    self.in_clear(name, &url);
                }
                url.into()
            }
            Err(what) => {
                self.complain(name, what);
                String::new()
            }
        }
    }

    /// An address without TLS.
    fn in_clear(&mut self, name: &str, url: &Url) {
        match trust::cleartext(url.host_str().unwrap_or_default()) {
            Ok(warning) => self.warnings.extend(warning),
            Err(what) => self.complain(name, what),
        }
    }

    /// The cipher of the flow; with neither variable set, if that is allowed, one that leaves all
    /// readable. A platform always encrypts: there a password that is not set is a mistake.
    pub fn cipher(&mut self, password: &str, iv: &str, or_none: bool) -> Option<Cipher> {
        if or_none && self.get(password).is_none() && self.get(iv).is_none() {
            return Cipher::new(None, None).ok();
        }
        let (secret, vector) = (self.required(password), self.required(iv));
        if secret.is_empty() || vector.is_empty() {
            return None;
        }
        let cipher = Cipher::new(Some(&secret), Some(&vector)).ok();
        if cipher.is_none() {
            self.complain(iv, "must be exactly 16 bytes");
        }
        cipher
    }

    /// What was read, if all of it was right.
    pub fn finish<T>(self, read: T) -> Result<T, Error> {
        if let Some(what) = self.wrong_file {
            return Err(Error::new(Kind::Config, what));
        }
        let (whose, hint) = if self.is_alone() {
            ("", "docs/step.md says what a step without a platform needs")
        } else {
            (
                " of the platform",
                "the platform sets them when it starts a step; to try an action by hand, use: \
                 isendpro run",
            )
        };
        if self.variables.keys().all(|it| !it.starts_with(PREFIX)) && !self.is_alone() {
            let what = format!("none of a platform's variables ({PREFIX}...) is set");
            return Err(Error::new(Kind::Config, what).hint(hint));
        }
        let what = match self.wrong.as_slice() {
            [] => return Ok(read),
            [one] => format!("a variable{whose} is wrong: {one}"),
            many => format!("{} variables{whose} are wrong: {}", many.len(), many.join(", ")),
        };
        Err(Error::new(Kind::Config, what).hint(hint))
    }
}

/// Most bytes of a frame, as RabbitMQ proposes. All headers of a message have to fit into one: with
/// less, a message that the broker has taken from somebody else would close the channel each time that
/// it is delivered. lapin keeps room for 64 of them on each connection.
const FRAME: u32 = 128 * 1024;

/// Writes an address as lapin wants it: peers take `amqp://host/` for the virtual host `/`, lapin
/// for one without a name, and they spell two options otherwise.
fn broker_address(text: &str) -> Result<Url, &'static str> {
    const FORM: &str = "must be an address such as amqps://user:password@host:5671/vhost, with \
                        special characters of the password as %23";
    let mut url = Url::parse(text).map_err(|_| FORM)?;
    if !matches!(url.scheme(), "amqp" | "amqps") {
        return Err(FORM);
    }
    match url.host_str() {
        None | Some("") => return Err(FORM),
        // lapin would go to localhost instead.
        Some(host) if host.starts_with('[') => {
            return Err("must name its host by a name or an IPv4 address");
        }
        Some(_) => {}
    }
    if url.fragment().is_some() {
        return Err(FORM);
    }
    if matches!(url.path(), "" | "/") {
        url.set_path("/%2f");
    }
    let spelled = |name: &str| match name {
        "frameMax" => "frame_max".to_owned(),
        "channelMax" => "channel_max".to_owned(),
        _ => name.to_owned(),
    };
    if let Some(wrong) = url.query_pairs().find_map(|(name, value)| refused(&name, &value)) {
        return Err(wrong);
    }
    let mut options: Vec<_> =
        url.query_pairs().map(|(name, value)| (spelled(&name), value.into_owned())).collect();
    if !options.iter().any(|it| it.0 == "frame_max") {
        options.push(("frame_max".to_owned(), FRAME.to_string()));
    }
    url.query_pairs_mut().clear().extend_pairs(options);
    url.as_str().parse::<AMQPUri>().map_err(|_| FORM)?;
    Ok(url)
}

/// Why an option of TLS cannot be followed, if it cannot. lapin passes over all of them: a certificate
/// would be checked by other rules than those that are asked for.
fn refused(name: &str, value: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "verify" if value == "verify_peer" => None,
        "verify" | "fail_if_no_peer_cert" => Some(
            "cannot choose how certificates are checked: they always are; name the file of a CA of your \
             own in ISENDPRO_CA_FILE",
        ),
        "cacertfile" | "cacerts" => {
            Some("cannot name a CA's file; name it in ISENDPRO_CA_FILE, and take cacertfile= away")
        }
        "certfile" | "keyfile" | "password" => Some(
            "cannot name a certificate to log in with: give user and password, and take certfile= and \
             keyfile= away",
        ),
        "server_name_indication" => Some(
            "cannot say another name for TLS: give the host by the name that its certificate has, and \
             take server_name_indication= away",
        ),
        _ => None,
    }
}
