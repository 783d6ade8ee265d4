//! `rotate verify`: whether every pod of an environment runs what Git names.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::args::{Global, family};
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{context, helm, outputs, past};
use crate::disk::file;
use crate::ops::failure::{Failure, Status};
use crate::ops::gathering::{Given, Gives, STDIN as PIPED, Source};
use crate::ops::session::{Access, Session};
use crate::ops::verify::{self, Request, Verified};
use crate::ops::waiting::{self, State, Waiting};
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::verify as picture;
use crate::report::workflow::log;

/// What stands for standard input.
const STDIN: &str = "-";

/// Check that every pod of an environment runs the versions that Git names
///
/// What a cluster runs is read from the output of `kubectl get`, from files or from standard input,
/// as in `kubectl get pods,replicasets,deployments -A -o json | rotate verify production`, or from
/// the cluster itself by your own kubectl, as in `rotate verify production --context prod-eu`.
/// Without input, the command for the kinds and namespaces of the environment is printed. Secrets
/// are not needed: that one exists follows from its ExternalSecret and from the pods that started.
///
/// Exits with 0 only if every workload that names the secret is in the input with all of its pods,
/// and all of them have moved; with 1 if not, and says what is missing or waits for what; with 2 if
/// the input cannot be read or is of another cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; if omitted, all that have a version in the environment
    #[arg(value_name = "FAMILY", value_parser = family)]
    families: Vec<String>,

    /// Read the JSON of `kubectl get` from FILE, `-` for standard input; can be given several times.
    /// Where the environment runs the same workloads in several clusters, each FILE is one of them,
    /// or of the one that CLUSTER=FILE names
    #[arg(long, value_name = "FILE", conflicts_with = "context")]
    live: Vec<String>,

    #[command(flatten)]
    context: context::Args,

    /// With `--context`, ask again until everything has moved, for DURATION (such as 10m) at most
    #[arg(long, value_name = "DURATION", requires = "context", value_parser = waiting::period)]
    wait: Option<Duration>,

    /// Check only what is deployed to CLUSTER, named as in the Application or by its directory
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,

    /// The namespace of objects for which Git sets none
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    #[command(flatten)]
    helm: helm::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,
}

impl Args {
    /// The dumps that are named; standard input where none is and something is piped into it.
    fn dumps<'a>(&'a self, session: &'a Session) -> Gives<'a> {
        let is_piped = self.live.is_empty() && !io::stdin().is_terminal();
        let piped = is_piped.then_some(STDIN).into_iter();
        let named = piped.chain(self.live.iter().map(String::as_str));
        Box::new(named.map(|named| source(named, session).map(Given::Objects)))
    }
}

/// A dump as it is named: `FILE` or `CLUSTER=FILE`. A file with `=` in its name is written with a directory: `./a=b.json`.
fn source(named: &str, session: &Session) -> Result<Source, Failure> {
    let of_cluster = named.split_once('=').filter(|(cluster, _)| !cluster.contains(['/', '\\']));
    let (cluster, path) = of_cluster.map_or((None, named), |(cluster, path)| (Some(cluster), path));
    let cluster = cluster.map(str::to_owned);
    if path == STDIN {
        let stream = Box::new(io::BufReader::new(io::stdin()));
        return Ok(Source { name: PIPED.to_owned(), cluster, stream, command: None });
    }
    let stream = Box::new(file::open(&session.file(Path::new(path)))?);
    Ok(Source { name: path.to_owned(), cluster, stream, command: None })
}

/// Reads the tree and what the cluster runs, and prints how far each workload is.
///
/// # Errors
/// When the tree or the input cannot be read, or the input has none of the environment's workloads.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, _) = global.open_with(console, Access::Read, args.helm.machine())?;
    let clusters = args.context.clusters()?;
    let begin = Instant::now();
    let waiting = Waiting {
        period: args.wait.unwrap_or_default(),
        elapsed: &|| begin.elapsed(),
        sleep: &thread::sleep,
        events: console,
        state: State::default(),
    };
    let request = Request {
        environment: args.environment.clone(),
        families: args.families.iter().cloned().map(Family::from).collect(),
        namespace: args.namespace.clone(),
        cluster: args.cluster.clone(),
        sources: &|asks| {
            clusters.as_ref().map_or_else(|| args.dumps(&session), |clusters| clusters.ask(asks))
        },
        again: &|shown| args.wait.is_some() && waiting.again(shown),
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let verified = verify::run(&request, &session, console)?;
    // It may have taken long.
    let now = args.past.now();
    match format {
        Format::JSON => console.json(&picture::json::Verify::new(&verified, now))?,
        Format::MARKDOWN => console.result(&picture::markdown(&verified, now))?,
        Format::GITHUB => {
            console.result(&picture::annotations(&verified))?;
            console.result(&log(&picture::text(&verified, now, false)))?;
        }
        _ => console.result(&picture::text(&verified, now, console.color_out))?,
    }
    let report = || picture::markdown(&verified, now);
    let summary = || headed("verify", &report());
    args.outputs.leave(&session, format, || Ok(report()), summary, Outputs::default())?;
    let Verified { proof, repo, .. } = verified;
    let is_clean = proof.is_clean();
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget((proof, repo));
    Ok(if is_clean { Status::Done } else { Status::Findings })
}
