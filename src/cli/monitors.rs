//! The flag that says where the states of monitors are read from.

use std::io;
use std::path::Path;

use crate::disk::file;
use crate::ops::failure::Failure;
use crate::ops::gathering::STDIN as PIPED;
use crate::ops::message::Message;
use crate::ops::session::Session;
use crate::ops::watching::{Source, Watch};

/// What stands for standard input.
const STDIN: &str = "-";

/// The flag of commands that monitors may stop.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Proceed only if the family's monitors are quiet, as FILE says; can be given several times
    ///
    /// FILE is what `kubectl get datadogmonitors -A -o json`, `amtool alert -o json`, Prometheus or Datadog
    /// print, `-` is standard input. The monitors of the environment that a version comes from count, and
    /// those of the one that takes it; ENV= says that FILE is of one environment.
    #[arg(long, value_name = "[ENV=]FILE")]
    monitors: Vec<String>,
}

impl Args {
    /// What the inputs say; `None` if there are none.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn watch(&self, session: &Session) -> Result<Option<Watch>, Failure> {
        if self.monitors.is_empty() {
            return Ok(None);
        }
        let is_piped = |named: &&String| split(named).1 == STDIN;
        if self.monitors.iter().filter(is_piped).count() > 1 {
            let text = "`--monitors` is given standard input twice";
            let help = "save all but one in files";
            return Err(Failure::usage(Message::new(text).help(help)));
        }
        let sources = self.monitors.iter().map(|named| source(named, session));
        Watch::read(sources.collect::<Result<_, _>>()?).map(Some)
    }
}

/// `FILE` or `ENV=FILE`. A file with `=` in its name is written with a directory: `./a=b.json`.
fn split(named: &str) -> (Option<&str>, &str) {
    let of = named.split_once('=').filter(|(name, _)| !name.contains(['/', '\\']));
    of.map_or((None, named), |(name, path)| (Some(name), path))
}

fn source(named: &str, session: &Session) -> Result<Source, Failure> {
    let (environment, path) = split(named);
    let environment = environment.map(str::to_owned);
    if path == STDIN {
        let stream = Box::new(io::BufReader::new(io::stdin()));
        return Ok(Source { name: PIPED.to_owned(), environment, stream });
    }
    let stream = Box::new(file::open(&session.file(Path::new(path)))?);
    Ok(Source { name: path.to_owned(), environment, stream })
}
