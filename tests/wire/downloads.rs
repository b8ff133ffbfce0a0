//! Files: the campaign report and the blacklist, in every way of emitting, and what may come
//! instead of a good one.

use std::io::{Cursor, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isendpro_connector::component::{Kind, Status, Tally};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::operations::Op;
use super::run::{Step, reply};
use crate::http::{Act, Answer, Api, Raw};

/// A zip of these files; a name that ends with a slash is a folder.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        if name.ends_with('/') {
            zip.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

/// A zip of one table.
pub fn zipped(table: &str) -> Vec<u8> {
    archive(&[("rapport.csv", table.as_bytes())])
}

/// A table of this many rows.
fn table(rows: usize) -> String {
    let row = |it| format!("{};0;tracker{it};2026-07-01 10:00\r\n", 33_680_000_000_u64 + it as u64);
    "Tel;Statut;Tracker;Date envoi\r\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

async fn fetched(action: &str, behaviour: &str, answer: Answer) -> super::run::Ran {
    let op = Op::of(action);
    let fine = Answer::ok(reply("getCredit-text"));
    let api = Api::new([(op.path, vec![answer]), ("credit", vec![fine])]).await;
    let settings = json!({"emitBehaviour": behaviour, "requestStyle": "published"});
    let ran = Step::new(action, &api.url(), settings).run(op.message()).await;
    assert_eq!(api.count(op.path), 1);
    ran
}

/// Each piece comes in time, and the file never ends.
#[tokio::test]
async fn a_file_that_trickles_is_given_up() {
    const FILE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nPK";
    const TEXT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{";
    for act in [&[Act::SayAndTrickle(FILE)], &[Act::SayAndTrickle(TEXT)]] {
        let raw = Raw::new(act).await;
        let settings = json!({"requestStyle": "published", "giveUpAfter": 0, "callTimeout": 1});
        let ran = Step::new("getCampagne", &raw.url(), settings);
        let ran = ran.run(Op::of("getCampagne").message()).await;
        let error = ran.error();
        assert!(error.what.contains("comes at less than 1024 bytes a second"), "{error}");
    }
}

/// 500 rows of the largest that are read are a page; one that is larger ends the report.
#[tokio::test]
async fn a_row_that_is_too_long_is_told() {
    let row = |length: usize| format!("33680010203;0;{};2026-07-01 10:00\r\n", "t".repeat(length));
    for (length, rows) in [(16_000, 2), (17_000, 1)] {
        let file = zipped(&(table(1) + &row(length)));
        let ran = fetched("getCampagne", "emitPage", Answer::ok(file)).await;
        assert_eq!(ran.results[0]["rows"].as_array().unwrap().len(), rows);
        let told = ran.verdict.error.map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(told.contains("a row is longer than 16384 bytes"), rows == 1, "{told}");
    }
}

/// What is too much for one message is told, and comes in pages.
#[tokio::test]
async fn a_report_of_few_large_rows_is_too_large_for_one_message() {
    let row = format!("33680010203;0;{};2026-07-01 10:00\r\n", "t".repeat(15_000));
    let file = zipped(&(table(1) + &row.repeat(1_200)));
    let ran = fetched("getCampagne", "fetchAll", Answer::ok(file)).await;
    assert!(ran.error().what.contains("16 MiB, too many for one message"), "{}", ran.error());
}

const REPORTS: [&str; 2] = ["getCampagne", "getListeNoire"];

#[tokio::test]
async fn a_report_is_emitted_as_asked() {
    let file = zipped(&table(1200));
    let row = |it: &Value| [it["tel"].clone(), it["tracker"].clone(), it["statut"].clone()];
    let expected =
        |it: usize| [json!(format!("33680{it:06}")), json!(format!("tracker{it}")), json!("0")];
    for action in REPORTS {
        let get = |behaviour| fetched(action, behaviour, Answer::ok(file.clone()));

        let pages = get("emitPage").await;
        let places: Vec<_> =
            pages.results.iter().map(|it| json!([it["page"], it["index"], it["last"]])).collect();
        assert_eq!(places, [json!([1, 0, false]), json!([2, 500, false]), json!([3, 1000, true])]);
        assert_eq!(row(&pages.results[2]["rows"][199]), expected(1199));
        assert_eq!(get("").await.results, pages.results);

        let all = get("fetchAll").await;
        let rows = all.result()["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1200);
        assert_eq!(rows[0]["Date envoi"], "2026-07-01 10:00");
        assert_eq!(rows[0]["date"], rows[0]["Date envoi"]);

        let alone = get("emitIndividually").await;
        assert_eq!(alone.results.len(), 1200);
        for (index, result) in alone.results.iter().enumerate() {
            assert_eq!(
                (result["index"].as_u64(), row(&result["row"])),
                (Some(index as u64), expected(index))
            );
        }

        let whole = get("file").await;
        assert_eq!(STANDARD.decode(whole.result()["file"].as_str().unwrap()).unwrap(), file);
        assert_eq!(whole.result()["size"], file.len());
        assert_eq!(whole.verdict.tally, Tally::of(Status::Accepted));
    }
}

#[tokio::test]
async fn the_content_type_of_a_file_says_nothing() {
    for content_type in ["application/json", "", "file", "text/html"] {
        let answer = Answer::ok(zipped(&table(1))).content_type(content_type);
        fetched("getListeNoire", "fetchAll", answer).await.result();
    }
}

#[tokio::test]
async fn tables_of_other_forms_are_read() {
    let latin: &[u8] = b"T\xe9l\xe9phone,Pr\xe9nom\n0680010203,Ren\xe9e\n";
    let cases: [(&[u8], Value); 6] = [
        (
            b"33680010203\n33680010204\n",
            json!([{"column1": "33680010203", "tel": "33680010203"}, {"column1": "33680010204", "tel": "33680010204"}]),
        ),
        (latin, json!([{"Téléphone": "0680010203", "Prénom": "Renée", "tel": "0680010203"}])),
        (
            b"\xef\xbb\xbftel\tstatut\n0680010203\t\"a\tb\"\n",
            json!([{"tel": "0680010203", "statut": "a\tb"}]),
        ),
        (b"tel;statut\n", json!([])),
        (b"", json!([])),
        (
            b"tel;statut\n0680010202;0\n0680010203\n\n0680010204;1;x\n",
            json!([{"tel": "0680010202", "statut": "0"}, {"tel": "0680010203"}, {"tel": "0680010204", "statut": "1", "column3": "x"}]),
        ),
    ];
    for (table, rows) in cases {
        let answer = Answer::ok(archive(&[
            ("liste/", b""),
            ("liste/x.CSV", table),
            ("lisez-moi.txt", b"?"),
        ]));
        let ran = fetched("getListeNoire", "fetchAll", answer).await;
        assert_eq!(ran.result()["rows"], rows, "{}", String::from_utf8_lossy(table));
    }
    let empty = fetched("getListeNoire", "emitPage", Answer::ok(zipped(""))).await;
    assert_eq!(*empty.result(), json!({"rows": [], "index": 0, "page": 1, "last": true}));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why() {
    let good = zipped(&table(1200));
    let truncated = good[..good.len() / 2].to_vec();
    let mut damaged = good.clone();
    damaged[60..90].fill(0xff);
    let row = format!("33680010203;{}\n", "a".repeat(10_000));
    let bomb = archive(&[("a.csv", row.repeat(1_200).as_bytes())]);
    let cases = [
        ("cut short", truncated),
        ("damaged", damaged),
        ("has no table in it (1 entries", archive(&[("rapport/", b"")])),
        ("has no table in it (0 entries", archive(&[])),
        (
            "2 files that may be the table (a.csv, b.csv)",
            archive(&[("a.csv", b"1"), ("b.csv", b"2")]),
        ),
        ("looks like a zip bomb", bomb),
        ("cut short", b"PK".to_vec()),
    ];
    for (said, file) in cases {
        for (action, behaviour) in REPORTS.into_iter().zip(["fetchAll", "emitPage"]) {
            let ran = fetched(action, behaviour, Answer::ok(file.clone())).await;
            let error = ran.verdict.error.unwrap();
            let all = error.to_string();
            // Only a file that was cut short or damaged may be whole the next time.
            let (kind, start) = if matches!(said, "cut short" | "damaged") {
                (Kind::Unavailable, "NO USABLE ANSWER, retry is safe: the report cannot be read: ")
            } else {
                (
                    Kind::Unusable,
                    "UNUSABLE ANSWER, trying again will not help: the report cannot be read: ",
                )
            };
            assert!(all.starts_with(start) && all.contains(said), "{said}: {all}");
            assert_eq!(error.kind, kind);
        }
        // The file itself is always to be had.
        fetched("getCampagne", "file", Answer::ok(file)).await.result();
    }
}

#[tokio::test]
async fn rows_before_the_damage_come_out() {
    let mut table = table(700);
    table.push_str("33680010203;\"never closed\r\n");
    let ran = fetched("getCampagne", "emitPage", Answer::ok(zipped(&table))).await;
    let rows = ran.results.iter().map(|it| it["rows"].as_array().unwrap().len());
    assert_eq!(rows.collect::<Vec<_>>(), [500, 200]);
    assert!(ran.results.iter().all(|it| it["last"] == false));
    let error = ran.verdict.error.unwrap();
    assert!(error.what.contains("near line 70"), "{error}");
    assert!(error.what.contains("a quote is opened and never closed"), "{error}");
}

#[tokio::test]
async fn something_else_in_place_of_the_file_is_said() {
    let refused =
        "REFUSED by iSendPro (code 99), nothing done: Une erreur dont le code n'est pas publie";
    let no_answer = "NO USABLE ANSWER, retry is safe: HTTP 200 with ";
    let cases = [
        (Answer::new(400, reply("general-error")), refused.to_owned()),
        (Answer::ok(reply("general-error")), refused.to_owned()),
        (Answer::new(500, reply("general-error")), refused.to_owned()),
        (
            Answer::ok(
                "<e><code>99</code><message>Une erreur dont le code n&#39;est pas publie</message></e>",
            ),
            refused.to_owned(),
        ),
        (Answer::ok("<html><body>login</body></html>"), no_answer.to_owned() + "a web page"),
        (Answer::ok(""), no_answer.to_owned() + "an empty body"),
        (Answer::ok("tel;statut\n0680010203;0\n"), no_answer.to_owned() + "a text"),
        (Answer::ok(reply("getCredit-text")), no_answer.to_owned() + "a JSON text of another kind"),
        (Answer::ok("P"), no_answer.to_owned() + "a text"),
    ];
    for (answer, said) in cases {
        for action in REPORTS {
            for behaviour in ["emitPage", "file"] {
                let ran = fetched(action, behaviour, answer.clone()).await;
                let all = ran.error().to_string();
                assert!(all.starts_with(&said), "{action}: {all}\n{said}");
            }
        }
    }
}
