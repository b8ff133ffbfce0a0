//! The heaviest lines, answers and reports that are taken: each fits into a small container.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::cli::{Simulator, isendpro};
use crate::poll::Stage;
use crate::weight::{Weight, heavy};

/// Just below what is taken: 250,000 values, with those around them.
const VALUES: usize = 249_980;

#[test]
fn the_heaviest_lines() {
    let simulator = Simulator::start(&[]);
    let mut run = simulator.run("sendSms", "main", &[]).start();
    for (name, meta) in heavy(VALUES, 10_000_000) {
        let line = format!(r#"{{"num":"0680010203","sms":"{name}","meta":{meta}}}"#);
        let weight = Weight::of(run.pid());
        run.send(&line);
        assert_eq!(run.line()["status"], "accepted", "{name}");
        weight.fits("a line", name, line.len());
    }
    assert_eq!(run.finish().code, 0);
}

/// The address of a server that answers this to whatever it is asked.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = asked(stream);
            write!(stream, "{head}Content-Length: {}\r\n\r\n{answer}", answer.len()).ok();
        }
    });
    format!("http://{address}/cgi-bin")
}

/// Reads a request whole.
fn asked(stream: TcpStream) -> TcpStream {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    reader.into_inner()
}

#[test]
fn the_heaviest_answers() {
    for (name, more) in heavy(VALUES, 8_000_000) {
        let answer =
            format!(r#"{{"etat":{{"etat":[{{"code":"0","tel":"33680010203","x":{more}}}]}}}}"#);
        let size = answer.len();
        let run = isendpro(&["run", "sendSms", "--server", &server(answer)]).key("k");
        let mut run = run.start();
        let weight = Weight::of(run.pid());
        run.send(r#"{"num":"0680010203","sms":"a","raw":true}"#);
        assert_eq!(run.line()["status"], "accepted", "{name}");
        weight.fits("an answer", name, size);
        assert_eq!(run.finish().code, 0);
    }
}

/// A report as one message: as many rows as fit into it.
#[test]
fn the_heaviest_report_in_one_message() {
    let simulator = Simulator::start(&["--report-rows", "100000"]);
    let mut run =
        simulator.run("getCampagne", "main", &["--set", "emitBehaviour=fetchAll"]).start();
    let weight = Weight::of(run.pid());
    run.send(r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59"}"#);
    let result = run.text().unwrap();
    weight.fits("a report", "as one message", result.len());
    assert_eq!(run.finish().code, 0);
}

/// A trigger knows every row again. An unoptimised build takes a minute for three million.
#[test]
fn the_heaviest_report_of_a_trigger() {
    let rows: usize = if cfg!(debug_assertions) { 100_000 } else { 2_999_999 };
    let simulator = Simulator::start(&["--report-rows", &rows.to_string()]);
    let stage = Stage { simulator, folder: tempfile::tempdir().unwrap() };
    let mut poll = stage.poll("newDeliveryReports", "main", &[]).start();
    let weight = Weight::of(poll.pid());
    let (mut bytes, mut pages) = (0, 0);
    while let Some(page) = poll.text() {
        bytes += page.len();
        pages += 1;
        // It waits for the last page to be read, so that it still lives.
        if pages == rows.div_ceil(500) - 1 {
            break;
        }
    }
    weight.fits("a report", "of a trigger", bytes);
    assert_eq!(poll.wait().code, 0);
}
