//! How fast the rules are on one core: `scripts/bench rules`.
//!
//! It prints every figure and says for each target PASS or MISS; a miss is no failure of the run,
//! since other load on the machine moves the figures.

#![allow(clippy::unwrap_used, reason = "a benchmark may stop at a defect")]

use std::hint::black_box;
use std::io::{Result, Write as _};
use std::time::{Duration, Instant};

use isendpro_connector::sms::number;
use isendpro_connector::sms::region::Region;
use isendpro_connector::sms::schedule::{self, Hours};
use isendpro_connector::sms::text::{self, Encoding, STOP};
use jiff::Timestamp;

/// How long each thing is measured; the best of the rounds counts, since others use the machine too.
const ROUND: Duration = Duration::from_millis(200);
const ROUNDS: usize = 7;

/// Texts of 100 characters.
const TEXTS: [(&str, &str); 6] = [
    (
        "plain letters",
        "Bonjour Marie, votre commande 48213 est prete. Retrait de 9h a 19h, 12 rue du Port a Nantes. A vite.",
    ),
    (
        "accents of GSM",
        "Été à Évian : votre réservation n'a pas été réglée. Réglez-la dès à présent au guichet, à 8 h où là-",
    ),
    (
        "with euros",
        "Soldes [code ETE~24] : 12 € au lieu de 24 €, 30 € au lieu de 60 €, {tout} à | moitié prix ^_^ ! A b.",
    ),
    (
        "3 typographic signs",
        "L’atelier ouvre à 9 h : merci de venir à l’heure avec vos papiers, la carte grise et vos clés… A b c",
    ),
    (
        "3 accents beyond GSM",
        "Rappel : la fête du collège est samedi à 14 h. Ça commence par le goûter, puis la fête foraine, a b.",
    ),
    (
        "3 emoji",
        "👋 Bonjour Marie, votre commande est prète 🎉 et vous attend au magasin. À très vite chez nous ! 😀 A+.",
    ),
];

/// As people and spreadsheets write them, right and wrong.
const FRENCH: [&str; 14] = [
    "0680010203",
    "06 80 01 02 03",
    "06.80.01.02.03",
    "+33680010203",
    "+33 (0)6 80 01 02 03",
    "0033680010203",
    "33680010203",
    "680010203",
    "06\u{a0}80\u{a0}01\u{a0}02\u{a0}03",
    "+262 692 11 22 33",
    "0690 11 22 33",
    "0142000000",
    "36180",
    "+687 75 12 34",
];

const FOREIGN: [&str; 8] = [
    "+32 470 12 34 56",
    "+49 1512 3456789",
    "+41 79 123 45 67",
    "+34 612 34 56 78",
    "+39 312 345 6789",
    "+44 7911 123456",
    "+1 201 555 0123",
    "+352 621 123 456",
];

fn main() -> Result<()> {
    // `cargo test --benches` runs this too, without `--bench`: then there is nothing to do.
    if !std::env::args().any(|it| it == "--bench") {
        return Ok(());
    }
    texts()?;
    numbers()?;
    times()
}

fn texts() -> Result<()> {
    for (name, text) in TEXTS {
        assert_eq!(text.chars().count(), 100, "{name}");
        let rate = rate(1, || {
            let repaired = text::repair(black_box(text)).unwrap();
            black_box(text::measure(&repaired.text, Encoding::Gsm7, STOP));
        });
        tell(&format!("text of 100, {name}"), rate, Some(1e6))?;
    }
    Ok(())
}

fn numbers() -> Result<()> {
    let read_all = |numbers: &[&str]| {
        for number in numbers {
            black_box(number::read(black_box(number), Region::FR)).ok();
        }
    };
    tell("number, French", rate(FRENCH.len(), || read_all(&FRENCH)), Some(5e5))?;
    let before = resident();
    let started = Instant::now();
    black_box(number::read("+32470123456", Region::FR)).ok();
    let first = started.elapsed();
    tell("number, foreign", rate(FOREIGN.len(), || read_all(&FOREIGN)), Some(5e5))?;
    let (took, more) = (first.as_millis(), resident() - before);
    writeln!(std::io::stdout(), "  the first foreign number takes {took} ms and {more:.1} MB")
}

fn times() -> Result<()> {
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let paris = schedule::paris();
    let asked = rate(1, || {
        let date = black_box("2027-01-12 18:00");
        let at = schedule::requested(date, None, &paris, now).unwrap().at;
        black_box(schedule::wire(at));
    });
    tell("date, read and written", asked, None)?;
    let open = rate(1, || {
        black_box(Hours::default().next_open(black_box(now), Some(Region::FR)));
    });
    tell("marketing hours, France", open, None)
}

/// Calls a second.
fn rate(each: usize, mut call: impl FnMut()) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut calls = 0_u32;
        while started.elapsed() < ROUND {
            for _ in 0..100 {
                call();
            }
            calls += 100;
        }
        best = best.max(f64::from(calls) / started.elapsed().as_secs_f64());
    }
    best * f64::from(u32::try_from(each).unwrap())
}

fn tell(what: &str, rate: f64, target: Option<f64>) -> Result<()> {
    let verdict = match target {
        Some(target) if rate >= target => format!("PASS (target {:.1})", target / 1e6),
        Some(target) => format!("MISS (target {:.1})", target / 1e6),
        None => String::new(),
    };
    writeln!(std::io::stdout(), "{what:<36} {:>7.2} million a second  {verdict}", rate / 1e6)
}

/// Megabytes of memory that this process holds, where Linux tells it.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    line.and_then(|it| it.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
