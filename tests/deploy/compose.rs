//! `deploy/rabbitmq` as processes: its broker with its queues, its journal, its workers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::amqp::{LIMIT, pause, takes_connections};
use crate::cli::Simulator;
use crate::guard::{Guard, signal_to};
use crate::rabbit::{HINT, Ports, last_words, server};
use crate::redis::Redis;
use crate::step::{Launch, Step};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The compose file as Docker reads it.
pub fn file() -> Value {
    yaml("deploy/rabbitmq/compose.yaml")
}

/// A YAML file with its anchors put in place.
pub fn yaml(path: &str) -> Value {
    let script = "const yaml = require('yaml'), fs = require('fs');\
                  const text = fs.readFileSync(process.argv[1], 'utf8');\
                  console.log(JSON.stringify(yaml.parse(text, {merge: true})))";
    let path = Path::new(ROOT).join(path);
    let mut command = Command::new("node");
    command.args(["-e", script]).arg(path).current_dir(Path::new(ROOT).join("tests/peers"));
    let output = command.output().expect("install nodejs to run these tests");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// A copy of the folder with secrets of its own, and what the compose file starts.
pub struct Deployed {
    /// The folder.
    pub folder: TempDir,
    /// Where RabbitMQ's API listens.
    pub api: u16,
    /// Whom the workers send to.
    pub simulator: Simulator,
    file: Value,
    ports: Ports,
    journal: Redis,
    broker: Option<(Child, Guard)>,
}

impl Deployed {
    /// Starts the broker and the journal. The step's configuration has these fields on top.
    pub fn start(config: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(Path::new(ROOT).join("deploy/rabbitmq")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        let made = Command::new(folder.path().join("secrets.sh")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let simulator = Simulator::start(&[]);
        configure(&folder.path().join("secrets/step.json"), &simulator, config);
        let file = file();
        let journal = journal(&file, folder.path());
        let mut deployed =
            Self { folder, api: 0, simulator, file, journal, ports: Ports::free(), broker: None };
        deployed.start_broker();
        deployed
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the broker with the files that are mounted into its container.
    pub fn start_broker(&mut self) {
        let data = self.path("broker");
        let definitions = self.path("definitions.d");
        for folder in [&data, &definitions] {
            fs::create_dir_all(folder).unwrap();
        }
        let settings = self.mounts(&definitions);
        for _ in 0..3 {
            let settings = format!("{settings}{}", self.listener());
            let mut command = server(&data, self.ports, &settings);
            fs::write(data.join("plugins"), "[rabbitmq_management].").unwrap();
            let mut child = command.spawn().expect(HINT);
            let guard = Guard::of(child.id());
            if self.ready(&mut child) {
                self.broker = Some((child, guard));
                return;
            }
            guard.spare();
            self.ports = Ports::free();
        }
        panic!("RabbitMQ does not start: {}", last_words(&data));
    }

    /// Puts the files where the compose file says that they are in the container's folder
    /// `/etc/rabbitmq`; the settings among them.
    fn mounts(&self, definitions: &Path) -> String {
        let mut settings = String::new();
        for kind in ["configs", "secrets"] {
            for mount in self.file["services"]["broker"][kind].as_array().unwrap() {
                let source = &self.file[kind][mount["source"].as_str().unwrap()]["file"];
                let source = self.path(source.as_str().unwrap());
                let target = mount["target"].as_str().unwrap();
                if let Some(name) = target.strip_prefix("/etc/rabbitmq/definitions.d/") {
                    fs::copy(source, definitions.join(name)).unwrap();
                } else {
                    assert!(target.starts_with("/etc/rabbitmq/conf.d/"), "{target}");
                    settings += &fs::read_to_string(source).unwrap();
                }
            }
        }
        assert!(settings.contains("= /etc/rabbitmq/definitions.d\n"), "{settings}");
        settings.replace("/etc/rabbitmq/definitions.d", definitions.to_str().unwrap())
    }

    fn listener(&mut self) -> String {
        self.api = Ports::free().amqp;
        format!("management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n", self.api)
    }

    fn ready(&self, child: &mut Child) -> bool {
        while !takes_connections(&self.broker(), LIMIT) {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            pause(Duration::from_millis(100));
        }
        true
    }

    /// The broker's address for a worker.
    pub fn broker(&self) -> String {
        // The client of the tests wants the name of the virtual host.
        self.variables("worker-1")["ELASTICIO_AMQP_URI"].clone() + "%2f"
    }

    /// Ends the broker in an orderly way.
    pub fn stop_broker(&mut self) {
        let (mut child, guard) = self.broker.take().unwrap();
        signal_to(child.id(), "TERM");
        child.wait().unwrap();
        guard.spare();
    }

    /// The variables of a worker, with the hosts and paths of this machine.
    fn variables(&self, worker: &str) -> BTreeMap<String, String> {
        let service = &self.file["services"][worker];
        let mut variables = BTreeMap::new();
        for file in service["env_file"].as_array().unwrap() {
            for line in fs::read_to_string(self.path(file.as_str().unwrap())).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        for (name, value) in service["environment"].as_object().unwrap() {
            variables.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
        let secrets = self.path("secrets");
        let places = [
            ("@broker:5672", format!("@127.0.0.1:{}", self.ports.amqp)),
            ("@journal:6379", format!("@127.0.0.1:{}", self.journal.port())),
            ("/run/secrets", secrets.to_str().unwrap().to_owned()),
            ("0.0.0.0:9464", "127.0.0.1:0".to_owned()),
        ];
        for (there, here) in &places {
            let found = variables.values_mut().filter(|it| it.contains(there));
            assert_eq!(found.map(|it| *it = it.replace(there, here)).count(), 1, "{there}");
        }
        variables
    }

    /// What the health check of a worker's container says of this process.
    pub fn is_healthy(&self, name: &str, worker: &Step) -> bool {
        let check = self.file["services"][name]["healthcheck"]["test"].as_array().unwrap();
        let [kind, program, arguments @ ..] = check.as_slice() else { panic!("{check:?}") };
        assert_eq!((kind, program), (&json!("CMD"), &json!("/usr/local/bin/isendpro")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_isendpro"));
        command.args(arguments.iter().map(|it| it.as_str().unwrap()));
        let log = worker.log();
        let metrics = log.iter().find(|it| it["msg"] == "metrics").unwrap();
        command.env("ISENDPRO_METRICS_ADDR", metrics["address"].as_str().unwrap());
        command.output().unwrap().status.success()
    }

    /// Starts a worker as the image does.
    pub fn worker(&self, name: &str) -> Step {
        let launch = Launch::new(env!("CARGO_BIN_EXE_isendpro"), &["step"], self.folder.path());
        let variables = self.variables(name);
        let launch = variables.iter().fold(launch, |it, (name, value)| it.env(name, value));
        // The first time that something is put off, in the place of 15 s.
        launch.set("REBOUND_INITIAL_EXPIRATION", "500").start()
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        if let Some((mut child, _guard)) = self.broker.take() {
            signal_to(child.id(), "KILL");
            child.wait().ok();
        }
    }
}

/// Fills in `step.json`, which must be one that is safe to start with as it is.
fn configure(path: &Path, simulator: &Simulator, config: &Value) {
    let mut step: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let fields = step["config"].as_object_mut().unwrap();
    assert_eq!((&fields["keyid"], &fields["mode"]), (&json!(""), &json!("dryRun")));
    let own = json!({
        "keyid": "main", "mode": "live", "server": "custom", "otherServer": simulator.url,
    });
    for more in [&own, config] {
        fields.extend(more.as_object().unwrap().clone());
    }
    fs::write(path, step.to_string()).unwrap();
}

/// The journal with the options of the compose file.
fn journal(file: &Value, folder: &Path) -> Redis {
    let command = file["services"]["journal"]["command"].as_array().unwrap();
    let words: Vec<_> = command.iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(words[..2], ["redis-server", "/run/secrets/redis.conf"]);
    let secret = folder.join("secrets/redis.conf");
    Redis::with(&[&[secret.to_str().unwrap()], &words[2..]].concat())
}
