//! Where it is remembered what was sent. A store implements [`crate::component::Journal`].

mod none;

pub use none::NoJournal;
