//! How web servers are asked.

use std::time::Duration;

use reqwest::ClientBuilder;
use rustls::ClientConfig;

/// The set-up of each client of a web server. A request goes where it is sent and nowhere else, and is
/// made once: whoever makes it decides whether it is made again.
pub(crate) fn web_client(tls: ClientConfig, connect: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(connect)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("isendpro-connector/", env!("CARGO_PKG_VERSION")))
}
