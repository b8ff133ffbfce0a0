//! What the environment says of a question.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::component::{Config, Error, Kind};
use crate::runtime::http::Retry;
use crate::runtime::live::configured;

/// Where the answer goes; it may hold a password.
pub(super) const ADDRESS: &str = "ELASTICIO_POST_RESULT_URL";
const CONFIG: &str = "ELASTICIO_CFG";
const ATTEMPTS: &str = "ELASTICIO_API_REQUEST_RETRY_ATTEMPTS";
const DELAY: &str = "ELASTICIO_API_REQUEST_RETRY_DELAY";
const RETRY: Retry = Retry { attempts: 3, delay: Duration::from_secs(1) };

/// Where and how the answer is given.
pub struct Post {
    /// The address, without the user's name and password.
    pub url: Url,
    /// These, as a request carries them.
    pub authorization: Option<HeaderValue>,
    /// How often it is tried.
    pub retry: Retry,
}

/// What is asked.
pub struct Question {
    /// The values of the credential and of the step's fields, as they came.
    config: Option<SecretString>,
    /// The action or trigger that the question is about.
    pub handler: Option<String>,
    /// The function that shall say what there is to choose from.
    pub model: Option<String>,
}

/// Reads where the answer goes and what is asked. A mistake in the second can be told to the
/// platform, one in the first cannot.
pub fn read(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(Post, Result<Question, Error>), Error> {
    let mut variables: HashMap<String, String> =
        variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let attempts = number(&variables, ATTEMPTS, RETRY.attempts, 1);
    let delay = number(&variables, DELAY, u32::MAX, 0);
    let retry = Retry {
        attempts: *attempts.as_ref().unwrap_or(&RETRY.attempts),
        delay: match delay {
            Ok(u32::MAX) | Err(_) => RETRY.delay,
            Ok(millis) => Duration::from_millis(millis.into()),
        },
    };
    let post = Post::read(variables.get(ADDRESS).map(String::as_str), retry)?;
    let question = Question {
        config: variables.remove(CONFIG).map(Into::into),
        handler: variables.remove("ELASTICIO_ACTION_OR_TRIGGER"),
        model: variables.remove("ELASTICIO_GET_MODEL_METHOD"),
    };
    Ok((post, attempts.and(delay).map(|_| question)))
}

fn number(
    variables: &HashMap<String, String>,
    name: &'static str,
    default: u32,
    least: u32,
) -> Result<u32, Error> {
    let Some(text) = variables.get(name) else { return Ok(default) };
    text.trim()
        .parse()
        .ok()
        .filter(|it| (least..=600_000).contains(it))
        .ok_or_else(|| Error::config(name, format!("must be a number from {least} to 600000")))
}

impl Post {
    fn read(address: Option<&str>, retry: Retry) -> Result<Self, Error> {
        let address = address.ok_or_else(|| Error::config(ADDRESS, "is missing"))?;
        let wrong = || Error::config(ADDRESS, "must be an address such as https://host/path");
        let mut url = Url::parse(address.trim()).map_err(|_| wrong())?;
        if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let authorization = match (url.username(), url.password()) {
            (user, Some(password)) if !user.is_empty() => {
                let [user, password] = [user, password].map(|it| percent_decode_str(it).collect());
                let pair: Vec<u8> = [user, b":".to_vec(), password].concat();
                let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
                value.set_sensitive(true);
                Some(value)
            }
            _ => None,
        };
        url.set_password(None).and_then(|()| url.set_username("")).map_err(|()| wrong())?;
        Ok(Self { url, authorization, retry })
    }
}

impl Question {
    /// The configuration: what came, and `defaults` where nothing came.
    ///
    /// # Errors
    /// When none came, or what came is no JSON object. Nothing of it is told: it holds passwords.
    pub(crate) fn config(&self, defaults: Config) -> Result<Config, Error> {
        let text = self
            .config
            .as_ref()
            .ok_or_else(|| Error::new(Kind::Config, format!("{CONFIG} is not provided")))?;
        let fields: Option<Map<String, Value>> = serde_json::from_str(text.expose_secret()).ok();
        let fields = fields.ok_or_else(|| {
            Error::new(Kind::Config, format!("{CONFIG} cannot be read: it is no JSON object"))
        })?;
        Ok(configured(defaults, fields))
    }
}
