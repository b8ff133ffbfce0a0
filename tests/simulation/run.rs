//! A run of the pipe: the same command with the same input, until each message has a final word.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use isendpro_connector::component::{BoxFuture, Emit, Error, Message, Scope};
use isendpro_connector::delivery::{Engine, Memory, Reading, Stop};
use serde_json::{Value, json};

use crate::book::Word;
use crate::engines::engine;
use crate::plan::Host;
use crate::process::{End, Fragile};
use crate::store::Owned;
use crate::world::{Process, World};

/// By how much the clocks of two machines may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);
/// How often the command is given, at most.
const TIMES: usize = 100;

/// Gives the command until the run is over.
pub async fn carry(world: &Arc<World>) {
    for times in 0..TIMES {
        let process = world.process();
        world.say(|| format!("process {process} begins the run"));
        let serving = serve(Arc::clone(world), process, times > 0);
        let end = Fragile::new(world, process, serving).await;
        world.buries(process);
        if end == End::Ended && !ask_again(world) && is_over(world) {
            return;
        }
        let pause = world.between(1_000, 15_000);
        world.lock().is_hasty = pause < CLOCKS_DIFFER;
        tokio::time::sleep(pause).await;
    }
}

/// Whether each message has a final word.
fn is_over(world: &World) -> bool {
    let inner = world.lock();
    let book = &inner.book;
    let last = |place| book.words(place).last().map(|it| it.word);
    let is_final = |word| matches!(word, Some(Word::Accepted | Word::Refused | Word::Unknown));
    let mut all = (0..book.messages.len())
        .flat_map(|message| book.messages[message].slots.iter().map(move |slot| (message, *slot)));
    all.all(|place| is_final(last(place)))
}

/// Somebody puts `resend` to some of what is in doubt, once.
fn ask_again(world: &World) -> bool {
    let mut inner = world.lock();
    let mut asks = false;
    for message in 0..inner.book.messages.len() {
        let is_in_doubt = inner.book.messages[message].slots.iter().any(|slot| {
            inner.book.words((message, *slot)).last().is_some_and(|it| it.word == Word::Unknown)
        });
        if is_in_doubt
            && !inner.book.asked.contains(&message)
            && inner.dice.strikes(world.plan.resends)
        {
            inner.book.asked.insert(message);
            asks = true;
        }
    }
    asks
}

/// One run.
async fn serve(world: Arc<World>, process: Process, is_resumed: bool) {
    let (stopper, stop) = Stop::new();
    let journal = Owned::open(&world, process).expect("a run of the simulation has a journal");
    let scope = Scope([7; 16]);
    let memory = match world.plan.host {
        Host::Ids => Memory::of_ids(Arc::clone(&journal) as _, scope),
        _ => Memory::of_run(Arc::clone(&journal) as _, scope, is_resumed),
    };
    let engine = engine(world.plan.shape, stop.clone()).memory(memory);
    let halting = async {
        if world.strikes(|it| it.stop) {
            world.nap(100, 60_000).await;
            world.say(|| format!("process {process} is told to stop"));
            world.shakes(process);
            stopper.stop();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = read(&world, process, &engine, &stop) => {}
        () = journal.keep() => {}
        () = halting => {}
    }
    journal.close();
}

async fn read(world: &Arc<World>, process: Process, engine: &Engine, stop: &Stop) {
    let mut carrying = FuturesUnordered::new();
    let count = world.lock().book.messages.len();
    let mut next = 0;
    loop {
        while next < count && carrying.len() < world.plan.prefetch && !stop.wanted() {
            let message = Message::new(line(world, next));
            let place = engine.place(Reading::Message(&message));
            let number = next;
            next += 1;
            carrying.push(async move {
                world.hold(process, number);
                let out = Out { world, message: number, process };
                let verdict = engine.handle_in_turn(message, place, &out, None).await;
                if let Some(error) = verdict.error {
                    world.tell_error(number, &error, &format!("process {process}"));
                }
                world.release(process, number);
                verdict.account.is_some()
            });
        }
        match carrying.next().await {
            // The account is refused: nothing more is read.
            Some(true) => next = count,
            Some(false) => {}
            None => return,
        }
    }
}

/// A line of the input.
fn line(world: &World, place: usize) -> Value {
    let inner = world.lock();
    let message = &inner.book.messages[place];
    let mut body = message.body.clone();
    if inner.book.asked.contains(&place) {
        body["resend"] = true.into();
    }
    match &message.id {
        Some(id) => json!({"id": id, "body": body}),
        None => body,
    }
}

struct Out<'a> {
    world: &'a Arc<World>,
    message: usize,
    process: Process,
}

impl Emit for Out<'_> {
    fn emit(&self, result: Value) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.world.tell(self.message, &result, &format!("process {}", self.process));
            Ok(())
        })
    }
}
