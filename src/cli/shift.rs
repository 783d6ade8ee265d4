//! `rotate shift`: move traffic between the two colours of a pair.

use chrono::{DateTime, Utc};
use clap::ValueEnum;

use crate::cli::args::{Global, time};
use crate::cli::writing;
use crate::ops::failure::{Failure, Status};
use crate::ops::gates::Overrides;
use crate::ops::shift::{self, Request};
use crate::plan::shift::{Goal, OtherBackends, ShiftRequest};
use crate::repo::pairs::Colour as Of;
use crate::report::console::Console;
use crate::report::format::Format;
use crate::report::shift::{ShiftView, markdown, text};
use crate::timeline::gate::GateKind;

/// What it prints.
pub(super) const FORMATS: [Format; 3] = [Format::TEXT, Format::JSON, Format::MARKDOWN];

/// A colour of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// The blue workload
    Blue,
    /// The green workload
    Green,
}

/// What happens to other backends of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Others {
    /// They keep their parts; the other colour gives or takes the difference
    Keep,
    /// They and the other colour share what is left as they do now
    Scale,
}

/// A gate that a newer version has to pass before it gets more traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Gate {
    /// The environment is not held at a version
    Hold,
    /// The change window is open
    Window,
}

impl Gate {
    const fn kind(self) -> GateKind {
        match self {
            Self::Hold => GateKind::Hold,
            Self::Window => GateKind::Window,
        }
    }
}

/// Move traffic between two workloads that run side by side, by the weights of routes
///
/// The two are a pair: called alike but for `blue` and `green`, with pods whose labels differ only
/// in such a label, or named under `pairs` in rotate.yaml. Every list of weighted backends that
/// leads to both is edited, in this environment only: routes of Gateway API, VirtualService,
/// TraefikService, HTTPProxy, ApisixRoute, Mapping, the canary annotations of ingress-nginx, or
/// the selector of a Service, which switches all at once. What Argo Rollouts or Flagger write in
/// the cluster is refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    #[arg(value_name = "ENV")]
    environment: String,

    /// The pair, without its colour, or one of its workloads; perhaps with the kind: `Deployment/web`
    #[arg(value_name = "WORKLOAD")]
    workload: String,

    /// The colour that gets the weight
    #[arg(long, value_name = "COLOUR", value_enum)]
    to: Colour,

    /// Its part of the traffic, in percent of what the weights of a list add up to
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    weight: u8,

    /// Write weights that add up to N; by default, the sum of a list stays
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    total: Option<u64>,

    /// What happens to backends that belong to neither colour
    #[arg(long, value_name = "HOW", value_enum)]
    others: Option<Others>,

    /// Proceed even though GATE is closed
    #[arg(long = "override", value_enum, value_name = "GATE", requires = "reason")]
    overrides: Vec<Gate>,

    /// The reason, recorded in the commit message
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    writing: writing::Args,

    /// Use TIME (RFC 3339) as the current time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

/// Plans the shift, proves it, and writes it or shows it.
///
/// # Errors
/// When there is no such pair, something forbids the shift, or it cannot be written.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let format = global.one_of(&FORMATS)?;
    let (session, writer) =
        global.open_with(console, args.writing.access(), args.writing.helm.machine())?;
    let context = args.writing.context((&session, writer.as_ref()), None, console);
    let others = args.others.map(|others| match others {
        Others::Keep => OtherBackends::Keep,
        Others::Scale => OtherBackends::Scale,
    });
    let gates = args.overrides.iter().map(|gate| gate.kind()).collect();
    let request = Request {
        shift: ShiftRequest {
            environment: args.environment.clone(),
            workload: args.workload.clone(),
            to: if args.to == Colour::Blue { Of::Blue } else { Of::Green },
            goal: Goal::Percent(args.weight),
            total: args.total,
            others,
        },
        overrides: Overrides { gates, reason: args.reason.clone() },
        now: args.at.unwrap_or_else(Utc::now),
    };
    let shifted = shift::run(&request, &context)?;
    match format {
        Format::JSON => console.json(&ShiftView::new(&shifted, args.writing.writes()))?,
        Format::MARKDOWN => console.result(&markdown(&shifted))?,
        _ => {
            args.writing.show_diff(&shifted.files, console)?;
            console.result(&text(&shifted))?;
            if !shifted.files.is_empty() {
                args.writing.show_next(&shifted.next, console);
            }
        }
    }
    let would = args.writing.check && !shifted.files.is_empty();
    Ok(if would { Status::Findings } else { Status::Done })
}
