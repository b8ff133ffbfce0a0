use std::fs;
use std::path::Path;

use super::TARGETS;

/// All that was ever found stays mended. `scripts/fuzz` finds more.
#[test]
fn the_corpus_is_read() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut folders: Vec<_> = fs::read_dir(&corpus)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<_> = TARGETS.iter().map(|it| it.0).collect();
    names.sort_unstable();
    assert_eq!(folders, names, "each target has a corpus, and each corpus a target");
    for (name, read) in TARGETS {
        for file in fs::read_dir(corpus.join(name)).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display());
            read(&fs::read(path).unwrap());
        }
    }
}
