//! Whether the account works, when a whole request was refused for a reason that nobody knows.

use std::time::Duration;

use tokio::time::Instant;

use super::drive::Drive;
use crate::component::{AccountTrouble, Diagnosis, Reason};

/// How long the answer to "does the account work?" is taken for granted.
const DIAGNOSIS_LASTS: Duration = Duration::from_secs(10);

/// When the account was asked, for how many units, and what was found.
pub(super) type Diagnosed = (Instant, u64, Diagnosis);

impl Drive<'_> {
    /// What is wrong with the account, when a whole request of so many units was refused by a code
    /// that nobody knows.
    pub(super) async fn diagnose(
        &self,
        reason: Reason,
        code: Option<i64>,
        units: u64,
    ) -> Option<AccountTrouble> {
        if reason != Reason::Other || code.is_none() {
            return None;
        }
        let diagnosis = if self.own_account {
            self.api.diagnose(units).await
        } else {
            let mut known = self.engine.diagnosis.lock().await;
            match &*known {
                Some((when, asked, diagnosis))
                    if when.elapsed() < DIAGNOSIS_LASTS && tells(diagnosis, *asked, units) =>
                {
                    diagnosis.clone()
                }
                _ => {
                    let fresh = self.api.diagnose(units).await;
                    *known = Some((Instant::now(), units, fresh.clone()));
                    fresh
                }
            }
        };
        match diagnosis {
            Diagnosis::Trouble(trouble) => Some(trouble),
            Diagnosis::Fine | Diagnosis::Unsure => None,
        }
    }
}

/// Whether what was found for so many units holds for these: what pays for one message may not pay for
/// a larger one, and what is too little for one may pay for a smaller one.
fn tells(diagnosis: &Diagnosis, asked: u64, units: u64) -> bool {
    match diagnosis {
        Diagnosis::Trouble(AccountTrouble::KeyOrAddress) => true,
        Diagnosis::Trouble(AccountTrouble::Credit) => asked <= units,
        Diagnosis::Fine | Diagnosis::Unsure => asked >= units,
    }
}
