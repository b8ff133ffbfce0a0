//! An answer belongs to its request: none is taken for that of another message, whenever it comes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use isendpro_connector::component::Kind;
use serde_json::{Value, json};

use super::operations::Op;
use super::run::Step;

const YES: &str = r#"{"etat":{"etat":[{"code":"0","tel":"0680010203","message":"accept"}]}}"#;
const OTHERS: &str = r#"{"etat":{"etat":[{"code":"0","tel":"0699999999","message":"accept"}]}}"#;

/// An answer after which the connection stays open.
fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: keep-alive\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// One connection, as the server sees it.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Which connection of the server it is, from 0.
    place: usize,
    go: Arc<Mutex<Receiver<()>>>,
    done: Sender<()>,
}

impl Line {
    /// Reads one request to its end; false when there is none.
    fn request(&mut self) -> bool {
        loop {
            let text = String::from_utf8_lossy(&self.buffer).to_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |it| it.trim().parse().unwrap()) {
                    self.buffer.clear();
                    return true;
                }
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) | Err(_) => return false,
                Ok(count) => self.buffer.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// Says this in one segment; false when nobody hears it.
    fn say(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    /// Waits until the test lets it go on.
    fn wait(&self) {
        self.go.lock().unwrap().recv().unwrap();
    }

    /// Tells the test that it is done with what it was let go for.
    fn done(&self) {
        self.done.send(()).unwrap();
    }
}

/// A bare TCP server that does the same on each connection.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    go: Sender<()>,
    done: Receiver<()>,
}

impl Server {
    fn new(serve: impl Fn(&mut Line) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let ((go, wait), (tell, done)) = (channel(), channel());
        let (count, wait, serve) =
            (Arc::clone(&connections), Arc::new(Mutex::new(wait)), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                let place = count.fetch_add(1, SeqCst);
                let (go, done, serve) = (Arc::clone(&wait), tell.clone(), Arc::clone(&serve));
                let mut line = Line { stream, buffer: Vec::new(), place, go, done };
                std::thread::spawn(move || serve(&mut line));
            }
        });
        Self { port, connections, go, done }
    }

    fn step(&self, settings: Value) -> Step {
        Step::new("sendSms", &format!("http://127.0.0.1:{}/cgi-bin", self.port), settings)
    }

    fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Lets the server say what it has held back, and waits until that has left.
    fn let_go(&self) {
        self.go.send(()).unwrap();
        self.done.recv().unwrap();
    }
}

fn message() -> Value {
    Op::of("sendSms").message()
}

/// The second message, which the server never answers: whoever is told that it was accepted was told
/// by the answer to the first.
async fn second_is_unknown(step: &Step, what: &str) {
    let ran = step.run(message()).await;
    assert!(ran.results.is_empty(), "{what}: {ran:#?}");
    assert_eq!(ran.error().kind, Kind::Unknown, "{what}");
}

#[tokio::test]
async fn a_late_answer_finds_its_connection_closed() {
    let server = Server::new(|line| {
        if line.request() && line.place == 0 {
            line.wait();
            line.say(&answer("200 OK", YES));
            line.done();
            line.request();
        }
    });
    let step = server.step(json!({"connectTimeout": 1, "callTimeout": 2}));
    assert_eq!(step.run(message()).await.error().kind, Kind::Unknown);
    server.let_go();
    second_is_unknown(&step, "late").await;
    assert_eq!(server.connections(), 2);
}

/// What a gateway says that has lost patience, or anything else that is not the API's last word.
const NOT_THE_LAST_WORD: [(&str, &str); 8] = [
    ("504 Gateway Timeout", ""),
    ("504 Gateway Timeout", "<html>slow</html>"),
    ("502 Bad Gateway", "{}"),
    ("500 Internal Server Error", YES),
    ("408 Request Timeout", ""),
    ("429 Too Many Requests", ""),
    ("404 Not Found", "<html>nothing</html>"),
    ("200 OK", "<html>wait</html>"),
];

#[tokio::test]
async fn the_real_answer_after_a_gateways_is_nobodys() {
    for (status, body) in NOT_THE_LAST_WORD {
        let what = format!("{status} {body}");
        let first = answer(status, body);
        // It comes before the second request is made.
        let server = Server::new(move |line| {
            if line.request() && line.place == 0 {
                line.say(&first);
                line.wait();
                line.say(&answer("200 OK", YES));
                line.done();
                line.request();
            }
        });
        let step = server.step(json!({}));
        step.run(message()).await;
        server.let_go();
        second_is_unknown(&step, &what).await;

        // In the same segment.
        let both = answer(status, body) + &answer("200 OK", YES);
        let server = Server::new(move |line| {
            if line.request() && line.place == 0 {
                line.say(&both);
                line.request();
            }
        });
        let step = server.step(json!({}));
        step.run(message()).await;
        second_is_unknown(&step, &what).await;

        // After the second request was read, if that comes on the same connection.
        let first = answer(status, body);
        let server = Server::new(move |line| {
            if line.request() && line.place == 0 {
                line.say(&first);
                if line.request() {
                    line.say(&answer("200 OK", YES));
                }
            }
        });
        let step = server.step(json!({}));
        step.run(message()).await;
        second_is_unknown(&step, &what).await;
        assert_eq!(server.connections(), 2, "{what}");
    }
}

#[tokio::test]
async fn of_two_answers_in_one_segment_the_second_is_nobodys() {
    let server = Server::new(|line| {
        if line.request() && line.place == 0 {
            line.say(&answer("200 OK", YES).repeat(2));
            line.request();
        }
    });
    let step = server.step(json!({}));
    assert_eq!(step.run(message()).await.result()["status"], "accepted");
    second_is_unknown(&step, "twice").await;
    assert_eq!(server.connections(), 2);
}

/// The test does not wait in between, so that nobody has looked at the connection since.
#[tokio::test]
async fn what_came_on_an_idle_connection_is_seen_before_the_next_request() {
    let server = Server::new(|line| {
        if line.request() && line.place == 0 {
            line.say(&answer("200 OK", YES));
            line.wait();
            line.say(&answer("200 OK", YES));
            line.done();
            line.request();
        }
    });
    let step = server.step(json!({}));
    assert_eq!(step.run(message()).await.result()["status"], "accepted");
    server.let_go();
    second_is_unknown(&step, "unread").await;
    assert_eq!(server.connections(), 2);
}

/// Whoever is answered for somebody else would be so again, and so would all after it.
#[tokio::test]
async fn a_connection_that_answers_for_somebody_else_is_left() {
    let server = Server::new(|line| {
        let said = if line.place == 0 { OTHERS } else { YES };
        while line.request() {
            line.say(&answer("200 OK", said));
        }
    });
    let step = server.step(json!({}));
    assert_eq!(step.run(message()).await.error().kind, Kind::Unknown);
    for _ in 0..3 {
        assert_eq!(step.run(message()).await.result()["status"], "accepted");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn connections_are_kept_for_whatever_the_api_answers_itself() {
    const LISTED: &str = r#"{"etat":{"etat":[{"code":"11","tel":"0680010203"}]}}"#;
    const MASKED: &str = r#"{"etat":{"etat":[{"code":"0","tel":"06xxxxxxxx"}]}}"#;
    let server = Server::new(|line| {
        let said = [
            answer("200 OK", YES),
            answer("200 OK", LISTED),
            answer("400 Bad Request", LISTED),
            answer("200 OK", MASKED),
        ];
        for said in said.iter().cycle() {
            if !line.request() || !line.say(said) {
                return;
            }
        }
    });
    let step = server.step(json!({}));
    for _ in 0..20 {
        step.run(message()).await.result();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn as_many_connections_as_messages_at_once() {
    let server = Server::new(|line| while line.request() && line.say(&answer("200 OK", YES)) {});
    let step = server.step(json!({}));
    for _ in 0..50 {
        for ran in join_all((0..8).map(|_| step.run(message()))).await {
            ran.result();
        }
    }
    assert!(server.connections() <= 16, "{}", server.connections());
}
