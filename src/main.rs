//! The thin binary: everything is in the library.

fn main() -> std::process::ExitCode {
    rosterm::cli::run().into()
}
