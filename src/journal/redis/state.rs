//! What triggers remember. It stays for ever: a trigger that stood still for a year goes on.

use redis::Value;

use super::Inner;
use super::link::Ask;
use crate::component::{Error, Kind};

impl Inner {
    pub async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys.state(name));
        let reply = self.link.ask(Ask::Command(&command), self.options.patience).await;
        match reply.map_err(|it| it.error)?.value {
            Value::Nil => Ok(None),
            Value::BulkString(bytes) => Ok(Some(bytes)),
            _ => Err(Error::new(Kind::Unavailable, "the journal: Redis gave an answer of no use")),
        }
    }

    pub async fn save(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut command = redis::cmd("SET");
        command.arg(self.keys.state(name)).arg(bytes);
        let reply = self.link.ask(Ask::Command(&command), self.options.outcome_patience).await;
        reply.map(drop).map_err(|it| it.error)
    }
}
