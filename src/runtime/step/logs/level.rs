//! How much is logged, as the platform says it.

use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use crate::component::Error;

/// How much is logged: the least level of a line, in bunyan's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLevel(pub(super) u16);

impl Default for LogLevel {
    fn default() -> Self {
        Self(30)
    }
}

/// A name, such as `debug`, or a number, such as `20`; empty is `info`.
impl FromStr for LogLevel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim().to_ascii_lowercase();
        Ok(Self(match text.as_str() {
            "trace" => 10,
            "debug" => 20,
            "" | "info" => 30,
            "warn" => 40,
            "error" => 50,
            "fatal" => 60,
            number => number.parse().map_err(|_| {
                Error::config(
                    "LOG_LEVEL",
                    "must be trace, debug, info, warn, error, fatal, or a number from 10 to 60",
                )
            })?,
        }))
    }
}

impl LogLevel {
    /// What of tracing's levels is to be heard.
    pub(super) fn filter(self) -> LevelFilter {
        match self.0 {
            ..=10 => LevelFilter::TRACE,
            11..=20 => LevelFilter::DEBUG,
            21..=30 => LevelFilter::INFO,
            31..=40 => LevelFilter::WARN,
            41.. => LevelFilter::ERROR,
        }
    }
}
