//! A large file on its way to the platform's storage takes no memory. Alone in its process, whose
//! memory is measured.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use isendpro_connector::runtime::http::Http;
use isendpro_connector::runtime::step::attachments::Attachments;
use isendpro_connector::runtime::step::cipher::Cipher;
use isendpro_connector::runtime::step::settings::{Ids, StorageSettings};
use isendpro_connector::runtime::step::storage::Storage;

const MEBIBYTE: u64 = 1024 * 1024;

/// A storage that takes one file and throws it away. Its address, and how long the file was.
fn storage() -> (String, thread::JoinHandle<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let taking = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let head = reader.by_ref().lines().map_while(Result::ok).take_while(|it| !it.is_empty());
        let length = head
            .filter_map(|it| {
                it.to_lowercase().strip_prefix("content-length: ")?.parse::<u64>().ok()
            })
            .sum();
        let bytes = std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"objectId\":\"o1\"}";
        stream.write_all(answer.as_bytes()).unwrap();
        bytes
    });
    (address, taking)
}

/// The most memory that this process has had so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn put(uri: String, bytes: u64) {
    let other = || "other".to_owned();
    let ids = Ids {
        flow: other(),
        exec: other(),
        step: other(),
        container: other(),
        workspace: other(),
        user: other(),
        comp: other(),
        function: other(),
    };
    let settings =
        StorageSettings { uri, token: "token".into(), threshold: 0, emit_lightweight: false };
    let cipher = Cipher::new(Some("password"), Some("0123456789abcdef")).unwrap();
    let http = Http::new().unwrap();
    let storage = Storage::new(http.clone(), &settings, &ids, cipher).unwrap();
    let file = tempfile::tempfile().unwrap();
    file.set_len(bytes).unwrap();
    let attachments = Attachments::Storage(http, storage);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let named = runtime.block_on(attachments.put("report.zip", "application/zip", file)).unwrap();
    assert_eq!(named["size"], bytes.to_string());
}

#[test]
fn a_large_file_takes_no_more_memory_than_a_small_one() {
    for (bytes, more) in [(MEBIBYTE, u64::MAX), (256 * MEBIBYTE, 8 * MEBIBYTE)] {
        let (uri, taking) = storage();
        let before = peak();
        put(uri, bytes);
        assert_eq!(taking.join().unwrap(), bytes);
        let grown = peak() - before;
        assert!(grown < more, "{bytes} bytes took {grown} bytes of memory");
    }
}
