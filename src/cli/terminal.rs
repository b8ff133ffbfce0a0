//! What a person at a terminal sees and is asked.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::OnceCell;

use super::flow::Wish;
use crate::component::{BoxFuture, Error, Kind};
use crate::delivery::{Admission, Load, Stopper};
use crate::printable;
use crate::runtime::pipe::{Summary, Watch};

/// A person is asked before more recipients than this are sent to.
const ASK_ABOVE: usize = 100;

/// Says something to a person, if one is there.
pub fn hint(words: &str) {
    if std::io::stderr().is_terminal() {
        super::complain(words);
    }
}

/// Shows how far a run is, unless the results go to the terminal themselves, and what it waits for.
#[derive(Clone)]
pub struct Progress {
    bar: Option<ProgressBar>,
    /// Whether it does not say what it waits for.
    quiet: bool,
}

impl Progress {
    /// Begins to show it.
    pub fn start(quiet: bool) -> Self {
        if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return Self { bar: None, quiet };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar: Some(bar), quiet }
    }

    /// Shows nothing any more.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Does something on the terminal that must not be drawn over.
    fn aside<T>(&self, f: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(f),
            None => f(),
        }
    }
}

impl Watch for Progress {
    fn progress(&self, summary: &Summary) {
        let Some(bar) = &self.bar else { return };
        let tally = &summary.tally;
        bar.set_message(format!(
            "messages: {}, accepted: {}, refused: {}, failed: {}",
            summary.messages, tally.accepted, tally.refused, summary.failed
        ));
    }

    fn waits(&self, said: &str) {
        if !self.quiet {
            self.aside(|| super::complain(format_args!("isendpro: {said}")));
        }
    }
}

/// The signals that ask the process to stop. From the moment that this exists, they no longer kill.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// Of a terminal that is closed; absent where it is to be ignored, as under `nohup`.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not allow it.
    #[cfg(unix)]
    pub fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: (!ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// The next signal, as the exit code that tells of it.
    #[cfg(unix)]
    pub async fn next(&mut self) -> u8 {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = hangup => 129,
        }
    }

    /// Begins to listen.
    ///
    /// # Errors
    /// Never here.
    #[cfg(not(unix))]
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal, as the exit code that tells of it.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}

/// Whether whoever started the process has it ignore the end of the terminal. Only Linux tells.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return true };
    let ignored = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).unwrap_or(1);
    mask & 1 == 1
}

/// Asks once before a run sends to many recipients.
pub struct AskAboutMany {
    recipients: AtomicUsize,
    answer: OnceCell<bool>,
    stopper: Stopper,
    progress: Progress,
}

impl AskAboutMany {
    /// A question for this run; `None` where there is nobody to ask.
    pub fn new(stopper: Stopper, progress: Progress) -> Option<Self> {
        let somebody = std::io::stderr().is_terminal() && terminal().is_some();
        somebody.then(|| Self {
            recipients: AtomicUsize::new(0),
            answer: OnceCell::new(),
            stopper,
            progress,
        })
    }
}

impl Admission for AskAboutMany {
    fn admit(&self, load: Load) -> BoxFuture<'_, Result<(), Error>> {
        let before = self.recipients.fetch_add(load.recipients, Ordering::Relaxed);
        let all = before + load.recipients;
        Box::pin(async move {
            if all <= ASK_ABOVE || *self.answer.get_or_init(|| ask(self.progress.clone())).await {
                return Ok(());
            }
            self.stopper.stop();
            Err(Error::new(Kind::NotSent, "the run was not confirmed")
                .hint("--yes sends to more than 100 recipients without a question"))
        })
    }
}

async fn ask(progress: Progress) -> bool {
    let question =
        format!("\nThis run has more than {ASK_ABOVE} recipients. Go on sending? [y/N] ");
    let asked = tokio::task::spawn_blocking(move || progress.aside(|| answer(&question)));
    let answer = asked.await.ok().flatten().unwrap_or_default();
    matches!(answer.as_str(), "y" | "yes" | "o" | "oui")
}

/// What the person says, in small letters.
fn answer(question: &str) -> Option<String> {
    let (input, mut output) = terminal()?;
    output.write_all(printable::lines(question).as_bytes()).ok()?;
    let mut answer = String::new();
    std::io::BufReader::new(input).read_line(&mut answer).ok()?;
    Some(answer.trim().to_lowercase())
}

/// Asks what is to become of input that was perhaps sent before; `None` where there is nobody to ask,
/// or nothing is to be sent.
pub async fn ask_wish(said: String) -> Option<Wish> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let asked = tokio::task::spawn_blocking(move || {
        let question = format!(
            "\n{said}.\nSend only what it has not sent [r], all of this input [a], nothing [N]? "
        );
        match answer(&question)?.as_str() {
            "r" | "resume" => Some(Wish::Resume),
            "a" | "again" | "all" => Some(Wish::Again),
            _ => None,
        }
    });
    asked.await.ok().flatten()
}

/// The person's terminal, both ways; stdin and stdout are taken by the messages.
fn terminal() -> Option<(std::fs::File, std::fs::File)> {
    let (input, output) =
        if cfg!(windows) { ("CONIN$", "CONOUT$") } else { ("/dev/tty", "/dev/tty") };
    let input = std::fs::File::open(input).ok()?;
    let output = std::fs::OpenOptions::new().write(true).open(output).ok()?;
    Some((input, output))
}
