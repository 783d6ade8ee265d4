//! The weights of a list that give a colour its part.

use crate::k8s::traffic::Division;
use crate::repo::pairs::Colour;
use crate::repo::traffic::{Leads, Split, Weight};

/// What happens to backends that belong to neither colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They keep their weights, and the other colour gives or takes the difference.
    Keep,
    /// They and the other colour share what is left, as they do now.
    Scale,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) to: Colour,
    pub(super) percent: u8,
    pub(super) total: Option<u64>,
    pub(super) others: Option<Others>,
}

/// The weights of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The weight of each backend; `None` where it is not written, since it gets the rest.
    pub(super) weights: Vec<Option<u64>>,
    /// The percentages of blue and green then, rounded.
    pub(super) after: [u64; 2],
}

/// Why a list cannot be shifted, and what to do.
type Refused = (String, String);

/// A part in percent, rounded; 0 of nothing.
pub(super) fn percent(share: Option<(u64, u64)>) -> u64 {
    share.map_or(0, |(part, sum)| rounded(part, 100, sum))
}

/// `part * of / sum`, rounded.
fn rounded(part: u64, of: u64, sum: u64) -> u64 {
    let whole = u128::from(sum).max(1);
    u64::try_from((u128::from(part) * u128::from(of) + whole / 2) / whole).unwrap_or(u64::MAX)
}

/// The weights by which a colour gets its percentage of a list, to within one part of the sum.
///
/// # Errors
/// When that is not clear, or cannot be written with the sum that the list has.
pub(super) fn wanted(split: &Split, asked: &Asked) -> Result<Wanted, Refused> {
    let places = |colour| -> Vec<usize> {
        let all = split.backends.iter().enumerate();
        all.filter(|(_, one)| one.leads == Leads::To(colour)).map(|(at, _)| at).collect()
    };
    let ([own], [other]) = (&places(asked.to)[..], &places(asked.to.other())[..]) else {
        let what = "the list does not have exactly one backend of each colour".to_owned();
        return Err((what, "give each colour one backend in the list".to_owned()));
    };
    if let Some(one) = split.backends.iter().find(|one| matches!(one.weight, Weight::Unreadable(_)))
    {
        let what = format!("the weight of `{}` is no number", one.name);
        return Err((what, "write a number, or shift where the variable is set".to_owned()));
    }
    let weights: Vec<u64> = split.backends.iter().filter_map(|one| one.weight.number()).collect();
    let overflow = || ("the weights are too large".to_owned(), "write smaller ones".to_owned());
    let sum = split.sum().ok_or_else(overflow)?;
    let total = total(split, asked, sum)?;
    let part = rounded(u64::from(asked.percent), total, 100);
    if (part == 0 && asked.percent > 0) || (part == total && asked.percent < 100) {
        let what = format!(
            "its weights add up to {total}, so {} % would be rounded to {} %",
            asked.percent,
            if part == 0 { 0 } else { 100 }
        );
        return Err((what, "`--total 100` writes weights that add up to 100".to_owned()));
    }
    let mut new = weights.clone();
    let third: u64 = weights.iter().sum::<u64>() - weights[*own] - weights[*other];
    if split.backends.len() > 2 {
        spread(split, asked, (&mut new, *own, *other), (total, part, third))?;
    } else {
        (new[*own], new[*other]) = (part, total - part);
    }
    let percentages = Colour::ALL.map(|colour| {
        let at = if colour == asked.to { *own } else { *other };
        percent(Some((new[at], new.iter().sum())))
    });
    let weights = new.into_iter().zip(&split.backends);
    let weights = weights.map(|(new, one)| one.field.as_ref().map(|_| new));
    Ok(Wanted { weights: weights.collect(), after: percentages })
}

/// What the weights are to add up to.
fn total(split: &Split, asked: &Asked, sum: u64) -> Result<u64, Refused> {
    if let Division::Part(total) = split.division {
        let is_same = asked.total.is_none_or(|asked| asked == total);
        let what = format!("its weights always add up to {total}");
        return if is_same { Ok(total) } else { Err((what, "leave `--total` out".to_owned())) };
    }
    if let Some(total) = asked.total {
        return Ok(total);
    }
    let is_written = |weight: &Weight| matches!(weight, Weight::Written(_));
    let all_written = split.backends.iter().all(|one| is_written(&one.weight));
    Ok(if all_written && sum > 0 { sum } else { 100 })
}

/// The weights where others share the list.
fn spread(
    split: &Split,
    asked: &Asked,
    (new, own, other): (&mut [u64], usize, usize),
    (total, part, third): (u64, u64, u64),
) -> Result<(), Refused> {
    let Some(others) = asked.others else {
        let names: Vec<String> = split
            .backends
            .iter()
            .filter(|one| !matches!(one.leads, Leads::To(_)))
            .map(|one| format!("`{}`", one.name))
            .collect();
        let what = format!("{} shares the list with both colours", names.join(" and "));
        let hint = "`--others keep` leaves its weight as it is, `--others scale` has it share what is left as it does now";
        return Err((what, hint.to_owned()));
    };
    new[own] = part;
    let left = total - part;
    match others {
        Others::Keep if third <= left => new[other] = left - third,
        Others::Keep => {
            let most = rounded(total.saturating_sub(third), 100, total);
            let what =
                format!("the other backends keep {third} of {total}, so at most {most} % are left");
            return Err((what, "ask for less, or use `--others scale`".to_owned()));
        }
        Others::Scale => {
            let rest: u64 =
                new.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, one)| *one).sum();
            let mut given = 0;
            for at in (0..new.len()).filter(|at| *at != own && *at != other) {
                new[at] = if rest == 0 {
                    0
                } else {
                    u64::try_from(u128::from(new[at]) * u128::from(left) / u128::from(rest))
                        .unwrap_or(0)
                };
                given += new[at];
            }
            // What rounding leaves over goes to the other colour.
            new[other] = left - given;
        }
    }
    Ok(())
}
