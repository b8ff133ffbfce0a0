//! The ids of what a step publishes for a delivery.

use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::incoming::Incoming;
use super::settings::Ids;
use crate::component::{add_text, finish};

/// The ids are derived from this.
const NAMESPACE: Uuid = Uuid::from_u128(0x0f5c_4b8e_7d0d_4b0a_9d53_6b1e_52a7_c0de);

/// One of the things that a step publishes for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// A result, by its place among the results, from 0.
    Result(u32),
    /// The answer over HTTP.
    HttpReply,
    /// The snapshot that a trigger leaves for its next run.
    Snapshot,
    /// The error, for whoever waits for an answer.
    ErrorReply,
    /// The error.
    Error,
}

impl Which {
    /// Its number. What is no result has one that no result gets to.
    const fn number(self) -> u32 {
        match self {
            Self::Result(place) => place,
            Self::HttpReply => u32::MAX - 3,
            Self::Snapshot => u32::MAX - 2,
            Self::ErrorReply => u32::MAX - 1,
            Self::Error => u32::MAX,
        }
    }

    /// Its id: the same whenever the message comes again, if that can be told. Else it is of this
    /// delivery alone: the next step must not take equal messages for one.
    pub fn id(self, step: &Ids, incoming: &Incoming) -> Uuid {
        let mut hash = Context::new(&SHA256);
        let message = incoming.ids.message.as_deref().unwrap_or_default();
        for text in [step.flow.as_str(), &step.step, message] {
            add_text(&mut hash, text);
        }
        hash.update(&incoming.raw.payload);
        hash.update(&self.number().to_be_bytes());
        if let Some(mark) = incoming.mark() {
            hash.update(mark.as_bytes());
        }
        Uuid::new_v5(&NAMESPACE, &finish(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::super::cipher::Cipher;
    use super::super::incoming::tests::{long, properties};
    use super::super::settings::InputFormat;
    use super::super::settings::tests::settings;
    use super::*;

    fn delivered(header: (&str, &str)) -> Incoming {
        let payload = br#"{"body":{"num":"33680010203"}}"#.to_vec();
        let properties = properties(&[("protocolVersion", long("2")), (header.0, long(header.1))]);
        let plain = Cipher::new(None, None).unwrap();
        Incoming::decode(payload, properties, &plain, InputFormat::Default).unwrap()
    }

    /// The next step recognises by its id what comes out twice, also when another version of this step
    /// publishes it the second time.
    #[test]
    fn ids_stay_as_they_are() {
        let ids = settings(&[]).ids;
        let named = delivered(("messageId", "m-1"));
        for (which, id) in [
            (Which::Result(0), "b727e865-5f3b-5991-a8f0-fe2b1ebf1ba8"),
            (Which::Result(1), "d2fd7ba8-423d-5f44-89a1-7699f6cb0c01"),
            (Which::HttpReply, "6ddd1e07-9903-5c62-896d-aed50c9c81de"),
            (Which::Snapshot, "5392ffbe-ecd8-5661-ae42-571bde492d7c"),
            (Which::ErrorReply, "81a759bf-58e5-5cb4-a137-bafe9837e057"),
            (Which::Error, "25baf316-4426-5a46-bfdb-5ae784e57b69"),
        ] {
            assert_eq!(which.id(&ids, &named).to_string(), id, "{which:?}");
        }
        let copy = delivered(("reboundId", "01936f7e-5c1b-7a60-8f3e-2b6f0a9d4c11"));
        let id = Which::Result(0).id(&ids, &copy).to_string();
        assert_eq!(id, "54aa77bd-b4c2-5201-bca4-a931140ecdb5");
    }
}
