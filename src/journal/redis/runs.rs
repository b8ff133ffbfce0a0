//! Runs of jobs.
//!
//! Two processes that begin the same job while its last run is open share that run, if their input is
//! the same: the second is told that it resumes. That is safe, since each message is claimed for
//! itself; each sends what the other has not. The run is over as soon as one of them has a final word
//! for each message of the input; a process that says so of a run that is no longer the last one ends
//! no other.

use jiff::Timestamp;

use super::keys::random;
use super::lease::millis;
use super::link::Ask;
use super::record::time;
use super::scripts::{Answer, BEGIN, END, ENDED, unreadable};
use super::{Inner, lock};
use crate::component::{Error, Progress, Scope, hex, unhex};
use crate::journal::{Begin, EndedRun, Job, OpenRun, RECENT, Run};

impl Inner {
    pub async fn begin(&self, job: &Job, first: [u8; 32], how: Begin) -> Result<Run, Error> {
        let name = self.secret.job(&job.key);
        let former = self.secret.job(job.former.as_ref().unwrap_or(&job.key));
        let (scope, word) = match how {
            Begin::Join => (random::<16>()?, "join"),
            Begin::Anew => (random::<16>()?, "anew"),
            Begin::Take(scope) => (scope.0, "take"),
        };
        let mut script = BEGIN.prepare_invoke();
        script.key(self.keys.job(&name)).key(self.keys.job(&former));
        script.arg(&self.keys.prefix).arg(&scope).arg(hex(&first)).arg(word);
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        let answer = Answer::of(reply.map_err(|it| it.error)?.value)?;
        let scope = Scope(answer.id(0)?);
        let resumed = (answer.word == "resumed").then(|| open_run(&answer)).transpose()?;
        lock(&self.runs).insert(scope, name);
        Ok(Run { scope, resumed })
    }

    pub async fn end(&self, job: &Job, run: EndedRun) -> Result<(), Error> {
        let name = self.secret.job(&job.key);
        let EndedRun { scope, first, read, sent, .. } = run;
        let mut script = END.prepare_invoke();
        script.key(self.keys.job(&name)).key(self.keys.ended_runs(&name));
        script.arg(&self.keys.prefix).arg(&scope.0).arg(self.retention()).arg(millis(RECENT));
        script.arg(if sent == 0 { String::new() } else { remembered(scope, first, read, sent) });
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        Answer::of(reply.map_err(|it| it.error)?.value).map(drop)
    }

    pub async fn ended_runs(&self, job: &Job) -> Result<Vec<EndedRun>, Error> {
        let mut script = ENDED.prepare_invoke();
        script.key(self.keys.ended_runs(&self.secret.job(&job.key)));
        script.arg(&self.keys.prefix).arg(millis(RECENT));
        let reply = self.link.ask(Ask::Script(&script), self.options.patience).await;
        let answer = Answer::of(reply.map_err(|it| it.error)?.value)?;
        let (runs, _) = answer.rest.as_chunks::<2>();
        runs.iter().map(|[run, ended]| ended_run(run, ended).ok_or_else(unreadable)).collect()
    }
}

fn open_run(answer: &Answer) -> Result<OpenRun, Error> {
    // The messages of an old run may have expired before its count.
    let accepted = u64::try_from(answer.number(1)?).unwrap_or_default();
    let began = answer.rest.get(2).and_then(|it| time(it));
    let progress = match answer.text(3) {
        "" => None,
        "0" => Some(Progress::default()),
        read => {
            let read = read.parse().map_err(|_| unreadable())?;
            let digest = unhex(answer.text(4)).ok_or_else(unreadable)?;
            Some(Progress { read, digest })
        }
    };
    Ok(OpenRun { began: began.filter(|_| progress.is_some()), accepted, progress })
}

/// What is remembered of a run that is over: words, with a blank between them.
fn remembered(scope: Scope, first: [u8; 32], read: u64, sent: u64) -> String {
    format!("{} {} {read} {sent}", hex(&scope.0), hex(&first))
}

fn ended_run(run: &[u8], ended: &[u8]) -> Option<EndedRun> {
    let mut words = std::str::from_utf8(run).ok()?.split(' ');
    let scope = Scope(unhex(words.next()?)?);
    let first = unhex(words.next()?)?;
    let (read, sent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let ended = std::str::from_utf8(ended).ok()?.parse().ok()?;
    Some(EndedRun { scope, ended: Timestamp::from_microsecond(ended).ok()?, first, read, sent })
}
