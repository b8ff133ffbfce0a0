//! What the recorded journals were made by: jobs, and what went wrong with them.

/// A job.
pub struct Job {
    pub name: &'static str,
    pub action: &'static str,
    pub args: &'static str,
    /// What the simulator does wrong, if anything.
    pub fault: &'static str,
    /// True if it is killed while it waits for the answer on a number that ends in 0904.
    pub killed: bool,
    pub input: &'static [&'static str],
}

impl Job {
    /// The words of its command, with more of them at the end.
    pub fn line(&self, more: &str) -> String {
        let Self { name, action, args, .. } = self;
        let line = format!(
            "run {action} --server {{server}} --journal {{journal}} --job {name} {args} {more}"
        );
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// True if it was over in the end, with nothing left to send.
    pub fn is_over(&self) -> bool {
        self.name.starts_with("over")
    }
}

const ORDINARY: &str = "--set kind=transactional --set giveUpAfter=0";
const IDS: &str = "--once-per-id --set kind=transactional --set giveUpAfter=0";

pub const JOBS: &[Job] = &[
    Job {
        name: "single",
        action: "sendSms",
        args: ORDINARY,
        fault: "",
        killed: true,
        input: &[
            r#"{"num":"0680010001","sms":"twice"}"#,
            r#"{"num":"0680010001","sms":"twice"}"#,
            r#"{"num":"0680010002","sms":"named","reference":"r1","meta":{"b":1,"a":2.0}}"#,
            r#"{"num":"0680010011","sms":"blacklisted"}"#,
            r#"{"num":"0142000000","sms":"landline"}"#,
            r#"{"num":"0680010903","sms":"in doubt"}"#,
            r#"{"num":"0680010003","sms":"own tracker","tracker":"mine1"}"#,
            r#"{"id":"e1","body":{"num":"0692112233","sms":"in an envelope"}}"#,
            r#"{"num":"0680010430","sms":"not sent"}"#,
            r#"{"num":"0680010904","sms":"under way"}"#,
            r#"{"num":"0680010004","sms":"not read"}"#,
        ],
    },
    Job {
        name: "bulk",
        action: "sendSmsMulti",
        args: "--set kind=transactional --set giveUpAfter=0 --set batchSize=2",
        fault: "",
        killed: true,
        input: &[
            r#"{"num":["0680010001","0680010011","0680010021","0142000000","0680010001","0680010002"],"sms":"mixed","reference":"b1"}"#,
            r#"{"recipients":[{"num":"0680010003","sms":"x","meta":{"id":1}},{"num":"0680010003","sms":"y","tracker":"mine2"}]}"#,
            r#"{"num":["0680010004","0680010903","0680010005"],"sms":"the first two in doubt"}"#,
            r#"{"num":["0680010006","0680010430"],"sms":"not sent"}"#,
            r#"{"num":["0680010007","0680010008","0680010904","0680010009","0680010010"],"sms":"under way"}"#,
            r#"{"num":["0680010012","0680010013"],"sms":["not","read"],"tracker":["mine3","mine4"]}"#,
        ],
    },
    Job {
        name: "over",
        action: "sendSms",
        args: ORDINARY,
        fault: "",
        killed: false,
        input: &[
            r#"{"num":"0680010001","sms":"accepted"}"#,
            r#"{"num":"0680010903","sms":"in doubt"}"#,
            r#"{"num":"0680010021","sms":"refused"}"#,
        ],
    },
    Job {
        name: "over-bulk",
        action: "sendSmsMulti",
        args: ORDINARY,
        fault: "",
        killed: false,
        input: &[
            r#"{"num":["0680010001","0680010021"],"sms":"accepted and refused"}"#,
            r#"{"num":["0680010906","0680010002"],"sms":"no entry for one","raw":true}"#,
        ],
    },
    Job {
        name: "ids",
        action: "sendSms",
        args: IDS,
        fault: "",
        killed: false,
        input: &[
            r#"{"num":"0680010001","sms":"accepted","reference":"i1"}"#,
            r#"{"num":"0680010011","sms":"refused","reference":"i2"}"#,
            r#"{"num":"0680010903","sms":"in doubt","reference":"i3"}"#,
            r#"{"num":"0680010430","sms":"not sent","reference":"i4"}"#,
            r#"{"num":"0680010903","sms":"in doubt twice","reference":"i5"}"#,
            r#"{"num":"0680010903","sms":"in doubt twice","reference":"i5","resend":true}"#,
            r#"{"num":"0680010002","sms":"own tracker","reference":"i6","tracker":"mine5"}"#,
            r#"{"id":"i7","body":{"num":"0680010003","sms":"in an envelope","meta":[1.50]}}"#,
        ],
    },
    // Its second request is turned away.
    Job {
        name: "bulk-ids",
        action: "sendSmsMulti",
        args: "--once-per-id --set kind=transactional --set giveUpAfter=0 --set batchSize=2",
        fault: r#"{"every":2,"fault":"status429","remaining":1}"#,
        killed: false,
        input: &[
            r#"{"num":["0680010001","0680010002","0680010003","0680010004"],"sms":"a part is not sent","reference":"m1","meta":{"n":1}}"#,
            r#"{"num":["0680010005","0680010011"],"sms":"a part is refused","reference":"m2"}"#,
            r#"{"recipients":[{"num":"0680010006","sms":"x"},{"num":"0680010903","sms":"y"}],"reference":"m3"}"#,
        ],
    },
    Job {
        name: "over-directories",
        action: "repertoireCrea",
        args: "",
        fault: "",
        killed: false,
        input: &[
            r#"{"repertoireNom":"one"}"#,
            r#"{"repertoireNom":"two","reference":"d2","meta":2.0}"#,
        ],
    },
    Job {
        name: "directory",
        action: "sendSmsMulti",
        args: IDS,
        fault: r#"{"every":2,"fault":"dropTaken","remaining":2}"#,
        killed: false,
        input: &[
            r#"{"repertoireId":"100001","sms":"accepted","reference":"g1"}"#,
            r#"{"repertoireId":"100001","sms":"in doubt","reference":"g2"}"#,
            r#"{"repertoireId":"100001","num":["0680010001"],"sms":"accepted, with a number","reference":"g3"}"#,
            r#"{"repertoireId":"100001","num":["0680010002"],"sms":"in doubt, with a number","reference":"g4"}"#,
        ],
    },
    Job {
        name: "over-directory",
        action: "sendSmsMulti",
        args: ORDINARY,
        fault: r#"{"every":1,"fault":"dropTaken","remaining":1}"#,
        killed: false,
        input: &[
            r#"{"repertoireId":"100001","sms":"in doubt"}"#,
            r#"{"repertoireId":"100001","sms":"accepted"}"#,
        ],
    },
    Job {
        name: "links",
        action: "addShortlink",
        args: "--once-per-id",
        fault: "",
        killed: false,
        input: &[r#"{"shortlink":"https://www.example.org/a","reference":"l1","raw":true}"#],
    },
    Job {
        name: "over-links",
        action: "addShortlink",
        args: "",
        fault: "",
        killed: false,
        input: &[
            r#"{"shortlink":"https://www.example.org/a"}"#,
            r#"{"shortlink":"https://www.example.org/a"}"#,
        ],
    },
    Job {
        name: "accounts",
        action: "subaccountAdd",
        args: "--once-per-id",
        fault: "",
        killed: false,
        input: &[
            r#"{"subAccountLogin":"agency.lyon","subAccountPassword":"a long pass phrase","reference":"s1"}"#,
        ],
    },
];

/// The key of the journal that has one.
pub const KEY: &str = "golden key of a journal, 32 bytes";

/// What the journal with a key was made by.
pub fn keyed() -> impl Iterator<Item = &'static Job> {
    JOBS.iter().filter(|it| ["single", "ids", "bulk-ids", "over"].contains(&it.name))
}
