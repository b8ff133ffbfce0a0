//! Engines: reading a configuration takes longer than a world, so each thread does it once for each shape.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{Config, Session};
use isendpro_connector::delivery::{Engine, Stop};
use isendpro_connector::isendpro::{Client, KeyId};
use serde_json::{Value, json};

use crate::api::Wire;
use crate::plan::{EMITS, Shape};

thread_local! {
    static SESSION: Session = session();
    static MADE: RefCell<Vec<(Shape, Engine)>> = const { RefCell::new(Vec::new()) };
}

/// An engine of this shape for a process that begins.
pub fn engine(shape: Shape, stop: Stop) -> Engine {
    MADE.with_borrow_mut(|made| {
        if let Some((_, engine)) = made.iter().find(|it| it.0 == shape) {
            return engine.anew(stop);
        }
        let engine = make(shape);
        let anew = engine.anew(stop);
        made.push((shape, engine));
        anew
    })
}

fn session() -> Session {
    let client = Client::builder().server("https://isendpro.invalid").network(Arc::new(Wire));
    Session::new(client.build().unwrap(), KeyId::new("a key of the simulation").unwrap())
}

fn make(shape: Shape) -> Engine {
    let settings = json!({
        "kind": "transactional",
        "giveUpAfter": shape.gives_up,
        "batchSize": shape.batch.max(1),
        "emitBehaviour": EMITS[usize::from(shape.emits)],
    });
    let Value::Object(mut settings) = settings else { unreachable!() };
    let name = if shape.batch == 0 { "sendSms" } else { "sendSmsMulti" };
    if shape.batch == 0 {
        settings.remove("batchSize");
        settings.remove("emitBehaviour");
    }
    let handler = COMPONENT.handler(name).unwrap();
    let (_, stop) = Stop::new();
    let session = SESSION.with(Clone::clone);
    Engine::over(session, handler, &Config::new(settings), Duration::ZERO, stop).unwrap()
}
