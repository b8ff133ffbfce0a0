//! Where the Redis is, from a URL that may hold a password.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo as _};

use crate::component::Error;
use crate::journal::Retention;
use crate::trust;

const PREFIX: &str = "isendpro:";
/// For how many days what is settled is remembered, unless the URL says otherwise.
const DAYS: u32 = 30;
const FORM: &str = "give redis://[user:password@]host[:port][/database] or rediss:// for TLS, with ?prefix=, ?keep=DAYS and ?durability=accept-loss if need be";

/// Where the Redis is, and how it is used.
#[derive(Clone)]
pub(super) struct Address {
    /// What the driver needs. Holds the password.
    pub info: ConnectionInfo,
    /// Host and port, for messages.
    pub server: String,
    /// What each key begins with.
    pub prefix: String,
    /// Whether a server that may lose what was written is good enough.
    pub accept_loss: bool,
    /// For how long what is settled is remembered.
    pub retention: Retention,
    /// What has to be said of speaking to it without TLS.
    pub in_clear: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("server", &self.server)
            .field("prefix", &self.prefix)
            .field("accept_loss", &self.accept_loss)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

impl Address {
    /// Reads a URL.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut url = redis::parse_redis_url(text)
            .filter(|it| matches!(it.scheme(), "redis" | "rediss"))
            .ok_or_else(|| wrong("is not the URL of a Redis").hint(FORM))?;
        if url.fragment().is_some() {
            return Err(wrong("has a part after #").hint("write a # in a password as %23"));
        }
        let (mut prefix, mut accept_loss) = (PREFIX.to_owned(), false);
        let mut retention = Retention { days: DAYS, chosen: false };
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("prefix", value) => prefix = checked(value)?,
                ("keep", days) => retention = Retention::chosen(days)?,
                ("durability", "accept-loss") => accept_loss = true,
                ("durability", _) => {
                    return Err(wrong("durability can only be accept-loss")
                        .hint("leave it out to insist on a Redis that keeps what it is told"));
                }
                _ => return Err(wrong("has an unknown option after ?").hint(FORM)),
            }
        }
        url.set_query(None);
        let host = url.host_str().ok_or_else(|| wrong("has no host").hint(FORM))?.to_owned();
        let in_clear = match url.scheme() {
            "redis" => trust::cleartext(&host).map_err(wrong)?,
            _ => None,
        };
        let server = format!("{host}:{}", url.port().unwrap_or(6379));
        let info = url.into_connection_info();
        // The driver's own words could hold a part of the URL.
        let info = info.map_err(|_| wrong("cannot be used").hint(FORM))?;
        Ok(Self { info, server, prefix, accept_loss, retention, in_clear })
    }
}

fn checked(prefix: &str) -> Result<String, Error> {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b":._-{}".contains(&it);
    if (1..=64).contains(&prefix.len()) && prefix.bytes().all(plain) {
        return Ok(prefix.to_owned());
    }
    Err(wrong("the prefix must be 1 to 64 letters, digits or : . _ - { }"))
}

fn wrong(what: &str) -> Error {
    Error::config("journal", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_all() {
        let all = Address::parse(
            "rediss://me:s%40cret@redis.example:7000/3?prefix=a:&durability=accept-loss",
        )
        .unwrap();
        assert_eq!((all.server.as_str(), all.prefix.as_str()), ("redis.example:7000", "a:"));
        assert!(all.accept_loss);
        let redis = all.info.redis_settings();
        assert_eq!((redis.username(), redis.password()), (Some("me"), Some("s@cret")));
        assert_eq!(redis.db(), 3);
        let least = Address::parse("redis://localhost").unwrap();
        assert_eq!((least.server.as_str(), least.prefix.as_str()), ("localhost:6379", "isendpro:"));
        assert!(!least.accept_loss);
        assert_eq!(least.retention, Retention { days: 30, chosen: false });
        let kept = Address::parse("redis://h?keep=90").unwrap().retention;
        assert_eq!(kept, Retention { days: 90, chosen: true });
        assert_eq!(Address::parse("redis://[::1]:7").unwrap().server, "[::1]:7");
    }

    #[test]
    fn no_error_and_no_debug_holds_a_password() {
        for bad in [
            "",
            "redis:",
            "http://u:secret@h",
            "redis+unix:///tmp/x?pass=secret",
            "redis://u:secret@h:99999",
            "redis://u:secret@h/zero",
            "redis://u:secret@h/0?durability=secret",
            "redis://u:secret@h/0?prefix=se*cret",
            "redis://u:secret@h/0?password=secret",
            "redis://u:secret@h/0?keep=0",
            "redis://u:secret@h/0?keep=",
            "redis://u:secret@h/0?keep=36501",
            "redis://u:secret@h/0?keep=secret",
            "redis://u:secret#x@h/0",
            "rediss://u:secret@h/#insecure",
            "redis://u:%ff-secret@h",
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("cret"), "{bad}: {error:?}");
            assert!(
                error.to_string().starts_with("CONFIGURATION, nothing sent: journal: "),
                "{error}"
            );
        }
        let good = Address::parse("redis://user:secret@h").unwrap();
        assert!(!format!("{good:?} {:?}", good.info).contains("secret"));
    }
}
