//! The campaign report and the blacklist as files.

use std::io::{Cursor, Read};

use super::*;

/// The only file of a zip.
fn bytes(answer: &Answer) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(&answer.body)).unwrap();
    assert_eq!(zip.len(), 1);
    let mut bytes = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn unzipped(answer: &Answer) -> String {
    String::from_utf8(bytes(answer)).unwrap()
}

/// A file in ISO-8859-1.
fn latin_1(answer: &Answer) -> String {
    bytes(answer).into_iter().map(char::from).collect()
}

fn range(from: &str, until: &str) -> Value {
    json!({"keyid": "key-01", "rapportCampagne": "1", "date_deb": from, "date_fin": until})
}

#[tokio::test]
async fn the_report_has_the_sends_of_the_account_and_the_time() {
    let server = simulator().await;
    for (num, date, key) in [
        ("0600000001", "2030-01-01 10:00", "key-01"),
        ("0600000002", "2030-01-01 10:01", "key-01"),
        ("0600000003", "2030-01-01 10:00", "key-02"),
    ] {
        let mut fields = sms_to(num);
        fields["keyid"] = key.into();
        fields["sms"] = "a;b".into();
        fields["date_envoi"] = date.into();
        post(&server, "sms", &fields).await;
    }
    let fields = range("2030-01-01 09:00", "2030-01-01 10:00");
    let answer = post(&server, "campagne", &fields).await;
    assert_eq!(answer.status, 200);
    let expected = "date;tel;emetteur;sms;nb_sms;tracker;statut\n\
                    2030-01-01 10:00:00;0600000001;;\"a;b\";1;;0\n";
    assert_eq!(unzipped(&answer), expected);
}

#[tokio::test]
async fn report_2_has_a_row_for_each_text_of_a_request_at_both_paths() {
    let server = simulator().await;
    let date = "2030-01-01 10:00";
    let sent = [
        json!({"num": ["0600000001", "0600000002", "0600000003"], "sms": ["Réservé à vous; \"oui\""], "date_envoi": date}),
        json!({"num": ["0600000001", "0600000002"], "sms": ["un", "deux"], "emetteur": "Lumière", "date_envoi": date}),
        json!({"num": ["0600000001"], "sms": ["un €"], "date_envoi": date}),
        json!({"num": ["0600000001", "0600000002"], "sms": ["a".repeat(161)], "smslong": "2", "date_envoi": date}),
        json!({"num": ["0600000001"], "sms": ["plus tard"], "date_envoi": "2030-01-01 10:01"}),
    ];
    for mut fields in sent {
        fields["keyid"] = "key-01".into();
        assert_eq!(post(&server, "smsmulti", &fields).await.status, 200, "{fields}");
    }
    let query =
        "keyid=key-01&rapportCampagne=2&date_deb=2030-01-01+09:00&date_fin=2030-01-01+10:00";
    let long = "a".repeat(161);
    let expected = format!(
        "Date;Expéditeur;Message;Envois prevus;SMS Long;Etat\n\
         2030-01-01 10:00:00;;\"Réservé à vous; \"\"oui\"\"\";3;1;Terminé;\n\
         2030-01-01 10:00:00;Lumière;un;1;1;Terminé;\n\
         2030-01-01 10:00:00;Lumière;deux;1;1;Terminé;\n\
         2030-01-01 10:00:00;;un ?;1;1;Terminé;\n\
         2030-01-01 10:00:00;;{long};2;2;Terminé;\n"
    );
    for path in ["/cgi-bin/", "/cgi-bin/campagne"] {
        let answer = exchange(&server, "GET", &format!("{path}?{query}"), "").await.unwrap();
        assert_eq!(latin_1(&answer), expected, "{path}");
        let other = query.replace("Campagne=2", "Campagne=1");
        let answer = exchange(&server, "GET", &format!("{path}?{other}"), "").await.unwrap();
        assert_eq!(unzipped(&answer).lines().count(), 9, "{path}");
        let neither = query.replace("Campagne=2", "Campagne=3");
        let answer = exchange(&server, "GET", &format!("{path}?{neither}"), "").await.unwrap();
        assert_eq!((answer.status, &*answer.code()), (400, "911"), "{path}");
    }
}

#[tokio::test]
async fn sandbox_sends_are_not_reported() {
    let server = simulator().await;
    let mut fields = sms_to("0600000001");
    fields["sandbox"] = "1".into();
    fields["date_envoi"] = "2030-01-01 10:00".into();
    post(&server, "sms", &fields).await;
    let fields = range("2030-01-01 00:00", "2030-01-02 00:00");
    let text = unzipped(&post(&server, "campagne", &fields).await);
    assert_eq!(text.lines().count(), 1);
}

#[tokio::test]
async fn a_report_over_the_query_needs_its_dates() {
    let server = simulator().await;
    let get = async |dates: &str| {
        let path = format!("/cgi-bin/campagne?keyid=key-01&rapportCampagne=1&{dates}");
        exchange(&server, "GET", &path, "").await.unwrap()
    };
    let good = get("date_deb=2017-07-01+00:00&date_fin=2017-07-13%2023:00").await;
    assert!(good.body.starts_with(b"PK\x03\x04"));
    let turned = get("date_deb=2017-07-13+00:00&date_fin=2017-07-01+00:00").await;
    assert_eq!((turned.status, &*turned.code()), (400, "912"));
    let missing = get("date_deb=2017-07-13+00:00").await;
    assert_eq!((missing.status, &*missing.code()), (400, "910"));
}

#[tokio::test]
async fn the_blacklist_is_a_column_without_header() {
    let server = simulator().await;
    for num in ["0600000002", "33600000001"] {
        let set = json!({"keyid": "key-01", "setlisteNoire": "1", "num": num});
        post(&server, "setlistenoire", &set).await;
    }
    let fields = json!({"keyid": "key-01", "getListeNoire": "1"});
    let answer = post(&server, "getlistenoire", &fields).await;
    assert!(answer.head.contains("content-type: application/json"));
    assert_eq!(unzipped(&answer), "0600000001\n0600000002\n");
}

#[tokio::test]
async fn synthetic_reports_have_the_rows_asked_for() {
    let options =
        Options { report_rows: Some(20_000), blacklist_rows: Some(3), ..Options::default() };
    let server = start(options).await.unwrap();
    let fields = range("2030-01-01 00:00", "2030-01-01 23:59");
    let text = unzipped(&post(&server, "campagne", &fields).await);
    assert_eq!(text.lines().count(), 20_001);
    let first = "2030-01-01 00:00:00;0600000000;iSendPro;Bonjour! Bienvenue sur iSendPro!;1;row0;0";
    assert_eq!(text.lines().nth(1), Some(first));
    assert!(text.lines().last().unwrap().starts_with("2030-01-01 23:59:"));
    let fields = json!({"keyid": "key-01", "getListeNoire": "1"});
    let text = unzipped(&post(&server, "getlistenoire", &fields).await);
    assert_eq!(text, "0600000000\n0600000001\n0600000002\n");
}
