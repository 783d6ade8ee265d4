//! `rotate explain`: what a rule finds, why it matters, how to repair.

use crate::cli::args::Global;
use crate::lint::rule::Fixes;
use crate::lint::rules::RULES;
use crate::lint::selection::Selection;
use crate::ops::failure::{Failure, Status};
use crate::report::console::Console;
use crate::report::explain::{Explained, list, page};
use crate::report::lint::RuleWords;

/// Explain what a lint rule finds, why it matters and how to fix it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rule; if omitted, all rules are listed
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

/// Prints a rule's page, or the list of rules.
///
/// # Errors
/// When there is no such rule, or stdout cannot be written to.
pub fn run(args: &Args, global: &Global, console: &Console) -> Result<Status, Failure> {
    let json = global.is_json()?;
    let mut rules = words();
    if let Some(id) = &args.rule {
        Selection::only(id)?;
        rules.retain(|rule| rule.id == id);
    }
    match (&rules[..], &args.rule) {
        _ if json => console.json(&Explained::new(&rules))?,
        ([rule], Some(_)) => console.result(&page(rule))?,
        _ => console.result(&list(&rules, console.color_out))?,
    }
    Ok(Status::Done)
}

/// Every rule, in its own words.
#[must_use]
pub fn words() -> Vec<RuleWords> {
    let words = RULES.iter().map(|rule| RuleWords {
        id: rule.id,
        level: rule.level,
        repairs: rule.fixes != Fixes::Never,
        summary: rule.summary,
        docs: rule.docs,
    });
    words.collect()
}
