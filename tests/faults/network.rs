//! The ways of one worker to its broker, its journal and its API. Each can be cut, or fall silent, for a
//! while.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::proxy::Gate;
use super::soak::slow::Slow;

/// What a worker needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Broker,
    Redis,
    Api,
}

/// All of them.
pub const SERVERS: [Server; 3] = [Server::Broker, Server::Redis, Server::Api];

/// All ways of one worker.
pub struct Network {
    ways: [Way; 3],
    broker: String,
}

struct Way {
    slow: Slow,
    gate: Gate,
    /// Until when it is closed.
    closed: Option<Instant>,
    /// Until when its answers are held.
    held: Option<Instant>,
}

impl Network {
    /// Open ways to these: the broker's address, and the hosts and ports of the others.
    pub fn to(broker: &str, redis: u16, api: SocketAddr) -> Self {
        let host = broker.split(['@', '/']).nth(3).unwrap();
        let redis = SocketAddr::from(([127, 0, 0, 1], redis));
        let ways = [host.parse().unwrap(), redis, api].map(Way::to);
        let broker = broker.replace(host, &ways[0].gate.address().to_string());
        Self { ways, broker }
    }

    /// The broker's address.
    pub fn broker(&self) -> &str {
        &self.broker
    }

    /// The journal's address.
    pub fn journal(&self) -> String {
        format!("redis://{}", self.ways[1].gate.address())
    }

    /// The API's address.
    pub fn api(&self) -> String {
        self.ways[2].gate.url()
    }

    /// Cuts the connections to a server, and refuses new ones for so long.
    pub fn cut(&mut self, server: Server, time: Duration) {
        let way = &mut self.ways[server as usize];
        if way.closed.is_none() {
            way.gate.close();
        }
        way.closed = way.closed.max(Some(Instant::now() + time));
    }

    /// Holds what a server says for so long.
    pub fn hold(&mut self, server: Server, time: Duration) {
        let way = &mut self.ways[server as usize];
        way.slow.hold_all(true);
        way.held = way.held.max(Some(Instant::now() + time));
    }

    /// Lets go what a server said.
    pub fn release(&mut self, server: Server) {
        let way = &mut self.ways[server as usize];
        way.held = None;
        way.slow.hold_all(false);
    }

    /// Mends what has been broken for long enough.
    pub fn mend(&mut self) {
        let now = Instant::now();
        for way in &mut self.ways {
            if way.closed.take_if(|it| *it <= now).is_some() {
                way.gate.open();
            }
            if way.held.take_if(|it| *it <= now).is_some() {
                way.slow.hold_all(false);
            }
        }
    }

    /// Mends all that is broken.
    pub fn heal(&mut self) {
        let now = Instant::now();
        for way in &mut self.ways {
            way.closed = way.closed.map(|_| now);
            way.held = way.held.map(|_| now);
        }
        self.mend();
    }
}

impl Way {
    fn to(server: SocketAddr) -> Self {
        let slow = Slow::to(server);
        let gate = Gate::to(slow.address);
        Self { slow, gate, closed: None, held: None }
    }
}
