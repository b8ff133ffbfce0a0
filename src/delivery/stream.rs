//! A message that leads to a stream of results: a report, or a run of a trigger.

use tokio::time::Instant;
use tracing::{Instrument as _, debug_span};

use super::Verdict;
use super::drive::Drive;
use super::shared::BETWEEN_TRIES;
use crate::component::{
    AccountTrouble, Around, Common, Emit, Error, Fired, Kind, Mode, Outlet, Reason, Source, Status,
    Store, Tally, json_planned,
};

impl Drive<'_> {
    pub(super) async fn stream(
        &mut self,
        source: &dyn Source,
        around: Around<'_>,
        common: &Common,
    ) -> Verdict {
        let out = Outlet::new(self.out, self.shared.echo(common, None));
        if self.shared.mode == Mode::DryRun {
            let planned = json_planned(self.shared.name, 1);
            let tally = Tally::of(Status::Planned);
            let error = out.emit(planned).await.err();
            return Verdict { tally, error, ..Verdict::default() };
        }
        let mut error = match self.read(source, around, &out).await {
            Ok(fired) => {
                let kept = keep(fired, around.store, self.out).await;
                let (tally, error) = (Tally::of(Status::Accepted), kept.err());
                return Verdict { tally, error, ..Verdict::default() };
            }
            Err(error) => error,
        };
        let mut account = None;
        if error.kind == Kind::Refused {
            account = self
                .shared
                .diagnose(self.guest(), error.reason.unwrap_or(Reason::Other), error.code, 0)
                .await;
        }
        match account {
            Some(AccountTrouble::KeyOrAddress) => error.kind = Kind::AccountKey,
            Some(AccountTrouble::Credit) => error.kind = Kind::AccountCredit,
            None => {}
        }
        Verdict { account: account.filter(|_| !self.own_account), ..error.into() }
    }

    /// Runs a stream, again and again while it fails before its first result and there is time.
    async fn read(
        &mut self,
        source: &dyn Source,
        around: Around<'_>,
        out: &Outlet<'_>,
    ) -> Result<Fired, Error> {
        let mut tries = 0;
        let deadline = Instant::now() + self.shared.patience;
        loop {
            if !self.permitted().await {
                return Err(Error::new(Kind::NotSent, "the run was stopped before this was done"));
            }
            let span = debug_span!("call", action = self.shared.name, otel.kind = "client");
            let run = source.run(self.api, around, out).instrument(span).await;
            self.saw_server(!matches!(&run, Err(error) if error.unreached));
            let error = match run {
                Ok(fired) => return Ok(fired),
                Err(error) => error,
            };
            let again =
                matches!(error.kind, Kind::NotSent | Kind::Unavailable) && out.emitted() == 0;
            let asked = error.retry_after.as_deref().copied().unwrap_or_default();
            let wait = BETWEEN_TRIES.jittered_wait(tries).max(asked);
            tries += 1;
            if !again || !self.may_wait(wait, deadline) {
                return Err(error);
            }
            self.out.waits(&error.what, wait);
            if !self.shared.pause(wait).await {
                return Err(error);
            }
            self.count_retry();
        }
    }
}

/// Keeps what a trigger left for its next run, once its results are safe.
async fn keep(fired: Fired, store: Option<&Store>, to: &dyn Emit) -> Result<(), Error> {
    let Some(snapshots) = to.snapshots() else { return Ok(()) };
    if let (Some(bytes), Some(store)) = (fired.stored, store) {
        snapshots.settle().await?;
        store.save(bytes).await?;
    }
    match fired.snapshot {
        Some(snapshot) => snapshots.keep(snapshot).await,
        None => Ok(()),
    }
}
