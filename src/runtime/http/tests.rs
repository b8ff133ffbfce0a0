use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockito::{Mock, Server, ServerGuard};
use reqwest::{Method, Url};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::fault::REASON_SHOWN;
use super::*;

const BOUNDS: Bounds = Bounds { time: Duration::from_secs(10), bytes: 2 * 1024 * 1024 };
const QUICK: Retry = Retry { attempts: 3, delay: Duration::from_millis(1) };

/// A server that answers so often with this status.
async fn answering(status: usize, body: &str, times: usize) -> (ServerGuard, Mock) {
    let mut server = Server::new_async().await;
    let mock = server.mock("GET", "/x").with_status(status).with_body(body).expect(times);
    let mock = mock.create_async().await;
    (server, mock)
}

async fn get(url: &str, retry: Retry, bounds: Bounds) -> Result<Answer, Fault> {
    let request = Request::new(Method::GET, Url::parse(url).unwrap());
    Http::new().unwrap().ask(retry, bounds, &request).await
}

/// A server that reads a request on each connection, says this, and counts; the last for ever.
async fn bare(says: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?password=canary", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let place = counted.fetch_add(1, Ordering::SeqCst);
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(says[place.min(says.len() - 1)].as_bytes()).await.unwrap();
        }
    });
    (url, count)
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_the_rest_is_not() {
    for (status, times) in [(500, 3), (503, 3), (400, 1), (404, 1), (302, 1), (204, 1)] {
        let (server, mock) = answering(status, "no such step", times).await;
        let answer = get(&format!("{}/x", server.url()), QUICK, BOUNDS).await;
        mock.assert_async().await;
        let seen = answer.map_or_else(|it| it.status().unwrap(), |it| it.status);
        assert_eq!(usize::from(seen), status);
    }
    let (server, mock) = answering(500, "", 1).await;
    let once = Retry { attempts: 1, ..QUICK };
    get(&format!("{}/x", server.url()), once, BOUNDS).await.unwrap_err();
    mock.assert_async().await;
}

#[tokio::test]
async fn a_network_that_comes_back_is_no_failure() {
    let (url, count) = bare(&["", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]).await;
    let answer = get(&url, QUICK, BOUNDS).await.unwrap();
    assert_eq!((answer.body.as_slice(), count.load(Ordering::SeqCst)), (&b"ok"[..], 2));
}

#[tokio::test]
async fn a_network_that_does_not_is_told_without_its_address() {
    let (url, count) = bare(&[""]).await;
    let fault = get(&url, QUICK, BOUNDS).await.unwrap_err();
    assert_eq!(count.load(Ordering::SeqCst), 3);
    let error = fault.error("no step", "API_URI", &[]).to_string();
    assert!(error.starts_with("NO USABLE ANSWER, retry is safe: no step: the connection broke"));
    assert!(error.ends_with("check that API_URI can be reached"), "{error}");
    assert!(!error.contains("canary") && !error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    // The head promises a body that never comes.
    let (url, count) = bare(&["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}/x", listener.local_addr().unwrap());
    let bounds = Bounds { time: Duration::from_millis(100), ..BOUNDS };
    let broken = get(&url, QUICK, bounds).await.unwrap_err();
    assert!(matches!(broken, Fault::Lost(_)) && count.load(Ordering::SeqCst) == 3, "{broken:?}");
    let fault = get(&silent, QUICK, bounds).await.unwrap_err();
    assert!(matches!(&fault, Fault::Lost(it) if it.starts_with("no answer within")), "{fault:?}");
}

#[tokio::test]
async fn an_answer_is_bounded_whether_or_not_it_says_its_length() {
    let mut server = Server::new_async().await;
    let long = "x".repeat(BOUNDS.bytes + 1);
    server.mock("GET", "/x").with_body(&long).create_async().await;
    let pieces = long.clone();
    let chunked =
        server.mock("GET", "/y").with_chunked_body(move |it| it.write_all(pieces.as_bytes()));
    chunked.create_async().await;
    for path in ["x", "y"] {
        let fault = get(&format!("{}/{path}", server.url()), QUICK, BOUNDS).await.unwrap_err();
        assert_eq!(fault, Fault::TooLarge(BOUNDS.bytes));
        assert!(fault.error("no", "A", &[]).what.ends_with("larger than 2 MiB"));
    }
}

#[tokio::test]
async fn a_reason_is_told_without_what_is_secret() {
    let secrets = ["se\"cret-1", "short"].map(SecretString::from);
    let reasons = [
        ("{\"error\":\n \"no\"}", ": {\"error\": \"no\"}"),
        ("key se\"cret-1 or se\\\"cret-1", ": key *** or ***"),
        (" <html>se\"cret-1</html>", ""),
        ("", ""),
    ];
    for (body, told) in reasons {
        let (server, _mock) = answering(403, body, 1).await;
        let fault = get(&format!("{}/x", server.url()), QUICK, BOUNDS).await.unwrap_err();
        let error = fault.error("no step", "API_URI", &secrets);
        assert_eq!(error.kind, Kind::Config);
        assert_eq!(error.what, format!("no step: the answer was HTTP 403{told}"));
    }
    let long = Fault::Status { status: 400, reason: "é".repeat(5000) };
    assert!(long.error("", "", &[]).what.chars().count() < REASON_SHOWN + 40);
}

#[test]
fn waits_double_up_to_a_bound() {
    let delays = |attempts, delay| -> Vec<_> { Retry { attempts, delay }.delays().collect() };
    assert!(delays(0, CONNECT).is_empty() && delays(1, CONNECT).is_empty());
    let second = Duration::from_secs(1);
    for (place, wait) in delays(8, second).into_iter().enumerate() {
        let least = LONGEST_WAIT.min(second * 2_u32.pow(u32::try_from(place).unwrap()));
        assert!(wait >= least && wait <= LONGEST_WAIT * 2, "{place}: {wait:?}");
    }
    assert!(delays(3, LONGEST_WAIT * 4).into_iter().all(|it| it >= LONGEST_WAIT * 4));
}
