//! Workers that are stopped, or cut off, while another one does what they had begun. Then somebody
//! believes what they said.

use std::time::Duration;

use super::api::feed_again;
use super::ends::post_retries;
use super::messages::{BLACKLISTED, Messages};
use super::network::{Network, Server};
use super::row::{BULK, Fault, IN_FLIGHT, fault, step};
use super::soak::slow::Slow;
use super::stage::{Stage, pause, soon, until};
use super::store::REDIS;

/// Faults of workers that others have overtaken.
pub const FAULTS: &[Fault] = &[
    // Each message that the second one has in hand has up to two requests, and the first one is at it.
    fault("worker stopped while it waits for a claim", 0..=2 * IN_FLIGHT, waiting).stores(REDIS),
    fault("worker stopped while it waits for its rate", 0..=2 * IN_FLIGHT, slow_rate).stores(REDIS),
    fault("API says 429, worker stopped in the pause", 0..=2 * IN_FLIGHT, pausing).stores(REDIS),
    step("network gone for 40 s after an answer", 0..=IN_FLIGHT, cut_off).steps(REDIS).shapes(BULK),
];

/// The first worker's answers do not come. The second one waits for what becomes of them, and is stopped.
fn waiting(stage: &mut Stage) {
    stage.once_per_id(Messages::with_ids(stage.shape));
    let way = Slow::to(stage.host());
    let first = stage.run().server(&format!("http://{}/cgi-bin", way.address)).start();
    stage.reached(0.3);
    way.hold_all(true);
    let failed = stage.file("failed");
    let second = stage.run().args(&["--failed", failed.to_str().unwrap()]).start();
    until("the second worker has told what the first one knows", || {
        let told: Vec<_> = stage.outputs().iter().map(|it| it.lines().count()).collect();
        told[0] > 0 && told[0] <= told[1]
    });
    let asked = scripts(stage);
    until("it asks again and again", || scripts(stage) > asked + 2 * IN_FLIGHT);
    second.stop();
    way.hold_all(false);
    first.ended();
    believe(stage, &failed);
}

/// How many scripts the journal was asked to run.
fn scripts(stage: &mut Stage) -> usize {
    let stats = stage.journal.redis().command(&["INFO", "commandstats"]);
    let calls = stats.split_once("cmdstat_evalsha:calls=").unwrap().1;
    calls.split(',').next().unwrap().parse().unwrap()
}

/// The second worker's requests are answered by 429. While it waits, the first one sends them.
fn pausing(stage: &mut Stage) {
    stage.once_per_id(Messages::with_ids(stage.shape));
    let failed = stage.file("failed");
    let mut first = stage.bare_run().start();
    let mut second = stage.bare_run().args(&["--failed", failed.to_str().unwrap()]).start();
    stage.fail("status429", None, 1, IN_FLIGHT);
    second.feed(&stage.messages.lines[..IN_FLIGHT]);
    stage.failed();
    first.feed(&stage.messages.lines);
    // The pause is a second. What the first worker had not sent, it might send after the second one's
    // word, which is true when it is said. That many requests would not do: one may wait for its claim.
    let common = &stage.messages.things[..IN_FLIGHT * stage.shape.recipients()];
    let taken = common.len() - common.len() / BLACKLISTED;
    until("the first worker has sent all of them", || stage.arrived(common) >= taken);
    second.stop();
    first.ended();
    believe(stage, &failed);
}

/// The second worker has looked at all of its messages, and sends one a second. The first one sends them
/// meanwhile.
fn slow_rate(stage: &mut Stage) {
    stage.once_per_id(Messages::with_ids(stage.shape));
    let failed = stage.file("failed");
    let mut first = stage.bare_run().start();
    let slow = stage.bare_run().args(&["--rate", "1", "--failed", failed.to_str().unwrap()]);
    let mut second = slow.start();
    second.feed(&stage.messages.lines[..IN_FLIGHT]);
    until("the second worker waits for its second message", || stage.requests() > 1);
    first.feed(&stage.messages.lines);
    until("the first worker has sent others", || stage.requests() > IN_FLIGHT as u64 / 2);
    second.stop();
    first.ended();
    believe(stage, &failed);
}

/// What the second worker says to be safe is sent, by a run that knows of no ids.
fn believe(stage: &mut Stage, failed: &std::path::Path) {
    stage.as_if_new();
    feed_again(stage, failed, &stage.outputs()[1]);
}

/// A worker cannot record its answers, and others get its messages once its lease has run out. Then the
/// broker hears of it again, and for a while the journal does not.
fn cut_off(stage: &mut Stage) {
    const GONE: Duration = Duration::from_secs(40);
    const LATER: Duration = Duration::from_secs(30);
    let redis = stage.journal.redis().port();
    let mut network = Network::to(stage.flow().queues().uri(), redis, stage.host());
    network.hold(Server::Api, GONE);
    let first = stage.run().broker(network.broker()).journal(&network.journal());
    let mut first = first.server(&network.api()).start();
    until("all that it sends first is taken", || stage.requests() == IN_FLIGHT as u64);
    network.cut(Server::Broker, GONE);
    network.cut(Server::Redis, GONE + LATER);
    network.release(Server::Api);
    // The answers arrive.
    pause(Duration::from_millis(100));
    network.cut(Server::Api, GONE);
    let second = stage.run().start();
    pause(GONE);
    network.mend();
    // What it tells is told by then, or never.
    if !soon(LATER, || first.has_ended().is_some()) {
        first.signal("TERM");
    }
    until("it ends", || first.has_ended().is_some());
    network.heal();
    second.ended();
    if post_retries(stage) {
        stage.finish();
    }
}
