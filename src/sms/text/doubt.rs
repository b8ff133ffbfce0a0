//! What a text has that its author hardly wanted to send: places of a template that nothing was put
//! in, and HTML. Such a text is sent all the same: now and then it is what was meant.

use std::fmt;

mod html;
mod unfilled;

/// Something in a text that was hardly meant to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A place of a template without a value, or what a program writes for none.
    Unfilled(String),
    /// An entity or a tag of HTML.
    Html(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfilled(place) => {
                write!(f, "`{place}` looks like a place that was not filled in")
            }
            Self::Html(code) => {
                write!(f, "`{code}` looks like HTML, which an SMS shows as it stands")
            }
        }
    }
}

/// The first of each kind in a text.
pub fn doubts(text: &str) -> Vec<Doubt> {
    let unfilled = unfilled::first(text).map(|it| Doubt::Unfilled(it.to_owned()));
    let html = html::first(text).map(|it| Doubt::Html(it.to_owned()));
    unfilled.into_iter().chain(html).collect()
}

/// Where something begins within the first bytes of a text: a text of nothing but `<` must not take
/// the square of its length.
fn find_near(text: &str, what: &str) -> Option<usize> {
    const NEAR: usize = 200;
    let near = &text.as_bytes()[..text.len().min(NEAR)];
    near.windows(what.len()).position(|it| it == what.as_bytes())
}

#[cfg(test)]
mod tests;
