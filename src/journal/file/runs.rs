//! How runs are written: the last one of each job in [`RUNS`], those that are over in [`ENDED`].
//!
//! | bytes of a run | what |
//! | --- | --- |
//! | 1 | version, 2; 1 has only the next three |
//! | 1 | `O`pen or `E`nded |
//! | 16 | scope |
//! | 8 | when it began, or in version 1 when its state changed: microseconds since 1970 |
//! | 32 | the hash of the first message of its input |
//! | 8, 32 | how far it has read: messages, and their hash |
//!
//! The key of a run that is over is its job and, after a zero, when it ended; its value has scope,
//! first message, messages and recipients. All numbers are big-endian.

use std::collections::HashSet;

use jiff::Timestamp;
use redb::{ReadableTable, Table, WriteTransaction};

use super::tables::{ENDED, RUNS, Trouble};
use crate::component::{Progress, Scope, Seal};
use crate::journal::record::{Secret, Unreadable};
use crate::journal::{Begin, EndedRun, Job, RECENT};

const FIRST_VERSION: u8 = 1;
const VERSION: u8 = 2;

/// The last run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    pub scope: Scope,
    pub is_open: bool,
    /// When it began; of the first version, when its state changed.
    pub at: Timestamp,
    /// Nothing, in the first version.
    pub input: Option<Input>,
}

/// What a run knows of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The hash of its first message.
    pub first: [u8; 32],
    /// How far it was read.
    pub progress: Progress,
}

impl LastRun {
    fn new(scope: Scope, first: [u8; 32], at: Timestamp) -> Self {
        let input = Some(Input { first, progress: Progress::default() });
        Self { scope, is_open: true, at, input }
    }

    fn encode(&self) -> Vec<u8> {
        let state = if self.is_open { b'O' } else { b'E' };
        let version = if self.input.is_some() { VERSION } else { FIRST_VERSION };
        let mut bytes = vec![version, state];
        bytes.extend(self.scope.0);
        bytes.extend(self.at.as_microsecond().to_be_bytes());
        if let Some(Input { first, progress }) = &self.input {
            bytes.extend(first);
            bytes.extend(progress.read.to_be_bytes());
            bytes.extend(progress.digest);
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes {
            [version @ (FIRST_VERSION | VERSION), state @ (b'O' | b'E'), rest @ ..] => {
                Self::read(*version, *state, &mut Rest(rest)).ok_or(Unreadable::Damaged)
            }
            [version, ..] if *version > VERSION => Err(Unreadable::Version(*version)),
            _ => Err(Unreadable::Damaged),
        }
    }

    fn read(version: u8, state: u8, rest: &mut Rest<'_>) -> Option<Self> {
        let scope = Scope(rest.take()?);
        let at = rest.time()?;
        let input = if version == FIRST_VERSION { None } else { Some(rest.input()?) };
        rest.0.is_empty().then_some(Self { scope, is_open: state == b'O', at, input })
    }

    /// Whether a run with this first message goes on with it.
    fn is_joined_by(&self, first: &[u8; 32]) -> bool {
        self.is_open && self.input.is_none_or(|it| it.progress.read > 0 || it.first == *first)
    }
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_microsecond(i64::from_be_bytes(self.take()?)).ok()
    }

    fn input(&mut self) -> Option<Input> {
        let first = self.take()?;
        Some(Input { first, progress: Progress { read: self.number()?, digest: self.take()? } })
    }
}

/// The runs, in the transaction under way.
pub struct Runs<'a> {
    txn: &'a WriteTransaction,
    last: Table<'a, &'static str, &'static [u8]>,
}

impl<'a> Runs<'a> {
    pub fn new(txn: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self { txn, last: txn.open_table(RUNS)? })
    }

    /// Begins a run, with this scope if it is a new one. Says what it is, and whether it was open.
    pub fn begin(
        &mut self,
        job: &Job,
        first: [u8; 32],
        how: Begin,
        new: Scope,
        now: Timestamp,
    ) -> Result<(LastRun, bool), Trouble> {
        let scope = match how {
            Begin::Join => {
                if let Some(open) = self.last(job)?.filter(|it| it.is_joined_by(&first)) {
                    // It may have stood under its former name.
                    self.put(&job.key, &open)?;
                    return Ok((open, true));
                }
                new
            }
            Begin::Anew => new,
            Begin::Take(scope) => scope,
        };
        let run = LastRun::new(scope, first, now);
        self.put(&job.key, &run)?;
        Ok((run, false))
    }

    /// The run has read so far. One that is not the last run of its job any more is left alone.
    pub fn reach(&mut self, job: &str, scope: Scope, progress: Progress) -> Result<(), Trouble> {
        let Some(mut run) = read(&self.last, job)?.filter(|it| it.scope == scope) else {
            return Ok(());
        };
        let Some(input) = run.input.as_mut().filter(|it| it.progress.read < progress.read) else {
            return Ok(());
        };
        input.progress = progress;
        self.put(job, &run)
    }

    /// The run is over.
    pub fn end(&mut self, job: &Job, ended: &EndedRun) -> Result<(), Trouble> {
        if let Some(run) = read(&self.last, &job.key)?.filter(|it| it.scope == ended.scope) {
            self.put(&job.key, &LastRun { is_open: false, ..run })?;
        }
        let mut table = self.txn.open_table(ENDED)?;
        let oldest = ended.ended.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
        let old = ended_key(job, Timestamp::UNIX_EPOCH)..ended_key(job, oldest);
        table.retain_in::<&[u8], _>(old.start.as_slice()..old.end.as_slice(), |_, _| false)?;
        if ended.sent > 0 {
            let mut value = ended.scope.0.to_vec();
            value.extend(ended.first);
            value.extend(ended.read.to_be_bytes());
            value.extend(ended.sent.to_be_bytes());
            table.insert(ended_key(job, ended.ended).as_slice(), value.as_slice())?;
        }
        Ok(())
    }

    /// The runs whose messages somebody may go on with: those that are open, and those that ended since
    /// this. Forgets the end of the others.
    pub fn needed(&self, since: Timestamp) -> Result<HashSet<Scope>, Trouble> {
        let mut needed = HashSet::new();
        for row in self.last.iter()? {
            let run = LastRun::decode(row?.1.value()).map_err(Trouble::Record)?;
            needed.extend(run.is_open.then_some(run.scope));
        }
        let mut ended = self.txn.open_table(ENDED)?;
        ended.retain(|key, _| ended_at(key).is_none_or(|it| it >= since))?;
        for row in ended.iter()? {
            let (key, run) = row?;
            let run = ended_at(key.value()).and_then(|it| ended_run(it, run.value()));
            needed.insert(run.ok_or(Trouble::Record(Unreadable::Damaged))?.scope);
        }
        Ok(needed)
    }

    /// The last run of a job; one of its former name while there is none of its own.
    fn last(&self, job: &Job) -> Result<Option<LastRun>, Trouble> {
        match (read(&self.last, &job.key)?, &job.former) {
            (None, Some(former)) => read(&self.last, former),
            (run, _) => Ok(run),
        }
    }

    fn put(&mut self, job: &str, run: &LastRun) -> Result<(), Trouble> {
        self.last.insert(job, run.encode().as_slice())?;
        Ok(())
    }
}

fn read(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    job: &str,
) -> Result<Option<LastRun>, Trouble> {
    let Some(value) = table.get(job)? else { return Ok(None) };
    LastRun::decode(value.value()).map(Some).map_err(Trouble::Record)
}

fn ended_key(job: &Job, at: Timestamp) -> Vec<u8> {
    let mut key = job.key.clone().into_bytes();
    key.push(0);
    key.extend(at.as_microsecond().max(0).to_be_bytes());
    key
}

/// The runs of a job that ended after this, the latest last.
pub fn ended_after(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    job: &Job,
    after: Timestamp,
) -> Result<Vec<EndedRun>, Trouble> {
    let (from, to) = (ended_key(job, after), ended_key(job, Timestamp::MAX));
    let mut ended = Vec::new();
    for row in table.range::<&[u8]>(from.as_slice()..=to.as_slice())? {
        let (key, value) = row?;
        let run = ended_at(key.value()).and_then(|it| ended_run(it, value.value()));
        ended.push(run.ok_or(Trouble::Record(Unreadable::Damaged))?);
    }
    Ok(ended)
}

/// When a run ended, by its key.
fn ended_at(key: &[u8]) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::from_be_bytes(*key.last_chunk()?)).ok()
}

fn ended_run(ended: Timestamp, value: &[u8]) -> Option<EndedRun> {
    let mut rest = Rest(value);
    let (scope, first) = (Scope(rest.take()?), rest.take()?);
    let (read, sent) = (rest.number()?, rest.number()?);
    rest.0.is_empty().then_some(EndedRun { scope, ended, first, read, sent })
}

/// A run of a journal without a key, as one with this seal has it.
pub fn sealed_run(run: &[u8], seal: &Seal) -> Result<Vec<u8>, Trouble> {
    let mut run = LastRun::decode(run).map_err(Trouble::Record)?;
    if let Some(Input { first, progress }) = &mut run.input {
        *first = seal.of(*first);
        // Nothing was read yet: there is no hash.
        if progress.read > 0 {
            progress.digest = seal.of(progress.digest);
        }
    }
    Ok(run.encode())
}

/// The key and the value of a run that is over, as a journal with this secret's seal has them.
pub fn sealed_ended(
    key: &[u8],
    run: &[u8],
    secret: &Secret,
) -> Result<(Vec<u8>, Vec<u8>), Trouble> {
    let damaged = || Trouble::Record(Unreadable::Damaged);
    let (job, ended) = key.split_last_chunk::<9>().ok_or_else(damaged)?;
    let job = std::str::from_utf8(job).map_err(|_| damaged())?;
    let mut sealed = secret.job(job).into_bytes();
    sealed.extend(ended);
    let mut run = run.to_vec();
    let first =
        run.get_mut(16..48).and_then(|it| it.first_chunk_mut::<32>()).ok_or_else(damaged)?;
    *first = secret.seal().of(*first);
    Ok((sealed, run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_both_versions_are_read_and_no_others() {
        let at = Timestamp::from_microsecond(1_700_000_000_000_000).unwrap();
        let mut run = LastRun::new(Scope([3; 16]), [4; 32], at);
        run.input.as_mut().unwrap().progress = Progress { read: 7, digest: [5; 32] };
        let bytes = run.encode();
        assert_eq!(LastRun::decode(&bytes), Ok(run));
        assert_eq!(LastRun::decode(&bytes[..bytes.len() - 1]), Err(Unreadable::Damaged));
        assert_eq!(LastRun::decode(b"\x03O"), Err(Unreadable::Version(3)));
        // As the first journals have it.
        let mut former = vec![1, b'O'];
        former.extend([3; 16]);
        former.extend(at.as_microsecond().to_be_bytes());
        let read = LastRun::decode(&former).unwrap();
        assert_eq!(read, LastRun { input: None, ..run });
        assert_eq!(read.encode(), former);
        assert!(read.is_joined_by(&[9; 32]));
    }
}
