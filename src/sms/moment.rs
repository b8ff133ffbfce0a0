//! The times in a row of a report, whatever their form and wherever they stand.

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::schedule::paris;

/// Longer cells, in bytes, are no times.
const LONGEST: usize = 40;
/// Two digits of a year come first: four would not be read by them, but two by four.
const DAYS: [&str; 7] =
    ["%Y-%m-%d", "%d/%m/%y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d"];
const TIMES: [&str; 5] = ["%H:%M:%S%.f", "%H:%M", "%Hh%M", "%H%M%S", "%H%M"];

/// The times of a row: cells with a date and a time of day, and cells with a date that the next one
/// says the time of. Without an offset they are in French time. A day alone is no time.
pub fn moments<'a>(
    cells: impl Iterator<Item = &'a str> + Clone,
) -> impl Iterator<Item = Timestamp> {
    let next = cells.clone().skip(1).map(Some).chain(std::iter::once(None));
    cells.zip(next).filter_map(|(cell, next)| moment(cell.trim(), next.map(str::trim)))
}

fn moment(cell: &str, next: Option<&str>) -> Option<Timestamp> {
    if cell.len() > LONGEST || !cell.starts_with(|it: char| it.is_ascii_digit()) {
        return None;
    }
    if let Ok(instant) = cell.parse() {
        return Some(instant);
    }
    let (day, time) = match cell.split_once([' ', 'T']) {
        Some((day, time)) => (day, time.trim()),
        // Compact: the year has four digits, month and day have two each.
        None if cell.len() > 8 && is_digits(cell) => cell.split_at_checked(8)?,
        None => (cell, next.filter(|it| it.contains([':', 'h']))?),
    };
    let day = DAYS.iter().find_map(|form| Date::strptime(form, day).ok())?;
    let time = TIMES.iter().find_map(|form| Time::strptime(form, time).ok())?;
    // Of a time that the clocks repeat, the first.
    let moment = day.to_datetime(time).to_zoned(paris()).ok()?.timestamp();
    (day.year() >= 2000).then_some(moment)
}

fn is_digits(cell: &str) -> bool {
    cell.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str]) -> Vec<String> {
        moments(cells.iter().copied()).map(|it| it.to_string()).collect()
    }

    #[test]
    fn times_are_read_in_the_usual_forms() {
        for cell in [
            "2026-07-14 10:30:00",
            "2026-07-14 10:30",
            "2026-07-14T10:30:00",
            "14/07/2026 10:30:00",
            "14/07/2026 10h30",
            "14/7/26 10:30",
            "14-07-2026 10:30",
            "14.07.2026 10:30",
            "2026/07/14 10:30",
            "20260714103000",
            "202607141030",
            "20260714 10:30",
            " 2026-07-14  10:30 ",
            "2026-07-14T10:30:00.000",
            "2026-07-14T08:30:00Z",
            "2026-07-14 10:30:00+02:00",
        ] {
            assert_eq!(read(&[cell]), ["2026-07-14T08:30:00Z"], "{cell}");
        }
        assert_eq!(read(&["14/01/2026 10:30"]), ["2026-01-14T09:30:00Z"], "French winter time");
        assert_eq!(read(&["2026-10-25 02:30"]), ["2026-10-25T00:30:00Z"], "the first of two");
    }

    #[test]
    fn a_day_needs_the_time_beside_it() {
        assert_eq!(read(&["14/07/2026", "10:30:00"]), ["2026-07-14T08:30:00Z"]);
        assert_eq!(read(&["x", "14/07/2026", "10h30"]), ["2026-07-14T08:30:00Z"]);
        assert_eq!(read(&["10:30", "14/07/2026"]), [""; 0]);
        assert_eq!(read(&["20260714", "1030"]), [""; 0]);
    }

    #[test]
    fn other_cells_are_no_times() {
        for cell in [
            "",
            "1",
            "0680010203",
            "33680010203",
            "06/12/10/56/78",
            "06 12 10 20 24",
            "2026-07-14",
            "10:30",
            "14/13/2026 10:30",
            "07/14/2026 10:30",
            "14/07/2026 25:30",
            "14/07/2026 10:30 PM",
            "RDV 14/07/2026 10:30",
            "0014/07/14 10:30",
            "262692123456",
            "00336800102",
            "\u{e9}",
        ] {
            assert_eq!(read(&[cell]), [""; 0], "{cell}");
        }
    }
}
