//! What a test starts ends with it, even when the test is killed.

use std::process::{Child, Command, Stdio};

/// Kills a process when it is dropped, or when this process dies before it could.
pub struct Guard(Option<Child>);

impl Guard {
    /// For the process with this id.
    pub fn of(pid: u32) -> Self {
        let script = "read line || kill -s KILL \"$0\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, &pid.to_string()]);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(Some(quiet.stdin(Stdio::piped()).spawn().unwrap()))
    }

    /// Spares the process, which has ended: its id may be somebody else's soon.
    pub fn spare(mut self) {
        let mut waiting = self.0.take().unwrap();
        waiting.kill().unwrap();
        waiting.wait().unwrap();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut waiting) = self.0.take() {
            waiting.wait().ok(); // closes its stdin first
        }
    }
}

/// Sends a signal, by its name, to a process.
pub fn signal_to(pid: u32, name: &str) {
    let kill = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(kill.success(), "kill -s {name} {pid}");
}
