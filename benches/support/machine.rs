//! What the figures were measured with and on, and how busy that was.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::child;

/// Versions, cores, system, load.
pub fn describe() -> Result<String> {
    let lock = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let entry =
            lock.split("[[package]]").find(|it| it.contains(&format!("name = \"{name}\"\n")));
        entry.and_then(|it| it.split("version = \"").nth(1)?.split('"').next()).unwrap_or("?")
    };
    let versions =
        ["reqwest", "hyper", "tokio", "serde_json"].map(|name| format!("{name} {}", version(name)));
    let proc = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = proc("/proc/cpuinfo");
    let cpu =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" unknown CPU");
    Ok(format!(
        "{}, {}\n{} cores,{}, Linux {}, load before {}",
        child::version()?,
        versions.join(", "),
        std::thread::available_parallelism()?,
        cpu.trim_start_matches(['\t', ':']),
        proc("/proc/sys/kernel/osrelease").trim(),
        proc("/proc/loadavg").split(' ').next().unwrap_or("?"),
    ))
}

/// The file system of a folder.
///
/// # Errors
/// When it is in memory, where nothing is as slow as a disk.
pub fn disk_of(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let mounts = mounts.lines().filter_map(|it| {
        let mut fields = it.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = mounts.filter(|it| folder.starts_with(it.0)).max_by_key(|it| it.0.len());
    let (_, kind) = above.context("no file system")?;
    ensure!(
        !["tmpfs", "ramfs"].contains(&kind),
        "{} is in memory: set CARGO_TARGET_DIR to a folder on a disk",
        folder.display()
    );
    Ok(kind.to_owned())
}

/// What it takes to write 4 KB and sync them: the median and the 99th of 100, of 500 times.
pub fn sync_time(folder: &Path) -> Result<(Duration, Duration)> {
    let path = folder.join("sync");
    let mut file = File::create(&path)?;
    file.write_all(&vec![1; 1 << 20])?;
    file.sync_all()?;
    let mut times = Vec::new();
    for turn in 0..500_u64 {
        let begun = Instant::now();
        file.write_all_at(&[2; 4096], turn % 256 * 4096)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok((times[250], times[495]))
}
