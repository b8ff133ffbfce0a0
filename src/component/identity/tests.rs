use serde_json::json;

use super::*;

#[test]
fn the_key_and_the_wish_to_resend_make_no_other_message() {
    let body = json!({"num": "06", "sms": "a"});
    for same in [
        json!({"num": "06", "sms": "a", "keyid": "k"}),
        json!({"num": "06", "resend": true, "sms": "a"}),
        json!({"requestBody": {"keyid": "k", "num": "06", "sms": "a"}, "resend": 1}),
    ] {
        assert_eq!(identity(&same), identity(&body), "{same}");
    }
}

#[test]
fn anything_else_does() {
    let body = json!({"num": "06", "sms": "a"});
    for other in [
        json!({"num": "06", "sms": "b"}),
        json!({"num": "06", "sms": "a", "meta": 1}),
        json!({"num": "06s", "ms": "a"}),
        json!({"num": "06"}),
        json!("text"),
    ] {
        assert_ne!(identity(&other), identity(&body), "{other}");
    }
}

#[test]
fn the_order_of_fields_the_form_of_numbers_and_the_wrapper_do_not_matter() {
    let body = json!({"num": "06", "sms": "a", "smslong": 2, "meta": {"a": 1, "b": [1.5, 2]}});
    for same in [
        r#"{"sms": "a", "meta": {"b": [1.50, 2.0], "a": 1}, "smslong": 0.2e1, "num": "06"}"#,
        r#"{"requestBody":{"sms":"a","num":"06","smslong":2},"meta":{"a":1.0,"b":[15e-1,2]}}"#,
        r#"{"num":"07","requestBody":{"num":"06","sms":"a","smslong":2,"meta":{"b":[1.5,2],"a":1}}}"#,
    ] {
        let same: Value = serde_json::from_str(same).unwrap();
        assert_eq!(identity(&same), identity(&body), "{same}");
    }
    for other in [
        json!({"num": "06", "sms": "a", "smslong": 2, "meta": {"a": 1, "b": [2, 1.5]}}),
        json!({"num": "06", "sms": "a", "smslong": "2", "meta": {"a": 1, "b": [1.5, 2]}}),
        json!({"num": "06", "sms": "a", "smslong": 2, "meta": {"a": null, "b": [1.5, 2]}}),
        json!({"num": "06", "sms": "a", "smslong": 2, "meta": {"a": 1, "b": [[1.5], 2]}}),
    ] {
        assert_ne!(identity(&other), identity(&body), "{other}");
    }
}

#[test]
fn whole_numbers_beyond_the_exact_ones_keep_their_digits() {
    let large = |it: &str| identity(&serde_json::from_str(&format!("[{it}]")).unwrap());
    assert_ne!(large("9007199254740993"), large("9007199254740992"));
    assert_ne!(large("18446744073709551615"), large("18446744073709551614"));
    assert_eq!(large("-0.0"), large("0"));
}

/// Journals remember messages by it: it may never change.
#[test]
fn a_body_has_the_same_identity_for_ever() {
    let body = json!({"num": "06", "sms": "a", "meta": [null, true, false, -1, 2.5]});
    assert_eq!(
        hex(&identity(&body)),
        "9d8a4f605442a6c4f31839cd3281ad22daf1a7e8717761a889dc0cec9d32cbda"
    );
}

/// Trackers stand in the reports of years: they may never be derived in another way.
#[test]
fn a_tracker_is_derived_from_the_message_and_the_place_for_ever() {
    let key = MessageKey([7; 32]);
    assert_eq!(tracker(key, 0), "b4af3b3b9eb5bd6629f5e5087fcb2415");
    let others = [tracker(key, 1), tracker(key, u32::MAX), tracker(MessageKey([8; 32]), 0)];
    assert!(others.iter().all(|it| *it != tracker(key, 0)), "{others:?}");
    assert!(tracker(key, 1).bytes().all(|it| it.is_ascii_alphanumeric()));
}

/// Bodies as people write them, with the identity and the purpose that journals remember, and the
/// identity of the first journals. Recorded before numbers kept their digits.
const GOLDEN: &[(&str, &str)] = &[
    (
        r#"{"num":"0680010203","sms":"Bonjour"}"#,
        "379a99e2d742786d 629515f682f114de 9568ce1d1be4d9d5",
    ),
    (r#"{"num":680010203,"sms":"Bonjour"}"#, "7ee8cfc60532b1bc 08f86011c4a1723a 689d95d9754138c4"),
    (
        r#"{"num":33680010203,"sms":"Bonjour","smslong":2}"#,
        "f682aac4a63e30bd c77219872094008b a6097459fc3aabcc",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","smslong":2.0}"#,
        "b1a1048c38ee3dbb 01dea7f68735fd8e c265f40ae812530d",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","smslong":2e0,"nostop":1}"#,
        "eefda2ce14824138 c8251391382f765f 2f3cf3343aa0c049",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","reference":4711}"#,
        "da42b7467f592db2 eadd8fea71c293b2 10d9146b304ace16",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","reference":"4711","meta":{"prix":19.9}}"#,
        "7b7c29f75742dccd 90c11cdb5d811075 c6ab3f46c3147068",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":{"prix":19.90}}"#,
        "7791d483ed41e23d 629515f682f114de 76270d8a7821245b",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":0.1}"#,
        "7920ab8cbdd89cd4 629515f682f114de 51d53d3f52ef32dc",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[0.30000000000000004,12.600000000000001,1234.5678901234567]}"#,
        "c9774a056c5f3b14 629515f682f114de 5b61d52351c2064c",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[1e3,1E3,1e+3,1000,1000.0]}"#,
        "aba729fb9d0e6f1f 629515f682f114de 62882e4ff57f5a04",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[1.5e-7,0.00000015,2.5e21,6.02e23]}"#,
        "ca23c398e81253d2 629515f682f114de 5ea56d3753f108f2",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[-1,-0,-0.0,-2.50,-1e2]}"#,
        "3653a43c83601df6 629515f682f114de e05bb4e639b247b1",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[9007199254740992,9007199254740993,9223372036854775807,-9223372036854775808,18446744073709551615]}"#,
        "14d306091b1e7559 629515f682f114de 8147b4d0763ff461",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":[9007199254740992.0,9007199254740991.0,1e15,1e16,1e20]}"#,
        "e8bcfec3af82e287 629515f682f114de 49de0603896305be",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":20261128000000000000}"#,
        "a0e07de0dfd5c566 629515f682f114de b86bee4d1f4b9ba3",
    ),
    (
        r#"{"num":"0680010203","sms":"L’été à Orléans, 5 € 🎉","meta":{"ville":"Besançon","Éa":1}}"#,
        "8f963980b5433c99 629515f682f114de 356f0a84d708c127",
    ),
    (
        r#"{"num":["0680010203",680010204],"sms":"Bonjour","tracker":[1,2]}"#,
        "2a9953f04780b592 4aa3f0dbbee590f7 58d9c12e93d9c1b7",
    ),
    (
        r#"{"recipients":[{"num":680010203,"sms":"a","meta":{"id":1}},{"num":"0680010204","sms":"b","meta":{"id":2.50}}]}"#,
        "b66af945ca7bc942 5a3590fbe3ffbfe0 dd197e3a453690e0",
    ),
    (
        r#"{"requestBody":{"num":"0680010203","sms":"Bonjour","smslong":2},"meta":{"a":{"b":[{"c":[1,[2,{"d":3.25}]]}]}}}"#,
        "428bc5faaa0d29e5 01dea7f68735fd8e c24c46a04f743369",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","meta":{"lat":48.8566,"lon":2.3522,"t":1764500000.123}}"#,
        "4bf2fb8214e23088 629515f682f114de 578cd017caa68da6",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","keyid":"k","resend":1,"raw":true,"meta":null}"#,
        "190960f2828a0c14 629515f682f114de 73d2f42f50ed0ee4",
    ),
    (
        r#"{"num":"0680010203","sms":"Bonjour","date_envoi":1796000000,"meta":{"e":4.9e-324,"m":1.7976931348623157e308}}"#,
        "27c855ff221fd136 ee98e7a577fe7c4c bd92408b6d8e819b",
    ),
    (
        r#"{"sms":"tab\tligne\nfin \u00e9 \"guillemets\"","num":"+33 6 80 01 02 03","meta":{"":[],"vide":{}}}"#,
        "f491adf5c272c500 935ebf5af35d578a 6815926dc67e2064",
    ),
];

#[test]
fn ordinary_bodies_have_the_keys_that_journals_remember() {
    for (body, keys) in GOLDEN {
        let value: Value = serde_json::from_str(body).unwrap();
        let hashes = [identity(&value), purpose(&value), former::identity(&value)];
        let found = hashes.map(|it| hex(&it)[..16].to_owned()).join(" ");
        assert_eq!(found, *keys, "{body}");
    }
}
