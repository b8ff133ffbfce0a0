//! Whether the account can pay for what is planned.

use crate::cli::limits::Count;
use crate::component::{Balance, Session};
use crate::component::{Config, Error, Kind};

/// What the account has, and what a part costs.
#[derive(Debug)]
pub struct Funds {
    balance: Balance,
    price: Option<f64>,
}

impl Funds {
    /// Reads the credit, which is free.
    ///
    /// # Errors
    /// When the account cannot be asked, or its answer and the price do not tell what it can pay for.
    pub async fn ask(config: &Config, price: Option<f64>) -> Result<Self, Error> {
        let balance = Session::connect(config)?.balance().await?;
        let comparable = balance.sms.is_some() || (price.is_some() && balance.euros.is_some());
        if !comparable {
            return Err(Error::new(
                Kind::Unusable,
                "the credit cannot be compared: iSendPro does not say how many SMS it buys",
            )
            .hint("give --price-per-part"));
        }
        Ok(Self { balance, price })
    }

    /// What is lacking to send what was counted; `None` if the credit is enough.
    pub fn shortage(&self, count: &Count) -> Option<String> {
        #[allow(clippy::cast_precision_loss, reason = "nobody sends 2^52 SMS")]
        let parts = count.parts() as f64;
        let enough = match (self.price, self.balance.euros) {
            (Some(price), Some(euros)) => parts * price <= euros,
            _ => self.balance.sms.is_some_and(|it| parts <= it),
        };
        let cost = self.price.map(|it| format!(" ({:.2} EUR)", parts * it)).unwrap_or_default();
        let elsewhere = match count.elsewhere() {
            0 => String::new(),
            more => format!(" (and {more} on accounts of their own, not compared)"),
        };
        (!enough)
            .then(|| format!("{parts} SMS{cost} are planned{elsewhere}, the account has {self}"))
    }
}

impl std::fmt::Display for Funds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.balance.fmt(f)
    }
}
