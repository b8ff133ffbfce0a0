//! Whatever was sent, and whatever of it a report has: nothing is settled that was not sent.

use jiff::ToSpan as _;
use proptest::prelude::*;

use super::tests::{findings, row, sent};
use super::*;

/// A message of the journal, and how often it really was sent.
#[derive(Debug, Clone)]
struct Told {
    entry: Entry,
    rows: Vec<Row>,
}

/// How a report is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    header: bool,
    timed: bool,
}

const TELS: [&str; 3] = ["33680010201", "33680010202", "262692112233"];
const TRACKERS: [Option<&str>; 5] = [None, None, Some("rdv4711"), Some("promo2026"), Some("1")];

fn written(style: Style, tracker: &str, tel: &str, at: Timestamp) -> Row {
    let date = at.to_zoned(crate::sms::schedule::paris()).strftime("%d/%m/%Y %H:%M:%S").to_string();
    let date = if style.timed { date.as_str() } else { "" };
    if style.header {
        row(&[("Date", date), ("Tel", tel), ("nb", "1"), ("Tracker", tracker), ("tel", tel)])
    } else {
        row(&[("column1", tel), ("column2", tracker), ("column3", "1"), ("column4", date)])
    }
}

/// One message: which tracker and number, in which state, when, and which tries were taken.
fn told(style: Style) -> impl Strategy<Value = Told> {
    let state = prop_oneof![
        4 => Just(State::Unknown),
        1 => Just(State::Accepted),
        1 => Just(State::Refused)
    ];
    let what = (0..TELS.len(), 0..TRACKERS.len(), state, any::<bool>());
    let when = (0..3000_i64, 0..600_i64, 0..600_i64);
    (any::<u8>(), what, when, any::<[bool; 4]>()).prop_map(move |(message, what, when, luck)| {
        let (tel, tracker, state, resent) = what;
        let mut entry = sent(message, TELS[tel], TRACKERS[tracker]);
        entry.at += when.0.minutes();
        (entry.state, entry.resent) = (state, resent);
        let [mut last, earlier, reported, in_parts] = luck;
        last |= state == State::Accepted;
        last &= state != State::Refused;
        let earlier = earlier && resent && state != State::Refused;
        let tracker = entry.tracker.clone().unwrap_or_default();
        let mut rows = Vec::new();
        if last {
            rows.push(written(style, &tracker, TELS[tel], entry.at + when.1.seconds()));
        }
        if earlier {
            let before = entry.at - when.2.minutes();
            rows.push(written(style, &tracker, TELS[tel], before));
        }
        if in_parts {
            rows.extend(rows.first().cloned());
        }
        let rows = if reported { rows } else { rows.into_iter().take(1).collect() };
        Told { entry, rows }
    })
}

/// Rows of what this journal knows nothing of: forgotten long ago, or sent in another way.
fn noise(style: Style) -> impl Strategy<Value = Row> {
    let tracker =
        prop_oneof![Just("other99"), Just("rdv4711"), Just("promo2026"), Just("1"), Just("")];
    (tracker, 0..TELS.len(), 0..5000_i64).prop_map(move |(tracker, tel, minutes)| {
        let base = sent(0, TELS[tel], None).at;
        let known = !matches!(tracker, "other99" | "");
        let at = if known { base - (16 + minutes).minutes() } else { base + minutes.minutes() };
        written(style, tracker, TELS[tel], at)
    })
}

fn world() -> impl Strategy<Value = (Vec<Told>, Vec<Row>, Vec<bool>)> {
    any::<(bool, bool)>().prop_flat_map(|(header, timed)| {
        let style = Style { header, timed };
        let told = proptest::collection::vec(told(style), 1..12);
        let noise = proptest::collection::vec(noise(style), 0..8);
        (told, noise, proptest::collection::vec(prop::bool::weighted(0.9), 48))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn only_what_was_sent_is_settled((mut told, noise, whole) in world()) {
        told.sort_by_key(|it| it.entry.message);
        told.dedup_by_key(|it| it.entry.message);
        let entries: Vec<_> = told.iter().map(|it| it.entry.clone()).collect();
        let rows = told.iter().flat_map(|it| it.rows.clone()).chain(noise);
        let rows: Vec<_> = rows.zip(whole).filter(|it| it.1).map(|it| it.0).collect();
        let findings = findings(&entries, &rows);
        for settled in &findings.sent {
            let truth = told.iter().find(|it| it.entry.message == settled.message);
            prop_assert!(truth.is_some_and(|it| !it.rows.is_empty()), "{settled:?} in {rows:?}");
        }
        let unknown = entries.iter().filter(|it| it.state == State::Unknown).count();
        prop_assert_eq!(findings.sent.len() + findings.unknown.len(), unknown);
    }
}
