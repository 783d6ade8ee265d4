//! The command line: flags into requests, results into reports, errors into exit codes.

pub mod args;
pub mod bump;
pub mod checklist;
mod choose;
mod complete;
pub mod completions;
pub mod context;
pub mod evidence;
pub mod explain;
pub mod filter;
mod from_store;
pub mod gates;
pub mod helm;
pub mod history;
pub mod init;
pub mod leave;
pub mod lint;
pub mod live;
pub mod monitor;
pub mod monitors;
pub mod outcome;
pub mod outputs;
pub mod past;
pub mod promote;
pub mod prune;
pub mod pulls;
pub mod refs;
pub mod rollback;
pub mod schema;
pub mod shift;
mod start;
pub mod status;
pub mod subject;
pub mod verify;
pub mod writing;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Subcommand};

use crate::cli::args::{Global, format_flag};
use crate::ops::failure::{Failure, Status};
use crate::ops::message::Message;
use crate::report::format::Format;
use crate::report::message;

/// Rotate Kubernetes secrets by version in a GitOps repository, one environment at a time
///
/// Each rotation creates a new Secret `<family>-<YYYYMMDDHHMMSS>` next to the old one. Workloads are
/// switched to it by changing references in Git, first in staging, then in production. Every change
/// is verified before it is written: the planned tree is resolved in memory, and only the chosen
/// references may differ.
#[derive(Debug, clap::Parser)]
#[command(name = "rotate", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    Bump(bump::Args),
    Checklist(checklist::Args),
    Completions(completions::Args),
    Evidence(evidence::Args),
    Explain(explain::Args),
    History(history::Args),
    Init(init::Args),
    Lint(lint::Args),
    Monitor(monitor::Args),
    Promote(promote::Args),
    Prune(prune::Args),
    Refs(refs::Args),
    Rollback(rollback::Args),
    Schema(schema::Args),
    Shift(shift::Args),
    Status(status::Args),
    Verify(verify::Args),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Findings => Self::from(1),
            Status::Trouble => Self::from(2),
        }
    }
}

/// The commands with their flags.
#[must_use]
pub fn command() -> clap::Command {
    let formats = |name: &str| match name {
        "bump" | "promote" | "prune" | "status" | "verify" => outputs::FORMATS.to_vec(),
        "checklist" => checklist::FORMATS.to_vec(),
        "evidence" => evidence::FORMATS.to_vec(),
        "history" => history::FORMATS.to_vec(),
        "shift" => shift::FORMATS.to_vec(),
        "lint" => lint::formats(),
        _ => vec![Format::TEXT, Format::JSON],
    };
    Cli::command().mut_subcommands(|command| {
        let flag = format_flag(formats(command.get_name()));
        command.arg(flag)
    })
}

/// Parses the command line, runs the command, and returns the exit status.
#[must_use]
pub fn run() -> ExitCode {
    if complete::is_answered() {
        return Status::Done.into();
    }
    let parsed = command().try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with status 0, the rest to stderr with status 2.
            let _ = error.print();
            return if error.use_stderr() { Status::Trouble.into() } else { Status::Done.into() };
        }
    };
    let console = cli.global.console();
    // Otherwise, the first piece of work would make the threads, and panic where the system refuses one.
    if let Err(error) = rayon::ThreadPoolBuilder::new().use_current_thread().build_global() {
        let text = format!("cannot start the threads that read the tree: {error}");
        let help = "allow more processes, or set `RAYON_NUM_THREADS=1`";
        message::error(&Message::new(text).help(help), &console);
        return Status::Trouble.into();
    }
    let done = match &cli.command {
        Command::Bump(args) => bump::run(args, &cli.global, &console),
        Command::Checklist(args) => checklist::run(args, &cli.global, &console),
        Command::Completions(args) => completions::run(args, &console),
        Command::Evidence(args) => evidence::run(args, &cli.global, &console),
        Command::Explain(args) => explain::run(args, &cli.global, &console),
        Command::History(args) => history::run(args, &cli.global, &console),
        Command::Init(args) => init::run(args, &cli.global, &console),
        Command::Lint(args) => lint::run(args, &cli.global, &console),
        Command::Monitor(args) => monitor::run(args, &cli.global, &console),
        Command::Promote(args) => promote::run(args, &cli.global, &console),
        Command::Prune(args) => prune::run(args, &cli.global, &console),
        Command::Refs(args) => refs::run(args, &cli.global, &console),
        Command::Rollback(args) => rollback::run(args, &cli.global, &console),
        Command::Schema(args) => schema::run(args, &console),
        Command::Shift(args) => shift::run(args, &cli.global, &console),
        Command::Status(args) => status::run(args, &cli.global, &console),
        Command::Verify(args) => verify::run(args, &cli.global, &console),
    };
    let status = done.unwrap_or_else(|failure: Failure| {
        message::error(&failure.message, &console);
        if cli.global.format == Format::GITHUB {
            outputs::leave_nothing(&failure);
        }
        failure.status
    });
    status.into()
}
