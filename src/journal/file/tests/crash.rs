//! kill -9.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::OneFile;
use crate::component::{Journal as _, MessageKey};
use crate::journal::laws::{accepted, claim, known, run, take};
use crate::journal::{FileJournal, Filter, Ledger as _, State};

/// Set for the process that is killed: the path of its journal.
const CHILD: &str = "ISENDPRO_TEST_JOURNAL_OF_THE_KILLED";

/// How many tasks of it claim at once.
const TASKS: u32 = 4;

fn key(round: u32, task: u32, turn: u32) -> MessageKey {
    let mut key = [0; 32];
    for (chunk, number) in key.chunks_mut(4).zip([round, task, turn]) {
        chunk.copy_from_slice(&number.to_be_bytes());
    }
    MessageKey(key)
}

/// Not a test by itself: the process that [`what_was_granted_survives_a_kill`] kills.
#[test]
fn claims_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let (path, round) = path.rsplit_once('#').unwrap();
    let round = round.parse().unwrap();
    run(async {
        let store = FileJournal::open(path).unwrap();
        let work = async |task| {
            for turn in 0.. {
                let ticket = take(&store, key(round, task, turn), &[0]).await;
                println!("\ngranted {task} {turn}");
                if turn % 2 == 0 {
                    store.record(ticket, &[(0, accepted())]).await.unwrap();
                    println!("\naccepted {task} {turn}");
                }
            }
        };
        tokio::join!(work(0), work(1), work(2), work(3));
    });
}

/// Runs the process that claims, kills it after so many lines, and gives all that it printed.
fn lines_until_killed(path: &Path, round: u32, lines: usize) -> Vec<(bool, u32, u32)> {
    let this = format!("{}::claims_until_it_is_killed", module_path!());
    let (_, name) = this.split_once("::").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{}#{round}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let parse = |line: String| {
        let mut words = line.split(' ');
        let accepted = match words.next()? {
            "granted" => false,
            "accepted" => true,
            _ => return None,
        };
        Some((accepted, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    let mut seen: Vec<_> = output.by_ref().filter_map(parse).take(lines).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // A last line may be cut off, and then says another number: it has no end.
    let mut rest: Vec<_> = output.collect();
    rest.pop();
    seen.extend(rest.into_iter().filter_map(parse));
    assert!(seen.len() >= lines, "it ended by itself");
    seen
}

#[test]
fn what_was_granted_survives_a_kill() {
    let file = OneFile::new();
    for round in 0..20 {
        let lines = 1 + round as usize * 37 % 150;
        let seen = lines_until_killed(&file.path(), round, lines);
        run(async {
            let store = FileJournal::open(file.path()).unwrap();
            for (_, task, turn) in &seen {
                let was_accepted = seen.contains(&(true, *task, *turn));
                let known = known(claim(&store, key(round, *task, *turn), &[0], false).await);
                // An outcome may be on disk before it is printed.
                let unprinted = turn % 2 == 0 && !was_accepted && known == [(0, true)];
                assert!(known == [(0, was_accepted)] || unprinted, "{round} {task} {turn}");
            }
            let claimed = Filter { state: Some(State::Claimed), ..Filter::default() };
            assert!(store.entries(&claimed, 1).await.unwrap().is_empty());
            let unknown = Filter { state: Some(State::Unknown), ..Filter::default() };
            let granted = (0..TASKS).flat_map(|task| {
                let of_task = seen.iter().filter(move |it| it.1 == task);
                of_task.filter(|it| it.2 % 2 == 1).map(|it| it.2)
            });
            let found = store.entries(&unknown, usize::MAX).await.unwrap().len();
            assert!(found >= granted.count());
        });
    }
}
