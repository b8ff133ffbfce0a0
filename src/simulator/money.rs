//! Euros without rounding errors: whole millionths.

use std::fmt;

/// An amount in millionths of a euro.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money(i64);

const MILLION: i64 = 1_000_000;

impl Money {
    /// Rounds to a millionth; not a number is nothing.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast saturates, which is right for an amount beyond nine billion euros"
    )]
    pub fn euros(euros: f64) -> Self {
        Self((euros * 1e6).round() as i64)
    }

    /// An amount as a field writes it, with a point or a comma; `None` when it
    /// is none, or below zero.
    pub fn parse(text: &str) -> Option<Self> {
        let euros: f64 = text.replace(',', ".").parse().ok()?;
        (euros.is_finite() && euros >= 0.0).then(|| Self::euros(euros))
    }

    /// The price of so many parts.
    pub fn times(self, parts: usize) -> Self {
        let parts = i64::try_from(parts).unwrap_or(i64::MAX);
        Self(self.0.saturating_mul(parts))
    }

    /// The sum of two amounts.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left, unless it is not enough.
    pub fn minus(self, other: Self) -> Option<Self> {
        (other <= self).then(|| Self(self.0 - other.0))
    }

    /// How many things at this price the amount buys; 999999 when they are free.
    pub fn buys(self, price: Self) -> i64 {
        if price.0 > 0 { self.0 / price.0 } else { 999_999 }
    }
}

/// As the API writes an amount: a point, and one decimal at least.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / MILLION, self.0.abs() % MILLION);
        let decimals = format!("{rest:06}");
        let decimals = decimals.trim_end_matches('0');
        let decimals = if decimals.is_empty() { "0" } else { decimals };
        write!(f, "{sign}{whole}.{decimals}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_the_api_writes_them() {
        let written = |euros| Money::euros(euros).to_string();
        assert_eq!(written(10.0), "10.0");
        assert_eq!(written(9.95), "9.95");
        assert_eq!(written(0.0), "0.0");
        assert_eq!(written(-1.5), "-1.5");
        assert_eq!(written(f64::NAN), "0.0");
    }

    #[test]
    fn a_million_parts_lose_no_cent() {
        let mut credit = Money::euros(50_000.0);
        for _ in 0..1_000_000 {
            credit = credit.minus(Money::euros(0.05)).unwrap();
        }
        assert_eq!(credit, Money::default());
        assert_eq!(credit.minus(Money::euros(0.01)), None);
    }

    #[test]
    fn fields_are_amounts_from_zero() {
        assert_eq!(Money::parse("12,5"), Some(Money::euros(12.5)));
        for text in ["", "-1", "NaN", "inf", "ten"] {
            assert_eq!(Money::parse(text), None, "{text}");
        }
    }
}
