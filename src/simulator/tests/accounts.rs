//! What accounts keep: credit, prices, blacklist, directories, sub-accounts.

use super::*;

async fn put(server: &Simulator, operation: &str, fields: &Value) -> Answer {
    call(server, "PUT", operation, fields).await
}

#[tokio::test]
async fn parts_are_billed_and_sandbox_ones_are_not() {
    let server = simulator().await;
    let mut fields = sms_to("0680010203");
    fields["sms"] = "a".repeat(161).into();
    fields["smslong"] = "999".into();
    post(&server, "sms", &fields).await;
    assert_eq!(credit_of(&server, "key-01").await, "999.9");
    fields["sandbox"] = 1.into();
    assert_eq!(post(&server, "sms", &fields).await.code(), "0");
    assert_eq!(credit_of(&server, "key-01").await, "999.9");
    assert_eq!(credit_of(&server, "key-02").await, "1000.0");
    let marks: Vec<_> = server.sent().iter().map(|sent| sent.sandbox).collect();
    assert_eq!(marks, [false, true]);
}

#[tokio::test]
async fn too_little_credit_refuses_all_recipients() {
    let options = Options { credit: 0.05, ..Options::default() };
    let server = start(options).await.unwrap();
    let fields = json!({"keyid": "key-01", "num": ["0600000001", "0600000002"], "sms": ["a"]});
    let answer = post(&server, "smsmulti", &fields).await;
    assert_eq!((answer.status, &*answer.code()), (400, "903"));
    assert_eq!(server.sent(), []);
    assert_eq!(post(&server, "sms", &sms_to("0600000001")).await.code(), "0");
    assert_eq!(credit_of(&server, "key-01").await, "0.0");
}

#[tokio::test]
async fn a_blacklisted_number_is_refused_until_it_is_removed() {
    let server = simulator().await;
    let set = json!({"keyid": "key-01", "setlisteNoire": "1", "num": "33680010203"});
    post(&server, "setlistenoire", &set).await;
    assert_eq!(post(&server, "sms", &sms_to("0680010203")).await.code(), "11");
    let mut other = sms_to("0680010203");
    other["keyid"] = "key-02".into();
    assert_eq!(post(&server, "sms", &other).await.code(), "0");
    let delete = json!({"keyid": "key-01", "delListeNoire": "1", "num": "0680010203"});
    post(&server, "dellistenoire", &delete).await;
    assert_eq!(post(&server, "sms", &sms_to("0680010203")).await.code(), "0");
}

#[tokio::test]
async fn a_directory_gets_the_message_too() {
    let server = simulator().await;
    let create = json!({"keyid": "key-01", "repertoireEdit": "create", "repertoireNom": "Test"});
    let created = post(&server, "repertoire", &create).await.etat();
    let id = created[0]["repertoireId"].clone();
    let add = json!({
        "keyid": "key-01", "repertoireEdit": "add", "repertoireId": id,
        "num": ["0600000001", "0600000002"], "champ1": ["Anne"], "champ27": ["", "Paul"],
    });
    put(&server, "repertoire", &add).await;
    let mut fields = json!({"keyid": "key-01", "repertoireId": id, "sms": ["Bonjour"]});
    assert_eq!(post(&server, "smsmulti", &fields).await.status, 200);
    fields["num"] = json!(["0600000003"]);
    let etat = post(&server, "smsmulti", &fields).await.etat();
    assert_eq!(etat.as_array().unwrap().len(), 3);
    assert_eq!(server.sent().len(), 5);
    fields["keyid"] = "key-02".into();
    assert_eq!(post(&server, "smsmulti", &fields).await.code(), "930");
    let state = exchange(&server, "GET", "/_simulator/accounts", "").await;
    let state = state.unwrap().json();
    let expected = json!([
        {"num": "33600000001", "champ1": "Anne"},
        {"num": "33600000002", "champ27": "Paul"},
    ]);
    assert_eq!(state["accounts"][0]["directories"][0]["contacts"], expected);
}

#[tokio::test]
async fn directory_edits_are_checked() {
    let server = simulator().await;
    let create = json!({"keyid": "key-01", "repertoireEdit": "create", "repertoireNom": "Test"});
    let created = post(&server, "repertoire", &create).await.etat();
    let mut fields = json!({
        "keyid": "key-01", "repertoireEdit": "add", "num": ["abc"], "champ2": ["a", "b"],
        "repertoireId": created[0]["repertoireId"],
    });
    assert_eq!(put(&server, "repertoire", &fields).await.code(), "923");
    fields["champ2"] = json!(["a"]);
    assert_eq!(put(&server, "repertoire", &fields).await.code(), "922");
    fields["repertoireId"] = "1".into();
    assert_eq!(put(&server, "repertoire", &fields).await.code(), "930");
}

#[tokio::test]
async fn a_subaccount_lives_on_credit_of_its_parent() {
    let server = simulator().await;
    let add = json!({
        "keyid": "key-01", "subAccountEdit": "addAccount",
        "subAccountLogin": "agence", "subAccountPassword": "secret",
    });
    let added = post(&server, "subaccount", &add).await.etat();
    let key = added["subAccountKeyId"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, "subaccount", &add).await.code(), "941");
    assert_eq!(credit_of(&server, &key).await, "0.0");

    let edit = async |keyid: &str, fields: Value| {
        let mut all = json!({"keyid": keyid, "subAccountKeyId": key});
        for (name, value) in fields.as_object().unwrap() {
            all[name] = value.clone();
        }
        put(&server, "subaccount", &all).await.code()
    };
    let credit = |euros: &str| json!({"subAccountEdit": "addCredit", "subAccountAddCredit": euros});
    assert_eq!(edit("key-01", credit("10")).await, "943");
    assert_eq!(edit("key-01", credit("1000")).await, "903");
    assert_eq!(edit("key-01", credit("-1")).await, "911");
    assert_eq!(edit("key-02", credit("10")).await, "940");
    assert_eq!(credit_of(&server, "key-01").await, "990.0");
    assert_eq!(credit_of(&server, &key).await, "10.0");

    let price = json!({
        "subAccountEdit": "setPrice", "subAccountPrice": "0,5", "subAccountCountryCode": "FR",
    });
    assert_eq!(edit("key-01", price).await, "942");
    let mut send = sms_to("0680010203");
    send["keyid"] = key.as_str().into();
    post(&server, "sms", &send).await;
    send["num"] = "4915112345678".into();
    post(&server, "sms", &send).await;
    assert_eq!(credit_of(&server, &key).await, "9.45");
    let nothing = json!({"subAccountEdit": "setRestriction"});
    assert_eq!(edit("key-01", nothing).await, "910");
}
