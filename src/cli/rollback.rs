//! `rotate rollback`: point the references back at the version before.

use crate::cli::args::Global;
use crate::cli::{leave, past, subject, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::rollback::{self, Request};
use crate::ops::rotation::settings;
use crate::report::bump::Bump;
use crate::report::console::Console;

/// Point a family's references back to the previous version
///
/// The previous version is read from Git. Its stub is normally still there; if not, it is restored
/// as it was. Where a blue and a green workload run the two versions, the traffic goes back to the
/// one with the older version, and the references stay. A hold in rotate.yaml keeps the environment at that version until `rotate bump … --lift-hold`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::Args,

    /// Go back to version V (YYYYMMDDHHMMSS), or to the name without a version (`plain`), instead of the previous one
    #[arg(long, value_name = "V")]
    to: Option<String>,

    /// The reason, recorded in the hold and in the commit message
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Do not write a hold
    #[arg(long)]
    no_hold: bool,

    #[command(flatten)]
    leave: leave::Args,

    /// Move the references also where the traffic of a blue and a green workload could go back
    #[arg(long)]
    references: bool,

    #[command(flatten)]
    writing: writing::Args,

    #[command(flatten)]
    past: past::Args,
}

/// Plans the way back, proves it, and writes it or shows it.
///
/// # Errors
/// When there is no version to go back to, the tree or its history cannot be read, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let (session, writer) =
        global.open_with(console, args.writing.access(), args.writing.helm.machine())?;
    let opened = (&session, writer.as_ref());
    let context = args.writing.context(opened, None, console);
    let request = Request {
        environment: args.subject.environment.clone(),
        family: args.subject.family(),
        to: args.to.clone(),
        reason: args.reason.clone(),
        no_hold: args.no_hold,
        by_references: args.references,
        leave: args.leave.named(),
        mainline: args.past.mainline.clone(),
        now: args.past.now(),
    };
    let changed = rollback::run(&request, &context)?;
    let (rotations, files) = (&changed.rotations, &changed.files);
    if json {
        let (settings, written) = (settings(rotations, files), args.writing.writes());
        for plan in changed.plans() {
            console.json(&Bump::rollback(plan, &settings, &changed.next, written))?;
        }
    } else {
        args.writing.show(rotations, files, &changed.next, console)?;
    }
    let would = args.writing.check && !files.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}
