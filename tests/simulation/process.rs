//! A process that may die at any moment at which it waits, or stand still for a while.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use crate::world::{Process, World};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Died,
    Ended,
}

/// A process: all that it does is in one future. It is dropped to kill it, and not polled to stop it.
pub struct Fragile {
    world: Arc<World>,
    process: Process,
    inner: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// At which poll from now on.
    dies: Option<u64>,
    stops: Option<(u64, Duration)>,
    stopped: Option<Pin<Box<Sleep>>>,
}

impl Fragile {
    pub fn new(
        world: &Arc<World>,
        process: Process,
        inner: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let dies = world.strikes(|it| it.crash).then(|| world.lock().dice.between(2, 60));
        let stops = world.strikes(|it| it.pause).then(|| {
            let at = world.lock().dice.between(2, 60);
            (at, world.between(1_000, 70_000))
        });
        Self {
            world: Arc::clone(world),
            process,
            inner: Box::pin(inner),
            dies,
            stops,
            stopped: None,
        }
    }
}

/// Whether this poll is the one that was drawn.
fn is_due(at: &mut u64) -> bool {
    *at = at.saturating_sub(1);
    *at == 0
}

impl Future for Fragile {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        let Self { world, process, inner, dies, stops, stopped } = &mut *self;
        if let Some(sleep) = stopped {
            ready!(sleep.as_mut().poll(context));
            *stopped = None;
            world.shakes(*process);
            world.say(|| format!("process {process} goes on"));
        }
        if dies.as_mut().is_some_and(is_due) && world.is_troubled() {
            world.say(|| format!("process {process} dies"));
            return Poll::Ready(End::Died);
        }
        if let Some((at, time)) = stops
            && is_due(at)
            && world.is_troubled()
        {
            let time = *time;
            *stops = None;
            world.shakes(*process);
            world.say(|| format!("process {process} stands still for {:.0} s", time.as_secs_f64()));
            let mut sleep = Box::pin(tokio::time::sleep(time));
            assert!(sleep.as_mut().poll(context).is_pending(), "it has just begun");
            *stopped = Some(sleep);
            return Poll::Pending;
        }
        inner.as_mut().poll(context).map(|()| End::Ended)
    }
}
