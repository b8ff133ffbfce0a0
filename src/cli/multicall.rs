//! The command lines of another runtime, which platforms start containers with.
//!
//! A platform that knows components on Node starts an image by `bash sail.sh`, or by
//! `node .../runService.js verifyCredentials`. Our image has this binary under those names.

use std::ffi::OsString;

use super::Usage;

const NODE: &[&str] = &["node", "nodejs"];
const SHELLS: &[&str] = &["bash", "sh"];
const METHODS: &[&str] = &["verifyCredentials", "getMetaModel", "selectModel"];

/// What is understood, for whoever wrote something else.
const KNOWN: &str = "a step is started by `isendpro step`, `bash sail.sh` or `node .../run.js`, and a \
                     service call by `isendpro service METHOD`, `bash serve.sh METHOD` or \
                     `node .../runService.js METHOD`";

/// What a command line of the other runtime asks for.
enum Start<'a> {
    Step,
    Service(&'a str),
    /// A command line of ours.
    Own(Vec<&'a str>),
}

/// The arguments as clap reads them, the program's name first. Those of the other runtime are
/// rewritten, and all others stay as they are. `set` says whether a variable is set. No I/O.
///
/// # Errors
/// When the other runtime is to do what ours does not do in its place.
pub fn arguments(given: &[OsString], set: impl Fn(&str) -> bool) -> Result<Vec<OsString>, Usage> {
    let words: Vec<_> = given.iter().map(|it| it.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let by_link = words.first().is_some_and(|it| foreign(it));
    let rest = after_tini(&words[usize::from(!by_link).min(words.len())..]);
    let start = match *rest {
        [] if set("ELASTICIO_LISTEN_MESSAGES_ON") || set("ELASTICIO_HOOK_SHUTDOWN") => Start::Step,
        ["step"] => Start::Step,
        [method] if METHODS.iter().any(|it| it.eq_ignore_ascii_case(method)) => {
            Start::Service(method)
        }
        [program, ref arguments @ ..] if interpreter(program) => interpreted(program, arguments)?,
        [] if by_link => return Err(refused("nothing to run is given")),
        [program, ..] if name(program) == "isendpro" => {
            return Ok(given[given.len() - rest.len()..].to_vec());
        }
        _ => {
            let arguments = &given[given.len() - rest.len()..];
            return Ok([&["isendpro".into()], arguments].concat());
        }
    };
    match start {
        Start::Step if asked_only(set) => Err(refused(
            "the environment asks a question (ELASTICIO_POST_RESULT_URL) and names no queue \
             (ELASTICIO_LISTEN_MESSAGES_ON), and the command line would start a step",
        )),
        Start::Step => Ok(vec!["isendpro".into(), "step".into()]),
        Start::Service(method) => Ok(vec!["isendpro".into(), "service".into(), method.into()]),
        Start::Own(words) => Ok(["isendpro"].iter().chain(&words).map(Into::into).collect()),
    }
}

/// Whether the variables are those of a service call, and no step could start with them.
fn asked_only(set: impl Fn(&str) -> bool) -> bool {
    set("ELASTICIO_POST_RESULT_URL")
        && !set("ELASTICIO_LISTEN_MESSAGES_ON")
        && !set("ELASTICIO_HOOK_SHUTDOWN")
}

fn refused(what: &str) -> Usage {
    Usage(format!("{what}; this image has no shell and no Node: {KNOWN}"))
}

/// The last part of a path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn interpreter(program: &str) -> bool {
    NODE.contains(&name(program)) || SHELLS.contains(&name(program))
}

fn foreign(program: &str) -> bool {
    interpreter(program) || name(program) == "tini"
}

/// What tini is to run, if it is tini that the words start with.
fn after_tini<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let [program, rest @ ..] = words else { return words };
    if name(program) != "tini" {
        return words;
    }
    let mut rest = rest;
    loop {
        rest = match rest {
            ["--", command @ ..] => return command,
            ["-e" | "-p", _, more @ ..] => more,
            [option, more @ ..] if option.starts_with('-') => more,
            command => return command,
        }
    }
}

/// What an interpreter with these arguments is to do.
fn interpreted<'a>(program: &str, arguments: &[&'a str]) -> Result<Start<'a>, Usage> {
    let shell = SHELLS.contains(&name(program));
    match arguments {
        [option, command] if shell && matches!(*option, "-c" | "-lc" | "-ec") => {
            shell_line(command)
        }
        // Such as --max-old-space-size=256.
        [option, rest @ ..] if !shell && option.starts_with("--") && option.contains('=') => {
            interpreted(program, rest)
        }
        [file, arguments @ ..] => script(file, arguments),
        [] => Err(refused(&format!("{} is given nothing to run", name(program)))),
    }
}

/// What a line of a shell is to do, if it is one plain command.
fn shell_line(line: &str) -> Result<Start<'_>, Usage> {
    let plain = |it: char| it.is_ascii_alphanumeric() || " _./=-".contains(it);
    let words: Vec<_> = line.split_whitespace().collect();
    let command = words.strip_prefix(&["exec"]).unwrap_or(&words);
    match command {
        [program, arguments @ ..] if line.chars().all(plain) => {
            if interpreter(program) {
                interpreted(program, arguments)
            } else if name(program) == "isendpro" {
                Ok(Start::Own(arguments.to_vec()))
            } else {
                script(program, arguments)
            }
        }
        _ => Err(refused("a line for a shell is given that is more than one plain command")),
    }
}

/// What a file of the other runtime is to do, wherever it is said to be.
fn script<'a>(file: &str, arguments: &[&'a str]) -> Result<Start<'a>, Usage> {
    let file = name(file);
    match (file, arguments) {
        ("run.js" | "sail.sh", []) => Ok(Start::Step),
        ("run.js" | "sail.sh", _) => Err(refused(&format!("{file} takes no arguments"))),
        // serve.sh hands on three, of which the first is the method.
        ("runService.js" | "serve.sh", [method] | [method, _] | [method, _, _])
            if !method.starts_with('-') =>
        {
            Ok(Start::Service(method))
        }
        ("runService.js" | "serve.sh", _) => {
            Err(refused(&format!("{file} takes the method that is asked for")))
        }
        _ => Err(refused(&format!("{file} is not known"))),
    }
}

#[cfg(test)]
mod tests;
