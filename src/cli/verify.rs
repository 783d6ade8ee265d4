//! `rotate verify`: whether every pod of an environment runs what Git names.

use std::thread;
use std::time::{Duration, Instant};

use crate::cli::args::{Global, family};
use crate::cli::outputs::{Outputs, headed};
use crate::cli::{helm, live, outputs, past};
use crate::ops::failure::{Failure, Status};
use crate::ops::session::Access;
use crate::ops::verify::{self, Request};
use crate::ops::waiting::{self, State, Waiting};
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::verify as picture;
use crate::report::workflow::log;

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

    #[command(flatten)]
    live: live::Args,

    /// With `--context`, ask again until everything has moved, for DURATION (such as 10m) at most
    #[arg(long, value_name = "DURATION", requires = "context", value_parser = waiting::period)]
    wait: Option<Duration>,

    #[command(flatten)]
    helm: helm::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Reads the tree and what the cluster runs, and prints how far each workload is.
///
/// # Errors
/// When the tree or the input cannot be read, or the input has none of the environment's workloads.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    let (session, _) = global.open_with(console, Access::Read, args.helm.machine())?;
    let opened = args.live.open_or_stdin(&session)?;
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
        namespace: args.live.namespace.clone(),
        cluster: args.live.cluster.clone(),
        sources: &|asks| opened.gives(asks),
        again: &|shown| args.wait.is_some() && waiting.again(shown),
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let (verified, repo) = verify::run(&request, &session, console)?;
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
    let is_clean = verified.proof.is_clean();
    // The process is about to exit; dropping a large tree node by node would only delay that.
    std::mem::forget((verified, repo));
    Ok(if is_clean { Status::Done } else { Status::Findings })
}
