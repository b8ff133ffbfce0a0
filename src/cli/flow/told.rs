//! What is told of runs in a journal.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::{Usage, complain};
use crate::journal::{EndedRun, Ledger, OpenRun, Retention};

/// A run whose journal may have forgotten what it sent is not resumed.
pub fn not_too_old(ledger: &dyn Ledger, open: &OpenRun) -> Result<(), Usage> {
    let (Some(began), Some(Retention { days, .. })) = (open.began, ledger.retention()) else {
        return Ok(());
    };
    if ledger.spares_open_runs() {
        return Ok(());
    }
    // A tenth is left for the run itself.
    let most = jiff::SignedDuration::from_hours(i64::from(days) * 24 * 9 / 10);
    if Timestamp::now().duration_since(began) < most {
        return Ok(());
    }
    let began = local(began);
    Err(Usage(format!(
        "nothing was sent: the run began on {began}, and this journal forgets what was sent after {days} \
         days: find out what is still to be sent, and send that with --again"
    )))
}

pub fn tell_unchecked() {
    complain(
        "isendpro: the run was begun by an earlier version, which did not remember its input: if this is \
         other input, give it another --job: messages of it that are equal to those would not be sent",
    );
}

pub fn tell_resumed(name: &str, open: &OpenRun) {
    let sent = open.accepted;
    if open.progress.is_none_or(|it| it.read > 0) {
        complain(format_args!(
            "isendpro: resuming the last run of {name}, which is not over: {sent} already sent"
        ));
    }
}

pub fn other_input(name: &str, open: &OpenRun) -> String {
    let began = open.began.map_or_else(String::new, |it| format!(" of {}", local(it)));
    let (sent, read) = (open.accepted, open.progress.map_or(0, |it| it.read));
    format!(
        "the run of {name}{began} is not over ({sent} sent of the first {read} messages), and its input \
         was another one; give its whole input again to go on with it, or give this input a --job of \
         its own: that run must not be lost, or its input is sent again one day"
    )
}

pub fn already_sent(name: &str, run: &EndedRun) -> String {
    let EndedRun { ended, read, sent, .. } = run;
    let plural = if *read == 1 { "" } else { "s" };
    format!(
        "a run of {name} that ended at {} has sent this input, or a part of it ({read} message{plural}, \
         {sent} sent)",
        local(*ended)
    )
}

/// A time as people here read it.
pub fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Says for how long "once" holds, to whoever has not chosen it.
pub fn warn_of_forgetting(ledger: &dyn Ledger) {
    if let Some(Retention { days, chosen: false }) = ledger.retention() {
        complain(format_args!(
            "isendpro: journal: it forgets an id {days} days after it was sent, and then it \
             can be sent again; say in the journal's address for how long it is to be kept, such as \
             ?keep=400 (?keep={days} leaves it so, without this warning)"
        ));
    }
}
