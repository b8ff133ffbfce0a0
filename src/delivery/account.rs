//! Whether the account works, when a whole request was refused for a reason that nobody knows.

use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::component::{AccountTrouble, Diagnosis, Reason, Session};

/// How long the answer to "does the account work?" is taken for granted.
const DIAGNOSIS_LASTS: Duration = Duration::from_secs(10);

impl Shared {
    /// What is wrong with the account, when a whole request of so many units was refused by a code
    /// that nobody knows: of the account of this `guest`, if the message brought one, else of the one
    /// that is configured.
    pub(super) async fn diagnose(
        &self,
        guest: Option<&Session>,
        reason: Reason,
        code: Option<i64>,
        units: u64,
    ) -> Option<AccountTrouble> {
        if reason != Reason::Other || code.is_none() {
            return None;
        }
        let diagnosis = match guest {
            Some(guest) => guest.diagnose(units).await,
            None => self.own_diagnosis(units).await,
        };
        match diagnosis {
            Diagnosis::Trouble(trouble) => Some(trouble),
            Diagnosis::Fine | Diagnosis::Unsure => None,
        }
    }

    async fn own_diagnosis(&self, units: u64) -> Diagnosis {
        let mut known = self.diagnosis.lock().await;
        if let Some((when, asked, diagnosis)) = &*known
            && when.elapsed() < DIAGNOSIS_LASTS
            && tells(diagnosis, *asked, units)
        {
            return diagnosis.clone();
        }
        let fresh = self.api.diagnose(units).await;
        *known = Some((Instant::now(), units, fresh.clone()));
        fresh
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
