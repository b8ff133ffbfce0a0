//! The command line: one file a subcommand.

mod actions;
mod check;
mod count;
mod describe;
mod environment;
mod failed;
mod files;
mod flow;
mod health;
mod journal;
mod keyfile;
mod limits;
mod logging;
mod monitor;
mod multicall;
mod own;
mod plan;
pub(crate) mod poll;
mod run;
mod server;
mod service;
mod settings;
#[cfg(feature = "simulator")]
mod simulator;
mod slips;
mod stdio;
mod step;
mod terminal;
mod traces;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::component::Kind;
use crate::printable;

/// The exit code of a wrong command line or configuration.
const USAGE: u8 = 2;
/// The exit code of a command that could not run.
const FAILED: u8 = 1;
/// The exit code when iSendPro refuses the key or the address.
const KEY_REFUSED: u8 = 4;
/// The exit code when something may have been sent.
const IN_DOUBT: u8 = 6;
/// The exit code when the credit is not enough.
const NO_CREDIT: u8 = 5;

#[derive(Debug, Parser)]
#[command(name = "isendpro", version, about, long_about = None, before_help = EXAMPLES)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  echo '{\"num\":\"0680010203\",\"sms\":\"Bonjour\"}' | isendpro run sendSms --server simulator
  ISENDPRO_KEYID=... isendpro check
  isendpro plan sendSms --price-per-part 0.045 < messages.ndjson
  isendpro run sendSms --failed failed.ndjson < messages.ndjson > results.ndjson
  isendpro actions sendSms";

#[derive(Debug, Subcommand)]
enum Command {
    /// Carry messages through an action: JSON lines in, JSON lines out
    Run(Box<run::Args>),
    /// Tell what messages would send: recipients, texts, parts, times, prices. Calls nothing
    Plan(Box<plan::Args>),
    /// Run a trigger once: what is new since the last run, a message a line
    Poll(poll::Args),
    /// List the actions, or tell all about one
    Actions(actions::Args),
    /// Count the characters and SMS parts of a text, and tell what breaks GSM-7
    Count(count::Args),
    /// Look into a journal, settle what is in doubt, forget
    Journal(journal::Args),
    /// Check the key and the way to the server, and tell the credit
    Check(check::Args),
    /// Write component.json and schemas/, or print one action's
    Describe(describe::Args),
    /// Serve a local iSendPro, to try and to test against
    #[cfg(feature = "simulator")]
    Simulator(simulator::Args),
    /// Ask a process of this machine whether it carries messages, on the port of its metrics
    Health(health::Args),
    /// Run as a step of a flow on a platform, as its environment says
    Step(step::Args),
    /// Answer one question of a platform, which its environment asks
    Service(service::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    dump_no_core();
    let given: Vec<_> = std::env::args_os().collect();
    let set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    let arguments = match multicall::arguments(&given, set) {
        Ok(arguments) => arguments,
        Err(error) => {
            complain(format_args!("isendpro: {error}"));
            return USAGE.into();
        }
    };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are printed this way too.
            let code = if error.use_stderr() { USAGE } else { 0 };
            match slips::meant(&error) {
                Some(meant) => complain(format_args!("isendpro: {meant}")),
                None => drop(error.print()),
            }
            return code.into();
        }
    };
    let result = checked(&cli.command).and_then(|()| carry_out(cli.command));
    traces::finish();
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            complain(format_args!("isendpro: {error:#}"));
            match error.downcast_ref::<crate::component::Error>() {
                Some(error) => code_of(error.kind).into(),
                None if error.is::<Usage>() => USAGE.into(),
                None => FAILED.into(),
            }
        }
    }
}

/// Keeps the memory of this process, which holds keys and texts, out of core dumps.
///
/// A limit of 1 byte is too small for any dump into a file, and Linux gives none to a program either, to
/// which it would under a limit of 0. A process that cannot be dumped at all (`PR_SET_DUMPABLE`) would
/// hide its `/proc` from its own operator.
#[cfg(unix)]
fn dump_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = u64::from(cfg!(target_os = "linux"));
    // Where that is not allowed, the limit is 0 already: only root may raise it.
    setrlimit(Resource::Core, Rlimit { current: Some(most), maximum: Some(most) }).ok();
}

#[cfg(not(unix))]
fn dump_no_core() {}

/// Checks the environment, where it is read. What runs for a platform does so where it can be heard.
fn checked(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Run(_)
        | Command::Plan(_)
        | Command::Poll(_)
        | Command::Journal(_)
        | Command::Check(_) => Ok(environment::check()?),
        _ => Ok(()),
    }
}

fn carry_out(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run(args) => run::main(*args),
        Command::Plan(args) => plan::main(*args),
        Command::Poll(args) => poll::main(&args),
        Command::Actions(args) => actions::main(&args),
        Command::Count(args) => count::main(&args),
        Command::Journal(args) => journal::main(args),
        Command::Check(args) => check::main(&args),
        Command::Describe(args) => describe::main(&args),
        #[cfg(feature = "simulator")]
        Command::Simulator(args) => simulator::main(&args),
        Command::Health(args) => health::main(&args),
        Command::Step(step::Args {}) => step::main(),
        Command::Service(args) => service::main(&args),
        Command::Completions { shell } => completions(shell),
    }
}

/// The exit code of a command that ended with an error of this kind.
const fn code_of(kind: Kind) -> u8 {
    match kind {
        Kind::AccountKey => KEY_REFUSED,
        Kind::AccountCredit => NO_CREDIT,
        Kind::Config | Kind::Invalid => USAGE,
        _ => FAILED,
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "isendpro", &mut script);
    print(&String::from_utf8(script)?)?;
    Ok(0)
}

/// A mistake on the command line that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Prints to stdout. A reader that has gone has seen enough. In JSON what a terminal obeys is escaped
/// before, since this makes blanks of it: see [`printable::json`].
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(printable::lines(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Tells a person something, on one line of stderr.
fn complain(words: impl std::fmt::Display) {
    let words = words.to_string();
    writeln!(std::io::stderr().lock(), "{}", printable::one_line(&words)).ok();
}

/// The runtime for commands that talk. One worker keeps up with two cores' worth of HTTP and wastes
/// less on passing work around than more of them do.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
