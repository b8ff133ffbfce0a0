//! `isendpro describe`: the generated files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::actions::find;
use crate::catalog;

/// Arguments of `describe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print what is published about this action, and write nothing
    name: Option<String>,
    /// Write nothing; fail if a file differs from what would be written
    #[arg(long)]
    check: bool,
    /// Where the repository is
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    root: PathBuf,
}

/// Writes, checks or prints.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    if let Some(name) = &args.name {
        super::print(&format!("{:#}\n", catalog::describe(find(name)?)))?;
        return Ok(0);
    }
    if args.check {
        let drifted = drifted(&args.root)?;
        for path in &drifted {
            super::complain(format_args!("{path} is not what the code describes"));
        }
        if !drifted.is_empty() {
            super::complain("run: cargo run -- describe");
        }
        return Ok(u8::from(!drifted.is_empty()));
    }
    for file in catalog::files() {
        let path = args.root.join(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("making {}", folder.display()))?;
        }
        std::fs::write(&path, &file.text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(0)
}

/// The files that differ from what the code describes, and those in `schemas/` that it does not
/// know.
pub fn drifted(root: &Path) -> anyhow::Result<Vec<String>> {
    let files = catalog::files();
    let mut drifted: Vec<String> = files
        .iter()
        .filter(|it| std::fs::read_to_string(root.join(&it.path)).ok().as_deref() != Some(&it.text))
        .map(|it| it.path.clone())
        .collect();
    for entry in std::fs::read_dir(root.join("schemas")).into_iter().flatten() {
        let path =
            format!("schemas/{}", entry.context("reading schemas/")?.file_name().to_string_lossy());
        if files.iter().all(|it| it.path != path) {
            drifted.push(path);
        }
    }
    Ok(drifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_files_are_up_to_date() {
        let drifted = drifted(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(drifted.is_empty(), "{drifted:?} differ; run: cargo run -- describe");
    }
}
