//! What a run took.

use crate::support::measure::Sample;
use crate::support::median;

/// The head of the table.
pub const HEAD: &str = "\n                 messages/s  (of the rounds)  | CPU us a message: it  broker    API | peak MB";

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub per_second: f64,
    /// CPU microseconds a message, of its process.
    pub cpu_micros: f64,
    /// Of the broker's.
    pub broker_micros: f64,
    /// Of the API's.
    pub api_micros: f64,
    pub megabytes: f64,
}

impl Figures {
    /// Of the samples of its process, the broker's and the API's over the same time.
    pub fn new(own: Sample, broker: Sample, api: Sample, megabytes: f64) -> Self {
        Self {
            per_second: own.per_second,
            cpu_micros: own.cpu_micros,
            broker_micros: broker.cpu_micros,
            api_micros: api.cpu_micros,
            megabytes,
        }
    }

    /// The median of each.
    pub fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            per_second: of(|it| it.per_second),
            cpu_micros: of(|it| it.cpu_micros),
            broker_micros: of(|it| it.broker_micros),
            api_micros: of(|it| it.api_micros),
            megabytes: of(|it| it.megabytes),
        }
    }

    /// A row of the table, with the speeds of the rounds that this is the median of.
    pub fn row(&self, rounds: &[Self]) -> String {
        let speeds: Vec<_> = rounds.iter().map(|it| format!("{:.0}", it.per_second)).collect();
        format!(
            " {:10.0}  {:16} | {:20.0}  {:6.0} {:6.0} | {:7.1}",
            self.per_second,
            format!("({})", speeds.join(" ")),
            self.cpu_micros,
            self.broker_micros,
            self.api_micros,
            self.megabytes
        )
    }
}
