//! What a result returned, because it was not sent: whoever reads it sends it by another message, and
//! knows nothing of one that is delivered again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::claim::unclaimable;
use super::memory::Remembered;
use crate::component::{
    Claim, Connection, Error, Fallout, Job, Kept, Known, Outcome, Past, Problem, RETURNED, Reason,
    Slot, Wanted,
};

impl<C: Connection> Call<'_, C> {
    /// Why nothing more of a message is sent that is delivered again: its result may have been read, and
    /// with it the message for those who were not sent to.
    pub(super) async fn returned(&self) -> Option<Problem> {
        self.remembered.filter(|it| it.comes_again() && self.came.before)?;
        self.history().await?.refused.as_ref()?;
        let said = "an earlier delivery of this message returned it, to be sent by another one";
        Some(Problem::new(Reason::Unavailable, said))
    }

    /// Remembers that the result which is told now returns what was not sent, where the message may be
    /// delivered again; and what that result says of others.
    ///
    /// # Errors
    /// When that cannot be remembered: then nothing may be told.
    pub(super) async fn gives_back(&self, refused: &[(u32, Option<i64>)]) -> Result<(), Error> {
        let Some(remembered) = self.remembered.filter(Remembered::comes_again) else {
            return Ok(());
        };
        let slots = [Slot { index: RETURNED, tel: "", tracker: None }];
        let wanted = Wanted {
            message: remembered.key,
            scope: remembered.scope,
            action: self.engine.name,
            slots: &slots,
            resend: false,
            lasts: Duration::ZERO,
        };
        match remembered.journal.claim(wanted).await {
            Ok(Claim::Granted(ticket, _)) => {
                let data = Some(json!({ REFUSED: refused }).to_string().into_boxed_str());
                let kept = Kept { at: Timestamp::now(), code: None, parts: None, data };
                let settled = [(RETURNED, Fallout::Accepted(kept))];
                if let Err(error) = remembered.journal.record(ticket, &settled).await {
                    self.forgets(remembered, unclaimable(&error));
                    return Err(error);
                }
                Ok(())
            }
            Ok(Claim::Known(_) | Claim::Busy(_)) => Ok(()),
            Err(error) => {
                self.forgets(remembered, unclaimable(&error));
                Err(error)
            }
        }
    }
}

/// The member of what is remembered of a result that returned something: slots, with their codes.
const REFUSED: &str = "refused";

/// What a result that returned something refused: slots, with their codes.
pub(super) fn refused_in(returned: &Past) -> HashMap<u32, Option<i64>> {
    let Some(Known::Accepted(Kept { data: Some(data), .. })) = &returned.known else {
        return HashMap::new();
    };
    let data: Option<Map<String, Value>> = serde_json::from_str(data).ok();
    let refused = data.and_then(|mut it| it.remove(REFUSED));
    let refused: Option<Vec<_>> = refused.and_then(|it| serde_json::from_value(it).ok());
    refused.unwrap_or_default().into_iter().collect()
}

/// The slots that these outcomes refuse.
pub(super) fn refusals<C>(job: &dyn Job<C>, outcomes: &[Outcome]) -> Vec<(u32, Option<i64>)> {
    let fallout = outcomes.iter().enumerate().flat_map(|(part, it)| job.fallout(part, it));
    let refused = |(slot, it)| match it {
        Fallout::Refused { code } => Some((slot, code)),
        _ => None,
    };
    fallout.filter_map(refused).collect()
}

/// Says of a result that what it returns has lost the key that its message brought: no result holds a
/// key.
pub(super) fn warn_of_the_key(output: &mut Value) {
    let Some(output) = output.as_object_mut().filter(|it| it.contains_key("retry")) else { return };
    let warnings = output.entry("warnings").or_insert_with(|| json!([]));
    if let Some(warnings) = warnings.as_array_mut() {
        let said = "retry: the message had a keyid of its own; put it in again, or the configured \
                    account pays";
        warnings.push(said.into());
    }
}
