mod addresses;

use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// The least that a platform sets.
const LEAST: &[(&str, &str)] = &[
    ("ELASTICIO_FLOW_ID", "flow1"),
    ("ELASTICIO_EXEC_ID", "exec1"),
    ("ELASTICIO_STEP_ID", "step_2"),
    ("ELASTICIO_CONTAINER_ID", "cont1"),
    ("ELASTICIO_WORKSPACE_ID", "ws1"),
    ("ELASTICIO_USER_ID", "user1"),
    ("ELASTICIO_COMP_ID", "comp1"),
    ("ELASTICIO_FUNCTION", "multi"),
    ("ELASTICIO_API_URI", "https://api.example.com/"),
    ("ELASTICIO_API_USERNAME", "task-1"),
    ("ELASTICIO_API_KEY", "apiK3Y"),
    ("ELASTICIO_AMQP_URI", "amqp://guest:brokerPa55@127.0.0.1/"),
    ("ELASTICIO_LISTEN_MESSAGES_ON", "in.q"),
    ("ELASTICIO_PUBLISH_MESSAGES_TO", "ex"),
    ("ELASTICIO_DATA_ROUTING_KEY", "k.data"),
    ("ELASTICIO_ERROR_ROUTING_KEY", "k.err"),
    ("ELASTICIO_REBOUND_ROUTING_KEY", "k.reb"),
    ("ELASTICIO_SNAPSHOT_ROUTING_KEY", "k.snap"),
    ("ELASTICIO_MESSAGE_CRYPTO_IV", "iv=any16_symbols"),
    ("ELASTICIO_MESSAGE_CRYPTO_PASSWORD", "testCryptoPassword"),
];

/// The names of the first eleven are needed in any case.
const ALWAYS: usize = 11;

fn read(more: &[(&str, &str)]) -> Result<Settings, Error> {
    Settings::read(LEAST.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())))
}

/// Settings with these variables besides the least.
pub fn settings(more: &[(&str, &str)]) -> Settings {
    read(more).unwrap()
}

fn complaint(name: &str, value: &str) -> String {
    read(&[(name, value)]).expect_err(&format!("{name}={value}")).what
}

#[test]
fn what_is_not_set_has_the_values_of_a_node_step() {
    let it = settings(&[]);
    let broker = it.broker.as_ref().unwrap();
    let names = [&broker.queue, &broker.exchange, &broker.data_key, &broker.error_key];
    assert_eq!(names, ["in.q", "ex", "k.data", "k.err"]);
    assert_eq!((broker.rebound_key.as_str(), broker.snapshot_key.as_str()), ("k.reb", "k.snap"));
    let Origin::Platform(api) = &it.origin else { panic!("there is a platform") };
    assert_eq!(api.uri, "https://api.example.com", "without the slash at the end");
    assert_eq!((it.prefetch, it.protocol, it.size_limit), (1, Protocol::V1, 10_485_760));
    let interval = Duration::from_millis(100);
    assert_eq!(it.rates, Rates { data: 10, error: 2, snapshot: 2, interval });
    assert_eq!(it.rebound, Rebound { initial: Duration::from_secs(15), limit: 20 });
    let max_delay = Duration::from_secs(300);
    assert_eq!(it.publish, Retry { delay: interval, max_delay, attempts: None });
    assert_eq!(it.api_retry, Retry { delay: interval, max_delay: interval, attempts: Some(3) });
    assert!(!it.persistent && !it.no_self_passthrough && !it.no_error_replies);
    assert_eq!(it.input_format, InputFormat::Default);
    assert!(it.storage.is_none() && it.extra_headers.is_empty());
    assert_eq!(it.hook, Hook { startup_required: false, shutdown: false });
    assert!(it.log_fields.contains(&("ELASTICIO_FLOW_ID".into(), "flow1".into())));
    assert_eq!(it.log_fields.len(), 9, "only those that are set: {:?}", it.log_fields);
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let none = Settings::read([]).unwrap_err();
    assert_eq!(none.what, "none of a platform's variables (ELASTICIO_...) is set");
    let error = Settings::read([("ELASTICIO_X".into(), "x".into())]).unwrap_err();
    assert!(error.what.starts_with("20 variables of the platform are wrong: "), "{error}");
    for (name, _) in LEAST {
        assert!(error.what.contains(&format!("{name} is missing")), "{name}: {error}");
        let one = Settings::read(
            LEAST.iter().filter(|it| it.0 != *name).map(|it| (it.0.into(), it.1.into())),
        );
        let expected = format!("a variable of the platform is wrong: {name} is missing");
        assert_eq!(one.unwrap_err().what, expected);
        assert_eq!(complaint(name, ""), expected, "an empty one is as good as none");
    }
    let mixed = read(&[
        ("ELASTICIO_FLOW_ID", ""),
        ("ELASTICIO_PROTOCOL_VERSION", "3"),
        ("ELASTICIO_RATE_INTERVAL", "soon"),
    ]);
    assert_eq!(
        mixed.unwrap_err().what,
        "3 variables of the platform are wrong: ELASTICIO_FLOW_ID is missing, \
         ELASTICIO_PROTOCOL_VERSION must be 1 or 2, \
         ELASTICIO_RATE_INTERVAL must be a whole number from 1 to 4294967295"
    );
}

#[test]
fn a_shutdown_hook_needs_no_broker_and_false_is_no_hook() {
    let hooked = |value: &str| {
        let hook = [("ELASTICIO_HOOK_SHUTDOWN", value)];
        let least = LEAST[..ALWAYS].iter().chain(&hook);
        Settings::read(least.map(|(name, value)| ((*name).into(), (*value).into())))
    };
    let it = hooked("true").unwrap();
    assert!(it.hook.shutdown && it.broker.is_none());
    for no in ["false", "", "0"] {
        assert!(hooked(no).unwrap_err().what.starts_with("9 variables"), "{no}");
    }
    assert!(read(&[("ELASTICIO_HOOK_SHUTDOWN", "False")]).unwrap().broker.is_some());
}

#[test]
fn zero_is_zero_or_an_error() {
    let zeros = settings(&[
        ("ELASTICIO_REBOUND_LIMIT", "0"),
        ("ELASTICIO_OBJECT_STORAGE_SIZE_THRESHOLD", "0"),
        ("ELASTICIO_OBJECT_STORAGE_URI", "http://maester:3002/"),
        ("ELASTICIO_OBJECT_STORAGE_TOKEN", "t"),
        ("ELASTICIO_API_REQUEST_RETRY_DELAY", "0"),
    ]);
    let storage = zeros.storage.unwrap();
    assert_eq!((zeros.rebound.limit, storage.threshold), (0, 0));
    assert_eq!(
        (zeros.api_retry.delay, storage.uri.as_str()),
        (Duration::ZERO, "http://maester:3002")
    );
    for name in [
        "RABBITMQ_PREFETCH_SAILOR",
        "DATA_RATE_LIMIT",
        "ERROR_RATE_LIMIT",
        "SNAPSHOT_RATE_LIMIT",
        "RATE_INTERVAL",
        "REBOUND_INITIAL_EXPIRATION",
        "AMQP_PUBLISH_RETRY_DELAY",
        "AMQP_PUBLISH_RETRY_ATTEMPTS",
        "AMQP_PUBLISH_MAX_RETRY_DELAY",
        "API_REQUEST_RETRY_ATTEMPTS",
        "OUTGOING_MESSAGE_SIZE_LIMIT",
    ] {
        let name = reader::full(name);
        for bad in ["0", "-1", "10x", "1e3", "1.5", "4294967296"] {
            let complaint = complaint(&name, bad);
            assert!(
                complaint.contains(&format!("{name} must be a whole number from 1")),
                "{complaint}"
            );
        }
        assert!(read(&[(&name, " 7 ")]).is_ok(), "{name}");
    }
    assert!(complaint("ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "65536").contains("1 to 65535"));
    let endless = settings(&[("ELASTICIO_AMQP_PUBLISH_RETRY_ATTEMPTS", "Infinity")]);
    assert_eq!(endless.publish.attempts, None);
}

#[test]
fn words_are_read_as_they_are_meant() {
    for (value, expected) in
        [("true", true), ("1", true), ("TRUE", true), ("false", false), ("0", false), ("", false)]
    {
        let it = settings(&[
            ("ELASTICIO_AMQP_PERSISTENT_MESSAGES", value),
            ("ELASTICIO_NO_SELF_PASSTRHOUGH", value),
            ("ELASTICIO_NO_ERROR_REPLIES", value),
            ("ELASTICIO_STARTUP_REQUIRED", value),
        ]);
        let read = [it.persistent, it.no_self_passthrough, it.no_error_replies];
        assert_eq!(read, [expected; 3], "{value}");
        assert_eq!(it.hook.startup_required, expected);
    }
    assert!(complaint("ELASTICIO_STARTUP_REQUIRED", "maybe").contains("must be true or false"));
    assert!(complaint("ELASTICIO_INPUT_FORMAT", "xml").contains("must be default or error"));
    let it = settings(&[("ELASTICIO_PROTOCOL_VERSION", "2"), ("ELASTICIO_INPUT_FORMAT", "error")]);
    assert_eq!((it.protocol, it.input_format), (Protocol::V2, InputFormat::Error));
}

#[test]
fn an_object_storage_is_whole_or_missing() {
    let half = complaint("ELASTICIO_OBJECT_STORAGE_URI", "http://maester");
    assert!(half.contains("ELASTICIO_OBJECT_STORAGE_TOKEN is missing"), "{half}");
    let none = complaint("ELASTICIO_EMIT_LIGHTWEIGHT_MESSAGE", "true");
    assert!(none.contains("ELASTICIO_OBJECT_STORAGE_URI is missing"), "{none}");
}

#[test]
fn listed_variables_become_headers() {
    let it = settings(&[
        ("ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", "ELASTICIO_TENANT_ID, FOO_BAR,NOT_SET,,_"),
        ("ELASTICIO_TENANT_ID", "ten1"),
        ("FOO_BAR", ""),
        ("_", "x"),
    ]);
    let expected = [("tenantId".to_owned(), "ten1".to_owned()), ("fooBar".into(), String::new())];
    assert_eq!(it.extra_headers, expected);
}

proptest! {
    /// Whatever a variable holds may be a secret that somebody put there by mistake.
    #[test]
    fn no_value_is_ever_shown_in_an_error(
        secret in "[a-z]{0,3}S3C[ -~]{0,20}",
        place in 0..LEAST.len(),
        optional in prop::sample::select(vec![
            "HOOK_SHUTDOWN", "RATE_INTERVAL", "PROTOCOL_VERSION", "INPUT_FORMAT",
            "OBJECT_STORAGE_URI", "AMQP_PUBLISH_RETRY_ATTEMPTS", "STARTUP_REQUIRED",
        ]),
    ) {
        let optional = reader::full(optional);
        let error = read(&[(LEAST[place].0, &secret), (&optional, &secret)]).unwrap_err();
        prop_assert!(!format!("{error} {error:?}").contains("S3C"), "{}", error);
    }

    #[test]
    fn no_secret_is_ever_shown_in_debug_output(secret in "S3C[a-zA-Z0-9]{13}") {
        let broker = format!("amqp://{secret}:{secret}@host/");
        let it = settings(&[
            ("ELASTICIO_API_KEY", &secret),
            ("ELASTICIO_AMQP_URI", &broker),
            ("ELASTICIO_MESSAGE_CRYPTO_IV", &secret),
            ("ELASTICIO_MESSAGE_CRYPTO_PASSWORD", &secret),
            ("ELASTICIO_OBJECT_STORAGE_URI", "http://maester"),
            ("ELASTICIO_OBJECT_STORAGE_TOKEN", &secret),
            ("ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", "ELASTICIO_API_KEY"),
        ]);
        prop_assert!(!format!("{it:?} {it:#?}").contains("S3C"), "{:?}", it);
    }
}

/// The variables of a step whose configuration is in this file.
fn alone(path: &str, more: &[(&str, &str)]) -> Result<Settings, Error> {
    let of_platform = ["API_", "CRYPTO", "EXEC", "CONTAINER", "WORKSPACE", "USER", "COMP_ID"];
    let least = LEAST.iter().filter(|it| !of_platform.iter().any(|word| it.0.contains(word)));
    let all = least.copied().chain([("ISENDPRO_STEP_FILE", path)]).chain(more.iter().copied());
    Settings::read(all.map(|(name, value)| (name.into(), value.into())))
}

#[test]
fn a_file_takes_the_place_of_the_platform() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("step.json");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let path =
        file(r#"{"config": {"keyid": "canary"}, "snapshot": {"n": 1}, "is_passthrough": true}"#);
    let it = alone(&path, &[]).unwrap();
    let Origin::File(data) = &it.origin else { panic!("there is no platform") };
    assert_eq!((&data.config["keyid"], &data.snapshot["n"]), (&"canary".into(), &1.into()));
    assert!(data.passthrough && !format!("{it:?}").contains("canary"));
    assert_eq!((it.ids.flow.as_str(), it.ids.exec.as_str()), ("flow1", "none"));
    assert_eq!(format!("{:?}", it.broker.unwrap().cipher), "Cipher(none)");

    let wrong = |path: &str, more: &[(&str, &str)]| alone(path, more).unwrap_err().what;
    let first = wrong(&file("{\"config\": canary"), &[("ELASTICIO_STEP_ID", "")]);
    assert!(first.starts_with("ISENDPRO_STEP_FILE (") && first.contains("not JSON"), "{first}");
    assert!(!first.contains("canary") && !first.contains("ELASTICIO"), "{first}");
    assert!(wrong(&file("[]"), &[]).contains("it is no JSON object"));
    assert!(wrong(&file(r#"{"config": "canary"}"#), &[]).contains("its config is no JSON object"));
    let nowhere = alone("/nowhere/step.json", &[]).unwrap_err().to_string();
    assert!(nowhere.contains("(/nowhere/step.json) cannot be read"), "{nowhere}");
    assert!(!nowhere.contains("platform") && !nowhere.contains("isendpro run"), "{nowhere}");
    for blank in ["", " "] {
        let said = wrong(blank, &[]);
        assert!(said.starts_with("ISENDPRO_STEP_FILE is set, and empty"), "{said}");
    }
    for (text, said) in [
        ("{}", "its config is no JSON object, or is missing"),
        (r#"{"config": null}"#, "its config is no JSON object, or is missing"),
        (r#"{"config": []}"#, "its config is no JSON object, or is missing"),
        (r#"{"confg": {"mode": "dryRun"}}"#, "confg (did you mean config?)"),
        (r#"{"Config": {}}"#, "Config (did you mean config?)"),
        (r#"{"configs": {}}"#, "configs (did you mean config?)"),
        (r#"{"config": {}, "snapshots": {}}"#, "snapshots (did you mean snapshot?)"),
        (r#"{"config": {}, "is_passtrough": true}"#, "(did you mean is_passthrough?)"),
        (r#"{"config": {}, "variable": {}}"#, "variable (did you mean variables?)"),
        (r#"{"mode": "canary", "config": {}}"#, "a name that is none: mode; there are config"),
        (r#"{"keyid": "canary"}"#, "a name that is none: keyid"),
    ] {
        let found = wrong(&file(text), &[]);
        assert!(found.contains(said) && !found.contains("canary"), "{text}: {found}");
    }
    let path = file(r#"{"config": {}, "_comment": "mine"}"#);
    let missing = alone(&path, &[("ELASTICIO_STEP_ID", "")]).unwrap_err().to_string();
    let said = "a variable is wrong: ELASTICIO_STEP_ID is missing; docs/step.md";
    assert!(missing.contains(said) && !missing.contains("the platform sets"), "{missing}");
    let half = wrong(&path, &[("ELASTICIO_MESSAGE_CRYPTO_IV", "iv=any16_symbols")]);
    assert!(half.contains("ELASTICIO_MESSAGE_CRYPTO_PASSWORD is missing"), "{half}");
    let hook = wrong(&path, &[("ELASTICIO_STARTUP_REQUIRED", "1")]);
    assert!(hook.contains("ELASTICIO_STARTUP_REQUIRED needs a platform"), "{hook}");
}
