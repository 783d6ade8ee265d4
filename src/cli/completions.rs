//! `rotate completions`: shell completions.

use clap_complete::Shell;

use crate::ops::failure::{Failure, Status};
use crate::report::console::Console;

/// Print shell completions
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions of `command`.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, command: &mut clap::Command, console: &Console) -> Result<Status, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "rotate", &mut text);
    console.result(&String::from_utf8_lossy(&text))?;
    Ok(Status::Done)
}
