//! `rotate monitor`: write the monitors that watch a rotation.

use clap::ValueEnum;

use crate::cli::args::Global;
use crate::cli::{subject, writing};
use crate::ops::failure::{Failure, Status};
use crate::ops::monitor::{self, Kind, Request};
use crate::report::console::Console;
use crate::report::monitor::{MonitorView, summary};

/// Write the monitors that watch the rotations of a family
///
/// Each template of that kind under `monitors` in rotate.yaml becomes an object in a file beside the family's
/// stub, listed where the stub is listed; without one, a built-in template is used. A template with
/// `{{version}}` is written for the current version only, and `rotate prune` removes it with that version's
/// stub. Every other template serves all versions; a rule for Prometheus then fires only within 24 hours
/// of a rotation.
///
/// Run it again after changing a template: files that it has written are updated. What was written by
/// hand is not touched.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::Args,

    /// The kind of the monitors
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Word,

    #[command(flatten)]
    writing: writing::Args,
}

/// A kind of monitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// A PrometheusRule of the Prometheus Operator
    Prometheus,
    /// A DatadogMonitor of the Datadog Operator
    Datadog,
    /// An AnalysisTemplate of Argo Rollouts
    Analysis,
}

/// Plans the monitors, proves them, and writes them or shows them.
///
/// # Errors
/// When the tree cannot be read, the monitors cannot be planned, or they cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let (session, writer) =
        global.open_with(console, args.writing.access(), args.writing.helm.machine())?;
    let opened = (&session, writer.as_ref());
    let context = args.writing.context(opened, None, console);
    let request = Request {
        environment: args.subject.environment.clone(),
        family: args.subject.family(),
        kind: match args.kind {
            Word::Prometheus => Kind::Prometheus,
            Word::Datadog => Kind::Datadog,
            Word::Analysis => Kind::Analysis,
        },
    };
    let done = monitor::run(&request, &context)?;
    let written = args.writing.writes();
    if json {
        console.json(&MonitorView::new(&done, written))?;
    } else {
        args.writing.show_diff(&done.files, console)?;
        console.talk(summary(&done.plan, written, console.color_err).trim_end());
        args.writing.show_next(&done.next, console);
    }
    let would = args.writing.check && !done.files.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}
