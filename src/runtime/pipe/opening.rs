//! The beginning of an input, looked at before any of it is carried.

use std::io::{self, Seek as _, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use tempfile::{SpooledData, SpooledTempFile};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt as _, BufReader, ReadBuf};

use super::lines::{Line, Lines};
use super::reading::Read;
use crate::component::{Message, Progress, Seal};
use crate::delivery::{Place, Sequence};

/// Bytes that are kept in memory; what is more goes to a temporary file.
const IN_MEMORY: usize = 4 * 1024 * 1024;

/// An input that can be read twice.
pub type Input = Box<dyn AsyncBufRead + Send + Unpin>;

/// An input whose beginning is looked at. What was read of it comes again.
pub struct Opening<R> {
    lines: Lines<Tee<R>>,
    sequence: Sequence,
    first: Option<First>,
}

/// The first message of an input, or the first line, if that is none.
pub struct First {
    /// The message.
    pub message: Option<Message>,
    /// Its place.
    pub place: Place,
}

impl<R: AsyncBufRead + Send + Unpin + 'static> Opening<R> {
    /// Begins to read. `line_limit`: most bytes of a line. `former`: whether the journal may be one
    /// of the first; `seal` is its own.
    pub fn new(input: R, line_limit: usize, former: bool, seal: Seal) -> Self {
        let tee = Tee { input, spool: SpooledTempFile::new(IN_MEMORY), ahead: 0 };
        let sequence = Sequence::new(former, seal);
        Self { lines: Lines::new(tee, line_limit), sequence, first: None }
    }

    /// The first message; `None` when there is none, or nothing can be read. To be asked for before anything else.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub async fn first(&mut self) -> io::Result<Option<&First>> {
        if self.first.is_none()
            && let Some((read, place)) = self.next().await?
        {
            let message = read.message.and_then(Result::ok);
            self.first = Some(First { message, place });
        }
        Ok(self.first.as_ref())
    }

    /// Whether the input begins with what a run has read so far.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub async fn begins_with(&mut self, progress: Progress) -> io::Result<bool> {
        let mut reached = self.first().await?.map(|it| it.place.progress).unwrap_or_default();
        while reached.read < progress.read {
            match self.next().await? {
                Some((_, place)) => reached = place.progress,
                None => return Ok(false),
            }
        }
        Ok(reached == progress)
    }

    async fn next(&mut self) -> io::Result<Option<(Read, Place)>> {
        let Some((_, line)) = self.lines.next().await? else { return Ok(None) };
        if matches!(line, Line::Wrong(_)) {
            return Ok(None);
        }
        let read = Read::of(line);
        let place = self.sequence.place(read.reading());
        Ok(Some((read, place)))
    }

    /// The whole input, from its beginning.
    ///
    /// # Errors
    /// When what was read cannot be read again.
    pub fn again(self) -> io::Result<Input> {
        let Tee { mut input, mut spool, ahead } = self.lines.into_inner();
        // It is in the spool already.
        Pin::new(&mut input).consume(ahead);
        spool.rewind()?;
        Ok(match spool.into_inner() {
            SpooledData::InMemory(bytes) => Box::new(BufReader::new(bytes.chain(input))),
            SpooledData::OnDisk(file) => {
                Box::new(BufReader::new(tokio::fs::File::from_std(file).chain(input)))
            }
        })
    }
}

/// Keeps a copy of what is read.
#[derive(Debug)]
struct Tee<R> {
    input: R,
    spool: SpooledTempFile,
    /// Bytes that are in the spool, and in the input's buffer still.
    ahead: usize,
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Tee<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let Self { input, spool, ahead } = self.get_mut();
        let filled = std::task::ready!(Pin::new(input).poll_fill_buf(context))?;
        spool.write_all(filled.get(*ahead..).unwrap_or_default())?;
        *ahead = filled.len();
        Poll::Ready(Ok(filled))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let Self { input, ahead, .. } = self.get_mut();
        *ahead = ahead.saturating_sub(amount);
        Pin::new(input).consume(amount);
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Tee<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = std::task::ready!(self.as_mut().poll_fill_buf(context))?;
        let amount = filled.len().min(buffer.remaining());
        buffer.put_slice(&filled[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &[u8] =
        b"\xef\xbb\xbf{\"num\":\"1\"}\n\n{\"num\":\"2\"}\nno message\n{\"num\":\"3\"}";

    fn opening(input: &'static [u8]) -> Opening<BufReader<&'static [u8]>> {
        // Lines lie across the ends of the buffer.
        Opening::new(BufReader::with_capacity(5, input), 100, false, Seal::default())
    }

    async fn progress(messages: u64) -> Progress {
        let mut opening = opening(INPUT);
        let mut reached = opening.first().await.unwrap().unwrap().place.progress;
        while reached.read < messages {
            reached = opening.next().await.unwrap().unwrap().1.progress;
        }
        reached
    }

    #[tokio::test]
    async fn whatever_was_looked_at_comes_again() {
        for messages in 0..=4 {
            let mut opening = opening(INPUT);
            if messages > 0 {
                assert!(opening.begins_with(progress(messages).await).await.unwrap());
            }
            let mut all = Vec::new();
            opening.again().unwrap().read_to_end(&mut all).await.unwrap();
            assert_eq!(all, INPUT, "{messages}");
        }
    }

    #[tokio::test]
    async fn other_input_and_shorter_input_are_told_apart() {
        for other in [
            &b"{\"num\":\"1\"}\n{\"num\":\"2\"}\n"[..],
            b"{\"num\":\"1\"}\n{\"num\":\"2\"}\nno messag",
            b"{\"num\":\"1\"}\n{\"num\":\"3\"}\nno message\n",
            b"no message\n{\"num\":\"2\"}\n{\"num\":\"1\"}\n",
            b"",
        ] {
            assert!(!opening(other).begins_with(progress(3).await).await.unwrap());
        }
        let same = b"{ \"num\" : \"1\" }\n{\"num\":\"2\"}\nno message\n{\"num\":\"4\"}\n";
        assert!(opening(same).begins_with(progress(3).await).await.unwrap());
        assert!(opening(b"").first().await.unwrap().is_none());
    }
}
