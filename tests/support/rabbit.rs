//! A real RabbitMQ for tests: on free ports of this machine, with data of its own, and gone with
//! the test. Starting it takes 5 seconds of processor time, running it 150 MB of memory.
//!
//! No `epmd` runs: the node is told its distribution port, and nobody asks for it.

#![allow(dead_code, reason = "every test file uses a part of this")]

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::amqp::{LIMIT, pause, takes_connections};
use super::guard::{Guard, signal_to};

/// Debian's `rabbitmq-server` in the path is another one: it drops the environment.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Where nobody listens, so that nobody else's `epmd` is told of our servers either.
const NOBODY: &str = "1";

/// A RabbitMQ of one's own, to be stopped and killed. A test that only wants queues takes
/// `rabbit_shared::uri` instead, which starts one server for all.
pub struct Rabbit {
    ports: Ports,
    /// Where it speaks TLS, if it does.
    tls: u16,
    folder: TempDir,
    running: Option<(Child, Guard)>,
    settings: String,
}

impl Rabbit {
    /// Starts one.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ports, settings) = (Ports::free(), String::new());
        let mut rabbit = Self { ports, tls: 0, folder, running: None, settings };
        // Somebody else may take a port in between.
        for _ in 0..3 {
            if rabbit.launch() {
                return rabbit;
            }
            rabbit.ports = Ports::free();
        }
        panic!("RabbitMQ does not start: {}", last_words(rabbit.folder.path()));
    }

    /// Starts one that also speaks TLS, with this certificate and key.
    pub fn over_tls(certificate: &str, key: &str) -> Self {
        let mut rabbit = Self::start();
        rabbit.stop();
        rabbit.tls = Ports::free().amqp;
        rabbit.restart_with(&format!(
            "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.certfile = {certificate}\n\
             ssl_options.keyfile = {key}\nssl_options.cacertfile = {certificate}\n\
             ssl_options.verify = verify_none\n",
            rabbit.tls
        ));
        rabbit
    }

    /// Its address, with the default user and virtual host.
    pub fn uri(&self) -> String {
        self.ports.uri()
    }

    /// Its address for TLS.
    pub fn tls_uri(&self) -> String {
        format!("amqps://guest:guest@127.0.0.1:{}/%2f", self.tls)
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it does not run").0.id()
    }

    /// Stops it in an orderly way.
    pub fn stop(&mut self) {
        self.end("TERM");
    }

    /// Kills it. Durable queues keep their persistent messages that were confirmed.
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// Starts it again, on the same ports and with the same data.
    pub fn restart(&mut self) {
        self.restart_with("");
    }

    /// Starts it again with these settings, such as `vm_memory_high_watermark.absolute = 1KB`.
    pub fn restart_with(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
        assert!(self.running.is_none(), "it still runs");
        assert!(self.launch(), "RabbitMQ does not start again: {}", last_words(self.folder.path()));
    }

    /// Starts it again so that it refuses every login.
    pub fn restart_refusing(&mut self) {
        assert!(self.running.is_none(), "it still runs");
        let settings = "auth_backends.1 = rabbit_auth_backend_dummy";
        let child = server(self.folder.path(), self.ports, settings).spawn().expect(HINT);
        let guard = Guard::of(child.id());
        self.running = Some((child, guard));
    }

    /// Stops it from running, but not from being connected to.
    pub fn pause(&self) {
        signal_to(self.pid(), "STOP");
    }

    /// Lets it run again.
    pub fn resume(&self) {
        signal_to(self.pid(), "CONT");
    }

    fn launch(&mut self) -> bool {
        let mut child = server(self.folder.path(), self.ports, &self.settings).spawn().expect(HINT);
        let guard = Guard::of(child.id());
        let ready = ready(&mut child, self.ports);
        if ready {
            self.running = Some((child, guard));
        } else {
            guard.spare();
        }
        ready
    }

    fn end(&mut self, signal: &str) {
        if let Some((mut child, guard)) = self.running.take() {
            signal_to(child.id(), signal);
            child.wait().unwrap();
            guard.spare();
        }
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What to do where there is none.
pub const HINT: &str = "install rabbitmq-server to run these tests; scripts/test does";

/// Where a server listens.
#[derive(Clone, Copy)]
pub struct Ports {
    /// AMQP.
    pub amqp: u16,
    /// Erlang's distribution, which the server wants and nobody uses.
    pub distribution: u16,
}

impl Ports {
    /// Two that are free now. They are below those that the system gives to clients: one that asks
    /// for a closed port again and again would in the end be connected to itself.
    pub fn free() -> Self {
        let start = RandomState::new().hash_one(0);
        let candidates = (0..12_000).map(|it| 20_000 + ((start + it) % 12_000) as u16);
        let mut free = candidates.filter(|it| TcpListener::bind(("127.0.0.1", *it)).is_ok());
        Self { amqp: free.next().unwrap(), distribution: free.next().unwrap() }
    }

    /// The address for AMQP.
    pub fn uri(self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp)
    }
}

/// A server with its data below this folder, and these settings beside the usual ones. The process that is spawned is the server's own.
pub fn server(folder: &Path, ports: Ports, settings: &str) -> Command {
    let Ports { amqp, distribution } = ports;
    let file = |name: &str| folder.join(name);
    let listener = format!("listeners.tcp.1 = 127.0.0.1:{amqp}\ndisk_free_limit.absolute = 1MB\n");
    fs::write(file("rabbitmq.conf"), listener + settings).unwrap();
    fs::write(file("plugins"), "[].").unwrap();
    fs::write(file("environment"), "").unwrap();
    let log = File::options().create(true).append(true).open(file("log")).unwrap();
    let erlang = format!(
        "-sname isendpro@localhost -erl_epmd_port {distribution} \
         -kernel inet_dist_use_interface {{127,0,0,1}} +sbwt none +sbwtdcpu none +sbwtdio none"
    );
    let mut command = Command::new(SERVER);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, path) in [
        ("HOME", ""), // where the Erlang cookie is
        ("RABBITMQ_ADVANCED_CONFIG_FILE", "no-more-settings"),
        ("RABBITMQ_CONF_ENV_FILE", "environment"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_CONFIG_FILES", "no-more-settings"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"),
        ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
        ("RABBITMQ_LOG_BASE", ""),
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_PID_FILE", "pid"),
        ("RABBITMQ_SCHEMA_DIR", "schema"),
    ] {
        command.env(name, file(path));
    }
    command
        // Once a minute the server starts an Erlang that would leave an epmd behind: not with this.
        .env("ERL_AFLAGS", "-start_epmd false")
        .env("ERL_EPMD_PORT", NOBODY)
        .env("LANG", "C.UTF-8")
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_NODENAME", "isendpro@localhost")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang)
        .env("RUNNING_UNDER_SYSTEMD", "true") // or a shell stays in between
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0);
    command
}

/// Whether this server takes connections; false when it ended instead.
pub fn ready(child: &mut Child, ports: Ports) -> bool {
    while !takes_connections(&ports.uri(), LIMIT) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        pause(Duration::from_millis(50));
    }
    true
}

/// The end of what a server said.
pub fn last_words(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
