//! How payloads are hidden from the broker: AES-256-CBC, with one key and one IV for a whole flow.
//!
//! The protocol asks for no more: it protects neither against changes nor against comparison.

use std::borrow::Cow;
use std::fmt;

use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
use aes::{Aes256Dec, Aes256Enc};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest::{SHA256, digest};

use crate::component::{Error, Kind};

const BLOCK: usize = 16;

/// What peers accept: base64 of any padding, and with bits left over at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// How an encrypted payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// In base64.
    V1,
    /// As the bytes that they are.
    V2,
}

impl Protocol {
    /// Its number, as the header `protocolVersion` says it.
    pub const fn number(self) -> i64 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// A payload as the first protocol writes it. Text that is in base64 already is not copied.
    pub fn in_base64(self, payload: &[u8]) -> Cow<'_, str> {
        match (self, std::str::from_utf8(payload)) {
            (Self::V1, Ok(text)) => text.into(),
            _ => STANDARD.encode(payload).into(),
        }
    }
}

/// Encrypts and decrypts payloads; without a password it leaves them readable.
#[derive(Clone)]
pub struct Cipher(Option<Box<Keys>>);

#[derive(Clone)]
struct Keys {
    lock: Aes256Enc,
    unlock: Aes256Dec,
    iv: [u8; BLOCK],
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Cipher(AES-256-CBC)" } else { "Cipher(none)" })
    }
}

impl Cipher {
    /// The cipher of a flow. The key is the SHA-256 of the password, the IV the bytes of its text.
    ///
    /// # Errors
    /// An empty password, or an IV that is not of 16 bytes.
    pub fn new(password: Option<&str>, iv: Option<&str>) -> Result<Self, Error> {
        let Some(password) = password else { return Ok(Self(None)) };
        if password.is_empty() {
            return Err(Error::new(Kind::Config, "the password of the cipher is empty"));
        }
        let iv = iv.unwrap_or_default().as_bytes().try_into().map_err(|_| {
            Error::new(Kind::Config, "the initialisation vector must be exactly 16 bytes")
        })?;
        let key = digest(&SHA256, password.as_bytes());
        let broken = |_| Error::new(Kind::Internal, "the key of the cipher has a wrong length");
        let lock = Aes256Enc::new_from_slice(key.as_ref()).map_err(broken)?;
        let unlock = Aes256Dec::new_from_slice(key.as_ref()).map_err(broken)?;
        Ok(Self(Some(Box::new(Keys { lock, unlock, iv }))))
    }

    /// Whether payloads are hidden at all.
    pub fn encrypts(&self) -> bool {
        self.0.is_some()
    }

    /// Encrypts a copy of `plain`.
    pub fn encrypt(&self, plain: &[u8], protocol: Protocol) -> Vec<u8> {
        let mut copy = Vec::with_capacity(plain.len() + BLOCK);
        copy.extend_from_slice(plain);
        self.seal(copy, protocol)
    }

    /// Encrypts in place, without a copy for the second protocol.
    pub fn seal(&self, mut payload: Vec<u8>, protocol: Protocol) -> Vec<u8> {
        if let Some(keys) = &self.0 {
            let length = payload.len();
            payload.resize(length + BLOCK - length % BLOCK, 0);
            let encryptor = cbc::Encryptor::inner_iv_init(&keys.lock, &keys.iv.into());
            let sealed = encryptor.encrypt_padded::<Pkcs7>(&mut payload, length);
            debug_assert!(sealed.is_ok(), "there is room for the padding");
        }
        match protocol {
            Protocol::V1 => STANDARD.encode(payload).into_bytes(),
            Protocol::V2 => payload,
        }
    }

    /// Decrypts a payload and reads it.
    ///
    /// Whoever may publish must not learn from an error what their bytes were decrypted to: one who does
    /// reads the messages of others. So there is one error for all that cannot be opened, and the same
    /// work is done until it is known: bytes of a wrong padding are read, too. What is left is how soon
    /// `read` gives up, which is microseconds.
    ///
    /// # Errors
    /// It cannot be decrypted, or read. Without a password: what `read` says.
    pub fn open<T>(
        &self,
        payload: &[u8],
        protocol: Protocol,
        read: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut bytes = match protocol {
            Protocol::V1 => from_base64(payload),
            Protocol::V2 => payload.to_vec(),
        };
        let Some(keys) = &self.0 else { return read(&bytes) };
        let whole = bytes.len() - bytes.len() % BLOCK;
        let decryptor = cbc::Decryptor::inner_iv_init(&keys.unlock, &keys.iv.into());
        let decrypted = decryptor.decrypt_padded::<NoPadding>(&mut bytes[..whole]).is_ok();
        let padding = padding(&bytes).filter(|_| decrypted && whole == bytes.len());
        let read = read(&bytes[..bytes.len() - padding.unwrap_or(0)]);
        match (padding, read) {
            (Some(_), Ok(read)) => Ok(read),
            _ => Err(locked()),
        }
    }
}

/// How many bytes fill the last block, if they are what PKCS #7 says. All of the block is looked at.
fn padding(bytes: &[u8]) -> Option<usize> {
    let block: &[u8; BLOCK] = bytes.last_chunk()?;
    let length = block[BLOCK - 1];
    let wrong = block
        .iter()
        .rev()
        .zip(0..)
        .fold(0, |wrong, (byte, place)| wrong | (u8::from(place < length) * (byte ^ length)));
    let length = usize::from(length);
    (wrong == 0 && (1..=BLOCK).contains(&length)).then_some(length)
}

fn locked() -> Error {
    let said = "the message cannot be decrypted, or is no message";
    Error::new(Kind::Invalid, said).in_own_words().hint(
        "encrypt a message as JSON with ELASTICIO_MESSAGE_CRYPTO_PASSWORD and \
         ELASTICIO_MESSAGE_CRYPTO_IV of this step, or start the step without them; the sender is not \
         answered, so that nobody can find out by trying what others have written",
    )
}

/// Reads base64 as Node does: the URL-safe letters too, and whatever is no letter is skipped.
fn from_base64(text: &[u8]) -> Vec<u8> {
    LENIENT.decode(text).unwrap_or_else(|_| {
        let letter = |it: &u8| match *it {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            it if it.is_ascii_alphanumeric() || b"+/".contains(&it) => Some(it),
            _ => None,
        };
        let mut letters: Vec<u8> =
            text.iter().take_while(|it| **it != b'=').filter_map(letter).collect();
        if letters.len() % 4 == 1 {
            letters.pop();
        }
        LENIENT.decode(letters).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests;
