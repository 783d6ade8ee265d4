//! Asks which family to use.

use std::io::IsTerminal as _;

use crate::ops::failure::Failure;
use crate::ops::message::Message;
use crate::repo::subject::Family;
use crate::report::console::Console;

/// Whether there is a person to ask.
pub(super) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks which of several families is meant.
///
/// # Errors
/// When the answer is none of them.
pub(super) fn choose(known: &[Family], console: &Console) -> Result<Vec<Family>, Failure> {
    for (index, family) in known.iter().enumerate() {
        console.complain(&format!("{:>3}  {family}", index + 1));
    }
    let answer = console.ask(&format!("Which family (1-{}, a name, or `all`)?", known.len()));
    let answer = answer.unwrap_or_default();
    if answer == "all" {
        return Ok(known.to_vec());
    }
    let by_number = answer.parse::<usize>().ok().and_then(|n| known.get(n.checked_sub(1)?));
    let chosen = by_number.or_else(|| known.iter().find(|family| ***family == answer));
    chosen.map(|family| vec![family.clone()]).ok_or_else(|| {
        Failure::usage(Message::new(format!("`{answer}` is none of these families")))
    })
}
