//! The weights of a list that give a colour its part.

use std::cmp::Reverse;

use crate::k8s::traffic::Division;
use crate::repo::pairs::Colour;
use crate::repo::traffic::{Leads, Split, Weight, percent, scaled};

/// What happens to backends that belong to neither colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They keep their share, and the other colour gives or takes the difference.
    Keep,
    /// They and the other colour share what is left, as they do now.
    Scale,
}

/// How much of the traffic a colour gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// So many percent of what the weights of a list add up to.
    Percent(u8),
    /// All that both colours have; other backends keep theirs.
    AllOfBoth,
}

impl Goal {
    /// Its part of what both colours have, in percent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        match self {
            Self::Percent(percent) => percent,
            Self::AllOfBoth => 100,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) to: Colour,
    pub(super) goal: Goal,
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

/// The largest weight that Gateway API takes; no other kind needs a larger one.
const LARGEST: u64 = 1_000_000;

/// Why a list cannot be shifted, and what to do.
type Refused = (String, String);

fn unknown(name: &str) -> Refused {
    (
        format!("nothing in Git tells which pods `{name}` leads to"),
        "put its Service, or the DestinationRule of its subset, into a directory of the environment"
            .to_owned(),
    )
}

/// Why a list has not one backend of each colour.
fn uneven(split: &Split) -> Refused {
    let with = |leads| split.backends.iter().filter(move |one| one.leads == leads);
    if let Some(one) = with(Leads::Unknown).next() {
        return unknown(&one.name);
    }
    if let Some(one) = with(Leads::Both).next() {
        let what = format!("the Service of `{}` selects the pods of both colours", one.name);
        return (what, "give each colour a Service, or a subset, of its own".to_owned());
    }
    let of = |colour| with(Leads::To(colour)).count();
    let (blue, green) = (of(Colour::Blue), of(Colour::Green));
    let what = format!("the list has {blue} backends of blue and {green} of green");
    (what, "give each colour one backend in the list; its weight may be 0".to_owned())
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
        return Err(uneven(split));
    };
    if let Some(one) = split.backends.iter().find(|one| one.leads == Leads::Unknown) {
        return Err(unknown(&one.name));
    }
    if let Some(one) = split.backends.iter().find(|one| matches!(one.weight, Weight::Unreadable(_)))
    {
        let what = format!("the weight of `{}` is not a plain number", one.name);
        return Err((what, "write a number, or shift where the variable is set".to_owned()));
    }
    let overflow = || ("the weights are too large".to_owned(), "write smaller ones".to_owned());
    let weights = split.parts().ok_or_else(overflow)?;
    let sum = split.sum().ok_or_else(overflow)?;
    let total = total(split, asked, sum)?;
    let share = asked.goal.percent();
    let part = scaled(u64::from(share), total, 100);
    if (part == 0 && share > 0) || (part == total && share < 100) {
        let what = format!(
            "its weights add up to {total}, so {share} % would be rounded to {} %",
            if part == 0 { 0 } else { 100 }
        );
        return Err((what, "`--total 100` writes weights that add up to 100".to_owned()));
    }
    let mut new = weights.clone();
    let third: u64 = weights.iter().sum::<u64>() - weights[*own] - weights[*other];
    if split.backends.len() > 2 && asked.goal == Goal::AllOfBoth {
        (new[*own], new[*other]) = (new[*own].saturating_add(new[*other]), 0);
    } else if split.backends.len() > 2 {
        spread(split, asked, (&mut new, *own, *other), (total, part, third))?;
    } else {
        (new[*own], new[*other]) = (part, total - part);
    }
    if matches!(split.division, Division::Share(_)) && new.iter().any(|weight| *weight > LARGEST) {
        let what = format!("a weight would be larger than {LARGEST}");
        return Err((what, "`--total 100` writes weights that add up to 100".to_owned()));
    }
    let percentages = Colour::ALL.map(|colour| {
        let at = if colour == asked.to { *own } else { *other };
        percent(new[at], new.iter().sum())
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
        let hint = "`--others keep` leaves its part as it is, `--others scale` has it share what is left as it does now";
        return Err((what, hint.to_owned()));
    };
    let thirds: Vec<usize> = (0..new.len()).filter(|at| *at != own && *at != other).collect();
    let left = total - part;
    if others == Others::Scale {
        scale(new, (own, other), &thirds, left);
        new[own] = part;
        return Ok(());
    }
    let kept: u64 = if third == 0 { 0 } else { keep(new, &thirds, total) };
    if kept > left {
        let most = scaled(total.saturating_sub(kept), 100, total);
        let what =
            format!("the other backends keep {kept} of {total}, so at most {most} % are left");
        return Err((what, "ask for less, or use `--others scale`".to_owned()));
    }
    (new[own], new[other]) = (part, left - kept);
    Ok(())
}

/// Gives the others their share of a sum that may be another one; what they have then.
fn keep(new: &mut [u64], thirds: &[usize], total: u64) -> u64 {
    let sum = new.iter().sum();
    thirds.iter().for_each(|at| new[*at] = scaled(new[*at], total, sum));
    thirds.iter().map(|at| new[*at]).sum()
}

/// Divides what is left among the others and the other colour as they share it now. What rounding leaves over goes to one
/// that gets traffic: to the other colour, or else to the largest.
fn scale(new: &mut [u64], (own, other): (usize, usize), thirds: &[usize], left: u64) {
    let rest: u64 = new.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, one)| *one).sum();
    let largest = thirds.iter().copied().max_by_key(|at| (new[*at], Reverse(*at)));
    let taker = largest.filter(|_| new[other] == 0 && rest > 0).unwrap_or(other);
    let part = |one: u64| u128::from(one) * u128::from(left) / u128::from(rest.max(1));
    for at in thirds.iter().chain([&other]) {
        new[*at] = u64::try_from(part(new[*at])).unwrap_or(0);
    }
    let given: u64 = thirds.iter().chain([&other]).map(|at| new[*at]).sum();
    new[taker] += left - given;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Asked, Goal, Others, wanted};
    use crate::k8s::traffic::Division;
    use crate::repo::pairs::{Colour, Workload};
    use crate::repo::traffic::{Backend, Leads, Split, Weight, WeightField};
    use crate::yaml::path::Path;

    /// A list whose first two backends lead to blue and green.
    fn split(weights: &[u64], division: Division) -> Split {
        let leads = [Leads::To(Colour::Blue), Leads::To(Colour::Green)];
        let backends = weights.iter().enumerate().map(|(at, weight)| Backend {
            name: format!("backend-{at}"),
            subset: None,
            leads: leads.get(at).copied().unwrap_or(Leads::Elsewhere),
            weight: Weight::Written(*weight),
            field: Some(WeightField { root: 0, object: 0, path: Path::default().index(at) }),
        });
        let route = Workload { root: 0, object: 0 };
        Split { route, list: None, division, backends: backends.collect() }
    }

    fn shifted(weights: &[u64], division: Division, percent: u8) -> Option<Vec<u64>> {
        with(weights, division, percent, Others::Scale)
    }

    fn with(weights: &[u64], division: Division, percent: u8, others: Others) -> Option<Vec<u64>> {
        let goal = Goal::Percent(percent);
        let asked = Asked { to: Colour::Green, goal, total: None, others: Some(others) };
        let found = wanted(&split(weights, division), &asked).ok()?;
        found.weights.into_iter().collect()
    }

    fn told(weights: &[u64], asked: Asked) -> Vec<u64> {
        let found = wanted(&split(weights, Division::Share(1)), &asked).unwrap();
        found.weights.into_iter().flatten().collect()
    }

    /// What belongs to neither colour keeps its share, not its number, where the sum becomes another one.
    #[test]
    fn others_keep_their_share_of_another_sum() {
        let asked = |total, percent| {
            let others = Some(Others::Keep);
            Asked { to: Colour::Green, goal: Goal::Percent(percent), total, others }
        };
        assert_eq!(told(&[60, 0, 40], asked(Some(1000), 10)), [500, 100, 400]);
        assert_eq!(told(&[60, 0, 40], asked(None, 10)), [50, 10, 40]);
        let even = split(&[0, 0, 0], Division::ShareOrEven);
        let found = wanted(&even, &asked(Some(300), 10)).unwrap();
        assert_eq!(found.weights, [Some(170), Some(30), Some(100)]);
        let mut defaults = split(&[1, 1, 2], Division::Share(1));
        defaults.backends[0].weight = Weight::Default(1);
        let found = wanted(&defaults, &asked(None, 10)).unwrap();
        assert_eq!(found.weights, [Some(40), Some(10), Some(50)]);
    }

    /// A colour without traffic does not get what rounding leaves over.
    #[test]
    fn an_idle_colour_stays_idle() {
        let asked = Asked {
            to: Colour::Green,
            goal: Goal::Percent(33),
            total: None,
            others: Some(Others::Scale),
        };
        assert_eq!(told(&[0, 50, 25, 25], asked), [0, 33, 34, 33]);
    }

    proptest! {
        /// The colour gets its part to within one part of the sum, the sum stays, and the way back leads to the first weights.
        #[test]
        fn a_part_is_met_and_taken_back(
            two in (0_u64..100_000, 0_u64..100_000),
            more in proptest::collection::vec(0_u64..1_000, 0..3),
            is_even in any::<bool>(),
            start in 0_u8..=100,
            percent in 0_u8..=100,
        ) {
            let division = if is_even { Division::ShareOrEven } else { Division::Share(1) };
            let weights = [&[two.0, two.1][..], &more].concat();
            let sum: u64 = weights.iter().sum();
            prop_assume!(sum > 0);
            let Some(first) = shifted(&weights, division, start) else { return Ok(()) };
            prop_assert_eq!(first.iter().sum::<u64>(), sum);
            let Some(second) = shifted(&first, division, percent) else { return Ok(()) };
            prop_assert_eq!(second.iter().sum::<u64>(), sum);
            let exact = sum * u64::from(percent);
            prop_assert!(second[1] * 100 <= exact + 100 && exact <= second[1] * 100 + 100);
            if let Some(kept) = with(&first, division, percent, Others::Keep) {
                prop_assert_eq!(&kept[2..], &first[2..]);
                prop_assert_eq!(kept.iter().sum::<u64>(), sum);
            }
            if more.is_empty() {
                prop_assert_eq!(shifted(&second, division, start), Some(first));
            }
        }
    }
}
