//! Records the journals anew.

use super::file::pack;
use super::jobs::{JOBS, Job, KEY, keyed};
use crate::cli::{Cli, Simulator, isendpro, until};

fn command(job: &Job, simulator: &Simulator, journal: &str, key: Option<&str>) -> Cli {
    let line = job.line("").replace("{server}", &simulator.url).replace("{journal}", journal);
    let words: Vec<_> = line.split(' ').collect();
    let cli = isendpro(&words).key("main").env("ISENDPRO_CONCURRENCY", "1");
    key.into_iter().fold(cli, |cli, key| cli.env("ISENDPRO_JOURNAL_KEY", key))
}

/// Runs the job, and kills it if that belongs to it.
fn play(job: &Job, journal: &str, key: Option<&str>) {
    let simulator = Simulator::start(&[]);
    for body in [
        r#"{"repertoireNom":"list"}"#,
        r#"{"repertoireEdit":"add","repertoireId":"100001","num":["0680010777"]}"#,
    ] {
        let action = if body.contains("Nom") { "repertoireCrea" } else { "repertoire" };
        simulator.run(action, "main", &[]).run(body).quiet(0);
    }
    if !job.fault.is_empty() {
        simulator.ask("PUT", "faults", job.fault);
    }
    let input = job.input.join("\n") + "\n";
    let mut running = command(job, &simulator, journal, key).start();
    let feeding = running.feed(input.into_bytes());
    if job.killed {
        let is_under_way = || {
            simulator
                .sent()
                .iter()
                .any(|it| it["sms"] == "under way" && it["num"].as_str().unwrap().ends_with("0904"))
        };
        until("the last of it is under way", is_under_way);
        running.signal("KILL");
    }
    let code = running.wait().code;
    assert_eq!(code == -9, job.killed, "{}: {code}", job.name);
    feeding.join().unwrap();
}

fn record<'a>(jobs: impl Iterator<Item = &'a Job>, name: &str, key: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.journal");
    let journal = format!("file:{}?keep=36500", path.display());
    jobs.for_each(|it| play(it, &journal, key));
    pack(&path, name);
}

#[test]
#[ignore = "it replaces the journals that later versions have to read"]
fn the_journals() {
    record(JOBS.iter(), "golden.journal.gz", None);
    record(keyed(), "golden-keyed.journal.gz", Some(KEY));
}
