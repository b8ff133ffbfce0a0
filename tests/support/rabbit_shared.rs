//! One RabbitMQ for all tests that only want queues, whether they run in one process or, as with
//! nextest, in a process each. The first who asks starts it; it ends 3 seconds after the last user.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::amqp::{LIMIT, takes_connections};
use super::rabbit::{HINT, Ports, last_words, ready, server};

/// Every user holds a lock on a file, which the system takes away from the dead. The 3 seconds are
/// for the next process of the same run.
const LEAVE: &str = r#"
exec 9>>"$1/users"
while :; do
    flock --exclusive 9
    flock --unlock 9
    sleep 3
    flock --exclusive --nonblock 9 && break
done
kill -s KILL "$2"
rm -rf "$1/server" "$1/data"
"#;

/// The address of the server. A test has queues of its own in it.
pub fn uri() -> &'static str {
    static JOINED: OnceLock<(String, File)> = OnceLock::new();
    &JOINED.get_or_init(|| join(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("rabbit"))).0
}

/// The server of this folder, and the lock that keeps it running.
fn join(folder: &Path) -> (String, File) {
    fs::create_dir_all(folder).unwrap();
    let open = |name| File::options().create(true).append(true).open(folder.join(name)).unwrap();
    let (starting, users) = (open("starting"), open("users"));
    starting.lock().unwrap();
    users.lock_shared().unwrap();
    let known = fs::read_to_string(folder.join("server")).ok();
    let uri = known.filter(|it| takes_connections(it, LIMIT)).unwrap_or_else(|| start(folder));
    (uri, users)
}

#[allow(clippy::zombie_processes, reason = "the guard outlives this process")]
fn start(folder: &Path) -> String {
    let data = folder.join("data");
    for _ in 0..3 {
        fs::remove_dir_all(&data).ok();
        fs::create_dir(&data).unwrap();
        let ports = Ports::free();
        let mut child = server(&data, ports, "").spawn().expect(HINT);
        let mut guard = Command::new("sh");
        guard.args(["-c", LEAVE, "sh"]).arg(folder).arg(child.id().to_string());
        let quiet = guard.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut guard = quiet.process_group(0).spawn().unwrap();
        if ready(&mut child, ports) {
            fs::write(folder.join("server"), ports.uri()).unwrap();
            return ports.uri();
        }
        guard.kill().unwrap();
        guard.wait().unwrap();
    }
    panic!("RabbitMQ does not start: {}", last_words(&data));
}
