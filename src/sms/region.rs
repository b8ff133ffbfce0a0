//! Countries and territories, by their ISO 3166-1 code of two letters.

use std::fmt;
use std::str::FromStr;

use super::schedule::places;

/// A country or territory, such as `FR` (metropolitan France), `RE` (Réunion) or `BE`.
///
/// Guadeloupe, Saint-Martin and Saint-Barthélemy share one numbering plan: a number of theirs
/// belongs to `GP`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region([u8; 2]);

impl Region {
    /// Metropolitan France.
    pub const FR: Self = Self(*b"FR");

    /// The region of a code known to be two capital letters.
    pub(super) const fn of(code: [u8; 2]) -> Self {
        Self(code)
    }

    /// The code, in capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Whether this is metropolitan France, the only place where iSendPro sends no Unicode.
    pub fn is_metropolitan(self) -> bool {
        self == Self::FR
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No country or territory has this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARegion;

impl fmt::Display for NotARegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a country's code of two letters, such as FR, RE, BE or GB")
    }
}

impl FromStr for Region {
    type Err = NotARegion;

    /// Reads a code, in small or capital letters.
    fn from_str(text: &str) -> Result<Self, NotARegion> {
        let code: [u8; 2] = text.trim().as_bytes().try_into().map_err(|_| NotARegion)?;
        let region = Self(code.map(|it| it.to_ascii_uppercase()));
        if places::is_known(region) { Ok(region) } else { Err(NotARegion) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_countries_are_read_and_no_others() {
        for (text, code) in [("fr", "FR"), (" Re ", "RE"), ("XK", "XK")] {
            assert_eq!(text.parse::<Region>().unwrap().as_str(), code);
        }
        for text in ["", "F", "FRA", "ZZ", "UK", "é", "12"] {
            assert_eq!(text.parse::<Region>(), Err(NotARegion), "{text}");
        }
    }
}
