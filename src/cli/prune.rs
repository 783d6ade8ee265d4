//! `rotate prune`: remove the stubs that nothing needs any more.

use crate::cli::args::{Global, family};
use crate::cli::outcome::{Changes, Pulls};
use crate::cli::{from_store, live, outputs, past, pulls, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::gathering::{Asks, Sources};
use crate::ops::outcome::Outcome;
use crate::ops::prune::{self, Removals, Request};
use crate::ops::session::Session;
use crate::repo::subject::Family;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::prune::{Pruned, markdown_of, proof, summary};

/// Remove the stubs that nothing references and whose retention is over
///
/// How long a version has been unreferenced is read from Git. It is kept for the environment's
/// retention from that point on or, if a CronJob references the family, for twice the longest time
/// between two of its runs. The current version is kept, and so are newer ones, the previous one,
/// the one that a hold names, and any that text in the repository mentions. Every stub that is kept is
/// listed with its reason.
///
/// When the stub is gone, the operator deletes the Secret. The commands that remove the version
/// from the store are printed at the end.
///
/// With `--live` or `--context`, the cluster counts as well, as in `rotate verify`: a version that
/// something there uses is kept, and so is every version of a family unless all of its workloads are
/// in the input and every pod has moved. Exits with 1 if that keeps a stub, and with 2 if the input
/// cannot be read or is of another cluster.
#[derive(Debug, clap::Args)]
#[command(mut_args(live::with_input))]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The families; if omitted, all families in the environment
    #[arg(value_name = "FAMILY", value_parser = family)]
    families: Vec<String>,

    /// Also keep versions that BRANCH references; can be given several times
    #[arg(long, value_name = "BRANCH")]
    also_branch: Vec<String>,

    /// Also remove versions that scripts, documents or other text still mention
    #[arg(long)]
    ignore_text: bool,

    #[command(flatten)]
    live: live::Args,

    /// Say when the versions to be removed were last read, as a store lists it; can be given several times
    ///
    /// FILE is what `aws secretsmanager list-secret-version-ids` printed as JSON, `-` is standard input; other stores do not
    /// tell. KEY is the store's key, needed if the stubs read several. `aws` runs that program for every key; a file of that
    /// name is given as `./aws`. AWS keeps the day of a read, not its time.
    #[arg(long = "from-store", value_name = "[KEY=]FILE")]
    from_store: Vec<String>,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    outputs: outputs::Args,

    #[command(flatten)]
    past: past::Args,

    #[command(flatten, next_help_heading = "Pull requests")]
    pulls: pulls::Args,
}

/// Plans the removals, proves them, and writes them, opens pull requests, or shows them.
///
/// # Errors
/// When the tree or its history cannot be read, something forbids the removal, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&outputs::FORMATS)?;
    args.pulls.with_context(&args.writing, (global, console), |context| {
        let opened = args.live.open(context.session)?;
        let sources = |asks: &Asks| opened.gives(asks);
        match prune::run(&args.request(&sources), context)? {
            Outcome::Changed(removals) => show(args, &removals, context.session, format, console),
            Outcome::Proposed(proposals) => {
                let pulls = Pulls { command: "prune", proposals: &proposals, format };
                pulls.print(context.session, &args.outputs, console)
            }
        }
    })
}

impl Args {
    fn request<'a>(&'a self, sources: Sources<'a>) -> Request<'a> {
        Request {
            environment: self.environment.clone(),
            families: self.families.iter().cloned().map(Family::from).collect(),
            also_branches: self.also_branch.clone(),
            ignore_text: self.ignore_text,
            live: self.live.asked(sources),
            from_store: from_store::listings(&self.from_store),
            mainline: self.past.mainline.clone(),
            now: self.past.now(),
        }
    }
}

fn show(
    args: &Args,
    removals: &Removals,
    session: &Session,
    format: Format,
    console: &Console,
) -> Result<Status, Failure> {
    let Removals { plans, files, next, .. } = removals;
    let written = args.writing.writes();
    let report = || markdown_of(plans);
    let changes =
        Changes { command: "prune", is_change: !files.is_empty(), report: &report, format };
    let json = || console.json(&Pruned::new(&args.environment, removals, written));
    let talk = || {
        args.writing.show_diff(files, console)?;
        for one in plans {
            console.talk(summary(one, written, console.color_err).trim_end());
        }
        for line in removals.verified.iter().flat_map(proof) {
            console.talk(&line);
        }
        args.writing.show_next(next, console);
        if plans.is_empty() {
            console.talk(&format!("{} has no versioned secret", args.environment));
        }
        Ok(())
    };
    changes.print(session, &args.outputs, console, json, talk)?;
    let would = args.writing.check && !files.is_empty();
    let is_refused = plans.iter().any(|plan| plan.refusal().is_some());
    Ok(if would || is_refused { Status::Findings } else { Status::Done })
}
