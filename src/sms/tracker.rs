//! Trackers: the sender's own id of an SMS, which comes back with the delivery report.

/// Most characters of a tracker: iSendPro wants fewer than 50.
pub const MOST: usize = 49;

/// Whether this is a tracker: 1 to 49 letters and digits, without accents.
pub fn is_valid(tracker: &str) -> bool {
    (1..=MOST).contains(&tracker.len()) && tracker.bytes().all(|it| it.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_is_1_to_49_letters_and_digits() {
        assert!(is_valid("a") && is_valid(&"9".repeat(49)));
        for bad in ["", "a-b", "a b", "é", &"9".repeat(50)] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
