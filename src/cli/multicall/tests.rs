use super::*;

/// A command line with what clap is given for it.
type Row = (&'static str, &'static str);

const STEP: &str = "isendpro step";

/// The arguments that become of a line, or why there are none. A `'` holds words together.
fn become_of(line: &str, variables: &[&str]) -> Result<String, String> {
    let mut given = Vec::new();
    for (place, part) in line.split('\'').enumerate() {
        match place % 2 {
            0 => given.extend(part.split_whitespace().map(OsString::from)),
            _ => given.push(part.into()),
        }
    }
    let set = |name: &str| variables.contains(&name);
    let arguments = arguments(&given, set).map_err(|it| it.to_string())?;
    Ok(arguments.iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>().join(" "))
}

#[test]
fn what_starts_a_step_on_node_starts_one_here() {
    for line in [
        "isendpro step",
        "isendpro bash sail.sh",
        "isendpro sh ./sail.sh",
        "bash sail.sh",
        "/bin/sh /home/node/sail.sh",
        "node run.js",
        "/usr/local/bin/node ./node_modules/elasticio-sailor-nodejs/run.js",
        "isendpro node --max-old-space-size=256 ./node_modules/elasticio-sailor-nodejs/run.js",
        "isendpro tini -v -e 143 -- bash sail.sh",
        "isendpro /sbin/tini -v -e 143 -- node ./node_modules/elasticio-sailor-nodejs/run.js",
        "/sbin/tini -v -e 143 -- bash sail.sh",
        "/sbin/tini -s -p SIGTERM isendpro step",
        "isendpro sh -c 'bash sail.sh'",
        "sh -c 'exec node ./node_modules/elasticio-sailor-nodejs/run.js'",
        "sh -c ./sail.sh",
    ] {
        assert_eq!(become_of(line, &[]).as_deref(), Ok(STEP), "{line}");
    }
}

#[test]
fn our_own_command_line_may_stand_behind_a_shell() {
    for line in
        ["isendpro sh -c 'isendpro health'", "/bin/sh -c 'exec /usr/local/bin/isendpro health'"]
    {
        assert_eq!(become_of(line, &[]).as_deref(), Ok("isendpro health"), "{line}");
    }
}

#[test]
fn what_asks_a_question_on_node_asks_it_here() {
    let table: &[Row] = &[
        ("isendpro bash serve.sh verifyCredentials", "verifyCredentials"),
        ("bash serve.sh getMetaModel a b", "getMetaModel"),
        ("node ./node_modules/elasticio-sailor-nodejs/runService.js selectModel", "selectModel"),
        ("isendpro tini -v -e 143 -- bash serve.sh verifyCredentials", "verifyCredentials"),
        ("sh -c 'bash serve.sh verifyCredentials'", "verifyCredentials"),
        ("isendpro verifyCredentials", "verifyCredentials"),
        ("isendpro tini -- verifycredentials", "verifycredentials"),
        // The platform is told that nobody knows it.
        ("bash serve.sh foo", "foo"),
    ];
    for (line, method) in table {
        assert_eq!(become_of(line, &[]), Ok(format!("isendpro service {method}")), "{line}");
    }
}

#[test]
fn a_command_line_of_ours_stays_as_it_is() {
    for line in [
        "isendpro",
        "isendpro run sendSms --server simulator",
        "isendpro completions bash",
        "isendpro run node --set sms=verifyCredentials",
        "isendpro service verifyCredentials",
        "isendpro step --help",
        "isendpro --version",
        "isendpro count sail.sh",
    ] {
        assert_eq!(become_of(line, &["ELASTICIO_POST_RESULT_URL"]).as_deref(), Ok(line));
    }
    let table: &[Row] = &[
        ("/usr/local/bin/isendpro run sendSms", "isendpro run sendSms"),
        ("isendpro-1.2.3 check", "isendpro check"),
        ("isendpro tini -- isendpro run sendSms", "isendpro run sendSms"),
        ("tini -- /isendpro --version", "/isendpro --version"),
        ("tini -- --version", "isendpro --version"),
    ];
    for (line, expected) in table {
        assert_eq!(become_of(line, &[]).as_deref(), Ok(*expected), "{line}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_would_be() {
    let table: &[Row] = &[
        ("bash", "bash is given nothing to run"),
        ("isendpro node", "node is given nothing to run"),
        ("tini", "nothing to run is given"),
        ("bash start.sh", "start.sh is not known"),
        ("node -e 1", "-e is not known"),
        ("node run.js verifyCredentials", "run.js takes no arguments"),
        ("isendpro bash sail.sh now", "sail.sh takes no arguments"),
        ("bash serve.sh", "serve.sh takes the method that is asked for"),
        ("bash serve.sh --help", "serve.sh takes the method that is asked for"),
        ("bash serve.sh a b c d", "serve.sh takes the method that is asked for"),
        (
            "node ./node_modules/@openintegrationhub/ferryman/runGlobal.js",
            "runGlobal.js is not known",
        ),
        ("sh -c 'cd app && bash sail.sh'", "more than one plain command"),
        ("sh -c 'bash sail.sh; reboot'", "more than one plain command"),
        ("sh -c ''", "more than one plain command"),
        ("sh -c", "-c is not known"),
    ];
    for (line, why) in table {
        let refused = become_of(line, &[]).expect_err(line);
        assert!(refused.contains(why) && refused.contains("`bash sail.sh`"), "{line}: {refused}");
    }
}

#[test]
fn without_a_command_line_the_environment_decides() {
    const QUEUE: &str = "ELASTICIO_LISTEN_MESSAGES_ON";
    const HOOK: &str = "ELASTICIO_HOOK_SHUTDOWN";
    const RESULT: &str = "ELASTICIO_POST_RESULT_URL";
    for variables in [&[QUEUE][..], &[HOOK], &[QUEUE, RESULT]] {
        for line in ["isendpro", "isendpro tini -v -e 143 --", "tini --"] {
            assert_eq!(become_of(line, variables).as_deref(), Ok(STEP), "{line} {variables:?}");
        }
    }
    assert_eq!(become_of("isendpro", &[]).as_deref(), Ok("isendpro"), "which prints the help");
    for line in ["isendpro step", "bash sail.sh"] {
        let refused = become_of(line, &[RESULT]).expect_err(line);
        assert!(
            refused.contains(RESULT) && refused.contains("`bash serve.sh METHOD`"),
            "{refused}"
        );
        assert_eq!(become_of(line, &[RESULT, HOOK]).as_deref(), Ok(STEP));
    }
}
