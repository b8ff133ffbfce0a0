//! How much a step publishes in a while.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::settings::Rates;

/// The limits on what is published.
pub struct Limits {
    /// Results.
    pub data: DefaultDirectRateLimiter,
    /// Errors.
    pub error: DefaultDirectRateLimiter,
    /// Snapshots.
    pub snapshot: DefaultDirectRateLimiter,
}

impl Limits {
    /// The limits of these settings.
    pub fn new(rates: &Rates) -> Self {
        let limiter = |count: u32| {
            let count = count.max(1).try_into().unwrap_or(std::num::NonZeroU32::MIN);
            let quota = Quota::with_period(rates.interval / u32::from(count))
                .unwrap_or_else(|| Quota::per_second(count));
            RateLimiter::direct(quota.allow_burst(count))
        };
        Self {
            data: limiter(rates.data),
            error: limiter(rates.error),
            snapshot: limiter(rates.snapshot),
        }
    }
}
