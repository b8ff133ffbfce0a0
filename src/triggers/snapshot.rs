//! Snapshots, as triggers write and read them: each says of which version it is.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::component::{Error, Kind, SNAPSHOT_BYTES};

/// The version that is written and read here.
const VERSION: u64 = 1;

/// What the last run left; none at the first run.
///
/// # Errors
/// When it is of another version, or no snapshot of this trigger. It stays as it is.
pub fn read<T: DeserializeOwned>(snapshot: &Value) -> Result<Option<T>, Error> {
    if snapshot.is_null() || snapshot.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let refused = |what: String| {
        Error::config("snapshot", what).hint(
            "nothing was asked for and nothing is lost; use the version of the connector that wrote \
             it, or reset the step's snapshot to begin anew",
        )
    };
    match snapshot.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            let said = format!("is of version {other}; this connector knows version {VERSION}");
            return Err(refused(said));
        }
        None => return Err(refused("is none of this trigger".to_owned())),
    }
    // serde's own words could quote what is in it.
    let read = serde_json::from_value(snapshot.clone()).map(Some);
    read.map_err(|_| refused("is none of this trigger, or damaged".to_owned()))
}

/// A snapshot for the next run.
///
/// # Errors
/// When it is larger than platforms take, which is a defect of the trigger.
pub fn write<T: Serialize>(what: &T) -> Result<Value, Error> {
    let failed = |it: String| Error::new(Kind::Internal, format!("writing the snapshot: {it}"));
    let mut snapshot = serde_json::to_value(what).map_err(|it| failed(it.to_string()))?;
    snapshot["version"] = VERSION.into();
    let size = snapshot.to_string().len();
    if size > SNAPSHOT_BYTES {
        return Err(failed(format!("it has {size} bytes, and platforms keep {SNAPSHOT_BYTES}")));
    }
    Ok(snapshot)
}

/// Instants, as text.
pub mod instant {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes one.
    pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    /// Reads one.
    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| D::Error::custom("no instant"))
    }
}
