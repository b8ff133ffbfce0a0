//! What came of a soak.

use super::memory::Memory;
use super::trouble::Happened;
use crate::count::Count;
use crate::row::IN_FLIGHT;

/// What came of a soak.
pub struct Verdict {
    pub seed: u64,
    pub minutes: f64,
    pub messages: usize,
    pub kills: usize,
    pub count: Count,
    pub trouble: Happened,
    pub memory: Memory,
}

impl Verdict {
    /// Prints it. False if something is broken.
    pub fn print(&self) -> bool {
        let Count { accepted, refused, not_sent, unknown, arrived, doubled, lost, wrong } =
            self.count;
        let Self { minutes, kills, seed, messages, .. } = self;
        println!("\n{messages} messages in {minutes:.1} minutes, {kills} kills, seed {seed}\n");
        println!(
            "| messages | sent | accepted | refused | not sent | unknown | doubled | lost | wrong |"
        );
        println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        let (least, most) = self.doubt();
        println!(
            "| {messages} | {arrived} | {accepted} | {refused} | {not_sent} | {unknown} ({least} to \
             {most}) | {doubled} | {lost} | {wrong} |\n"
        );
        let faults = self.trouble.times.iter().map(|(what, times)| format!("{what} {times}"));
        println!("went wrong: {}", faults.collect::<Vec<_>>().join(", "));
        let memory = self.memory.by_minute();
        let memory: Vec<String> = memory.iter().map(|it| format!("{it:.1}")).collect();
        println!("memory of the worker that was not killed, MB by minute: {}", memory.join(" "));
        let broken = self.broken();
        for what in &broken {
            println!("BROKEN: {what}");
        }
        broken.is_empty()
    }

    /// How many may be in doubt: those whose answers were spoiled, all of them; at most those under way
    /// at each kill and at each cut, too.
    fn doubt(&self) -> (usize, usize) {
        let spoiled = self.trouble.doubts;
        (spoiled, spoiled + self.trouble.cut_off + self.kills * IN_FLIGHT)
    }

    fn broken(&self) -> Vec<String> {
        let count = &self.count;
        let mut broken = Vec::new();
        for (what, value) in
            [("doubled", count.doubled), ("lost", count.lost), ("wrong", count.wrong)]
        {
            if value > 0 {
                broken.push(format!("{value} {what}"));
            }
        }
        let (least, most) = self.doubt();
        if !(least..=most).contains(&count.unknown) {
            broken.push(format!("{} unknown, and {least} to {most} may be", count.unknown));
        }
        broken.extend(self.memory.broken());
        broken
    }
}
