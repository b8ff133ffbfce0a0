//! How long to wait between tries.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Waits between tries: from a quarter of a second to half a minute, with jitter.
pub fn delays_between() -> ExponentialBackoff {
    let delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(30))
        .with_jitter()
        .without_max_times();
    // The same world has the same jitter.
    #[cfg(feature = "simulation")]
    let delays =
        delays.with_jitter_seed(crate::component::clock::now().as_microsecond().cast_unsigned());
    delays.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_never_end() {
        let many: Vec<_> = delays_between().take(50).collect();
        assert_eq!(many.len(), 50);
        assert!(many.iter().all(|it| *it <= Duration::from_secs(60)), "{many:?}");
    }
}
