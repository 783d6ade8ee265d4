//! What a cluster runs, gathered from files, from standard input or from the cluster itself.

use std::io::BufRead;

use crate::cluster::fault::{Fault, Why};
use crate::cluster::live::Live;
use crate::cluster::read::{Known, read};
use crate::cluster::secrets;
use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::Repo;
use crate::repo::subject::Family;
use crate::text::shell::command;
use crate::verify::{Input, Unread};

pub use crate::verify::asks::Asks;

/// What standard input is called.
pub const STDIN: &str = "standard input";

/// A dump of a cluster, which is read once.
pub struct Source {
    /// The file, or what stands for standard input or a context. All that a context prints has one name.
    pub name: String,
    /// The cluster that it is of, where that was said.
    pub cluster: Option<String>,
    /// The context of kubectl that prints it, if one does.
    pub context: Option<String>,
    /// What it holds.
    pub stream: Box<dyn BufRead>,
    /// The command that prints it, where it is of a context.
    pub command: Option<String>,
}

/// What there is to be read of a cluster.
pub enum Given {
    /// Objects as JSON.
    Objects(Source),
    /// Secrets as columns.
    Secrets(Source),
    /// Nothing, and why.
    Nothing(Unread),
}

/// What there is to be read, one after the other.
pub type Gives<'a> = Box<dyn Iterator<Item = Result<Given, Failure>> + 'a>;

/// Opens what there is to be read once it is known what to ask a cluster for.
pub type Sources<'a> = &'a dyn Fn(&Asks) -> Gives<'a>;

/// What was read.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) live: Live,
    pub(super) inputs: Vec<Input>,
    pub(super) unread: Vec<Unread>,
    /// Whether Secrets were asked for, and shown as far as `unread` does not say otherwise.
    pub(super) has_secrets: bool,
}

/// Reads everything that is given. `verify`: how that is called.
pub(super) fn gather(
    sources: Sources<'_>,
    repo: &Repo,
    (asks, verify): (&Asks, &Proves<'_>),
) -> Result<Gathered, Failure> {
    let rules = repo.rules();
    let known = Known { families: &repo.families, rules: &rules };
    let mut all = Gathered::default();
    for given in sources(asks) {
        let (source, is_secrets) = match given? {
            Given::Objects(source) => (source, false),
            Given::Secrets(source) => (source, true),
            Given::Nothing(unread) => {
                all.unread.push(unread);
                continue;
            }
        };
        let Source { name, cluster, context, stream, command: run } = source;
        let is_new = all.inputs.last().is_none_or(|last| run.is_none() || last.name != name);
        if is_new {
            all.inputs.push(Input { name: name.clone(), cluster, context });
        }
        let at = (name.as_str(), all.inputs.len() - 1);
        all.has_secrets |= is_secrets;
        let read = if is_secrets {
            secrets::read(at, stream, &mut all.live)
        } else {
            read(at, stream, known, &mut all.live)
        };
        read.map_err(|fault| unread(&fault, run.as_deref(), (asks, verify)))?;
    }
    if all.inputs.is_empty() && all.unread.is_empty() {
        return Err(no_source(asks, verify));
    }
    Ok(all)
}

/// A run of `rotate verify`, to be typed.
pub(super) struct Proves<'a> {
    /// How it is called for a tree.
    pub(super) program: &'a str,
    /// The environment.
    pub(super) environment: &'a str,
    /// The families; none: all.
    pub(super) families: &'a [Family],
    /// The options that choose what is proved.
    pub(super) options: &'a str,
}

impl Proves<'_> {
    /// The command with an input that is asked for.
    pub(super) fn piped(&self, asks: &Asks) -> String {
        format!("{} | {}", asks.command(), self.with(""))
    }

    fn with(&self, more: &str) -> String {
        let families = self.families.iter().map(|family| &**family);
        let words: Vec<&str> = std::iter::once(self.environment).chain(families).collect();
        command(self.program, &words, &format!("{}{more}", self.options))
    }
}

fn no_source(asks: &Asks, proves: &Proves<'_>) -> Failure {
    let environment = proves.environment;
    let text =
        format!("what runs in `{environment}` has to come from a file or from standard input");
    let help = format!("`{}`, or `{}`", proves.piped(asks), proves.with(" --context CONTEXT"));
    Failure::usage(Message::new(text).help(help))
}

fn unread(fault: &Fault, run: Option<&str>, (asks, verify): (&Asks, &Proves<'_>)) -> Failure {
    if fault.file == STDIN && fault.why == Why::Empty {
        return no_source(asks, verify);
    }
    let message = Message { path: Some(fault.place()), ..Message::new(fault.to_string()) };
    let help = run.map_or_else(
        || fault.help(&asks.command()),
        |run| format!("run it again, or see what kubectl prints: `{run}`"),
    );
    Failure::usage(message.help(help))
}
