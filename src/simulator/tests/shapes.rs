//! Each operation answers in the shape of its published example.

use super::*;

#[tokio::test]
async fn sms_answers_an_object_of_strings() {
    let server = simulator().await;
    let answer = post(&server, "sms", &sms_to("0680010203")).await;
    assert_eq!(answer.status, 200);
    let entry = json!({
        "code": "0",
        "tel": "0680010203",
        "message": "Votre message a bien ete envoye",
        "smslong": "1",
    });
    assert_eq!(answer.json(), json!({"etat": {"etat": entry}}));
}

#[tokio::test]
async fn smsmulti_answers_an_array_in_order() {
    let server = simulator().await;
    let fields = json!({
        "keyid": "key-01",
        "num": ["0600000021", "33771050011", "0695208432"],
        "sms": "Bonjour! Bienvenue sur iSendPro!",
        "emetteur": "iSendPro",
    });
    let answer = post(&server, "smsmulti", &fields).await;
    let expected = json!([
        {"code": "21", "tel": "0600000021", "message": "Le numéro de téléphone n'est pas attribué!"},
        {"code": "11", "tel": "0771050011",
         "message": "Le numéro de téléphone est dans la liste noire!"},
        {"code": "0", "tel": "0695208432", "message": "Votre message a bien ete envoye",
         "smslong": "1"},
    ]);
    assert_eq!((answer.status, answer.etat()), (200, expected));
    let one = json!({"keyid": "key-01", "num": ["0695208432"], "sms": ["Bonjour"]});
    assert!(post(&server, "smsmulti", &one).await.etat().is_array());
}

#[tokio::test]
async fn comptage_counts_in_strings() {
    let server = simulator().await;
    let fields = json!({
        "comptage": "1", "keyid": "key-01", "num": "0680010203",
        "sms": "a".repeat(210), "emetteur": "iSendPro",
    });
    let answer = post(&server, "comptage", &fields).await;
    let expected = json!({"nb_caractere": "222", "nb_sms": "2", "tel": "0680010203"});
    assert_eq!(answer.etat(), expected);
    assert_eq!(server.sent(), []);
}

#[tokio::test]
async fn credit_answers_one_level_only() {
    let options = Options { credit: 10.0, ..Options::default() };
    let server = start(options).await.unwrap();
    let euros = exchange(&server, "GET", "/cgi-bin/credit?keyid=key-01&credit=1", "").await;
    assert_eq!(euros.unwrap().body, br#"{"etat":{"credit":"10.0"}}"#);
    let both = exchange(&server, "GET", "/cgi-bin/credit?keyid=key-01&credit=2", "").await;
    let both = both.unwrap().json();
    assert_eq!(both, json!({"etat": {"credit": "10.0", "quantite": "200"}}));
}

#[tokio::test]
async fn hlr_answers_an_object_for_one_and_an_array_for_more() {
    let server = simulator().await;
    let fields = json!({"getHLR": "1", "keyid": "key-01", "num": ["0680010203"]});
    let one = post(&server, "hlr", &fields).await;
    let oran = json!({"operateur": "ORAN", "tel": "0680010203"});
    assert_eq!(one.etat(), oran);
    let fields = json!({"getHLR": "1", "keyid": "key-01", "num": ["33680010203", "06123456789"]});
    let two = post(&server, "hlr", &fields).await;
    let expected = json!([oran, {"operateur": "?", "tel": "06123456789"}]);
    assert_eq!(two.etat(), expected);
}

#[tokio::test]
async fn shortlink_succeeds_with_the_number_250() {
    let server = simulator().await;
    let fields = json!({"keyid": "key-01", "shortlink": "https://example.com/long"});
    let etat = post(&server, "shortlink", &fields).await.etat();
    assert_eq!(etat["code"], 250);
    assert_eq!(etat["message"], "Le lien court a ete genere");
    let link = etat["shortlink"].as_str().unwrap();
    assert_eq!((&link[..10], link.len()), ("ww.sms.ht/", 14));
    let other = post(&server, "shortlink", &fields).await.etat();
    assert_ne!(other["shortlink"], link);
}

#[tokio::test]
async fn subaccounts_answer_in_two_shapes() {
    let server = simulator().await;
    let fields = json!({
        "keyid": "key-01", "subAccountEdit": "addAccount",
        "subAccountLogin": "agence06", "subAccountPassword": "secret",
    });
    let added = post(&server, "subaccount", &fields).await.etat();
    let key = added["subAccountKeyId"].as_str().unwrap();
    assert_eq!(key.len(), 10);
    let expected = json!({
        "code": 230, "subAccountId": 20150, "subAccountKeyId": key,
        "subAccountLogin": "agence06", "tel": "Le sous compte a ete ajoute",
    });
    assert_eq!(added, expected);
    let fields = json!({
        "keyid": "key-01", "subAccountEdit": "setRestriction",
        "subAccountKeyId": key, "subAccountRestrictionStop": "1",
    });
    let edited = call(&server, "PUT", "subaccount", &fields).await.etat();
    let expected = json!([{
        "code": "944", "message": "La restriction a ete modifiee",
        "subAccountId": "20150", "subAccountKeyid": key,
    }]);
    assert_eq!(edited, expected);
}

#[tokio::test]
async fn directories_answer_arrays_of_strings() {
    let server = simulator().await;
    let fields = json!({
        "keyid": "key-01", "repertoireEdit": "create", "repertoireNom": "Repertoire de test",
    });
    let created = post(&server, "repertoire", &fields).await.etat();
    let id = created[0]["repertoireId"].as_str().unwrap();
    assert_eq!((created[0]["code"].as_str(), id.len()), (Some("931"), 6));
    let mut fields = json!({
        "keyid": "key-01", "repertoireEdit": "add", "repertoireId": id,
        "num": ["06123456789", "0712345678"], "champ1": ["Anne"],
    });
    let added = call(&server, "PUT", "repertoire", &fields).await.etat();
    let message = "Le numero a ete ajoute";
    let expected = json!([
        {"code": "932", "message": message, "repertoireId": id, "tel": "06123456789"},
        {"code": "932", "message": message, "repertoireId": id, "tel": "0712345678"},
    ]);
    assert_eq!(added, expected);
    fields["repertoireEdit"] = "del".into();
    fields["num"] = json!(["33712345678", "0799999999"]);
    let removed = call(&server, "PUT", "repertoire", &fields).await.etat();
    assert_eq!(removed[0]["code"], "933");
    assert_eq!(removed[1]["code"], "934");
}

#[tokio::test]
async fn the_blacklist_answers_arrays_without_code() {
    let server = simulator().await;
    for (operation, constant) in [
        ("setlistenoire", "setlisteNoire"),
        ("dellistenoire", "delListeNoire"),
        ("dellistenoire", "dellisteNoire"),
    ] {
        let path = format!("/cgi-bin/{operation}?keyid=key-01&{constant}=1&num=0680010203");
        let answer = exchange(&server, "POST", &path, "").await.unwrap();
        let expected = json!([{"listeNoire": "OK", "tel": "0680010203"}]);
        assert_eq!((answer.status, answer.etat()), (200, expected), "{constant}");
    }
}

#[tokio::test]
async fn refusals_are_http_400_with_an_array() {
    let server = simulator().await;
    let answer = post(&server, "sms", &json!({"num": "0680010203", "sms": "a"})).await;
    let expected = json!([{"code": "901", "message": "Le keyid est absent"}]);
    assert_eq!((answer.status, answer.etat()), (400, expected));
    assert_eq!(server.requests(), 1);
}
