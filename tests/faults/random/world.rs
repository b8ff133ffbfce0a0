//! All that a seed plays on: two steps, each with a queue and two workers, and what happens to them.

use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use isendpro_connector::simulator::{Options, Simulator, start};
use tempfile::TempDir;

use super::Args;
use super::book::{Book, Given, NEW};
use super::person::{Person, body};
use super::schedule::{self, Due, Event};
use super::verdict::Verdict;
use super::worker::Place;
use crate::flow::Flow;
use crate::messages::Shape;
use crate::network::{Network, SERVERS, Server};
use crate::queues::{Message, Queue};
use crate::rabbit::Rabbit;
use crate::redis::Redis;
use crate::soak::clock::{Clock, Dice};
use crate::soak::traffic;
use crate::soak::trouble::Trouble;
use crate::stage::{pause, runtime};

/// How long the API takes to answer.
const LATENCY: Duration = Duration::from_millis(250);
/// Between two looks at everything.
const TICK: Duration = Duration::from_millis(25);
/// How long all may take to be told of once nothing is broken any more: leases that run out, what waits
/// to come back, and what comes of what was returned.
const REST: Duration = Duration::from_secs(240);
/// How long nothing may be said before all is said.
const QUIET: Duration = Duration::from_secs(8);
/// How long what was not sent is tried, in minutes: short, so that much of it is returned.
const GIVE_UP: &str = "0.02";
/// Workers of a step.
const WORKERS: usize = 2;
/// The most recipients.
const MOST: usize = 200_000;

/// A step.
struct Step {
    shape: Shape,
    flow: Rc<Flow>,
    said: Receiver<(Queue, Message)>,
}

/// What a seed plays on.
pub struct World {
    time: Duration,
    seed: u64,
    dice: Dice,
    api: Simulator,
    steps: Vec<Step>,
    places: Vec<Place>,
    events: std::iter::Peekable<std::vec::IntoIter<Due>>,
    trouble: Option<Trouble>,
    person: Person,
    book: Book,
    clock: Clock,
    /// When each step gets its next message.
    next: [Duration; 2],
    recipients: usize,
    messages: usize,
    folder: TempDir,
    /// These two end after the workers, and so stand last.
    _redis: Redis,
    _rabbit: Rabbit,
}

impl World {
    /// Everything runs, and nothing is given yet.
    pub fn new(args: &Args, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let time = Duration::from_secs_f64(args.minutes * 60.0);
        let options = Options { latency: LATENCY, price: 0.0, ..Options::default() };
        let api = runtime().block_on(start(options)).unwrap();
        traffic::blacklist(api.address(), MOST / 10);
        let (rabbit, redis, folder) =
            (Rabbit::start(), Redis::start(), tempfile::tempdir().unwrap());
        let steps: Vec<_> = [Shape::Bulk, Shape::Single]
            .into_iter()
            .map(|it| Step::new(it, &args.binary, &rabbit.uri()))
            .collect();
        let trouble = Trouble::with_answers(api.address(), dice.other());
        let mut places = Vec::new();
        for step in &steps {
            for number in 1..=WORKERS {
                let network = Network::to(&rabbit.uri(), redis.port(), api.address());
                places.push(Place::new(number, step.shape, &step.flow, network, folder.path()));
            }
        }
        let person = Person::new(dice.other());
        let events = schedule::draw(&mut dice.other(), places.len(), time).into_iter().peekable();
        Self {
            time,
            seed,
            dice,
            api,
            steps,
            places,
            events,
            trouble: Some(trouble),
            person,
            book: Book::default(),
            clock: Clock::start(),
            next: [Duration::ZERO; 2],
            recipients: 0,
            messages: 0,
            folder,
            _redis: redis,
            _rabbit: rabbit,
        }
    }

    /// Plays it to its end.
    pub fn play(mut self) -> Verdict {
        self.clock = Clock::start();
        while self.clock.elapsed() < self.time {
            self.give();
            while let Some(due) = self.events.next_if(|it| it.at <= self.clock.elapsed()) {
                self.happen(due);
            }
            self.places.iter_mut().for_each(|it| it.network.mend());
            self.turn();
        }
        self.book.note("nothing goes wrong any more".to_owned());
        self.places.iter_mut().for_each(|it| it.network.heal());
        let trouble = self.trouble.take().map(Trouble::end).unwrap_or_default();
        self.rest();
        Verdict::new(self.seed, trouble, &self.book, &self.api.sent(), self.folder.path())
    }

    /// Waits until nobody has anything more to say, and ends the workers. What they leave is carried by
    /// others.
    fn rest(&mut self) {
        let began = Instant::now();
        loop {
            let (mut quiet, mut heard) = (Instant::now(), self.book.said.len());
            while (self.is_busy() || quiet.elapsed() < QUIET) && began.elapsed() < REST {
                self.turn();
                if heard != self.book.said.len() {
                    (quiet, heard) = (Instant::now(), self.book.said.len());
                }
            }
            self.stop();
            let left = self.steps.iter().any(|it| it.flow.is_waiting());
            if !left && !self.is_busy() || began.elapsed() >= REST {
                return;
            }
        }
    }

    fn stop(&mut self) {
        for place in &mut self.places {
            place.end("TERM", Duration::from_secs(3600));
        }
        while self.places.iter_mut().any(Place::is_running) {
            for place in &mut self.places {
                if let Some(what) = place.deadline_passes() {
                    self.book.note(what);
                }
            }
            self.gather();
            pause(TICK);
        }
        pause(Duration::from_secs(1));
        self.gather();
        self.places.iter_mut().for_each(Place::may_start);
    }

    fn is_busy(&self) -> bool {
        self.person.is_busy()
            || self.book.silent() > 0
            || self.steps.iter().any(|it| it.flow.is_waiting())
    }

    /// What happens all the time.
    fn turn(&mut self) {
        for place in &mut self.places {
            if let Some(what) = place.mind() {
                self.book.note(what);
            }
        }
        for given in self.person.acts() {
            self.post(given);
        }
        self.gather();
        if self.clock.says() {
            let (given, silent) = (self.book.given.len(), self.book.silent());
            let (posted, clock) = (self.person.posted(), &self.clock);
            eprintln!("{clock}  given {given}  of which again {posted}  not told yet {silent}");
        }
        pause(TICK);
    }

    fn gather(&mut self) {
        for step in &self.steps {
            while let Ok((queue, message)) = step.said.try_recv() {
                let headers = message.headers();
                let text = |name: &str| headers[name].as_str().unwrap().to_owned();
                let (at, line) = step.flow.read(queue, &message);
                let (id, line) = (text("parentMessageId"), serde_json::from_str(&line).unwrap());
                self.book.say(&id, &line, at, &text("containerId"));
                self.person.read(&self.book, &id, &line);
            }
        }
    }

    /// Gives what is due: three messages a second to each step.
    fn give(&mut self) {
        for place in 0..self.steps.len() {
            while self.next[place] <= self.clock.elapsed() {
                self.next[place] += Duration::from_millis(100 + self.dice.draw(500));
                let shape = self.steps[place].shape;
                let several = 6 + usize::try_from(self.dice.draw(11)).unwrap();
                let nums = if shape == Shape::Bulk { several } else { 1 };
                let named = self.dice.draw(2) == 0;
                let nums: Vec<_> =
                    (self.recipients..self.recipients + nums).map(traffic::number).collect();
                self.recipients += nums.len();
                self.messages += 1;
                let number = self.messages;
                let reference = named.then(|| format!("order {number}"));
                let body = body(&nums, &format!("n {number}"), reference);
                let (id, tracker) = (format!("m-{number}"), format!("m{number}"));
                self.post(Given::new(id, tracker, shape, body, NEW.to_owned()));
            }
        }
    }

    fn post(&mut self, given: Given) {
        let step = self.steps.iter().find(|it| it.shape == given.shape).unwrap();
        let (id, body) = (given.id.clone(), given.body.clone());
        let flow = Rc::clone(&step.flow);
        self.book.give(given);
        flow.post(&id, &body);
    }

    fn happen(&mut self, Due { worker, event, .. }: Due) {
        let place = &mut self.places[worker];
        let process = place.process();
        let what = match event {
            Event::Cut(server, time) => {
                place.network.cut(server, time);
                format!("{process} is cut off from {server:?} for {time:?}")
            }
            Event::Gone(time) => {
                for server in SERVERS {
                    place.network.cut(server, time);
                }
                format!("{process} is cut off from everything for {time:?}")
            }
            Event::Silence(server, time) => {
                place.network.hold(server, time);
                format!("{process} hears nothing from {server:?} for {time:?}")
            }
            Event::NoRedis(time) => {
                self.places.iter_mut().for_each(|it| it.network.cut(Server::Redis, time));
                format!("nobody reaches Redis for {time:?}")
            }
            Event::Kill(wait) if place.end("KILL", wait) => format!("{process} gets SIGKILL"),
            Event::Stop(wait) if place.end("TERM", wait) => format!("{process} gets SIGTERM"),
            Event::Kill(_) | Event::Stop(_) => return,
        };
        self.book.note(what);
    }
}

impl Step {
    fn new(shape: Shape, binary: &Path, broker: &str) -> Self {
        let flow = Flow::of(binary);
        flow.use_broker(broker);
        flow.field("giveUpAfter", GIVE_UP);
        let (sender, said) = channel();
        for queue in [Queue::Data, Queue::Error] {
            flow.queues().follow(queue, sender.clone());
        }
        Self { shape, flow, said }
    }
}
