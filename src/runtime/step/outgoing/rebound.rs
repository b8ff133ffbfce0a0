//! Messages that are put off: published as they came, to come again later.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::publication::{Kind, Publication, without_its_user};
use super::{Outgoing, short, unpublishable};
use crate::backoff::Backoff;
use crate::component::Error;
use crate::runtime::step::headers::{Headers, REBOUND_ID, REBOUNDS};

/// Longest expiration that RabbitMQ takes: seven weeks.
const LONGEST_WAIT: Duration = Duration::from_millis(4_294_967_295);

/// Most bytes of a reason in a header; all headers have to fit into one frame.
const LONGEST_REASON: usize = 1024;

impl Outgoing<'_> {
    /// The number of the next rebound of this message, from 1; none if it was put off often enough.
    pub fn next_rebound(&self) -> Option<u32> {
        let next = self.incoming?.rebounds.checked_add(1)?;
        (next <= self.settings.rebound.limit).then_some(next)
    }

    /// For how long a message that is put off for the n-th time waits: twice as long each time.
    pub fn wait(&self, iteration: u32) -> Duration {
        Backoff::new(self.settings.rebound.initial, LONGEST_WAIT).wait(iteration.saturating_sub(1))
    }

    /// The message as it came, to come again later.
    ///
    /// # Errors
    /// There is no message.
    pub fn rebound(&self, reason: &str, iteration: u32) -> Result<Publication, Error> {
        let nothing = || unpublishable("there is no message to put off");
        let incoming = self.incoming.ok_or_else(nothing)?;
        let raw = &incoming.raw;
        let mut headers = Headers::of(raw.properties.headers().as_ref());
        headers.forget_the_way();
        headers.moment("end", Timestamp::now());
        headers.text("reboundReason", beginning(reason, LONGEST_REASON));
        headers.number(REBOUNDS, iteration.into());
        let id = incoming.put_off_id().unwrap_or_else(Uuid::now_v7);
        headers.text(REBOUND_ID, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        let wait = self.wait(iteration).as_millis();
        let properties = without_its_user(&raw.properties)
            .with_headers(headers.into())
            .with_expiration(short(&wait.to_string())?)
            .with_delivery_mode(self.delivery_mode(Kind::Rebound));
        Ok(Publication {
            routing_key: short(&self.broker.rebound_key)?,
            payload: raw.payload.clone(),
            properties,
            mandatory: true,
            kind: Kind::Rebound,
        })
    }
}

/// As much of a text as fits into so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|it| text.is_char_boundary(*it));
    &text[..end.unwrap_or_default()]
}
