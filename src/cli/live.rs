//! The flags that say where what a cluster runs is read from: files, standard input or the cluster itself.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Arg;

use crate::cli::context;
use crate::disk::file;
use crate::disk::locate::canonical;
use crate::ops::asking::Clusters;
use crate::ops::failure::Failure;
use crate::ops::gathering::{Asks, Given, Gives, STDIN as PIPED, Source, Sources};
use crate::ops::message::Message;
use crate::ops::proving::Asked;
use crate::ops::session::Session;

/// The group of the flags that name an input, of which one is given.
pub(super) const INPUT: &str = "cluster-input";

/// What stands for standard input.
const STDIN: &str = "-";

/// The flags of commands that look at a cluster.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Read the JSON of `kubectl get` from FILE, `-` for standard input; can be given several times.
    /// Where the environment runs the same workloads in several clusters, each FILE is one of them,
    /// or of the one that CLUSTER=FILE names
    #[arg(long, value_name = "FILE", group = INPUT)]
    live: Vec<String>,

    #[command(flatten)]
    context: context::Args,

    /// Check only what is deployed to CLUSTER, named as in the Application or by its directory
    #[arg(long, value_name = "CLUSTER")]
    pub(super) cluster: Option<String>,

    /// The namespace of objects for which Git sets none
    #[arg(long, value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,
}

/// Where it is read from.
pub(super) struct Opened<'a> {
    named: Vec<&'a str>,
    clusters: Option<Clusters>,
    session: &'a Session,
}

/// The arguments of a command that need not look at a cluster: some of them mean nothing without an input.
pub(super) fn with_input(arg: Arg) -> Arg {
    if matches!(arg.get_id().as_str(), "cluster" | "namespace") { arg.requires(INPUT) } else { arg }
}

impl Args {
    /// What is asked for, if an input is named.
    pub(super) fn asked<'a>(&'a self, sources: Sources<'a>) -> Option<Asked<'a>> {
        let (namespace, cluster) = (self.namespace.as_deref(), self.cluster.as_deref());
        self.is_given().then_some(Asked { sources, namespace, cluster })
    }

    /// Whether an input is named.
    fn is_given(&self) -> bool {
        !self.live.is_empty() || !self.context.context.is_empty()
    }

    /// What is named.
    ///
    /// # Errors
    /// When a file is named twice, or a cluster is to be asked and there is no `kubectl`.
    pub(super) fn open<'a>(&'a self, session: &'a Session) -> Result<Opened<'a>, Failure> {
        let named: Vec<&str> = self.live.iter().map(String::as_str).collect();
        once(&named, session)?;
        Ok(Opened { named, clusters: self.context.clusters()?, session })
    }

    /// The same, or else what is piped into standard input.
    ///
    /// # Errors
    /// When a file is named twice, or a cluster is to be asked and there is no `kubectl`.
    pub(super) fn open_or_stdin<'a>(&'a self, session: &'a Session) -> Result<Opened<'a>, Failure> {
        let mut opened = self.open(session)?;
        let is_piped = !self.is_given() && !io::stdin().is_terminal();
        opened.named.extend(is_piped.then_some(STDIN));
        Ok(opened)
    }
}

impl Opened<'_> {
    /// What there is to be read, once it is known what to ask for.
    pub(super) fn gives(&self, asks: &Asks) -> Gives<'_> {
        let files = || -> Gives<'_> {
            let named = self.named.iter();
            Box::new(named.map(|named| source(named, self.session).map(Given::Objects)))
        };
        self.clusters.as_ref().map_or_else(files, |clusters| clusters.ask(asks))
    }
}

/// The cluster and the file of a dump as it is named: `FILE` or `CLUSTER=FILE`. A file with `=` in its name is written with a
/// directory: `./a=b.json`.
fn parts(named: &str) -> (Option<&str>, &str) {
    let of_cluster = named.split_once('=').filter(|(cluster, _)| !cluster.contains(['/', '\\']));
    of_cluster.map_or((None, named), |(cluster, path)| (Some(cluster), path))
}

/// Refuses a file that is named twice: a dump is of one cluster, and standard input is read once.
fn once(named: &[&str], session: &Session) -> Result<(), Failure> {
    let place = |path: &str| {
        let path = session.file(Path::new(path));
        canonical(&path).unwrap_or(path)
    };
    let mut seen: BTreeMap<PathBuf, Option<&str>> = BTreeMap::new();
    for (cluster, path) in named.iter().copied().map(parts) {
        let place = if path == STDIN { PathBuf::from(STDIN) } else { place(path) };
        if let Some(before) = seen.insert(place, cluster) {
            let name = if path == STDIN { PIPED } else { path };
            return Err(named_twice(name, (before, cluster)));
        }
    }
    Ok(())
}

fn named_twice(name: &str, clusters: (Option<&str>, Option<&str>)) -> Failure {
    let text = match clusters {
        (Some(one), Some(other)) if one != other => {
            format!("{name} is given for `{one}` and for `{other}`, and is of one cluster")
        }
        _ => format!("{name} is given twice"),
    };
    let help = "give each input once; what another cluster prints goes to a file of its own: `--live CLUSTER=FILE`";
    Failure::usage(Message::new(text).help(help))
}

/// Opens a dump.
fn source(named: &str, session: &Session) -> Result<Source, Failure> {
    let (cluster, path) = parts(named);
    let cluster = cluster.map(str::to_owned);
    if path == STDIN {
        let stream = Box::new(io::BufReader::new(io::stdin()));
        return Ok(Source {
            name: PIPED.to_owned(),
            cluster,
            context: None,
            stream,
            command: None,
        });
    }
    let stream = Box::new(file::open(&session.file(Path::new(path)))?);
    Ok(Source { name: path.to_owned(), cluster, context: None, stream, command: None })
}
