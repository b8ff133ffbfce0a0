//! The table of all rows.

use super::row::Played;

/// What the columns are, with their widths; those of words first.
const COLUMNS: &[(&str, usize)] = &[
    ("fault", 46),
    ("as", 4),
    ("store", 5),
    ("shape", 12),
    ("messages", 8),
    ("at the API", 10),
    ("accepted", 8),
    ("refused", 7),
    ("not sent", 8),
    ("unknown", 12),
    ("doubled", 7),
    ("lost", 4),
    ("wrong", 5),
    ("seconds", 7),
    ("verdict", 7),
];
/// How many columns hold words, which begin at the left.
const WORDS: usize = 4;

/// The table in Markdown, and below it what is broken.
pub fn table(rows: &[Played]) -> String {
    let dashes = COLUMNS.iter().zip(0..).map(|((_, width), place)| {
        if place < WORDS { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) }
    });
    let names = COLUMNS.iter().map(|it| it.0.to_owned());
    let mut text = line(names) + &line(dashes);
    text.extend(rows.iter().map(|it| line(cells(it))));
    for row in rows.iter().filter(|it| !it.broken.is_empty()) {
        text += &format!("\n{}: {}", row.row.name(), row.broken.join("; "));
    }
    text
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    let padded = COLUMNS.iter().zip(cells).zip(0..).map(|(((_, width), cell), place)| {
        if place < WORDS { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
}

fn cells(played: &Played) -> Vec<String> {
    let (row, count) = (&played.row, &played.count);
    let verdict = if played.broken.is_empty() { "held" } else { "BROKEN" };
    let mut cells = vec![row.fault.name.to_owned(), row.role.to_string()];
    cells.extend([row.store.to_string(), row.shape.to_string()]);
    let figures = [
        played.recipients,
        count.arrived,
        count.accepted,
        count.refused,
        count.not_sent,
        count.unknown,
        count.doubled,
        count.lost,
        count.wrong,
    ];
    cells.extend(figures.iter().map(ToString::to_string));
    cells[WORDS + 5] += &format!(" (<= {})", row.bound());
    cells.extend([format!("{:.1}", played.seconds), verdict.to_owned()]);
    cells
}
