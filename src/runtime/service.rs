//! One question of the platform: it is asked by the environment, and answered by one request.

pub(crate) mod settings;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use serde_json::{Value, json};

use self::settings::Post;
pub use self::settings::Question;
use super::http::{Bounds, Http};
use super::live::connect;
use crate::component::{Component, Config, Error, Kind, Private};

const BOUNDS: Bounds = Bounds { time: Duration::from_secs(15), bytes: 1024 * 1024 };
/// How long a verification may take; somebody waits for it.
const LONGEST: Duration = Duration::from_secs(60);

/// Answers a question about `component`. `defaults` are settings that the credential may replace.
///
/// That the answer is a bad one (the key is refused, nobody knows the method) is no failure: it was
/// given.
///
/// # Errors
/// When the platform did not take the answer, or nobody knows where to send it.
pub async fn answer(
    component: &Component,
    defaults: Config,
    method: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Error> {
    let (post, question) = settings::read(variables)?;
    let answered = match question {
        Ok(question) => answered(component, defaults, method, question).await,
        Err(error) => Err(error),
    };
    let body = match answered {
        Ok(data) => json!({ "status": "success", "data": data }),
        Err(error) => {
            tracing::error!(error = %error.logged(), method, "the question cannot be answered");
            Private::tell(&error, || []);
            json!({ "status": "error", "data": { "message": reason(&error) } })
        }
    };
    send(&post, &body).await
}

async fn answered(
    component: &Component,
    defaults: Config,
    method: &str,
    question: Question,
) -> Result<Value, Error> {
    match method.to_ascii_lowercase().as_str() {
        "verifycredentials" => {
            let config = question.config(defaults)?;
            Ok(match verified(config).await {
                Ok(()) => json!({ "verified": true }),
                Err(reason) => json!({ "verified": false, "reason": reason }),
            })
        }
        "getmetamodel" => Err(no_method(component, &question, "getMetaModel")),
        "selectmodel" => Err(match &question.model {
            Some(model) => no_method(component, &question, model),
            None => Error::new(Kind::Config, "ELASTICIO_GET_MODEL_METHOD is not provided"),
        }),
        _ => Err(Error::new(Kind::Config, format!("Unknown service method \"{method}\""))),
    }
}

/// This component computes neither schemas nor choices: all of them are in component.json.
fn no_method(component: &Component, question: &Question, method: &str) -> Error {
    let said = match question.handler.as_deref() {
        None => "ELASTICIO_ACTION_OR_TRIGGER is not provided".to_owned(),
        Some(name) if component.handler(name).is_none() => {
            format!("Trigger or action \"{name}\" is not found in component.json!")
        }
        Some(name) => format!("Method \"{method}\" is not found in \"{name}\" action or trigger"),
    };
    Error::new(Kind::Config, said)
}

/// Checks a credential; if it does not work, says why.
async fn verified(config: Config) -> Result<(), String> {
    let session = connect(&config).map_err(|it| reason(&it))?;
    let longest = LONGEST.max(session.longest_call(1));
    in_time(longest, async move { session.verify().await }).await
}

/// What a check finds within this time. It runs in a task of its own, so that a defect is an answer too.
async fn in_time(
    longest: Duration,
    check: impl Future<Output = Result<String, Error>> + Send + 'static,
) -> Result<(), String> {
    match tokio::spawn(tokio::time::timeout(longest, check)).await {
        Ok(Ok(Ok(found))) => {
            tracing::info!(found, "the credential works");
            Ok(())
        }
        Ok(Ok(Err(error))) => Err(reason(&error)),
        Ok(Err(_)) => Err(format!("no answer within {} s; try again", longest.as_secs())),
        Err(_) => Err("a defect of the connector, not of the credential; see its log".to_owned()),
    }
}

/// What went wrong and what to do: nobody who checks a credential asks what was sent.
fn reason(error: &Error) -> String {
    let code = error.code.map(|it| format!(" (code {it})")).unwrap_or_default();
    let hint = error.hint.as_deref().map(|it| format!("; {it}")).unwrap_or_default();
    format!("{}{code}{hint}", error.what)
}

/// Gives the answer. When that fails it is this answer that is given again, and never another: a
/// credential that works is not to be recorded as one that does not.
async fn send(post: &Post, body: &Value) -> Result<(), Error> {
    let mut request = Request::new(Method::POST, post.url.clone());
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(authorization) = &post.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    *request.body_mut() = Some(body.to_string().into());
    let taken = Http::new()?.ask(post.retry, BOUNDS, &request).await;
    let status = match taken {
        Ok(answer) if answer.status == 200 => {
            tracing::info!(status = body["status"].as_str(), "answered");
            return Ok(());
        }
        Ok(answer) => answer.status,
        Err(fault) => match fault.status() {
            Some(status) => status,
            None => return Err(fault.error("the answer was not taken", settings::ADDRESS, &[])),
        },
    };
    let said = format!("the answer was not taken: HTTP {status}, where only 200 means yes");
    Err(Error::new(Kind::Unavailable, said))
}

#[cfg(test)]
mod tests;
