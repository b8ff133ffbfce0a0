//! A way to a broker that loses one confirmation: the broker has taken what was published, and whoever
//! published it sees the connection end before hearing so.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The way. It goes on until the test ends.
pub struct Lossy {
    uri: String,
    lost: Arc<AtomicBool>,
}

/// What goes wrong on it, once.
#[derive(Clone)]
struct Loss {
    key: Arc<[u8]>,
    lost: Arc<AtomicBool>,
}

impl Lossy {
    /// A way to the broker at this address that loses the confirmation of the first publication with
    /// this routing key.
    pub fn to(uri: &str, key: &str) -> Self {
        let server = uri.split(['@', '/']).nth(3).unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let loss = Loss { key: key.as_bytes().into(), lost: Arc::default() };
        let way = Self { uri: uri.replace(&server, &here), lost: Arc::clone(&loss.lost) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                loss.clone().watch(client, server);
            }
        });
        way
    }

    /// The broker's address on this way.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether a confirmation was lost.
    pub fn has_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Loss {
    /// Passes on what goes over a connection, until the next answer is the confirmation to be lost.
    fn watch(self, client: TcpStream, server: TcpStream) {
        let published = Arc::new(AtomicBool::new(false));
        let (seen, its) = (Arc::clone(&published), self.clone());
        let (asking, asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            pass(&asking, &asked, |bytes| {
                let is_it = bytes.windows(its.key.len()).any(|it| it == &*its.key);
                if is_it && !its.lost.load(Ordering::SeqCst) {
                    seen.store(true, Ordering::SeqCst);
                }
                true
            });
        });
        thread::spawn(move || {
            pass(&server, &client, |_| {
                let goes_on = !published.load(Ordering::SeqCst);
                self.lost.fetch_or(!goes_on, Ordering::SeqCst);
                goes_on
            });
        });
    }
}

/// Passes on what comes, as long as `look` lets it; then both ends see the connection end.
fn pass(mut from: &TcpStream, mut to: &TcpStream, look: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !look(&buffer[..read]) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
