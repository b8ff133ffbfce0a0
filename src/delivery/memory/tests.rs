//! The keys of messages, which journals remember them by.

use serde_json::json;

use super::*;
use crate::component::hex;

const SCOPE: Scope = Scope([7; 16]);

fn former(id: Option<&str>, repeat: u32, body: &Value, by_id: bool) -> String {
    let seal = &Seal::default();
    let named = Named { seal, scope: SCOPE, action: "sendSms", id, repeat };
    hex(&named.former_key((!by_id).then(|| former::identity(body))).0)
}

/// Recorded when journals had no other keys.
#[test]
fn the_keys_of_the_first_journals_are_made_for_ever() {
    let plain = json!({"sms": "Bonjour", "num": "0680010203", "meta": {"b": 1, "a": 1.50}});
    let nested = json!({"requestBody": {"sms": "Bonjour", "num": "0680010203"}, "smslong": 2.0});
    for (id, repeat, body, by_id, key) in [
        (
            Some("r1"),
            5,
            &plain,
            false,
            "8d4198438a518a21e4dd472a3736ca5223ef1a7a5118409440ef8527b6e0916c",
        ),
        (
            None,
            1,
            &plain,
            false,
            "cb5f715f17d5920aff433e50030be0678501abe9e4b249efd8cda62611c46453",
        ),
        (
            None,
            2,
            &plain,
            false,
            "71435f9c0fe6fbdbea729dc663258635b000df772ea6a5f42b735c69b4902057",
        ),
        (
            Some("r1"),
            0,
            &nested,
            false,
            "5911172f8dbac71c689ab33884cf6fbeb6477c0fb7f31c19fb1750d80110c111",
        ),
        (
            None,
            1,
            &nested,
            false,
            "45590fe4af5f1d4626c01032acd814c2fba3a4fd33c6034f78bea9acacfe8bbb",
        ),
        (
            Some("r1"),
            0,
            &plain,
            true,
            "d86f078c7af288ef9f0f97febb9a8ac68bf47026aa2734b4a41dae3161d41774",
        ),
        (
            Some("r1"),
            0,
            &nested,
            true,
            "d86f078c7af288ef9f0f97febb9a8ac68bf47026aa2734b4a41dae3161d41774",
        ),
    ] {
        assert_eq!(former(id, repeat, body, by_id), key, "{id:?} {repeat} {body}");
    }
    let purpose = |body| hex(&former::purpose(body));
    assert_eq!(purpose(&plain), "47d12e9e589d1dba6324ec979c2d9fb5c264d36e2a42691d68be0a6b6b2379f5");
    assert_eq!(
        purpose(&nested),
        "79fcdf5180d6cdb83b08a78fea397f41505c20c792f72c15f651b9162d3d4c67"
    );
    let scope = |name| hex(&Scope::formerly_named(name).0);
    assert_eq!(scope("flow step"), "8e6a37411399d35a346d5ba22de571b7");
    assert_eq!(scope("once per id sendSms"), "79da619b13ecb67a60cfb5c71cc78025");
}

#[test]
fn names_that_are_put_together_do_not_run_together() {
    assert_ne!(Scope::of(&["shop", "fr sms"]), Scope::of(&["shop fr", "sms"]));
    assert_ne!(Scope::of(&["a", ""]), Scope::of(&["", "a"]));
    assert_ne!(Scope::of(&["a"]), Scope::of(&["a", ""]));
}

/// Journals remember messages by it: it may never change.
#[test]
fn a_message_has_the_same_key_for_ever() {
    let body = json!({"num": "0680010203", "sms": "Bonjour"});
    let seal = &Seal::default();
    let named = Named { seal, scope: SCOPE, action: "sendSms", id: None, repeat: 1 };
    let key = hex(&named.key(Some(identity(&body))).0);
    assert_eq!(key, "2f77a498a1144aaa3c569b1d36cbcb200df54a5dff827eab8549d1393468f430");
    let with_id = Named { id: Some(""), repeat: 0, ..named };
    assert_ne!(hex(&with_id.key(Some(identity(&body))).0), key);
    let sealed = Named { seal: &Seal::new(&[5; 32]), ..named };
    let key = named.key(Some(identity(&body)));
    assert_eq!(sealed.key(Some(identity(&body))).0, sealed.seal.of(key.0));
    let former = named.former_key(Some(identity(&body)));
    assert_eq!(sealed.former_key(Some(identity(&body))).0, sealed.seal.of(former.0));
}
