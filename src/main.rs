//! The `isendpro` command: see `isendpro --help`.

/// Messages are many small allocations and a few large ones; the allocators of C libraries (musl's
/// above all) are slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    isendpro_connector::cli::main()
}
