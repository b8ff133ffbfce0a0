//! Whether a server keeps what it is told: what it says of itself.

use std::collections::HashMap;
use std::time::Duration;

use super::link::{Ask, Link};
use crate::component::Error;

/// What a server says of itself. What it does not say is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    replica: Option<bool>,
    cluster: Option<bool>,
    replicas: Option<u64>,
    aof: Option<bool>,
    policy: Option<String>,
    fsync: Option<String>,
    /// The name of its data, and the one that they had on the server from which it took over (zeros:
    /// on none).
    history: Option<(String, String)>,
}

impl Server {
    /// Reads the answers to INFO and to CONFIG GET appendfsync.
    pub fn read(info: Option<&str>, fsync: Option<String>) -> Self {
        let lines = info.unwrap_or_default().lines();
        let said: HashMap<_, _> = lines.filter_map(|it| it.trim_end().split_once(':')).collect();
        let yes = |name: &str| said.get(name).map(|it| *it == "1");
        let text = |name: &str| said.get(name).map(|it| (*it).to_owned());
        Self {
            replica: said.get("role").map(|it| *it != "master"),
            cluster: yes("cluster_enabled"),
            replicas: said.get("connected_slaves").and_then(|it| it.parse().ok()),
            aof: yes("aof_enabled"),
            policy: text("maxmemory_policy"),
            fsync,
            history: text("master_replid").zip(text("master_replid2")),
        }
    }

    /// Whether a replica has taken over since the other answer: the data have another name, and had
    /// one before on another server. A server that reads its append-only file when it starts again
    /// has a new name, too, but none before.
    pub fn took_over_from(&self, other: &Self) -> bool {
        let (Some((data, before)), Some((known, _))) = (&self.history, &other.history) else {
            return false;
        };
        data != known && before.bytes().any(|it| it != b'0')
    }

    /// Warnings, or why this server, which answered like `first` at the start, cannot be used now.
    pub fn judge_again(&self, first: &Self, accept_loss: bool) -> Result<Vec<String>, Error> {
        let mut warnings = self.judge(accept_loss)?;
        if self.took_over_from(first) {
            let what = "a replica has taken over as the journal's Redis, and may miss what was \
                        written last";
            if !accept_loss {
                return Err(wrong(what).hint(
                    "look into the results and iSendPro's report before you start again: what it \
                     misses would be sent again",
                ));
            }
            warnings.push(format!("{what}: that may be sent twice"));
        }
        Ok(warnings)
    }

    /// Warnings, or why this server cannot be used. With `accept_loss` a server that may lose what
    /// it was told is only worth a warning.
    pub fn judge(&self, accept_loss: bool) -> Result<Vec<String>, Error> {
        if self.replica == Some(true) {
            return Err(wrong("this Redis is a replica").hint("give the address of its primary"));
        }
        if self.cluster == Some(true) {
            return Err(wrong("this Redis is a cluster")
                .hint("give one without cluster mode; a journal lives on one server"));
        }
        let mut warnings = Vec::new();
        for (what, hint) in self.losses() {
            if !accept_loss {
                return Err(wrong(&what)
                    .hint(format!("{hint}, or add ?durability=accept-loss to the journal's URL")));
            }
            warnings.push(format!("{what}: after that, messages may be sent twice"));
        }
        warnings.extend(self.doubts());
        Ok(warnings)
    }

    fn losses(&self) -> Vec<(String, &'static str)> {
        let mut losses = Vec::new();
        if self.aof == Some(false) {
            let what = "this Redis forgets when it stops: it has no append-only file";
            losses.push((what.to_owned(), "set appendonly yes and appendfsync always"));
        }
        if let Some(policy) = self.policy.as_deref().filter(|it| *it != "noeviction") {
            let what =
                format!("this Redis forgets when its memory is full: maxmemory-policy is {policy}");
            losses.push((what, "set maxmemory-policy noeviction"));
        }
        losses
    }

    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let mut unknown = |what: &str, wanted: &str| {
            doubts.push(format!("this Redis does not tell {what}; make sure that it is {wanted}"));
        };
        if self.aof.is_none() {
            unknown("whether it has an append-only file (INFO persistence)", "on");
        }
        if self.policy.is_none() {
            unknown("its maxmemory-policy (INFO memory)", "noeviction");
        }
        if self.replica.is_none() {
            unknown("its role (INFO replication)", "a primary");
        }
        match self.fsync.as_deref() {
            _ if self.aof == Some(false) => {}
            Some("always") => {}
            Some(other) => doubts.push(format!(
                "this Redis writes to its disk late (appendfsync {other}): when its machine fails, what was sent in the last second or so may be sent twice; set appendfsync always"
            )),
            None => unknown("its appendfsync (CONFIG GET)", "always"),
        }
        if self.replicas.is_some_and(|it| it > 0) {
            doubts.push(
                "this Redis has replicas: if one takes over, it may miss what was written last, and that may be sent twice"
                    .to_owned(),
            );
        }
        doubts
    }
}

/// Asks the server what it is. What it forbids to ask stays unknown.
pub(super) async fn server(link: &Link, patience: Duration) -> Result<Server, Error> {
    let info = told(link, redis::cmd("INFO"), patience).await?;
    let info = info.and_then(|it| redis::from_redis_value::<String>(it).ok());
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg("appendfsync");
    let config = told(link, command, patience).await?;
    let config = config.and_then(|it| redis::from_redis_value::<HashMap<String, String>>(it).ok());
    Ok(Server::read(info.as_deref(), config.and_then(|mut it| it.remove("appendfsync"))))
}

async fn told(
    link: &Link,
    command: redis::Cmd,
    patience: Duration,
) -> Result<Option<redis::Value>, Error> {
    match link.ask(Ask::Command(&command), patience).await {
        Ok(reply) => Ok(Some(reply.value)),
        Err(failure) if failure.forbidden => Ok(None),
        Err(failure) => Err(failure.error),
    }
}

fn wrong(what: &str) -> Error {
    Error::config("journal", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nconnected_slaves:0\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\ncluster_enabled:0\r\n";

    fn judge(info: &str, fsync: Option<&str>, accept_loss: bool) -> Result<Vec<String>, String> {
        let server = Server::read(Some(info), fsync.map(str::to_owned));
        server.judge(accept_loss).map_err(|it| it.to_string())
    }

    #[test]
    fn a_good_server_is_no_news() {
        assert_eq!(judge(GOOD, Some("always"), false), Ok(vec![]));
    }

    #[test]
    fn what_loses_is_refused_unless_accepted() {
        for (from, to, word) in [
            ("aof_enabled:1", "aof_enabled:0", "set appendonly yes"),
            ("noeviction", "allkeys-lru", "set maxmemory-policy noeviction"),
            ("noeviction", "volatile-ttl", "set maxmemory-policy noeviction"),
        ] {
            let info = GOOD.replace(from, to);
            let refused = judge(&info, Some("always"), false).unwrap_err();
            assert!(refused.contains(word) && refused.contains("accept-loss"), "{refused}");
            assert_eq!(judge(&info, Some("always"), true).unwrap().len(), 1);
        }
    }

    #[test]
    fn a_replica_that_has_taken_over_is_told_from_a_server_that_was_started_again() {
        let with = |data: &str, before: &str| {
            let history = format!("master_replid:{data}\r\nmaster_replid2:{before}\r\n");
            Server::read(Some(&(GOOD.to_owned() + &history)), Some("always".to_owned()))
        };
        let first = with("aa", "00");
        for (now, took_over) in [
            (with("aa", "00"), false),
            (with("bb", "00"), false),
            (with("bb", "aa"), true),
            (with("cc", "bb"), true),
            (Server::read(Some(GOOD), Some("always".to_owned())), false),
        ] {
            assert_eq!(now.took_over_from(&first), took_over, "{now:?}");
            assert_eq!(now.judge_again(&first, false).is_err(), took_over, "{now:?}");
            assert_eq!(now.judge_again(&first, true).unwrap().len(), usize::from(took_over));
        }
    }

    #[test]
    fn a_replica_or_a_cluster_is_always_refused() {
        for (from, to, word) in [
            ("role:master", "role:slave", "primary"),
            ("cluster_enabled:0", "cluster_enabled:1", "cluster"),
        ] {
            let refused = judge(&GOOD.replace(from, to), Some("always"), true).unwrap_err();
            assert!(refused.contains(word), "{refused}");
        }
    }

    #[test]
    fn what_is_late_or_unknown_is_a_warning() {
        let warned = |info: &str, fsync, word: &str| {
            let warnings = judge(info, fsync, false).unwrap();
            assert!(warnings.len() == 1 && warnings[0].contains(word), "{warnings:?}");
        };
        warned(GOOD, Some("everysec"), "appendfsync everysec");
        warned(GOOD, None, "CONFIG GET");
        warned(&GOOD.replace("slaves:0", "slaves:1"), Some("always"), "replicas");
        warned(&GOOD.replace("aof_enabled:1\r\n", ""), Some("always"), "INFO persistence");
        assert_eq!(Server::read(None, None).judge(false).unwrap().len(), 4);
    }
}
