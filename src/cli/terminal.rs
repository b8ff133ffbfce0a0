//! What a person at a terminal sees and is asked.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::OnceCell;

use crate::component::{BoxFuture, Error, Kind};
use crate::runtime::pipe::{Summary, Watch};
use crate::runtime::{Admission, Stopper};

/// A person is asked before more recipients than this are sent to.
const ASK_ABOVE: usize = 100;

/// Says something to a person, if one is there.
pub fn hint(words: &str) {
    if std::io::stderr().is_terminal() {
        super::complain(words);
    }
}

/// Shows how far a run is, unless the results go to the terminal themselves.
pub fn progress() -> Watch {
    if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return Box::new(|_| {});
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    Box::new(move |summary: &Summary| {
        let tally = &summary.tally;
        bar.set_message(format!(
            "{} messages, {} accepted, {} refused, {} failed",
            summary.messages, tally.accepted, tally.refused, summary.failed
        ));
    })
}

/// Which signal asked the run to stop, as the exit code that tells of it.
pub async fn interrupted() -> u8 {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = tokio::signal::ctrl_c() => 130,
                _ = terminate.recv() => 143,
            };
        }
    }
    tokio::signal::ctrl_c().await.ok();
    130
}

/// Asks once before a run sends to many recipients.
pub struct AskAboutMany {
    recipients: AtomicUsize,
    answer: OnceCell<bool>,
    stopper: Stopper,
}

impl AskAboutMany {
    /// A question for this run; `None` where there is nobody to ask.
    pub fn new(stopper: Stopper) -> Option<Self> {
        let somebody = std::io::stderr().is_terminal() && terminal().is_some();
        somebody.then(|| Self { recipients: AtomicUsize::new(0), answer: OnceCell::new(), stopper })
    }
}

impl Admission for AskAboutMany {
    fn admit(&self, recipients: usize) -> BoxFuture<'_, Result<(), Error>> {
        let all = self.recipients.fetch_add(recipients, Ordering::Relaxed) + recipients;
        Box::pin(async move {
            if all <= ASK_ABOVE || *self.answer.get_or_init(ask).await {
                return Ok(());
            }
            self.stopper.stop();
            Err(Error::new(Kind::NotSent, "the run was not confirmed")
                .hint("--yes sends to more than 100 recipients without a question"))
        })
    }
}

async fn ask() -> bool {
    let asked = tokio::task::spawn_blocking(|| {
        let (input, mut output) = terminal()?;
        write!(output, "\nThis run has more than {ASK_ABOVE} recipients. Go on sending? [y/N] ")
            .ok()?;
        output.flush().ok()?;
        let mut answer = String::new();
        std::io::BufReader::new(input).read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui"))
    });
    asked.await.ok().flatten().unwrap_or(false)
}

/// The person's terminal, both ways; stdin and stdout are taken by the messages.
fn terminal() -> Option<(std::fs::File, std::fs::File)> {
    let (input, output) =
        if cfg!(windows) { ("CONIN$", "CONOUT$") } else { ("/dev/tty", "/dev/tty") };
    let input = std::fs::File::open(input).ok()?;
    let output = std::fs::OpenOptions::new().write(true).open(output).ok()?;
    Some((input, output))
}
