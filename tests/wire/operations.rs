//! The fourteen operations as they are documented, written by hand: the one table of this suite.

use isendpro_connector::catalog::COMPONENT;
use isendpro_connector::component::{Effect, Work};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::run::{PASSWORD, config};

/// An operation: where it is asked for, what a message of it is, and what of that goes on the wire
/// beside the key and the constants.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    pub name: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub constants: &'static [(&'static str, &'static str)],
    pub message: &'static str,
    pub fields: &'static str,
    /// The name of a reply that says yes; empty where a file is answered.
    pub reply: &'static str,
}

/// The operations whose fields went from the query into the body in later descriptions.
pub const MOVED: [&str; 5] =
    ["getCredit", "getCampagne", "setListeNoire", "delListeNoire", "getListeNoire"];

pub const OPS: [Op; 14] = [
    Op {
        name: "sendSms",
        method: "POST",
        path: "sms",
        constants: &[],
        message: r#"{"num":"06 80 01 02 03","sms":"Bonjour à tous"}"#,
        fields: r#"{"num":"33680010203","sms":"Bonjour à tous","smslong":"1"}"#,
        reply: "sendSms-list-number",
    },
    Op {
        name: "sendSmsMulti",
        method: "POST",
        path: "smsmulti",
        constants: &[],
        message: r#"{"num":["0680010203","+33680010204"],"sms":"Bonjour"}"#,
        fields: r#"{"num":["33680010203","33680010204"],"sms":["Bonjour"],"smslong":"1"}"#,
        reply: "sendSmsMulti-accepted",
    },
    Op {
        name: "comptage",
        method: "POST",
        path: "comptage",
        constants: &[("comptage", "1")],
        message: r#"{"num":"0680010203","sms":"Bonjour"}"#,
        fields: r#"{"num":"33680010203","sms":"Bonjour"}"#,
        reply: "comptage-object",
    },
    Op {
        name: "getCredit",
        method: "GET",
        path: "credit",
        constants: &[],
        message: "{}",
        fields: r#"{"credit":"2"}"#,
        reply: "getCredit-text",
    },
    Op {
        name: "getCampagne",
        method: "GET",
        path: "campagne",
        constants: &[],
        message: r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-13 23:00"}"#,
        fields: r#"{"rapportCampagne":"1","date_deb":"2026-07-01 00:00","date_fin":"2026-07-13 23:00"}"#,
        reply: "",
    },
    Op {
        name: "setListeNoire",
        method: "POST",
        path: "setlistenoire",
        constants: &[("setlisteNoire", "1")],
        message: r#"{"num":"0680010203"}"#,
        fields: r#"{"num":"33680010203"}"#,
        reply: "setListeNoire-listed",
    },
    Op {
        name: "delListeNoire",
        method: "POST",
        path: "dellistenoire",
        constants: &[("delListeNoire", "1")],
        message: r#"{"num":"0680010203"}"#,
        fields: r#"{"num":"33680010203"}"#,
        reply: "delListeNoire-listed",
    },
    Op {
        name: "getListeNoire",
        method: "POST",
        path: "getlistenoire",
        constants: &[("getListeNoire", "1")],
        message: "{}",
        fields: "{}",
        reply: "",
    },
    Op {
        name: "getHlr",
        method: "POST",
        path: "hlr",
        constants: &[("getHLR", "1")],
        message: r#"{"num":["0680010203","0680010204"]}"#,
        fields: r#"{"num":["33680010203","33680010204"]}"#,
        reply: "getHlr-list",
    },
    Op {
        name: "repertoireCrea",
        method: "POST",
        path: "repertoire",
        constants: &[("repertoireEdit", "create")],
        message: r#"{"repertoireNom":"Repertoire de test"}"#,
        fields: r#"{"repertoireNom":"Repertoire de test"}"#,
        reply: "repertoireCrea-created",
    },
    Op {
        name: "repertoire",
        method: "PUT",
        path: "repertoire",
        constants: &[],
        message: r#"{"repertoireEdit":"add","repertoireId":"100001","num":["0680010203","0680010204"]}"#,
        fields: r#"{"repertoireEdit":"add","repertoireId":"100001","num":["33680010203","33680010204"]}"#,
        reply: "repertoire-added",
    },
    Op {
        name: "addShortlink",
        method: "POST",
        path: "shortlink",
        constants: &[],
        message: r#"{"shortlink":"https://www.example.org/a?b=c&d=e"}"#,
        fields: r#"{"shortlink":"https://www.example.org/a?b=c&d=e"}"#,
        reply: "addShortlink-created",
    },
    Op {
        name: "subaccountAdd",
        method: "POST",
        path: "subaccount",
        constants: &[("subAccountEdit", "addAccount")],
        message: r#"{"subAccountLogin":"agence06","subAccountPassword":"CanaryPassword7b1d"}"#,
        fields: r#"{"subAccountLogin":"agence06","subAccountPassword":"CanaryPassword7b1d"}"#,
        reply: "subaccountAdd-created",
    },
    Op {
        name: "subaccountEdit",
        method: "PUT",
        path: "subaccount",
        constants: &[],
        message: r#"{"subAccountEdit":"addCredit","subAccountKeyId":"a9bc68fe78","subAccountAddCredit":"2"}"#,
        fields: r#"{"subAccountEdit":"addCredit","subAccountKeyId":"a9bc68fe78","subAccountAddCredit":"2"}"#,
        reply: "subaccountEdit-changed",
    },
];

impl Op {
    pub fn of(name: &str) -> Self {
        *OPS.iter().find(|it| it.name == name).unwrap()
    }

    pub fn message(&self) -> Value {
        serde_json::from_str(self.message).unwrap()
    }

    /// Everything that goes on the wire, with this key.
    pub fn wire(&self, key: &str) -> Value {
        let mut wire: Value = serde_json::from_str(self.fields).unwrap();
        wire["keyid"] = key.into();
        for (name, value) in self.constants {
            wire[*name] = (*value).into();
        }
        wire
    }

    pub fn downloads(&self) -> bool {
        self.reply.is_empty()
    }
}

#[test]
fn the_table_names_every_action() {
    let mut actions: Vec<_> = COMPONENT.handlers.iter().filter(|it| it.body.is_some()).collect();
    actions.sort_by_key(|it| it.meta.name);
    let mut ops = OPS;
    ops.sort_by_key(|it| it.name);
    let said: Vec<_> = actions.iter().map(|it| it.meta.name).collect();
    assert_eq!(said, ops.map(|it| it.name));
    for (action, op) in actions.iter().zip(ops) {
        assert_eq!(action.meta.constants, op.constants, "{}", op.name);
    }
    assert!(Op::of("subaccountAdd").message.contains(PASSWORD));
}

#[test]
fn what_a_repetition_does_is_known_for_every_message() {
    use Effect::{Idempotent, Once, Read};
    let contact =
        |edit: &str| json!({"repertoireEdit": edit, "repertoireId": "1", "num": ["0680010203"]});
    let account = |edit: &str, field: &str, value: &str| json!({"subAccountEdit": edit, "subAccountKeyId": "k", field: value});
    let message = |name| Op::of(name).message();
    let table = [
        ("sendSms", message("sendSms"), Some(Once)),
        ("sendSmsMulti", message("sendSmsMulti"), Some(Once)),
        ("getHlr", message("getHlr"), Some(Once)),
        ("repertoireCrea", message("repertoireCrea"), Some(Once)),
        ("repertoire", contact("add"), Some(Once)),
        ("repertoire", contact("del"), Some(Idempotent)),
        ("addShortlink", message("addShortlink"), Some(Once)),
        ("subaccountAdd", message("subaccountAdd"), Some(Once)),
        ("subaccountEdit", account("addCredit", "subAccountAddCredit", "2"), Some(Once)),
        ("subaccountEdit", account("setPrice", "subAccountPrice", "0.05"), Some(Idempotent)),
        (
            "subaccountEdit",
            account("setRestriction", "subAccountRestrictionTime", "1"),
            Some(Idempotent),
        ),
        ("setListeNoire", message("setListeNoire"), Some(Idempotent)),
        ("delListeNoire", message("delListeNoire"), Some(Idempotent)),
        ("comptage", message("comptage"), Some(Read)),
        ("getCredit", message("getCredit"), Some(Read)),
        // Streams only read.
        ("getCampagne", message("getCampagne"), None),
        ("getListeNoire", message("getListeNoire"), None),
    ];
    for (name, body, expected) in table {
        let handler = COMPONENT.handler(name).unwrap();
        let bound = handler.bind(&config("http://127.0.0.1:9/cgi-bin", json!({}))).unwrap();
        let task = bound.prepare(body.clone(), Timestamp::now()).unwrap();
        assert_eq!(effect_of(&task.work), expected, "{name} {body}");
    }
}

fn effect_of(work: &Work) -> Option<Effect> {
    match work {
        Work::Calls(job) => {
            let parts = job.parts();
            assert_eq!(parts.len(), 1);
            Some(parts[0].effect)
        }
        Work::Stream(_) => None,
    }
}
