//! Each rule, both ways.

use std::slice;

use super::*;
use crate::cli::journal::tests::entry;

const CLAIMED: &str = "2026-07-14T10:30:00+02:00";
const AFTER: &str = "2026-07-14 10:31:00";

/// A stand-in for the journal's hash: the last digits.
pub fn hash(tel: &str) -> Option<NumberHash> {
    tel.as_bytes().last_chunk().map(|it| NumberHash(*it))
}

/// Sent to this number at half past ten, with this tracker of the user's or one of ours.
pub fn sent(message: u8, tel: &str, theirs: Option<&str>) -> Entry {
    let mut entry = entry(message, 0);
    entry.at = CLAIMED.parse().unwrap();
    entry.number = hash(tel);
    let ours = || tracker(entry.message, entry.slot);
    entry.tracker = Some(theirs.map_or_else(ours, str::to_owned));
    entry
}

pub fn row(cells: &[(&str, &str)]) -> Row {
    cells.iter().map(|(name, cell)| ((*name).to_owned(), Value::from(*cell))).collect()
}

/// The findings on these entries, of which those in doubt are looked for in these rows.
pub fn findings(entries: &[Entry], rows: &[Row]) -> Findings {
    let unknown = entries.iter().filter(|it| it.state == State::Unknown);
    let mut doubts = Doubts::new(unknown.cloned().collect());
    for row in rows {
        doubts.see(row, hash);
    }
    let trackers = doubts.trackers();
    let has_one = |it: &&Entry| it.tracker.as_ref().is_some_and(|it| trackers.contains(it));
    doubts.findings(&entries.iter().filter(has_one).cloned().collect::<Vec<_>>())
}

/// Which messages these rows prove.
fn proven(entries: &[Entry], rows: &[Row]) -> Vec<u8> {
    findings(entries, rows).sent.iter().map(|it| it.message.0[0]).collect()
}

fn ours(message: u8) -> String {
    tracker(entry(message, 0).message, 0)
}

#[test]
fn our_tracker_proves_it_in_whatever_column() {
    let entries = [sent(1, "33680010203", None), sent(2, "33680010204", None)];
    let tracker = ours(2);
    for cells in [
        vec![("tracker", tracker.as_str())],
        vec![("column1", "x"), ("column2", &format!(" {tracker} ")), ("column3", AFTER)],
        // Another number and the date of a report in another zone are no contradiction.
        vec![("Ref", &tracker), ("tel", "0611111111"), ("date", "2026-07-13 22:00")],
    ] {
        assert_eq!(proven(&entries, &[row(&cells)]), [2], "{cells:?}");
    }
    let stored = Entry { tracker: None, ..sent(2, "33680010204", None) };
    assert_eq!(proven(&[stored], &[row(&[("tracker", &tracker)])]), [2]);
}

#[test]
fn a_part_of_our_tracker_or_an_old_row_proves_nothing() {
    let entries = [sent(1, "33680010203", None)];
    let tracker = ours(1);
    for cells in [
        vec![("tracker", &tracker[..31]), ("tel", "33680010203"), ("date", AFTER)],
        vec![("tracker", &format!("{tracker}0"))],
        vec![("tracker", &tracker), ("date", "2026-07-13 10:29")],
        vec![("tracker", ""), ("tel", "33680010203"), ("date", AFTER)],
    ] {
        assert_eq!(proven(&entries, &[row(&cells)]), [0; 0], "{cells:?}");
    }
    assert_eq!(proven(&entries, &[]), [0; 0]);
}

#[test]
fn our_tracker_in_another_message_of_the_journal_proves_nothing() {
    let tracker = ours(1);
    let mut copied = sent(2, "33680010203", Some(&tracker));
    copied.state = State::Accepted;
    let rows = [row(&[("tracker", &tracker)])];
    assert_eq!(proven(&[sent(1, "33680010203", None), copied.clone()], &rows), [0; 0]);
    copied.state = State::Refused;
    assert_eq!(proven(&[sent(1, "33680010203", None), copied], &rows), [1]);
}

#[test]
fn a_users_tracker_needs_the_number_and_a_time_after_the_claim() {
    let entries = [sent(1, "33680010203", Some("rdv4711"))];
    let proves = |cells: &[(&str, &str)]| !proven(&entries, &[row(cells)]).is_empty();
    for tel in ["33680010203", "0680010203", "06 80 01 02 03", "+33680010203"] {
        assert!(proves(&[("tracker", "rdv4711"), ("tel", tel), ("date", AFTER)]), "{tel}");
    }
    assert!(proves(&[("column1", AFTER), ("column2", "0680010203"), ("column3", "rdv4711")]));
    let with = |date| proves(&[("tracker", "rdv4711"), ("tel", "0680010203"), ("date", date)]);
    assert!(with("2026-07-14 10:15:00"), "within the margin");
    assert!(!with("2026-07-14 10:14:59"));
    assert!(!with("2026-07-14") && !with("") && !with("hier"));
    assert!(!proves(&[("tracker", "rdv4711"), ("tel", "0680010204"), ("date", AFTER)]));
    assert!(!proves(&[("tracker", "rdv4711"), ("date", AFTER)]));
    assert!(!proves(&[("tracker", "rdv471"), ("tel", "0680010203"), ("date", AFTER)]));
    let two_times = [("a", AFTER), ("b", "2026-07-14 09:00")];
    let rest = [("tracker", "rdv4711"), ("tel", "0680010203")];
    assert!(!proves(&[two_times, rest].concat()), "one of its times is older");
}

#[test]
fn a_report_without_trackers_is_told() {
    let ours = ours(9);
    for (names, entries, cells) in [
        (false, None, vec![("Envois prevus", "2"), ("SMS Long", "1")]),
        (false, Some("rdv4711"), vec![("tel", "0680010203"), ("date", AFTER), ("statut", "0")]),
        (false, None, vec![("column1", "0680010203"), ("column2", "rdv4711")]),
        (false, Some("rdv4711"), vec![("Ref", "rdv4712"), ("tel", "0680010203")]),
        (false, None, vec![("sms", "tracker"), ("id", &ours[..31])]),
        (false, None, vec![("id", "ABCDEFABCDEFABCDEFABCDEFABCDEFAB")]),
        (true, None, vec![("tracker", ""), ("tel", "0680010203")]),
        (true, None, vec![("Votre Tracker", "x")]),
        (true, None, vec![("tracker_client", "x")]),
        (true, None, vec![("column1", "x"), ("column2", &ours)]),
        (true, Some("rdv4711"), vec![("Ref", "rdv4711"), ("tel", "0611111111")]),
    ] {
        let found = findings(&[sent(1, "33680010203", entries)], &[row(&cells)]);
        assert_eq!(found.names_trackers, names, "{cells:?}");
        assert!(found.sent.is_empty(), "{cells:?}");
    }
}

#[test]
fn rows_without_a_time_are_counted_and_prove_nothing() {
    let entries = [sent(1, "33680010203", Some("rdv4711"))];
    let untimed = row(&[("tracker", "rdv4711"), ("tel", "0680010203"), ("date", "2026-07-14")]);
    let other = row(&[("tracker", "rdv4712"), ("tel", "0680010203")]);
    let findings = findings(&entries, &[untimed.clone(), other, untimed]);
    assert_eq!((findings.rows, findings.untimed, findings.unknown.len()), (3, 2, 1));
}

#[test]
fn there_must_be_a_row_for_each_message_with_the_same_tracker_and_number() {
    let at = |time: &str| row(&[("tracker", "promo"), ("tel", "0680010203"), ("date", time)]);
    let first = sent(1, "33680010203", Some("promo"));
    let second = sent(2, "33680010203", Some("promo"));
    let elsewhere = sent(3, "33680010204", Some("promo"));
    let (one, two) = (at(AFTER), at("2026-07-14 10:40:00"));
    let both = [first.clone(), second.clone(), elsewhere];
    assert_eq!(proven(&both, slice::from_ref(&one)), [0; 0]);
    assert_eq!(proven(&both, &[one.clone(), one.clone()]), [0; 0], "perhaps two parts of one");
    assert_eq!(proven(&both, &[one.clone(), two.clone()]), [1, 2]);
    for (state, needed) in [(State::Accepted, 2), (State::Claimed, 2), (State::Refused, 1)] {
        let known = [Entry { state, ..first.clone() }, second.clone()];
        let rows = [one.clone(), two.clone()];
        assert_eq!(proven(&known, &rows[..needed]), [2], "{state:?}");
        assert_eq!(proven(&known, &rows[..needed - 1]), [0; 0], "{state:?}");
    }
    // What was sent again explains two rows.
    let again = Entry { resent: true, state: State::Accepted, ..first.clone() };
    assert_eq!(proven(&[again, second.clone()], &[one.clone(), two]), [0; 0]);
    let again = Entry { resent: true, ..first };
    assert_eq!(proven(&[again], &[one]), [1], "one of its two tries was taken");
}

#[test]
fn only_the_column_of_trackers_counts_where_there_is_one() {
    let entries = [sent(1, "33680010203", Some("rdv4711"))];
    let cells = [("ref", "rdv4711"), ("tel", "0680010203"), ("date", AFTER)];
    assert_eq!(proven(&entries, &[row(&cells)]), [1]);
    let column = row(&[("Mon Tracker", "x")]);
    assert_eq!(proven(&entries, &[column.clone(), row(&cells)]), [0; 0], "a short row");
    assert_eq!(proven(&entries, &[row(&cells), column]), [0; 0], "an earlier one");
    // Without one, a tracker that may be something else is not recognised.
    for theirs in ["1", "Bonjour", "20260714", "0680010203"] {
        let entries = [sent(1, "33680010203", Some(theirs))];
        let cells = [("parts", theirs), ("tel", "0680010203"), ("date", AFTER)];
        assert_eq!(proven(&entries, &[row(&cells)]), [0; 0], "{theirs}");
        let cells = [("tracker", theirs), ("tel", "0680010203"), ("date", AFTER)];
        assert_eq!(proven(&entries, &[row(&cells)]), [1], "{theirs}");
        let cells = [("tracker", theirs), ("date", AFTER)];
        assert_eq!(proven(&entries, &[row(&cells)]), [0; 0], "{theirs} is no number as well");
    }
}

#[test]
fn a_number_that_may_be_one_of_two_is_none() {
    for tel in ["33687751234", "687751234"] {
        let entries = [sent(1, tel, Some("rdv4711"))];
        let cells = [("tracker", "rdv4711"), ("tel", "687751234"), ("date", AFTER)];
        assert_eq!(proven(&entries, &[row(&cells)]), [0; 0]);
    }
}
