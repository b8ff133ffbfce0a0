//! Whether the server still keeps what it is told. What was found out at the start may change: a
//! setting, a replica that is attached, a replica that takes over.
//!
//! It is asked again each time that the lease is renewed, and after each new connection before a
//! claim that came over it counts: a server that has taken over is only reached by a new one.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Inner;
use super::check::{self, Server};
use super::lock;
use crate::component::{Error, Kind};

/// What is known of the server's fitness.
pub(super) struct Fitness {
    first: Server,
    accept_loss: bool,
    /// The connection over which it was asked last.
    asked_over: AtomicU64,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// The warnings that were given. Each is given once.
    warned: HashSet<String>,
    /// Why nothing may be claimed.
    unfit: Option<Error>,
}

impl Fitness {
    /// Judges the server when the journal is opened.
    pub fn judge(first: Server, accept_loss: bool) -> Result<(Self, Vec<String>), Error> {
        let warnings = first.judge(accept_loss)?;
        let found = Found { warned: warnings.iter().cloned().collect(), unfit: None };
        let (asked_over, found) = (AtomicU64::new(1), Mutex::new(found));
        Ok((Self { first, accept_loss, asked_over, found }, warnings))
    }

    /// Whether anything may be claimed.
    pub fn check(&self) -> Result<(), Error> {
        lock(&self.found).unfit.clone().map_or(Ok(()), Err)
    }

    /// Takes note of what the server is by now.
    fn note(&self, server: &Server) {
        let judged = server.judge_again(&self.first, self.accept_loss);
        let mut found = lock(&self.found);
        match judged {
            Ok(warnings) => {
                for warning in warnings {
                    if found.warned.insert(warning.clone()) {
                        tracing::warn!(warning, "the journal's Redis has changed");
                    }
                }
                if found.unfit.take().is_some() {
                    tracing::info!("the journal's Redis is what it must be again");
                }
            }
            Err(error) => {
                let unfit = unfit(&error);
                if found.unfit.as_ref().is_none_or(|it| it.what != unfit.what) {
                    tracing::error!(error = unfit.what, "nothing is claimed any more");
                }
                found.unfit = Some(unfit);
            }
        }
    }
}

/// The same error, of a server that was fit when the journal was opened: much was sent since.
fn unfit(error: &Error) -> Error {
    let what = error.what.strip_prefix("journal: ").unwrap_or(&error.what);
    let hint = error.hint.as_deref().unwrap_or("see docs/redis.md");
    Error::new(Kind::Unavailable, format!("{what}; {hint}"))
}

impl Inner {
    /// Asks the server again what it is. One that does not answer is none to claim from anyway.
    pub async fn look_again(&self) -> Result<(), Error> {
        let connection = self.link.connections();
        let server = check::server(&self.link, self.options.patience).await?;
        self.fitness.note(&server);
        self.fitness.asked_over.fetch_max(connection, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a claim that was just answered may count.
    pub async fn still_fit(&self) -> Result<(), Error> {
        if self.fitness.asked_over.load(Ordering::Relaxed) < self.link.connections() {
            self.look_again().await?;
        }
        self.fitness.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "role:master\r\nconnected_slaves:0\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\ncluster_enabled:0\r\n";

    fn server(from: &str, to: &str) -> Server {
        Server::read(Some(&GOOD.replace(from, to)), Some("always".to_owned()))
    }

    fn warned(fitness: &Fitness) -> usize {
        lock(&fitness.found).warned.len()
    }

    #[test]
    fn replicas_that_appear_are_a_warning_and_stop_nothing() {
        let (fitness, warnings) = Fitness::judge(server("", ""), false).unwrap();
        assert_eq!((warnings.len(), warned(&fitness)), (0, 0));
        for _ in 0..2 {
            fitness.note(&server("slaves:0", "slaves:1"));
            fitness.check().unwrap();
            assert_eq!(warned(&fitness), 1);
        }
    }

    #[test]
    fn while_the_server_may_forget_nothing_is_claimed() {
        for (from, to, words) in [
            ("aof_enabled:1", "aof_enabled:0", "set appendonly yes"),
            ("noeviction", "allkeys-lru", "set maxmemory-policy noeviction"),
            ("role:master", "role:slave", "give the address of its primary"),
        ] {
            let (fitness, _) = Fitness::judge(server("", ""), false).unwrap();
            fitness.note(&server(from, to));
            let error = fitness.check().unwrap_err();
            assert!(error.what.contains(words), "{error}");
            // Much was sent before.
            assert!(error.retryable() && !error.what.contains("nothing sent"), "{error:?}");
            fitness.note(&server("", ""));
            fitness.check().unwrap();
        }
    }

    #[test]
    fn whoever_accepts_losses_is_warned_of_them_once() {
        let (fitness, _) = Fitness::judge(server("", ""), true).unwrap();
        for _ in 0..2 {
            fitness.note(&server("noeviction", "allkeys-lru"));
            fitness.check().unwrap();
            assert_eq!(warned(&fitness), 1);
        }
    }
}
