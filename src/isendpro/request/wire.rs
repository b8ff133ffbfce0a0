//! How the API writes values that are not text.

use serde::{Serialize, Serializer};

/// The constant `"1"` that several operations insist on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct One;

impl Serialize for One {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("1")
    }
}

/// A flag that is `"1"` when set; unset ones are left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn one<S: Serializer>(_set: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("1")
}

/// A flag that is the number 1 when set; unset ones are left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn number_one<S: Serializer>(_set: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(1)
}

/// A number that the API wants as text.
#[allow(clippy::ref_option, reason = "serde asks for a reference")]
pub fn text<S: Serializer, T: ToString>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_str(&value.to_string()),
        None => serializer.serialize_none(),
    }
}

/// Whether a flag is unset.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub fn is_unset(set: &bool) -> bool {
    !set
}
