//! Completion: a shell calls the program with the words typed so far, and it prints what fits.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command};
use clap_complete::CompletionCandidate as Candidate;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::Shells;

use crate::cli::command;
use crate::cli::context::path;
use crate::cli::explain::words;
use crate::cli::start::start;
use crate::ops::asking;
use crate::ops::candidates;
use crate::ops::failure::Failure;
use crate::plan::from_store;

/// The variable in which a shell that asks has its name.
pub(super) const VARIABLE: &str = "COMPLETE";

/// Whether a shell asked for completions and got them, so that there is nothing else to do.
///
/// The scripts call `rotate -- WORD…`. `CompleteEnv` goes by the variable alone, so a run that finds it set for another
/// reason would print a script and succeed, whatever it was asked.
#[allow(clippy::disallowed_methods)] // the command line is where the environment is read
pub(super) fn is_answered() -> bool {
    let asking = std::env::var(VARIABLE).unwrap_or_default();
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&asking) else { return false };
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != "--") {
        return false;
    }
    let words: Vec<OsString> = arguments.collect();
    if words.is_empty() {
        return false;
    }
    let mut command = with_candidates(command(), &Arc::new(Line::read(&words)));
    let (here, mut found) = (std::env::current_dir().ok(), Vec::new());
    // A shell has no place for an error: where nothing fits, it is offered nothing.
    if shell.write_complete(&mut command, words, here.as_deref(), &mut found).is_ok() {
        let _ = io::stdout().lock().write_all(&found);
    }
    true
}

/// What is known of a command line that is still being typed.
struct Line {
    directory: Option<PathBuf>,
    config: Option<PathBuf>,
    environments: Vec<String>,
    families: Vec<String>,
}

impl Line {
    /// Reads what can be read; the rest of the words is ignored.
    fn read(words: &[OsString]) -> Self {
        let parsed = command().ignore_errors(true).try_get_matches_from(words).unwrap_or_default();
        let command = parsed.subcommand().map(|(_, command)| command);
        let texts = |ids: [&str; 2]| -> Vec<String> {
            let all = |id: &str| -> Vec<String> {
                let values = command.and_then(|command| values::<String>(command, id));
                values.unwrap_or_default()
            };
            ids.into_iter().flat_map(all).filter(|text| !text.is_empty()).collect()
        };
        let path = |id: &str| values::<PathBuf>(&parsed, id)?.pop();
        Self {
            directory: path("directory"),
            config: path("config"),
            environments: texts(["environment", "environments"]),
            families: texts(["family", "families"]),
        }
    }

    fn environments(&self) -> Result<Vec<String>, Failure> {
        candidates::environments(&start(self.directory.clone(), self.config.clone())?)
    }

    fn families(&self) -> Result<Vec<String>, Failure> {
        let start = start(self.directory.clone(), self.config.clone())?;
        candidates::families(&start, &self.environments)
    }

    fn pairs(&self) -> Result<Vec<String>, Failure> {
        let start = start(self.directory.clone(), self.config.clone())?;
        candidates::pairs(&start, &self.environments)
    }

    fn versions(&self) -> Result<Vec<String>, Failure> {
        let start = start(self.directory.clone(), self.config.clone())?;
        let (environment, family) = (self.environments.first(), self.families.first());
        let Some((environment, family)) = environment.zip(family) else { return Ok(Vec::new()) };
        candidates::versions(&start, environment, family)
    }
}

/// The values of an argument; `None` where the command has no such argument, or another type of it.
fn values<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, id: &str) -> Option<Vec<T>> {
    Some(matches.try_get_many::<T>(id).ok()??.cloned().collect())
}

/// The commands, each argument with what can be given to it.
fn with_candidates(command: Command, line: &Arc<Line>) -> Command {
    command.mut_subcommands(|command| command.mut_args(|arg| with_candidates_of(arg, line)))
}

/// What an argument is called in the help says what it takes.
fn with_candidates_of(arg: Arg, line: &Arc<Line>) -> Arg {
    let name = arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
    let of_tree = |find: fn(&Line) -> Result<Vec<String>, Failure>| {
        let line = Arc::clone(line);
        ArgValueCandidates::new(move || -> Vec<Candidate> {
            find(&line).unwrap_or_default().into_iter().map(Candidate::new).collect()
        })
    };
    let of_path = |paths: PathCompleter| {
        let directory = line.directory.clone();
        let paths = directory.into_iter().fold(paths, PathCompleter::current_dir);
        ArgValueCompleter::new(paths)
    };
    match name {
        "ENV" => arg.add(of_tree(Line::environments)),
        "WORKLOAD" => arg.add(of_tree(Line::pairs)),
        "FAMILY" => arg.add(of_tree(Line::families)),
        "V" if arg.get_id() == "to" => arg.add(of_tree(Line::versions)),
        "CONTEXT" => arg.add(ArgValueCandidates::new(contexts)),
        "RULE" => arg.add(ArgValueCandidates::new(rules)),
        "DIR" => arg.add(of_path(PathCompleter::dir())),
        "PATH" | "FILE" => arg.add(of_path(PathCompleter::any())),
        "[KEY=]FILE" | "[ENV=]FILE" => {
            let runs = arg.get_id() == "from_store";
            arg.add(of_store(line.directory.clone(), runs))
        }
        _ => arg,
    }
}

fn contexts() -> Vec<Candidate> {
    asking::contexts(path()).into_iter().map(Candidate::new).collect()
}

/// The programs that list what a store has, where one `runs`, and files, also behind a key.
fn of_store(directory: Option<PathBuf>, runs: bool) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| -> Vec<Candidate> {
        let typed = typed.to_string_lossy();
        let (key, begun) = match typed.rsplit_once('=') {
            Some((key, begun)) => (format!("{key}="), begun),
            None => (String::new(), &*typed),
        };
        let paths = PathCompleter::any();
        let paths = directory.clone().into_iter().fold(paths, PathCompleter::current_dir);
        let files = paths.complete(OsStr::new(begun)).into_iter();
        let files = files.map(|file| file.add_prefix(key.clone()));
        let programs = from_store::programs().into_iter();
        let programs = programs.filter(|name| runs && key.is_empty() && name.starts_with(begun));
        programs.map(Candidate::new).chain(files).collect()
    })
}

fn rules() -> Vec<Candidate> {
    let rules = words().into_iter();
    rules.map(|rule| Candidate::new(rule.id).help(Some(rule.summary.into()))).collect()
}
