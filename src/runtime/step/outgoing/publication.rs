//! A message ready for the broker, and what may still be done to it.

use lapin::BasicProperties;
use lapin::protocol::basic::gen_properties;
use lapin::types::ShortString;

use crate::runtime::step::headers::{Headers, REBOUND_REPEATED};

/// Bytes of a header frame around the properties: type, channel, size, class, weight, size of the body,
/// end.
const FRAME_AROUND: usize = 20;

/// What is published, for limits and retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A result.
    Data,
    /// An error.
    Error,
    /// An answer to whoever waits for one.
    Reply,
    /// What a trigger leaves for its next run.
    Snapshot,
    /// A message that is put off.
    Rebound,
}

impl Kind {
    /// The kind in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Error => "error",
            Self::Reply => "reply",
            Self::Snapshot => "snapshot",
            Self::Rebound => "rebound",
        }
    }
}

/// A message ready for the broker.
#[derive(Clone, PartialEq)]
pub struct Publication {
    /// Where it goes.
    pub routing_key: ShortString,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Its properties and headers.
    pub properties: BasicProperties,
    /// Whether the broker has to give it back when no queue wants it.
    pub mandatory: bool,
    /// What it is.
    pub kind: Kind,
}

impl Publication {
    /// Says of a message that is put off that the broker may have taken it already. Then two copies
    /// come back, and the broker says of neither that it was delivered before.
    pub fn repeat(&mut self) {
        if self.kind == Kind::Rebound {
            let mut headers = Headers::of(self.properties.headers().as_ref());
            headers.flag(REBOUND_REPEATED, true);
            self.properties = std::mem::take(&mut self.properties).with_headers(headers.into());
        }
    }

    /// Bytes of the frame that its properties and headers go in.
    pub fn header_size(&self) -> usize {
        let properties = gen_properties(&self.properties)(Vec::with_capacity(1024).into());
        properties.map_or(usize::MAX, |it| it.into_inner().0.len() + FRAME_AROUND)
    }

    /// Leaves out the headers that came in with the message and went through, and others that are
    /// long. False if nothing is left out: of a message that is put off, nothing may be.
    pub fn lighten(&mut self) -> bool {
        if self.kind == Kind::Rebound {
            return false;
        }
        let mut headers = Headers::of(self.properties.headers().as_ref());
        let is_lighter = headers.lighten();
        self.properties = std::mem::take(&mut self.properties).with_headers(headers.into());
        is_lighter
    }

    /// Whether it says so.
    pub fn is_repeated(&self) -> bool {
        let headers = self.properties.headers().as_ref();
        headers.is_some_and(|it| it.inner().contains_key(REBOUND_REPEATED))
    }
}

impl std::fmt::Debug for Publication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("kind", &self.kind)
            .field("routing_key", &self.routing_key)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// These properties without the user who published the message: the broker takes no other's name than
/// that of who is connected.
pub(super) fn without_its_user(of: &BasicProperties) -> BasicProperties {
    if of.user_id().is_none() {
        return of.clone();
    }
    macro_rules! copied {
        ($($name:ident $with:ident),*) => {{
            let mut properties = BasicProperties::default();
            $(if let Some(value) = of.$name().clone() {
                properties = properties.$with(value);
            })*
            properties
        }};
    }
    copied!(
        content_type with_content_type,
        content_encoding with_content_encoding,
        headers with_headers,
        delivery_mode with_delivery_mode,
        priority with_priority,
        correlation_id with_correlation_id,
        reply_to with_reply_to,
        expiration with_expiration,
        message_id with_message_id,
        timestamp with_timestamp,
        kind with_type,
        app_id with_app_id,
        cluster_id with_cluster_id
    )
}
