//! Runs of jobs: what a store knows of the inputs of the pipe.
//!
//! A run is open from its begin until each of its messages has a final word. While it is open, the
//! store knows how far into its input it has read, so that only that input goes on with it. For
//! [`RECENT`] after its end, the store knows how the input began, so that it is not sent again by
//! accident.

use std::time::Duration;

use jiff::Timestamp;

use crate::component::{Progress, Scope};

/// How long a run that is over is remembered.
pub const RECENT: Duration = Duration::from_secs(12 * 3600);

/// What runs are counted by: a name, the action, and the test mode, if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// All three, so that no two jobs share one.
    pub key: String,
    /// The name that the first journals have for it, where that can be no other job's.
    pub former: Option<String>,
}

impl Job {
    /// The job of this name, which is the action's by default.
    pub fn new(name: Option<&str>, action: &str, mode: Option<&str>) -> Self {
        let name = name.unwrap_or(action);
        let former = match mode {
            Some(mode) => Some(format!("{name} ({mode})")),
            None => Some(name.to_owned()).filter(|it| !it.ends_with(')')),
        };
        Self { key: serde_json::json!([name, action, mode]).to_string(), former }
    }
}

/// How a run is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The open run of the job, if it has claimed anything, or its input begins with the same message;
    /// else a new one.
    Join,
    /// A new one, whatever is open.
    Anew,
    /// The run of this scope, open or over, with other input than it had.
    Take(Scope),
}

/// A run that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its scope.
    pub scope: Scope,
    /// What it did before, if it was open already.
    pub resumed: Option<OpenRun>,
}

/// What an open run did before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRun {
    /// When it began; unknown of a run in one of the first journals.
    pub began: Option<Timestamp>,
    /// How many slots it has accepted.
    pub accepted: u64,
    /// How far its input was read when the last message that made a claim was read; unknown of a run
    /// in one of the first journals.
    pub progress: Option<Progress>,
}

/// A run that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRun {
    /// Its scope.
    pub scope: Scope,
    /// When it ended.
    pub ended: Timestamp,
    /// The hash of the first message of its input.
    pub first: [u8; 32],
    /// How many messages its input had.
    pub read: u64,
    /// How many recipients were, or may have been, sent to.
    pub sent: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_jobs_share_a_key() {
        let jobs = [
            Job::new(None, "sendSms", None),
            Job::new(None, "sendSms", Some("simulator")),
            Job::new(Some("sendSms (simulator)"), "sendSms", None),
            Job::new(Some("nightly"), "sendSms", None),
            Job::new(Some("nightly"), "sendSmsMulti", None),
            Job::new(Some("nightly\",\"sendSms"), "sendSms", None),
        ];
        for (place, job) in jobs.iter().enumerate() {
            assert!(jobs[..place].iter().all(|it| it.key != job.key), "{job:?}");
        }
        assert_eq!(Job::new(Some("sendSms"), "sendSms", None), jobs[0]);
        let former = |place: usize| jobs[place].former.as_deref();
        assert_eq!((former(0), former(1)), (Some("sendSms"), Some("sendSms (simulator)")));
        assert_eq!(former(2), None, "it may be the simulator's");
    }
}
