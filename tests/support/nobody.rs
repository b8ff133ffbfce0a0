//! An address where nobody listens.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// An address where nobody listens, nor will while the second value lives. Its port is below those that
/// the system gives to clients: one of these would now and then be connected to itself.
pub fn nobody() -> (String, TcpSocket) {
    let start = RandomState::new().hash_one(0);
    let ports = (0..12_000).map(|it| 20_000 + ((start + it) % 12_000) as u16);
    let mut held = ports.filter_map(|port| {
        let (address, socket) =
            (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), TcpSocket::new_v4());
        let socket = socket.unwrap();
        socket.bind(address).ok()?;
        Some((format!("http://{address}/cgi-bin"), socket))
    });
    held.next().unwrap()
}
