//! The platform's REST API: what this step is, where files go, and the hooks of a flow.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::settings::{self, ApiAccess, Ids};
use super::step_data::StepData;
use crate::component::{Error, Kind, exact};
use crate::runtime::http::{Answer, Bounds, Fault, Http, Retry};

/// The variable that people have to look at when the API cannot be used.
const ADDRESS: &str = "ELASTICIO_API_URI";
/// A snapshot may be large.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(15), bytes: 32 * 1024 * 1024 };
/// At start the platform's API may be restarting: it is never given up sooner than this.
const LEAST: Retry = Retry { attempts: 3, delay: Duration::from_secs(1) };

/// The platform's API, as one step uses it.
#[derive(Debug, Clone)]
pub struct Platform {
    http: Http,
    base: Url,
    authorization: HeaderValue,
    secrets: Vec<SecretString>,
    retry: Retry,
    /// For the first question.
    patience: Retry,
}

/// A place for a file. Both addresses let anyone in who knows them, so neither is ever shown.
pub(super) struct Place {
    /// Where to put it.
    pub put: Url,
    /// Where others get it.
    pub get: Url,
}

impl Platform {
    /// The API at this address. No I/O.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(http: Http, api: &ApiAccess, retry: settings::Retry) -> Result<Self, Error> {
        let attempts = retry.attempts.unwrap_or(u32::MAX);
        let retry = Retry { attempts, delay: retry.delay };
        let base = address(&api.uri, ADDRESS)?;
        let pair = format!("{}:{}", api.username, api.key.expose_secret());
        let pair = BASE64_STANDARD.encode(pair);
        let mut authorization = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| Error::config("ELASTICIO_API_KEY", "cannot be sent"))?;
        authorization.set_sensitive(true);
        let secrets = vec![api.key.clone(), pair.into()];
        let patience = Retry {
            attempts: retry.attempts.max(LEAST.attempts),
            delay: retry.delay.max(LEAST.delay),
        };
        Ok(Self { http, base, authorization, secrets, retry, patience })
    }

    /// Asks what this step is.
    ///
    /// # Errors
    /// When the platform refuses, cannot be reached, or says what is no step.
    pub async fn step(&self, ids: &Ids) -> Result<StepData, Error> {
        let what = "the platform does not say what this step is";
        let url = self.url(&["v1", "tasks", &ids.flow, "steps", &ids.step]);
        let answer = self.ask(self.patience, Method::GET, &url, None).await;
        let answer = answer.map_err(|it| self.error(&it, what))?;
        StepData::read(&answer.body).map_err(|said| {
            Error::new(Kind::Unusable, format!("{what}: {said}"))
                .hint(format!("check that {ADDRESS} is the platform's API"))
        })
    }

    /// Does what a flow expects of a step that it starts for the first time: leaves a note, here an
    /// empty one, that [`Self::shut_down`] takes away.
    ///
    /// # Errors
    /// When the platform refuses or cannot be reached.
    pub async fn start_up(&self, flow: &str) -> Result<(), Error> {
        let what = "the platform does not take the step's start-up data";
        let url = self.startup_url(flow);
        let leave = || self.ask(self.retry, Method::POST, &url, Some("{}".to_owned()));
        let mut left = leave().await;
        if left.as_ref().is_err_and(|it| it.status() == Some(409)) {
            tracing::warn!("start-up data are there already; they are written anew");
            self.let_go(&url, Method::DELETE).await.map_err(|it| self.error(&it, what))?;
            left = leave().await;
        }
        left.map(drop).map_err(|it| self.error(&it, what))
    }

    /// Does what a flow expects of a step when it is stopped for good. There is nothing to undo, so
    /// only the note is taken away; that there is none is fine.
    ///
    /// # Errors
    /// When the platform refuses or cannot be reached.
    pub async fn shut_down(&self, flow: &str) -> Result<(), Error> {
        let url = self.startup_url(flow);
        for method in [Method::GET, Method::DELETE] {
            self.let_go(&url, method).await.map_err(|it| {
                self.error(&it, "the platform does not let go of the step's start-up data")
            })?;
        }
        Ok(())
    }

    /// Asks for something that need not be there.
    async fn let_go(&self, url: &Url, method: Method) -> Result<(), Fault> {
        match self.ask(self.retry, method, url, None).await {
            Err(fault) if fault.status() != Some(404) => Err(fault),
            _ => Ok(()),
        }
    }

    /// Asks for a place to put a file.
    ///
    /// # Errors
    /// When the platform refuses, cannot be reached, or names no place.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        let what = "the platform gives no place for a file";
        let url = self.url(&["v2", "resources", "storage", "signed-url"]);
        let answer = self.ask(self.retry, Method::POST, &url, None).await;
        let answer = answer.map_err(|it| self.error(&it, what))?;
        let place = exact::parse_bytes(&answer.body).unwrap_or_default();
        let named = |name: &str| place.get(name)?.as_str()?.parse::<Url>().ok();
        match (named("put_url"), named("get_url")) {
            (Some(put), Some(get)) => Ok(Place { put, get }),
            _ => Err(Error::new(Kind::Unusable, format!("{what}: the answer names none"))),
        }
    }

    fn startup_url(&self, flow: &str) -> Url {
        self.url(&["sailor-support", "hooks", "task", flow, "startup", "data"])
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn ask(
        &self,
        retry: Retry,
        method: Method,
        url: &Url,
        json: Option<String>,
    ) -> Result<Answer, Fault> {
        let mut request = Request::new(method, url.clone());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(json) = json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(json.into());
        }
        self.http.ask(retry, BOUNDS, &request).await
    }

    fn error(&self, fault: &Fault, what: &str) -> Error {
        fault.error(what, ADDRESS, &self.secrets)
    }
}

/// The address that this variable holds.
///
/// # Errors
/// When it is no address of a web server.
pub(super) fn address(text: &str, variable: &str) -> Result<Url, Error> {
    let url = Url::parse(text.trim())
        .ok()
        .filter(|it| it.has_host() && matches!(it.scheme(), "http" | "https"));
    url.ok_or_else(|| Error::config(variable, "must be an address such as https://host"))
}

#[cfg(test)]
pub(super) mod tests;
