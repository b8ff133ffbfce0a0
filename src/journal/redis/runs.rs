//! Runs of jobs.
//!
//! Two processes that begin the same job while its last run has not ended share that run: the second
//! is told that it resumes. That is safe, since each message is claimed for itself; with the same
//! input, each sends what the other has not. The run has ended as soon as one of them says so; a
//! process that says so of a run that is no longer the last one is not heard.

use super::claim::RETENTION;
use super::keys::random;
use super::link::Ask;
use super::scripts::{Answer, BEGIN, END};
use super::{Inner, lock};
use crate::component::{Error, Scope};
use crate::journal::Run;

impl Inner {
    pub async fn begin(&self, job: &str) -> Result<Run, Error> {
        let name = self.secret.job(job);
        let mut script = BEGIN.prepare_invoke();
        script.key(self.keys.job(&name)).arg(&self.keys.prefix).arg(&random::<16>()?);
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        let answer = Answer::of(reply.map_err(|it| it.error)?.value)?;
        let scope = Scope(answer.id(0)?);
        let resumed = if answer.word == "resumed" {
            // The messages of an old run may have expired before its count.
            Some(u64::try_from(answer.number(1)?).unwrap_or_default())
        } else {
            None
        };
        lock(&self.runs).insert(name, scope);
        Ok(Run { scope, resumed })
    }

    pub async fn end(&self, job: &str) -> Result<(), Error> {
        let name = self.secret.job(job);
        let scope = lock(&self.runs).get(&name).map(|it| it.0.to_vec()).unwrap_or_default();
        let mut script = END.prepare_invoke();
        script.key(self.keys.job(&name)).arg(&self.keys.prefix).arg(scope).arg(RETENTION);
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        Answer::of(reply.map_err(|it| it.error)?.value).map(drop)
    }
}
