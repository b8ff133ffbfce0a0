//! A network that is made up: below it is no connection, and above it everything is real. The simulation
//! has one (feature `simulation`); no release does.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::{Client, Request, Response};

use super::Failure;
use super::connection::Connections;
use super::transport::{Lost, SILENT};

/// Takes requests in place of a server.
pub trait Network: fmt::Debug + Send + Sync {
    /// Carries one request out, and answers.
    fn carry(&self, request: Request) -> Carried<'_>;
}

/// An answer to wait for.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Response, Cut>> + Send + 'a>>;

/// Where a connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the request left.
    Before,
    /// When some of it had left.
    After,
}

/// A network, and what stands in for its connections.
#[derive(Debug, Clone)]
pub(super) struct MadeUp {
    network: Arc<dyn Network>,
    pub http: Client,
}

impl MadeUp {
    /// Of this network.
    ///
    /// # Errors
    /// When no client can be made.
    pub(super) fn new(network: Arc<dyn Network>, over: &Connections) -> Result<Self, Failure> {
        Ok(Self { network, http: over.client()? })
    }

    /// Makes a request, within the time that it has.
    pub(super) async fn execute(&self, request: Request) -> Result<Response, Lost> {
        let limit = request.timeout().copied();
        let carried = self.network.carry(request);
        let answered = match limit {
            Some(limit) => tokio::time::timeout(limit, carried).await,
            None => Ok(carried.await),
        };
        match answered {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(Cut::Before)) => {
                let failure = Failure::new("no connection: made up");
                Err(Lost::Before(Failure { unreached: true, ..failure }))
            }
            Ok(Err(Cut::After)) => {
                Err(Lost::After(Failure::new("the connection broke before the answer: made up")))
            }
            Err(_) => Err(Lost::After(Failure::new(SILENT))),
        }
    }
}
