//! Addresses: which are refused, and how they are read.

use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn addresses_are_checked() {
    for bad in ["api.example.com", "ftp://host", "/v1", "http://", "http://u:p@host", "http://h/?a"]
    {
        assert!(complaint("ELASTICIO_API_URI", bad).contains("ELASTICIO_API_URI must"), "{bad}");
    }
    for bad in [
        "host",
        "http://host",
        "amqp:",
        "amqp://",
        "amqp:///v",
        "amqp://[::1]:5672/",
        "amqp://h/#x",
        "amqp://h?heartbeat=x",
    ] {
        assert!(complaint("ELASTICIO_AMQP_URI", bad).contains("ELASTICIO_AMQP_URI must"), "{bad}");
    }
    for (given, expected) in [
        ("amqp://guest:guest@host", "amqp://guest:guest@host/%2f?frame_max=131072"),
        (
            "amqp://g:g@host:5673/?heartbeat=9",
            "amqp://g:g@host:5673/%2f?heartbeat=9&frame_max=131072",
        ),
        (
            "amqps://u:p%40@host/vhost?heartbeat=9&frameMax=4096",
            "amqps://u:p%40@host/vhost?heartbeat=9&frame_max=4096",
        ),
    ] {
        let it = settings(&[("ELASTICIO_AMQP_URI", given)]);
        assert_eq!(it.broker.unwrap().uri.expose_secret(), expected);
    }
    assert!(complaint("ELASTICIO_DATA_ROUTING_KEY", &"k".repeat(256)).contains("255 bytes"));
    for bad in ["15 bytes long..", "17 bytes long....", "ééééééééé"] {
        assert!(complaint("ELASTICIO_MESSAGE_CRYPTO_IV", bad).contains("must be exactly 16 bytes"));
    }
}

#[test]
fn what_would_go_in_clear_through_strange_networks_is_refused() {
    let storage = ("ELASTICIO_OBJECT_STORAGE_TOKEN", "token");
    for (name, scheme) in [
        ("ELASTICIO_AMQP_URI", "amqp://user:S3C@"),
        ("ELASTICIO_API_URI", "http://"),
        ("ELASTICIO_OBJECT_STORAGE_URI", "http://"),
    ] {
        for host in ["example.org", "8.8.8.8", "rabbit.internal.example.org"] {
            let said = read(&[(name, &format!("{scheme}{host}")), storage]).unwrap_err().what;
            assert!(said.contains(name) && said.contains("ISENDPRO_ALLOW_CLEARTEXT=1"), "{said}");
            assert!(!said.contains("S3C"), "{said}");
            let tls = scheme.replacen("://", "s://", 1);
            assert_eq!(settings(&[(name, &format!("{tls}{host}")), storage]).warnings, [""; 0]);
        }
        for (host, warned) in
            [("localhost", false), ("127.0.0.1", false), ("broker", true), ("10.1.2.3", true)]
        {
            let settings = settings(&[(name, &format!("{scheme}{host}")), storage]);
            assert_eq!(
                settings.warnings.iter().any(|it| it.contains(host)),
                warned,
                "{name} {host}"
            );
        }
    }
}

#[test]
fn options_of_tls_that_nobody_follows_are_refused() {
    for (options, told) in [
        ("cacertfile=/S3C/ca.pem", "ISENDPRO_CA_FILE"),
        ("CACertFile=ca.pem", "ISENDPRO_CA_FILE"),
        ("heartbeat=9&cacertfile=ca.pem", "ISENDPRO_CA_FILE"),
        ("verify=verify_peer&cacertfile=ca.pem", "ISENDPRO_CA_FILE"),
        ("cacerts=x", "ISENDPRO_CA_FILE"),
        ("verify=verify_none", "they always are"),
        ("verify=none", "they always are"),
        ("verify=", "they always are"),
        ("verify", "they always are"),
        ("fail_if_no_peer_cert=true", "they always are"),
        ("certfile=S3C.pem", "user and password"),
        ("keyfile=S3C.pem", "user and password"),
        ("password=S3C", "user and password"),
        ("server_name_indication=disable", "by the name that its certificate has"),
    ] {
        for address in [format!("amqps://h/v?{options}"), format!("amqp://h?{options}")] {
            let said = complaint("ELASTICIO_AMQP_URI", &address);
            assert!(said.contains(told) && !said.contains("S3C"), "{address}: {said}");
        }
    }
    let checked = settings(&[("ELASTICIO_AMQP_URI", "amqps://h/v?verify=verify_peer&heartbeat=9")]);
    assert!(checked.broker.unwrap().uri.expose_secret().contains("heartbeat=9"));
}
