//! One world, from its seed to what came of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::book::{Message, Slot};
use crate::breaks::Break;
use crate::dice::Dice;
use crate::plan::{Host, Plan};
use crate::process::{End, Fragile};
use crate::verdict::{Broken, Kind, judge};
use crate::world::World;
use crate::{run, step};

/// A world that has not come to its end by then never does.
const HORIZON: Duration = Duration::from_secs(4 * 3600);

/// What came of a world.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    pub broken: Vec<Broken>,
    pub story: Vec<String>,
    pub messages: usize,
    pub sms: usize,
    pub unknown: usize,
}

/// Plays the world of this seed.
pub fn play(seed: u64, broken: Option<Break>, telling: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let outcome = runtime.block_on(live(seed, broken, telling));
    World::end();
    outcome
}

async fn live(seed: u64, broken: Option<Break>, telling: bool) -> Outcome {
    // Waits are drawn out at random.
    fastrand::seed(seed);
    let mut dice = Dice::new(seed);
    let plan = Plan::draw(&mut dice);
    let world = World::begin(plan, dice, broken, telling);
    world.say(|| format!("{:?}", world.plan));
    write(&world);
    let is_over = match world.plan.host {
        Host::Step => work(&world).await,
        Host::Run | Host::Ids => {
            let carried = tokio::time::timeout(HORIZON, run::carry(&world)).await;
            carried.is_ok()
        }
    };
    let mut broken = judge(&world);
    if !is_over {
        broken.push((Kind::Stuck, "something waits for ever".to_owned()));
    }
    broken.sort();
    for (kind, what) in &broken {
        world.say(|| format!("{kind:?}: {what}"));
    }
    let inner = world.lock();
    let book = &inner.book;
    let words = book.said.values().flatten();
    Outcome {
        broken,
        messages: book.messages.len(),
        sms: book.taken.values().map(Vec::len).sum(),
        unknown: words.filter(|it| it.word == crate::book::Word::Unknown).count(),
        story: world.story(),
    }
}

/// Lets the workers of a step work until all is quiet. False if that never is.
async fn work(world: &Arc<World>) -> bool {
    for _ in 0..world.plan.workers {
        tokio::spawn(worker(Arc::clone(world)));
    }
    let messages = world.lock().book.messages.len();
    for message in 0..messages {
        let most = u64::try_from(world.plan.trouble.as_millis()).unwrap() / 2;
        let wait = world.between(0, most);
        world.later(wait, move |world| world.post(message, false));
    }
    while world.now() < HORIZON {
        tokio::time::sleep(Duration::from_secs(2)).await;
        if !world.is_troubled() && world.is_quiet() {
            return true;
        }
    }
    false
}

/// A worker, which is begun again whenever it ends.
async fn worker(world: Arc<World>) {
    loop {
        let process = world.process();
        world.say(|| format!("process {process} begins"));
        let serving = step::serve(Arc::clone(&world), process);
        let end = Fragile::new(&world, process, serving).await;
        world.buries(process);
        world.say(|| format!("process {process} is gone"));
        match end {
            End::Ended => world.cut(process),
            // Until the broker hears of it.
            End::Died => {
                let wait = world.between(0, 20_000);
                world.later(wait, move |world| world.cut(process));
            }
        }
        world.nap(2_000, 10_000).await;
    }
}

/// Writes the messages of a world.
fn write(world: &World) {
    for _ in 0..world.plan.messages {
        let mut inner = world.lock();
        let name = inner.book.next_name();
        let is_bulk = world.plan.shape.batch > 0;
        let recipients = if is_bulk { inner.dice.between(1, 5) } else { 1 };
        let has_texts = is_bulk && inner.dice.draw(2) == 0;
        let common = format!("text of {name}");
        let (mut slots, mut listed): (Vec<usize>, Vec<Value>) = (Vec::new(), Vec::new());
        for place in 0..recipients {
            // Once more what came before, or another text to the same number.
            let before = if place > 0 { inner.dice.draw(6) } else { 2 };
            let last = slots.last().map(|it| inner.book.slots[*it].clone());
            let slot = match (before, last) {
                (0, Some(last)) => last,
                (1, Some(last)) if has_texts => {
                    Slot { text: format!("text {place} of {name}"), ..last }
                }
                _ => {
                    let tel = format!("3368001{:04}", inner.book.slots.len() + 1);
                    let text =
                        if has_texts { format!("text {place} of {name}") } else { common.clone() };
                    let refuses = inner.dice.draw(10) == 0;
                    let code = inner.dice.pick(&[11, 21]);
                    Slot { tel, text, refused: refuses.then_some(code) }
                }
            };
            let mut recipient = json!({"num": format!("0{}", &slot.tel[2..]), "tracker": name});
            if has_texts || !is_bulk {
                recipient["sms"] = slot.text.as_str().into();
            }
            let known = inner.book.slot(&slot.tel, &slot.text);
            slots.push(known.unwrap_or_else(|| inner.book.add_slot(slot)));
            listed.push(recipient);
        }
        let mut body = if is_bulk { json!({"recipients": listed}) } else { listed.remove(0) };
        if is_bulk && !has_texts {
            body["sms"] = common.into();
        }
        // A journal tells messages apart by an id around them or a reference in them. Without either
        // each delivery is another message, to a step.
        let how = if world.plan.host == Host::Ids { 1 } else { inner.dice.draw(8) };
        if how == 2 || how == 3 {
            body["reference"] = format!("reference {name}").into();
        }
        let id = (how != 0 && how != 2).then(|| format!("id-{name}"));
        let message = Message { name, id, body, slots, posted: Duration::ZERO };
        inner.book.add_message(message);
    }
}
