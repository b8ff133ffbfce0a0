//! The static binary in a root that holds what the image holds, and what an engine adds to it. The root
//! is read-only. `scripts/image` makes it, and runs these tests.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{Cli, Finished, Simulator, program};
use crate::guard::signal_to;
use crate::queues::{Queue, Queues};
use crate::rabbit_shared;
use crate::step::Launch;

/// Mounts what an engine mounts, and becomes the program. `$0` is the root, `$1` a folder with the files
/// `hosts`, `resolv.conf` and `step.json`.
const ENGINE: &str = r#"
set -e
mount --bind "$0" "$0"
mount --rbind /dev "$0/dev"
mount -t tmpfs tmpfs "$0/tmp"
mount --bind "$1" "$0/run/secrets"
mount --bind "$1/hosts" "$0/etc/hosts"
mount --bind "$1/resolv.conf" "$0/etc/resolv.conf"
mount -o remount,bind,ro "$0"
shift
exec /usr/sbin/chroot "$0" "$@"
"#;

/// A root of the image, with what belongs to one container.
struct Container {
    root: String,
    own: tempfile::TempDir,
}

impl Container {
    fn new() -> Self {
        let root = std::env::var("ISENDPRO_IMAGE_ROOT").expect("run scripts/image");
        let own = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(own.path().join(name), text).unwrap();
        write("hosts", "127.0.0.1 localhost broker broker.localhost\n");
        write("resolv.conf", "nameserver 127.0.0.1\n");
        write("step.json", "{}");
        Self { root, own }
    }

    /// What `unshare` is told to run this in it. Options of its own come before.
    fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        let own = self.own.path().to_str().unwrap();
        [&["-rm", "sh", "-c", ENGINE, &self.root, own], command].concat()
    }

    fn program(&self, command: &[&str]) -> Cli {
        program("unshare", &self.arguments(command))
    }

    fn run(&self, command: &[&str]) -> Finished {
        self.program(command).run("")
    }
}

/// The address of a simulator under another name of this machine.
fn named(simulator: &Simulator, name: &str) -> String {
    simulator.url.replace("127.0.0.1", name)
}

/// Sends an SMS to a server on this machine.
fn sends(container: &Container, server: &str) {
    let sent =
        container.program(&["/usr/local/bin/isendpro", "run", "sendSms", "--server", server]);
    let sent = sent.key("main").env("ISENDPRO_ALLOW_HTTP", "1");
    let sent = sent.run(json!({"num": "0680010203", "sms": server}).to_string());
    assert_eq!(sent.code, 0, "{server}: {sent:?}");
    let result: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!(result["status"], "accepted", "{server}: {sent:?}");
}

#[test]
#[ignore = "scripts/image makes the root"]
fn every_name_of_the_image_is_the_binary() {
    let container = Container::new();
    let version = container.run(&["/usr/local/bin/isendpro", "--version"]);
    assert_eq!(version.stdout, format!("isendpro {}\n", env!("CARGO_PKG_VERSION")), "{version:?}");
    for name in ["/bin/sh", "/bin/bash", "/sbin/tini", "/usr/local/bin/node"] {
        let through = container.run(&[name, "run.sh"]);
        let refused = if name == "/sbin/tini" { "unrecognized" } else { "run.sh is not known" };
        assert_eq!(through.code, 2, "{name}: {through:?}");
        assert!(through.stderr.contains(refused), "{name}: {through:?}");
    }
    let asked = container.run(&["/bin/bash", "serve.sh", "verifyCredentials"]);
    assert_eq!(asked.code, 1);
    assert!(asked.stdout.contains("ELASTICIO_POST_RESULT_URL"), "{asked:?}");
    let step = container.run(&["/sbin/tini", "-v", "-e", "143", "--", "node", "run.js"]);
    assert_eq!(step.code, 1);
    assert!(
        step.stdout.contains("none of a platform's variables (ELASTICIO_...) is set"),
        "{step:?}"
    );
}

#[test]
#[ignore = "scripts/image makes the root"]
fn messages_are_sent_and_reports_are_read() {
    let (container, simulator) = (Container::new(), Simulator::start(&[]));
    for name in ["127.0.0.1", "localhost", "broker.localhost"] {
        sends(&container, &named(&simulator, name));
    }
    assert_eq!(simulator.total(), 3);
    let server = named(&simulator, "localhost");
    let report = ["/usr/local/bin/isendpro", "run", "getCampagne", "--server", &server];
    let report = container.program(&report).args(&["--set", "emitBehaviour=fetchAll"]);
    let report = report.args(&["--set", "period=last24Hours"]).key("main");
    let report = report.env("ISENDPRO_ALLOW_HTTP", "1").run("{}");
    assert_eq!(report.code, 0, "{report:?}");
    assert!(report.stdout.contains("http://broker"), "{report:?}");
}

/// The server of names answers at its usual port, in a network of the test's own.
#[test]
#[ignore = "scripts/image makes the root"]
fn names_are_asked_of_dns() {
    if std::env::var_os("ISENDPRO_IN_OWN_NETWORK").is_none() {
        let test = std::env::current_exe().unwrap();
        let up = "ip link set lo up && exec \"$0\" root::names_are_asked_of_dns --exact --ignored";
        let mut again = Command::new("unshare");
        again.args(["-rn", "sh", "-c", up]).arg(test).env("ISENDPRO_IN_OWN_NETWORK", "1");
        let again = again.output().unwrap();
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
        return;
    }
    let server = UdpSocket::bind("127.0.0.1:53").unwrap();
    std::thread::spawn(move || answer(&server));
    let (container, simulator) = (Container::new(), Simulator::start(&[]));
    sends(&container, &named(&simulator, "api.localhost"));
    assert_eq!(simulator.total(), 1);
}

/// Answers each question for the IPv4 address of a name with 127.0.0.1, and each other one with nothing.
fn answer(server: &UdpSocket) {
    let mut question = [0; 512];
    while let Ok((length, from)) = server.recv_from(&mut question) {
        let name = question[12..length].iter().position(|it| *it == 0).unwrap();
        let end = 12 + name + 5;
        let is_a = question[end - 4..end - 2] == [0, 1];
        let mut reply = question[..2].to_vec();
        reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
        reply.extend(&question[12..end]);
        if is_a {
            reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        server.send_to(&reply, from).unwrap();
    }
}

#[test]
#[ignore = "scripts/image makes the root"]
fn a_step_works_as_process_1_and_stops_when_it_is_told() {
    let (container, simulator) = (Container::new(), Simulator::start(&[]));
    let queues = Queues::declare(rabbit_shared::uri());
    let config = json!({"keyid": "main", "server": "custom", "otherServer": simulator.url});
    let config = json!({"config": config, "is_passthrough": false});
    fs::write(container.own.path().join("step.json"), config.to_string()).unwrap();
    let image = ["/usr/local/bin/isendpro", "step"];
    let arguments = [&["--pid", "--fork"], &container.arguments(&image)[..]].concat();
    let key = |queue| queues.name(queue);
    let mut step = Launch::new("unshare", &arguments, Path::new("/"))
        .env("ISENDPRO_STEP_FILE", "/run/secrets/step.json")
        .set("FLOW_ID", "flow1")
        .set("STEP_ID", "step_1")
        .set("FUNCTION", "sendSms")
        .set("AMQP_URI", &queues.uri().replace("127.0.0.1", "broker"))
        .set("LISTEN_MESSAGES_ON", &key(Queue::Input))
        .set("PUBLISH_MESSAGES_TO", &queues.exchange())
        .set("DATA_ROUTING_KEY", &key(Queue::Data))
        .set("ERROR_ROUTING_KEY", &key(Queue::Error))
        .set("REBOUND_ROUTING_KEY", &key(Queue::Rebound))
        .set("SNAPSHOT_ROUTING_KEY", &key(Queue::Snapshot))
        .set("PROTOCOL_VERSION", "2")
        .start();
    let message = json!({"body": {"num": "0680010203", "sms": "Bonjour"}}).to_string();
    queues.publish(&json!({"protocolVersion": 2}), message.as_bytes());
    let result = queues.next(Queue::Data);
    let result: Value = serde_json::from_slice(&result.payload).unwrap();
    assert_eq!(result["body"]["status"], "accepted", "{result}");
    assert!(step.output().contains("\"pid\":1,"), "{}", step.output());
    // The only child of `unshare`.
    let children = format!("/proc/{0}/task/{0}/children", step.pid);
    signal_to(fs::read_to_string(children).unwrap().trim().parse().unwrap(), "TERM");
    assert_eq!(step.exit(), Some(0), "{}", step.output());
    assert_eq!(queues.count(Queue::Input), 0);
}
