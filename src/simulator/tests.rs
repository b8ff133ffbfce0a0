//! The simulator as a client sees it: raw HTTP over a socket, so that also a
//! missing answer can be seen.

mod accounts;
mod admin;
mod downloads;
mod refusals;
mod scenarios;
mod shapes;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Options, Simulator, start};

/// An HTTP answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The body; null when it is no JSON.
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The inner `etat`.
    fn etat(&self) -> Value {
        self.json()["etat"]["etat"].clone()
    }

    /// The code of the only entry, as a string.
    fn code(&self) -> String {
        let etat = self.etat();
        let entry = etat.get(0).unwrap_or(&etat);
        entry["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn simulator() -> Simulator {
    start(Options::default()).await.unwrap()
}

/// One request on a connection of its own; `None` when it closes without a byte.
async fn exchange(server: &Simulator, method: &str, path: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Some(Answer { status: head[9..12].parse().unwrap(), body: bytes[end + 4..].to_vec(), head })
}

/// A request to the API with a JSON body.
async fn call(server: &Simulator, method: &str, operation: &str, fields: &Value) -> Answer {
    let path = format!("/cgi-bin/{operation}");
    let answer = exchange(server, method, &path, &fields.to_string()).await;
    answer.unwrap()
}

async fn post(server: &Simulator, operation: &str, fields: &Value) -> Answer {
    call(server, "POST", operation, fields).await
}

/// A JSON body for `sms` with the key `key-01`.
fn sms_to(num: &str) -> Value {
    json!({"keyid": "key-01", "num": num, "sms": "Bonjour"})
}

/// Credit of a key as the API writes it.
async fn credit_of(server: &Simulator, key: &str) -> Value {
    let fields = json!({"keyid": key, "credit": "1"});
    let answer = post(server, "credit", &fields).await;
    answer.json()["etat"]["credit"].clone()
}

#[tokio::test]
async fn on_the_loopback_it_answers_to_names_of_this_machine_alone() {
    let server = simulator().await;
    let asked = async |host: &str| {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request =
            format!("GET /_simulator/accounts HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer[9..12].to_owned()
    };
    for host in [
        "localhost",
        "localhost:8080",
        "LOCALHOST.",
        "simulator.localhost:1",
        "127.0.0.1",
        "127.9.9.9:80",
        "[::1]",
        "[::1]:8080",
    ] {
        assert_eq!(asked(&format!("host: {host}\r\n")).await, "200", "{host}");
    }
    for host in [
        "example.org",
        "localhost.example.org",
        "127.0.0.1.example.org:80",
        "192.168.1.7",
        "0.0.0.0",
        "[::2]",
        "simulator",
        "notlocalhost",
        "",
    ] {
        assert_eq!(asked(&format!("host: {host}\r\n")).await, "421", "{host}");
    }
}
