//! One of the targets of `isendpro_connector::fuzz`, under libFuzzer: `FUZZ_TARGET` names it.
#![no_main]

use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::LazyLock;

use isendpro_connector::fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static READ: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names no target");
    TARGETS.iter().find(|it| it.0 == name).expect("nobody knows this target").1
});

/// What panics ends the process. Not so the database: it panics at damaged files, and the product catches
/// that.
fn spare_the_database() {
    let end = take_hook();
    set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        if !panic.location().is_some_and(|it| it.file().contains("/redb-")) {
            end(panic);
        }
    }));
}

fuzz_target!(
    init: {
        LazyLock::force(&READ);
        spare_the_database();
    },
    |bytes: &[u8]| READ(bytes)
);
