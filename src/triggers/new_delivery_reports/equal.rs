//! Rows that are equal in every cell. Each counts, so the second one has to be told from the first.
//!
//! There are few, and reports may be long: only the marks of those that have equals are kept.

use std::collections::HashMap;

use super::seen::Line;

/// The marks that several rows have, and how many of these rows came so far.
#[derive(Debug, Clone)]
pub struct Equal(HashMap<u64, u32>);

impl Equal {
    /// Those of a whole report.
    pub fn among(lines: &[Line]) -> Self {
        let mut marks: Vec<u64> = lines.iter().map(|it| it.mark).collect();
        marks.sort_unstable();
        Self(marks.windows(2).filter(|it| it[0] == it[1]).map(|it| (it[0], 0)).collect())
    }

    /// How many equals the next row with this mark has before it.
    pub fn next(&mut self, mark: u64) -> u32 {
        let Some(count) = self.0.get_mut(&mark) else { return 0 };
        *count += 1;
        *count - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_equal_rows_knows_its_place() {
        let lines: Vec<Line> =
            [7, 3, 7, 5, 7, 3].map(|mark| Line { minute: None, mark }).into_iter().collect();
        let mut equal = Equal::among(&lines);
        let places: Vec<u32> = lines.iter().map(|it| equal.next(it.mark)).collect();
        assert_eq!(places, [0, 0, 1, 0, 2, 1]);
    }
}
