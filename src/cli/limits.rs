//! What a run may do at most, and what it may cost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::component::{BoxFuture, Error, Kind};
use crate::delivery::{Admission, Load, Stopper};

/// Flags that hold a run back.
#[derive(Debug, Clone, clap::Args)]
pub struct LimitArgs {
    /// Most messages that this run may send; the first one above ends it
    #[arg(long, value_name = "N")]
    pub max_messages: Option<u64>,
    /// Most SMS parts that this run may send; the first message that would exceed them ends it
    #[arg(long, value_name = "N")]
    pub max_parts: Option<u64>,
    /// What your account pays for a part, in euros, such as 0.045: plans tell the price
    #[arg(long, value_name = "EUR", value_parser = price)]
    pub price_per_part: Option<f64>,
    /// Read the credit, and do not start what it cannot pay for (the whole input is read first)
    #[arg(long)]
    pub compare_credit: bool,
}

/// A price in euros.
fn price(text: &str) -> Result<f64, String> {
    let price = text.trim().parse::<f64>().ok().filter(|it| (0.0..=1000.0).contains(it));
    price.ok_or_else(|| "must be euros, such as 0.045".to_owned())
}

/// Counts what would be sent on the account, and what on others.
#[derive(Default)]
pub struct Count {
    parts: AtomicU64,
    elsewhere: AtomicU64,
}

impl Count {
    /// Parts on the account.
    pub fn parts(&self) -> u64 {
        self.parts.load(Ordering::Relaxed)
    }

    /// Parts on other accounts, whose key is in the message.
    pub fn elsewhere(&self) -> u64 {
        self.elsewhere.load(Ordering::Relaxed)
    }
}

impl Admission for Count {
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>> {
        let account = if load.own_account { &self.elsewhere } else { &self.parts };
        account.fetch_add(load.units, Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The guard of a run: counts what was let through, and lets no message through that would exceed a
/// limit.
pub struct Limits {
    messages: Option<u64>,
    parts: Option<u64>,
    seen: Mutex<Seen>,
    /// What ends the reading when a limit is reached; a plan is read to its end all the same.
    stopper: Option<Stopper>,
}

#[derive(Default)]
struct Seen {
    messages: u64,
    parts: u64,
    reached: Option<&'static str>,
}

impl Limits {
    /// The guard for these flags; `None` if they set no limit.
    pub fn new(args: &LimitArgs, stopper: Option<Stopper>) -> Option<Self> {
        let limited = args.max_messages.is_some() || args.max_parts.is_some();
        limited.then(|| Self {
            messages: args.max_messages,
            parts: args.max_parts,
            seen: Mutex::default(),
            stopper,
        })
    }

    /// The flag whose limit was reached.
    pub fn reached(&self) -> Option<&'static str> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).reached
    }

    fn let_through(&self, load: Load) -> Result<(), Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flag) = seen.reached {
            let said = format!("the limit of {flag} was reached before this message");
            return Err(seen.trip(said, flag));
        }
        if self.parts.is_some() && load.uncounted {
            let said = "the numbers of its directory are not known here, and --max-parts cannot \
                        count them";
            return Err(
                Error::new(Kind::NotSent, said).hint("send it in a run without --max-parts")
            );
        }
        if let Some(most) = self.messages.filter(|it| seen.messages >= *it) {
            let said = format!("this run may send {most} messages, and this would be one more");
            return Err(seen.trip(said, "--max-messages"));
        }
        if let Some(most) = self.parts.filter(|it| seen.parts + load.units > *it) {
            let said = format!(
                "this run may send {most} SMS parts; {} were let through, and this message has {}",
                seen.parts, load.units
            );
            return Err(seen.trip(said, "--max-parts"));
        }
        seen.messages += 1;
        seen.parts += load.units;
        Ok(())
    }
}

impl Seen {
    fn trip(&mut self, said: String, flag: &'static str) -> Error {
        self.reached = Some(flag);
        Error::new(Kind::NotSent, said)
            .hint(format!("if more is meant, raise {flag} and feed in what was not sent"))
    }
}

impl Admission for Limits {
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>> {
        let admitted = self.let_through(load);
        // What cannot be counted is held back alone.
        if let Some(stopper) = self.stopper.as_ref().filter(|_| self.reached().is_some()) {
            stopper.stop();
        }
        Box::pin(std::future::ready(admitted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_messages: Option<u64>, max_parts: Option<u64>) -> Limits {
        let args =
            LimitArgs { max_messages, max_parts, price_per_part: None, compare_credit: false };
        Limits::new(&args, None).unwrap()
    }

    fn load(units: u64) -> Load {
        Load { recipients: 1, units, own_account: false, uncounted: false }
    }

    #[test]
    fn what_cannot_be_counted_is_not_let_through_and_ends_nothing() {
        let guard = limits(None, Some(5));
        let directory = Load { uncounted: true, ..load(0) };
        assert!(guard.let_through(directory).is_err() && guard.reached().is_none());
        assert!(guard.let_through(load(5)).is_ok());
        assert!(limits(Some(1), None).let_through(directory).is_ok());
    }

    #[test]
    fn the_message_above_a_limit_is_held_back_and_so_is_all_that_follows() {
        let guard = limits(Some(2), Some(5));
        assert!(guard.let_through(load(2)).is_ok());
        let error = guard.let_through(load(4)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "NOT SENT, retry is safe: this run may send 5 SMS parts; 2 were let through, and this \
             message has 4; if more is meant, raise --max-parts and feed in what was not sent"
        );
        let error = guard.let_through(load(1)).unwrap_err();
        assert!(error.what.starts_with("the limit of --max-parts was reached"), "{error}");

        let guard = limits(Some(1), None);
        assert!(guard.let_through(load(9)).is_ok());
        let error = guard.let_through(load(0)).unwrap_err();
        assert!(error.what.starts_with("this run may send 1 messages"), "{error}");
    }
}
