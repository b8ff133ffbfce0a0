//! Settings that are no step fields: what an environment or a configuration file may set.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in a configuration.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub env: &'static str,
    /// What it does, with unit, bounds and default.
    pub help: &'static str,
}

/// All settings. The platform passes only declared variables on, so each is declared in the
/// descriptor.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "keyid",
        env: "ISENDPRO_KEYID",
        help: "Key of the account, from Mon compte > Mon API.",
    },
    Setting {
        name: "server",
        env: "ISENDPRO_SERVER",
        help: "isendpro (default), simulator (command line only), or an address such as \
               https://host/cgi-bin.",
    },
    Setting {
        name: "emetteur",
        env: "ISENDPRO_EMETTEUR",
        help: "Default sender of messages that name none.",
    },
    Setting {
        name: "stopLifted",
        env: "ISENDPRO_STOP_LIFTED",
        help: "1: iSendPro has lifted the STOP mention for the account; transactional messages go \
               without it.",
    },
    Setting {
        name: "region",
        env: "ISENDPRO_REGION",
        help: "Country whose national numbers are meant, as two letters such as FR (default), RE or \
               BE; a message may say another.",
    },
    Setting {
        name: "timeZone",
        env: "ISENDPRO_TIME_ZONE",
        help: "Time zone of dates that name none; Europe/Paris by default.",
    },
    Setting {
        name: "maxRecipients",
        env: "ISENDPRO_MAX_RECIPIENTS",
        help: "Most recipients of one message; 10000 by default. A message with more is refused.",
    },
    Setting {
        name: "batchSize",
        env: "ISENDPRO_BATCH_SIZE",
        help: "Most recipients of one request, 1 to 10000; 500 by default. A message with more goes in \
               several.",
    },
    Setting {
        name: "marketingSundays",
        env: "ISENDPRO_MARKETING_SUNDAYS",
        help: "1: marketing messages may also be sent on Sundays.",
    },
    Setting {
        name: "marketingHolidays",
        env: "ISENDPRO_MARKETING_HOLIDAYS",
        help: "1: marketing messages may also be sent on French public holidays.",
    },
    Setting {
        name: "pricePerPart",
        env: "ISENDPRO_PRICE_PER_PART",
        help: "What the account pays for an SMS part, in euros, such as 0.045: plans tell the price.",
    },
    Setting {
        name: "requestStyle",
        env: "ISENDPRO_REQUEST_STYLE",
        help: "How the credit, the report and the blacklist are asked for: auto (default), \
               published (fields in the query), json or form.",
    },
    Setting {
        name: "rate",
        env: "ISENDPRO_RATE",
        help: "Most calls to the API a second; 0 (default): no limit.",
    },
    Setting {
        name: "connectTimeout",
        env: "ISENDPRO_CONNECT_TIMEOUT",
        help: "Seconds for a connection, 0.1 to 60; 5 by default.",
    },
    Setting {
        name: "callTimeout",
        env: "ISENDPRO_CALL_TIMEOUT",
        help: "Seconds for a call, 1 to 600, growing by one for every 50 recipients; 20 by default.",
    },
    Setting {
        name: "allowHttp",
        env: "ISENDPRO_ALLOW_HTTP",
        help: "1: also speak http to other machines, which sends the key in clear.",
    },
];

/// Where it is remembered what was sent.
pub const JOURNAL: &str = "ISENDPRO_JOURNAL";
/// The key that the journal is kept under: a copy of the journal without it reveals no number.
pub const JOURNAL_KEY: &str = "ISENDPRO_JOURNAL_KEY";
/// CAs of one's own.
pub const CA_FILE: &str = "ISENDPRO_CA_FILE";
/// The operator's word that TLS is not needed.
pub const ALLOW_CLEARTEXT: &str = "ISENDPRO_ALLOW_CLEARTEXT";
/// Where operators ask how a process does.
pub const METRICS_ADDR: &str = "ISENDPRO_METRICS_ADDR";

/// A JSON file in the place of a platform's API.
pub const STEP_FILE: &str = "ISENDPRO_STEP_FILE";
/// How many messages are under way at the same time.
pub const CONCURRENCY: &str = "ISENDPRO_CONCURRENCY";
/// What is logged, for example `debug` or `isendpro_connector=trace`.
pub const LOG: &str = "ISENDPRO_LOG";

/// Variables that may hold a secret. Each may be named as a file: its name, and `_FILE`.
pub const SECRETS: &[&str] = &["ISENDPRO_KEYID", JOURNAL, JOURNAL_KEY];

/// All variables that are ours.
pub fn variables() -> Vec<String> {
    let own = [STEP_FILE, CONCURRENCY, LOG].into_iter();
    // The fault suite's.
    let own = own.chain(cfg!(feature = "faults").then_some("ISENDPRO_FAULT"));
    let settings = SETTINGS.iter().map(|it| it.env);
    let names = settings.chain(PROCESS.iter().map(|it| it.0)).chain(own).map(str::to_owned);
    names.chain(SECRETS.iter().map(|it| format!("{it}_FILE"))).collect()
}

/// Variables that concern a process and no message. They are declared too.
pub const PROCESS: &[(&str, &str)] = &[
    (
        JOURNAL,
        "Where it is remembered what was sent, so that nothing is sent twice: redis://HOST:PORT, \
         rediss://HOST:PORT or file:PATH. Without it, what a process was sending when it died is in \
         doubt.",
    ),
    (
        JOURNAL_KEY,
        "A secret of at least 16 characters that the journal is kept under: whoever copies the journal \
         without it finds no number and no text in it. The same for all workers, and for good; make one \
         with: openssl rand -hex 32.",
    ),
    (
        CA_FILE,
        "File with the certificates (PEM) of CAs that are trusted beside the system's: for the broker \
         (amqps), the journal (rediss), the platform and iSendPro, also behind a proxy that opens TLS.",
    ),
    (
        ALLOW_CLEARTEXT,
        "1: speak to the broker, the journal, the platform and its storage without TLS, wherever they \
         are. Not needed for names and addresses of a private network.",
    ),
    (
        METRICS_ADDR,
        "Address such as 0.0.0.0:9464 on which /metrics, /healthz and /readyz answer; none by default.",
    ),
];
