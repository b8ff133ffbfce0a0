use proptest::prelude::*;

use super::*;

impl Cipher {
    /// What a payload hides.
    pub fn decrypt(&self, payload: &[u8], protocol: Protocol) -> Result<Vec<u8>, Error> {
        self.open(payload, protocol, |it| Ok(it.to_vec()))
    }
}

/// Plaintext, first and second protocol, as a Node step encrypts it.
const VECTORS: &[(&str, &str, &str)] = &[
    (
        r#"{"id":"1","attachments":{},"headers":{},"body":{"hello":"Grüße €😀","n":1.5,"arr":[1,null,true]}}"#,
        "qFljlHl8s5JxQcU1YaecLwMGmro+aKPIZalUk3DIrsoUZ+Qwgh2ToF5U1X3F/kVI+ey3uxnE8qWNFcbT6dTxW+fh+lsPw2iTtGyBhTAOQB5gCdpX7mtG6wlStKxQvM7eEUtNtSZA/YteDGRcUF7T2Q==",
        "a8596394797cb3927141c53561a79c2f03069aba3e68a3c865a9549370c8aeca1467e430821d93a05e54d57dc5fe4548f9ecb7bb19c4f2a58d15c6d3e9d4f15be7e1fa5b0fc36893b46c8185300e401e6009da57ee6b46eb0952b4ac50bccede114b4db52640fd8b5e0c645c505ed3d9",
    ),
    (r#"{"body":{}}"#, "eIMjKyih9h6irN4t/kLziw==", "7883232b28a1f61ea2acde2dfe42f38b"),
    ("{}", "YnVkti0G1RRGkx6HZNFCcg==", "627564b62d06d51446931e8764d14272"),
    (r#"{"a":1}"#, "QhBxeSpj1p54fOtTM7jiMw==", "421071792a63d69e787ceb5333b8e233"),
    (
        r#"{"id":"in-1","attachments":{},"headers":{"h":"1"},"body":{"incoming":"data"},"passthrough":{"step_1":{"body":{"key":"v"},"headers":{},"id":"p1"}}}"#,
        "hmOVZ1WFI4OSEnboFyT0urguwS0hE7UkP6u+1ggdz9thJqtJcTI/j5LfYf/rh5NNL7TpgGaFIUqYgwiaL9S4hNjopDlnIgC6Sh99uk7idbohTTRs5/j9OUAjMTxyWytL3pUgonGe0irufWT1KVMLR8CVNdvZwQmD3Ui6iMxhvgmHnCeo1J371DNE8guHJqo0y9BhlL2bJen/unhylmO73w==",
        "",
    ),
];

fn cipher() -> Cipher {
    Cipher::new(Some("testCryptoPassword"), Some("iv=any16_symbols")).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, it| hex + &format!("{it:02x}"))
}

#[test]
fn payloads_are_those_of_a_node_step() {
    for (plain, first, second) in VECTORS {
        let (v1, v2) = (
            cipher().encrypt(plain.as_bytes(), Protocol::V1),
            cipher().encrypt(plain.as_bytes(), Protocol::V2),
        );
        assert_eq!(String::from_utf8_lossy(&v1), *first);
        assert!(second.is_empty() || hex(&v2) == *second, "{plain}: {}", hex(&v2));
        for (payload, protocol) in [(v1, Protocol::V1), (v2, Protocol::V2)] {
            assert_eq!(cipher().decrypt(&payload, protocol).unwrap(), plain.as_bytes());
        }
    }
}

#[test]
fn without_a_password_payloads_are_readable() {
    let open = Cipher::new(None, None).unwrap();
    assert_eq!(open.encrypt(br#"{"a":1}"#, Protocol::V1), b"eyJhIjoxfQ==");
    assert_eq!(open.encrypt(br#"{"a":1}"#, Protocol::V2), br#"{"a":1}"#);
    assert_eq!(open.decrypt(b"eyJhIjoxfQ==", Protocol::V1).unwrap(), br#"{"a":1}"#);
}

#[test]
fn base64_is_read_as_node_reads_it() {
    let plain = "{\"body\":\"\u{3ff}\u{3fe}?>\"}";
    let open = Cipher::new(None, None).unwrap();
    let padded = String::from_utf8(open.encrypt(plain.as_bytes(), Protocol::V1)).unwrap();
    let (bare, safe) = (padded.trim_end_matches('='), padded.replace('/', "_").replace('+', "-"));
    assert_ne!((bare, &safe), (padded.as_str(), &padded), "the text must be worth the test");
    let lines = padded.as_bytes().chunks(7).collect::<Vec<_>>().join(&b"\r\n"[..]);
    for text in [bare.as_bytes(), safe.as_bytes(), safe.trim_end_matches('=').as_bytes(), &lines] {
        let read = open.decrypt(text, Protocol::V1).unwrap();
        assert_eq!(read, plain.as_bytes(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_wrong_password_or_vector_is_said_and_neither_shown() {
    for (password, iv) in
        [("sEcret", "short"), ("sEcret", "iv of 17 bytes..."), ("", "iv=any16_symbols")]
    {
        let error = Cipher::new(Some(password), Some(iv)).unwrap_err();
        assert_eq!(error.kind, Kind::Config);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sEcret") && !shown.contains(iv), "{shown}");
    }
    assert!(Cipher::new(Some("p"), None).is_err());
    assert!(Cipher::new(Some("p"), Some("16 bytes: ééé")).is_ok(), "bytes count, not letters");
    assert_eq!(format!("{:?}", cipher()), "Cipher(AES-256-CBC)");
    let other = Cipher::new(Some("another"), Some("iv=any16_symbols")).unwrap();
    let payload = cipher().encrypt(b"{}", Protocol::V1);
    assert_eq!(other.decrypt(&payload, Protocol::V1).unwrap_err().kind, Kind::Invalid);
}

#[test]
fn any_payload_can_be_written_in_base64() {
    let sealed = cipher().encrypt(b"{}", Protocol::V2);
    assert_eq!(Protocol::V2.in_base64(&sealed), "YnVkti0G1RRGkx6HZNFCcg==");
    assert_eq!(Protocol::V1.in_base64(b"YnVkti0G1RRGkx6HZNFCcg=="), "YnVkti0G1RRGkx6HZNFCcg==");
    assert_eq!(Protocol::V1.in_base64(b"\xff\xfe"), "//4=");
}

proptest! {
    #[test]
    fn whatever_is_encrypted_can_be_decrypted(plain: Vec<u8>, open: bool) {
        let cipher = if open { Cipher::new(None, None).unwrap() } else { cipher() };
        for protocol in [Protocol::V1, Protocol::V2] {
            let payload = cipher.encrypt(&plain, protocol);
            prop_assert_eq!(cipher.decrypt(&payload, protocol).unwrap(), plain.clone());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(payload: Vec<u8>, text in "[A-Za-z0-9+/=_ -]{0,80}") {
        for protocol in [Protocol::V1, Protocol::V2] {
            for bytes in [payload.as_slice(), text.as_bytes()] {
                cipher().decrypt(bytes, protocol).ok();
            }
        }
    }
}
