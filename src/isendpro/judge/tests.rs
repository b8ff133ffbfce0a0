use super::*;

fn verdict(operation: Operation, status: u16, body: &str) -> &'static str {
    let received = Received { status, retry_after: None, body: body.as_bytes() };
    match judge(operation, &received) {
        Outcome::Answered(_) => "answered",
        Outcome::Refused(failure) if failure.code.is_none() => "refused by address",
        Outcome::Refused(_) => "refused",
        Outcome::NotSent(_) => "not sent",
        Outcome::InDoubt(_) => "in doubt",
    }
}

const FAILED: &str =
    r#"{"etat":{"etat":[{"code":"0","tel":"0680010203","message":"Erreur: credit insuffisant"}]}}"#;
const OK: &str = r#"{"etat":{"etat":[{"code":0,"tel":"0680010203","message":"Votre message a bien ete envoye"}]}}"#;
const ONE: &str = r#"{"etat":{"etat":{"code":"0","message":"hello world!","tel":"0680010203"}}}"#;
const MIXED: &str = r#"{"etat":{"etat":[{"code":"21","tel":"0600208432","message":"x"},{"code":"0","tel":"06","message":"y"}]}}"#;
const LISTED: &str =
    r#"{"etat":{"etat":[{"code":"11","tel":"0771058335","message":"liste noire"}]}}"#;
const WITHOUT_NUMBER: &str = r#"{"etat":{"etat":[{"code":"11","message":"liste noire"}]}}"#;
const OTHER: &str = r#"{"etat":{"etat":[{"code":"42","tel":"0680010203","message":"x"}]}}"#;
const GENERAL: &str = r#"{"etat":{"etat":[{"code":"99","message":"non"}]}}"#;

#[test]
fn nothing_that_a_terminal_obeys_is_told_of_an_answer() {
    let body = r#"{"etat":{"etat":[{"code":"99","message":"a\u001b[2Jb\r\n\u009bc\u0007"}]}}"#;
    let received = Received { status: 200, retry_after: None, body: body.as_bytes() };
    let Outcome::Refused(failure) = judge(Operation::Sms, &received) else { panic!() };
    assert_eq!(failure.message, "a [2Jb   c");
}

#[test]
fn sends() {
    use Operation::{Sms, SmsMulti};
    for operation in [Sms, SmsMulti] {
        let cases = [
            (200, OK, "answered"),
            (200, FAILED, "answered"),
            (200, ONE, "answered"),
            (500, OK, "answered"),
            (429, OK, "answered"),
            (200, MIXED, "answered"),
            (400, MIXED, "answered"),
            (200, LISTED, "answered"),
            (200, GENERAL, "refused"),
            (400, GENERAL, "refused"),
            (408, GENERAL, "refused"),
            (500, LISTED, "answered"),
            (500, WITHOUT_NUMBER, "in doubt"),
            (500, OTHER, "in doubt"),
            (200, OTHER, "answered"),
            (500, GENERAL, "in doubt"),
            (503, GENERAL, "in doubt"),
            (429, GENERAL, "not sent"),
            (429, "", "not sent"),
            (301, "", "refused by address"),
            (404, "<html>", "refused by address"),
            (400, "{}", "refused by address"),
            (500, "<html>", "in doubt"),
            (503, "", "in doubt"),
            (200, "<html>", "in doubt"),
            (200, "", "in doubt"),
            (200, r#"{"etat":{"etat":[{"code":0,"#, "in doubt"),
            (200, r#"{"etat":{"etat":[]}}"#, "in doubt"),
            (200, r#"{"etat":{"credit":"10"}}"#, "in doubt"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(verdict(operation, status, body), expected, "{operation:?} {status} {body}");
        }
    }
}

/// A mixed answer that reached nobody whole: one recipient was accepted.
#[test]
fn no_part_of_an_answer_is_a_refusal() {
    let warning = "<br />\n<b>Warning</b>:  x in <b>/www/sms.php</b> on line <b>1</b><br />\n";
    let parts = [
        MIXED[..MIXED.len() - 2].to_owned(),
        MIXED[..5].to_owned(),
        format!("{warning}{MIXED}"),
        warning.to_owned(),
        format!("{MIXED}<html></html>"),
        format!("{GENERAL}\n{MIXED}"),
        r#"{"etat":{"etat":[{"code":"","tel":"0680010203"}]}}"#.to_owned(),
        r#"{"etat":{"etat":[]}}"#.to_owned(),
        "\u{1f}\u{8b}\u{8}\0\0".to_owned(),
    ];
    let once = Operation::ALL.into_iter().filter(|it| !it.repeatable());
    for operation in once.clone() {
        for (part, status) in parts.iter().flat_map(|it| [400, 403, 404, 429].map(|no| (it, no))) {
            assert_eq!(verdict(operation, status, part), "in doubt", "{status} {part}");
        }
    }
    assert_eq!(once.count(), 8);
    assert_eq!(verdict(Operation::Credit, 400, &parts[0]), "refused by address");
    assert_eq!(verdict(Operation::Credit, 429, &parts[0]), "not sent");
}

#[test]
fn only_what_stops_a_request_on_its_way_refuses_it() {
    const REFUSED: [u16; 20] = [
        301, 307, 308, 400, 401, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 417, 421, 426,
        431, 451,
    ];
    for operation in Operation::ALL {
        for status in (200..600).filter(|it| *it != 429) {
            for body in ["", "<html>no</html>"] {
                let is_refused = if operation.repeatable() {
                    (300..500).contains(&status)
                } else {
                    REFUSED.contains(&status)
                };
                let expected = if is_refused { "refused by address" } else { "in doubt" };
                assert_eq!(verdict(operation, status, body), expected, "{operation:?} {status}");
            }
        }
    }
}

#[test]
fn under_a_server_error_a_code_that_is_not_published_says_nothing_of_its_recipient() {
    let mixed = r#"{"etat":{"etat":[{"code":"21","tel":"0600208432"},
        {"code":"42","tel":"0680010203","message":"x"},{"code":"0","tel":"0680010204"}]}}"#;
    for (status, second) in [(200, Some(42)), (400, Some(42)), (500, None)] {
        let received = Received { status, retry_after: None, body: mixed.as_bytes() };
        let Outcome::Answered(reply) = judge(Operation::SmsMulti, &received) else {
            panic!("not answered");
        };
        let codes: Vec<_> = reply.entries.iter().map(Entry::code).collect();
        assert_eq!(codes, [Some(21), second, Some(0)], "{status}");
        assert_eq!((reply.entries[1].message().as_deref(), &*reply.raw), (Some("x"), mixed));
    }
}

#[test]
fn the_others() {
    use Operation::*;
    let link = r#"{"etat":{"etat":{"code":250,"message":"Le lien court a ete genere","shortlink":"ww.sms.ht/aOHi"}}}"#;
    let account = r#"{"etat":{"etat":{"code":230,"subAccountId":20150,"subAccountKeyId":"a9","tel":"ajoute"}}}"#;
    let count = r#"{"etat":{"etat":{"nb_caractere":"222","nb_sms":"2","tel":"0680010203"}}}"#;
    let credit = r#"{"etat":{"credit":"10.0"}}"#;
    let operator = r#"{"etat":{"etat":{"operateur":"ORAN","tel":"0680010203"}}}"#;
    let listed = r#"{"etat":[{"listeNoire":"OK","tel":"0680010203"}]}"#;
    let not_listed = r#"{"etat":[{"listeNoire":"KO","tel":"0680010203"}]}"#;
    let directory = r#"{"etat":{"etat":[{"code":"0","repertoireId":"123456"}]}}"#;
    let cases = [
        (Shortlink, 200, link, "answered"),
        (Shortlink, 200, GENERAL, "refused"),
        (Shortlink, 200, directory, "refused"),
        (SubaccountAdd, 200, account, "answered"),
        (SubaccountAdd, 400, GENERAL, "refused"),
        (Comptage, 200, count, "answered"),
        (Comptage, 200, GENERAL, "refused"),
        (Credit, 200, credit, "answered"),
        (Credit, 400, GENERAL, "refused"),
        (Hlr, 200, operator, "answered"),
        (Hlr, 502, "<html>", "in doubt"),
        (Hlr, 500, GENERAL, "in doubt"),
        (Shortlink, 500, GENERAL, "in doubt"),
        (Comptage, 500, GENERAL, "refused"),
        (SetListeNoire, 200, listed, "answered"),
        (DelListeNoire, 200, listed, "answered"),
        (SetListeNoire, 200, not_listed, "refused by address"),
        (RepertoireCreate, 200, directory, "answered"),
        (RepertoireCreate, 200, GENERAL, "answered"),
        (RepertoireCreate, 400, GENERAL, "refused"),
        (RepertoireModif, 500, GENERAL, "in doubt"),
        (SubaccountEdit, 204, "", "in doubt"),
        (Campagne, 400, GENERAL, "refused"),
        (Campagne, 200, "<html>", "in doubt"),
        (GetListeNoire, 200, GENERAL, "refused"),
    ];
    for (operation, status, body, expected) in cases {
        assert_eq!(verdict(operation, status, body), expected, "{operation:?} {status} {body}");
    }
}

#[test]
fn windows_1252_is_read_when_utf_8_cannot_be() {
    let received = Received {
        status: 200,
        retry_after: None,
        body: b"{\"etat\":{\"etat\":[{\"code\":\"11\",\"message\":\"Le num\xe9ro\"}]}}",
    };
    let Outcome::Refused(failure) = judge(Operation::Sms, &received) else {
        panic!("not refused");
    };
    assert_eq!((failure.code, failure.message.as_str()), (Some(11), "Le numéro"));
}

#[test]
fn xml_refuses_a_file_or_a_question_and_never_a_send() {
    let plain = "<erreur><code>81</code><message>Acces refuse</message></erreur>";
    let declared = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n{plain}\n");
    let without_code = "<erreur><message>non</message></erreur>";
    let page = "<html><body><code>81</code><message>x</message></body></html>";
    for operation in Operation::ALL {
        for xml in [plain, &declared] {
            for status in [200, 400] {
                let expected = match (operation.repeatable(), status) {
                    (true, _) => "refused",
                    (false, 200) => "in doubt",
                    (false, _) => "refused by address",
                };
                assert_eq!(verdict(operation, status, xml), expected, "{operation:?} {status}");
            }
            // A gateway's words are not iSendPro's.
            for status in [401, 403, 404, 500, 502, 503] {
                assert_ne!(verdict(operation, status, xml), "refused", "{operation:?} {status}");
            }
            assert!(["not sent", "in doubt"].contains(&verdict(operation, 429, xml)));
        }
        for xml in [without_code, page, &plain[..plain.len() - 1], &plain[..30]] {
            assert_eq!(verdict(operation, 200, xml), "in doubt", "{operation:?} {xml}");
        }
    }
}

#[test]
fn the_words_of_an_xml_refusal_are_told_without_secrets() {
    let body = b"<?xml version='1.0' encoding='ISO-8859-1'?><e><code>81</code><message>cl\xe9 \
        s&#101;cret <![CDATA[<refus\xe9e>]]></message></e>";
    let received = Received { status: 200, retry_after: None, body };
    let scrub = |answer: &mut Value| {
        let message = &mut answer["etat"]["etat"][0]["message"];
        *message = message.as_str().unwrap().replace("secret", "***").into();
        true
    };
    let Outcome::Refused(failure) = judge_scrubbed(Operation::Campagne, &received, scrub) else {
        panic!("not refused");
    };
    let expected = (Some(81), Some(200), "clé *** <refusée>");
    assert_eq!((failure.code, failure.status, failure.message.as_str()), expected);
}
