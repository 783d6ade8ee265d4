//! `rotate completions`: the script that makes a shell ask this program what fits.

use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::cli::complete::VARIABLE;
use crate::ops::failure::{Failure, Status};
use crate::report::console::Console;

/// The name of the program, for which the shell asks and which it calls.
const PROGRAM: &str = "rotate";

/// Print the completion script for a shell
///
/// The shell that runs it completes commands and flags, and the environments, families, versions and
/// rules of the repository: each TAB runs rotate, which must be on the PATH.
///
///   bash        source <(rotate completions bash)         in ~/.bashrc
///   zsh         source <(rotate completions zsh)          in ~/.zshrc, after compinit
///   fish        rotate completions fish | source          in ~/.config/fish/config.fish
///   powershell  rotate completions powershell | Out-String | Invoke-Expression
///   elvish      eval (rotate completions elvish | slurp)  in rc.elv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, console: &Console) -> Result<Status, Failure> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&args.shell.to_string()) {
        shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    }
    console.result(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}
