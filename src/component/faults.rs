//! Points at which the fault suite (`scripts/test faults`) makes this process die, panic or fail.
//! Without the feature `faults`, which no release has, a point is nothing.
//!
//! The environment variable `ISENDPRO_FAULT` is `POINT:N:WHAT`. At the N-th passing of that point,
//! `abort` ends the process as a crash does, and `panic` panics; `fail` fails a disk that is full, or
//! knows no locks, and from then on each time.

/// Passes a point.
#[cfg(not(feature = "faults"))]
#[inline]
pub const fn point(_: &str) {}

/// Passes a point at which a disk may be full.
///
/// # Errors
/// When it is.
#[cfg(not(feature = "faults"))]
#[inline]
#[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
pub const fn disk(_: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "faults")]
pub use armed::{disk, point};

#[cfg(feature = "faults")]
mod armed {
    use std::io;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Fault {
        point: String,
        at: u64,
        what: String,
        passed: AtomicU64,
    }

    static FAULT: LazyLock<Option<Fault>> = LazyLock::new(|| {
        let text = std::env::var("ISENDPRO_FAULT").ok()?;
        let mut fields = text.split(':');
        let (point, at, what) = (fields.next()?, fields.next()?, fields.next()?);
        let at = at.parse().ok()?;
        Some(Fault { point: point.to_owned(), at, what: what.to_owned(), passed: 0.into() })
    });

    /// Passes a point.
    ///
    /// # Panics
    /// When that is the fault.
    pub fn point(name: &str) {
        disk(name).ok();
    }

    /// Passes a point at which a disk may be full.
    ///
    /// # Errors
    /// When it is.
    ///
    /// # Panics
    /// When that is the fault.
    pub fn disk(name: &str) -> io::Result<()> {
        let Some(fault) = FAULT.as_ref().filter(|it| it.point == name) else { return Ok(()) };
        let passing = 1 + fault.passed.fetch_add(1, Ordering::Relaxed);
        match fault.what.as_str() {
            "abort" if passing == fault.at => std::process::abort(),
            "panic" if passing == fault.at => panic!("a fault of the suite, at {name}"),
            "fail" if passing >= fault.at => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}
