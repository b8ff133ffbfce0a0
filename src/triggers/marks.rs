//! What was seen, told apart by the first 48 bits of a hash: sets of them, as small as can be. Of a
//! hundred thousand, one that is new is taken for one of them once in three thousand million times.

use crate::component::{Error, Kind, ResultId, Store};

/// Bytes of a mark.
const BYTES: usize = 6;
/// Most marks that fit into a snapshot, with what else is in it.
pub const IN_SNAPSHOT: usize = 550;

/// Most rows of a list that can be compared with what was seen: 16 bytes of memory each, twice while
/// they grow, in a worker of 256 MB.
const MOST_ROWS: usize = 3_000_000;

/// Whether there is room for one more row.
///
/// # Errors
/// There is none.
pub fn room_for_one_more(rows: usize) -> Result<(), Error> {
    if rows < MOST_ROWS {
        return Ok(());
    }
    let said = format!("the list has more than {MOST_ROWS} rows, too many to be compared");
    Err(Error::new(Kind::Unusable, said).hint("get it whole with getCampagne or getListeNoire"))
}

/// The mark of a result.
pub fn of(id: ResultId) -> u64 {
    id.0.iter().take(BYTES).fold(0, |mark, byte| mark << 8 | u64::from(*byte))
}

/// The largest mark.
pub const MOST: u64 = (1 << (8 * BYTES)) - 1;

/// Marks as bytes.
pub fn bytes(marks: &[u64]) -> Vec<u8> {
    marks.iter().flat_map(|it| it.to_be_bytes().into_iter().skip(8 - BYTES)).collect()
}

/// The marks that these bytes hold; none if they hold something else.
pub fn read(bytes: &[u8]) -> Option<Vec<u64>> {
    let mark = |it: &[u8]| it.iter().fold(0, |mark, byte| mark << 8 | u64::from(*byte));
    bytes.len().is_multiple_of(BYTES).then(|| bytes.chunks(BYTES).map(mark).collect())
}

/// The marks that a store holds; none if it has lost them, or if there is no store.
///
/// # Errors
/// When the store cannot be asked.
pub async fn load(store: Option<&Store>) -> Result<Option<Vec<u64>>, Error> {
    let Some(store) = store else { return Ok(None) };
    Ok(store.load().await?.and_then(|it| read(&it)))
}

/// Marks as text, for snapshots.
pub mod text {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes them.
    pub fn serialize<S: Serializer>(marks: &[u64], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD_NO_PAD.encode(super::bytes(marks)))
    }

    /// Reads them.
    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<u64>, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = STANDARD_NO_PAD.decode(text).ok();
        bytes.and_then(|it| super::read(&it)).ok_or_else(|| D::Error::custom("no list of hashes"))
    }
}
