//! The `isendpro` command: see `isendpro --help`.

fn main() -> std::process::ExitCode {
    isendpro_connector::cli::main()
}
