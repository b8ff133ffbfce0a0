//! The broker's frames, each passed on as it comes, but for those that describe a message.

use super::content::{cut, emptied, four};

/// Bytes before a frame's payload: its kind, its channel, and the length of the payload.
const HEAD: usize = 7;
/// Kinds of frames.
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const HEARTBEAT: u8 = 8;

/// Most bytes of the properties of a message. RabbitMQ lets through 128 KB unless it is told otherwise.
const MOST_BYTES: usize = 1024 * 1024;

/// Most bytes of a method. Those that come with messages have less than 800, a broker's greeting some
/// hundred. A greeting has a table, which the client reads with a call for each level as well.
const MOST_OF_METHOD: usize = 2048;

/// A kind of frame that there is not: the client ends the connection at it.
const NO_KIND: u8 = 0;

/// What has come so far.
#[derive(Default)]
pub struct Frames {
    /// The beginning of a frame that is looked at, or of any.
    held: Vec<u8>,
    /// Bytes of the frame that are still to come.
    left: u64,
    state: State,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum State {
    /// At the head of a frame.
    #[default]
    Head,
    /// In a frame that is passed on as it comes.
    Passing,
    /// In one that is looked at once it is there.
    Holding,
    /// What comes is no AMQP; the client says so.
    Foreign,
}

impl Frames {
    /// Takes bytes of the broker, and gives those that may be parsed.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let wanted = match self.state {
                State::Head => (HEAD - self.held.len()) as u64,
                State::Passing | State::Holding => self.left,
                State::Foreign => u64::MAX,
            };
            let length = usize::try_from(wanted).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(length);
            bytes = later;
            self.left = self.left.saturating_sub(now.len() as u64);
            match self.state {
                State::Head => self.begin(now, out),
                State::Foreign => out.extend_from_slice(now),
                State::Passing => {
                    out.extend_from_slice(now);
                    self.end_if_whole();
                }
                State::Holding => self.hold(now, out),
            }
        }
    }

    fn begin(&mut self, now: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(now);
        let Some(&[kind, _, _, length @ ..]) = self.held.first_chunk::<HEAD>() else { return };
        let length = u32::from_be_bytes(length);
        self.left = u64::from(length) + 1;
        self.state = match kind {
            HEADER => State::Holding,
            METHOD if length as usize > MOST_OF_METHOD => {
                self.held[0] = NO_KIND;
                State::Foreign
            }
            METHOD..=HEARTBEAT => State::Passing,
            _ => State::Foreign,
        };
        if self.state != State::Holding {
            out.append(&mut self.held);
        }
    }

    fn hold(&mut self, now: &[u8], out: &mut Vec<u8>) {
        let room = (HEAD + MOST_BYTES).saturating_sub(self.held.len());
        // Of what is too large only the beginning is needed, and the byte that ends it.
        self.held.extend_from_slice(&now[..now.len().min(room)]);
        if self.left > 0 {
            return;
        }
        let whole = frame_length(&self.held) == self.held.len();
        header(&mut self.held, whole);
        out.append(&mut self.held);
        self.end_if_whole();
    }

    fn end_if_whole(&mut self) {
        if self.left == 0 {
            self.state = State::Head;
        }
    }
}

/// The bytes that a frame has by its head.
fn frame_length(frame: &[u8]) -> usize {
    let length = frame[3..].first_chunk().map_or(0, |it| u32::from_be_bytes(*it));
    HEAD + length as usize + 1
}

/// Cuts the properties of a message in its frame, where they have to be.
fn header(frame: &mut Vec<u8>, whole: bool) {
    let payload = &frame[HEAD..];
    let cut = if whole {
        // The client refuses frames that are larger than agreed: none may grow beyond that.
        let most = payload.len().max(SMALLEST_FRAME);
        cut(&payload[..payload.len() - 1], most)
    } else {
        emptied(payload)
    };
    if let Some(cut) = cut {
        frame.truncate(3);
        frame.extend_from_slice(&four(cut.len()));
        frame.extend_from_slice(&cut);
        frame.push(END);
    }
}

/// What any client and any broker agree on at least.
const SMALLEST_FRAME: usize = 4096 - HEAD - 1;
/// The last byte of a frame.
const END: u8 = 0xCE;

#[cfg(test)]
mod tests;
