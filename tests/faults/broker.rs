//! A broker that goes, and connections to it that break. Only a step has one.

use std::time::Duration;

use super::cable::{Break, Cable, READ, WRITE};
use super::messages::MESSAGES;
use super::row::{Fault, IN_FLIGHT, step};
use super::stage::{Stage, pause};
use super::store::{ALONE, REDIS};

/// How many messages may be on their way to the step when its connection breaks. They are delivered
/// again, and without a journal nobody knows that they never arrived. All others it has.
const ON_ITS_WAY: usize = IN_FLIGHT / 2;

/// Faults of the broker.
pub const FAULTS: &[Fault] = &[
    step("read connection cut, twice", 0..=0, |it| cut(it, &[READ])).blind(0..=2 * ON_ITS_WAY),
    step("write connection cut, twice", 0..=0, |it| cut(it, &[WRITE])),
    step("both connections cut, twice", 0..=0, |it| cut(it, &[READ, WRITE]))
        .blind(0..=2 * ON_ITS_WAY),
    step("read connection falls silent", 0..=0, |it| fall_silent(it, &[READ]))
        .steps(ALONE)
        .blind(0..=ON_ITS_WAY),
    step("write connection falls silent", 0..=0, |it| fall_silent(it, &[WRITE])).steps(ALONE),
    step("broker restarted", 0..=0, |it| gone(it, Duration::ZERO))
        .steps(ALONE)
        .blind(0..=ON_ITS_WAY),
    // It says of every message that it may have been delivered before.
    step("broker killed -9, started again", 0..=0, killed).steps(ALONE).blind(0..=MESSAGES),
    step("broker gone for 60 s", 0..=0, |it| gone(it, Duration::from_secs(60))).steps(REDIS),
];

fn cut(stage: &mut Stage, names: &[&'static str]) {
    let cable = Cable::to(stage.flow().queues().uri());
    let running = stage.run().broker(cable.uri()).start();
    for share in [0.3, 0.6] {
        stage.reached(share);
        for name in names {
            cable.order(name, Break::Cut);
        }
    }
    running.ended();
}

/// Only the heartbeat tells.
fn fall_silent(stage: &mut Stage, names: &[&'static str]) {
    let cable = Cable::to(stage.flow().queues().uri());
    let running = stage.run().broker(&format!("{}?heartbeat=2", cable.uri())).start();
    stage.reached(0.5);
    for name in names {
        cable.order(name, Break::Silence);
    }
    running.ended();
}

fn gone(stage: &mut Stage, time: Duration) {
    stage.flow().own_broker();
    let running = stage.run().start();
    stage.reached(0.5);
    stage.flow().rabbit().stop();
    pause(time);
    stage.flow().rabbit().restart();
    running.ended();
}

fn killed(stage: &mut Stage) {
    stage.flow().own_broker();
    let running = stage.run().start();
    stage.reached(0.5);
    stage.flow().rabbit().kill();
    stage.flow().rabbit().restart();
    running.ended();
}
