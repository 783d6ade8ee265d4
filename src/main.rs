//! The process: hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rotate::cli::run()
}
