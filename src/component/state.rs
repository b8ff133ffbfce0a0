//! What a trigger remembers beside its snapshot, when that is too small for it.

use std::sync::Arc;

use super::{BoxFuture, Error};

/// A store of bytes by name, which outlives the process.
pub trait State: Send + Sync {
    /// What was saved last under this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>>;

    /// Saves this in place of what was there. Durable once it returns.
    ///
    /// # Errors
    /// When it cannot be written: what was there before stays.
    fn save<'a>(&'a self, name: &'a str, bytes: Vec<u8>) -> BoxFuture<'a, Result<(), Error>>;
}

/// One trigger's place in a store.
#[derive(Clone)]
pub struct Store {
    state: Arc<dyn State>,
    name: String,
    /// What it was called before.
    former: Option<String>,
}

impl Store {
    /// The place of this name.
    pub fn new(state: Arc<dyn State>, name: impl Into<String>) -> Self {
        Self { state, name: name.into(), former: None }
    }

    /// Where the place had another name before: read while nothing was saved under the new one.
    #[must_use]
    pub fn formerly(self, name: impl Into<String>) -> Self {
        Self { former: Some(name.into()), ..self }
    }

    /// What was saved last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(&self) -> Result<Option<Vec<u8>>, Error> {
        let saved = self.state.load(&self.name).await?;
        match (saved, &self.former) {
            (None, Some(former)) => self.state.load(former).await,
            (saved, _) => Ok(saved),
        }
    }

    /// Saves this in place of what was there. Durable once it returns.
    ///
    /// # Errors
    /// When it cannot be written: what was there before stays.
    pub async fn save(&self, bytes: Vec<u8>) -> Result<(), Error> {
        self.state.save(&self.name, bytes).await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("name", &self.name).finish_non_exhaustive()
    }
}
