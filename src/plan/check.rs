//! What prevents a family from being moved at all.

use std::collections::BTreeSet;

use crate::config::place::At;
use crate::config::settings::Hold;
use crate::kustomize::model::build::Status;
use crate::plan::bump::Bump;
use crate::plan::overlay::words::NAMES;
use crate::plan::refusal::{PlanError, Refusal};
use crate::plan::survey::{Item, Survey};
use crate::repo::root::Root;
use crate::repo::subject::Family;
use crate::text::nearest::nearest;

impl<'p> Bump<'p> {
    /// Checks that the family exists and may be moved at all.
    pub(super) fn check(&self, survey: &Survey<'_>, is_back: bool) -> Result<(), PlanError> {
        self.check_roots(survey)?;
        if !is_back {
            self.check_holds()?;
        }
        if survey.is_empty() && survey.derived.is_empty() {
            let all = self.repo.all_families_of(self.environment);
            let nearest = nearest(&self.subject.family, all.keys().copied()).map(Family::from);
            let known = all.into_keys().map(Family::from).collect();
            let subject = self.subject.clone();
            return Err(PlanError::UnknownFamily { subject, nearest, known });
        }
        if !self.repo.config.secret(&self.subject.family).is_managed() {
            let what = "rotate.yaml says to leave the family alone".to_owned();
            return Err(self.reason(what, "remove `managed: false` from it"));
        }
        if !survey.derived.is_empty() {
            return Err(self.refused(survey.derived.iter().map(made_longer).collect()));
        }
        if survey.uses.is_empty() {
            return Err(match survey.left("") {
                left if left.is_empty() => self.unused(survey),
                left => self.refused(
                    left.into_iter()
                        .map(|left| Refusal {
                            what: format!("{}: {}", left.what, left.reason),
                            place: left.place,
                            hint: left.hint,
                        })
                        .collect(),
                ),
            });
        }
        Ok(())
    }

    /// Why an unused family is not moved: nothing names it, or only text that may mean something else.
    fn unused(&self, survey: &Survey<'_>) -> PlanError {
        let made = survey.providers.iter().map(|made| made.provider.secret().to_owned());
        let names: BTreeSet<String> = made.collect();
        let names: Vec<String> = names.into_iter().collect();
        let reasons: Vec<Refusal> = self
            .repo
            .leftovers(self.environment, &names)
            .into_iter()
            .map(|one| Refusal {
                what: format!(
                    "{} contains the name, but may not refer to the secret",
                    one.field.unwrap_or_else(|| "a text".to_owned())
                ),
                place: Some(one.place),
                hint: "if it does, declare the field under `references` in rotate.yaml".to_owned(),
            })
            .collect();
        if reasons.is_empty() {
            let what = "nothing here uses a secret of the family".to_owned();
            return self.reason(what, "point a workload at it first");
        }
        self.refused(reasons)
    }

    /// A hold that matches nothing may be a typo that was meant for this family.
    fn check_holds(&self) -> Result<(), PlanError> {
        let reasons: Vec<Refusal> = self
            .idle_holds()
            .map(|(item, hold)| Refusal {
                what: idle(hold),
                place: self.repo.config.place(&[At::Value("holds"), At::Item(item)]),
                hint: "correct the family's name, or remove the hold".to_owned(),
            })
            .collect();
        if reasons.is_empty() { Ok(()) } else { Err(self.refused(reasons)) }
    }

    /// The holds of this environment that match nothing.
    pub(super) fn idle_holds(&self) -> impl Iterator<Item = (usize, &'p Hold)> {
        self.repo.idle_holds().filter(|(_, hold)| hold.environment == self.subject.environment)
    }

    /// Refuses if a root does not build, since its references are then unknown.
    fn check_roots(&self, survey: &Survey<'_>) -> Result<(), PlanError> {
        let roots = survey.roots.iter().map(|&index| &*self.repo.roots[index]);
        let hidden = roots.filter(|root| root.status() == Status::Failed && self.mentions(root));
        let reasons: Vec<Refusal> = hidden
            .map(|root| {
                let problem = root.problems().iter().find(|problem| !problem.partial);
                let why = problem.map_or("", |problem| problem.message.as_str());
                Refusal {
                    what: format!("{}: {why}", root.path),
                    place: problem.and_then(|problem| problem.place.clone()),
                    hint: problem
                        .and_then(|problem| problem.help.clone())
                        .unwrap_or_else(|| "repair it first".to_owned()),
                }
            })
            .collect();
        if reasons.is_empty() {
            return Ok(());
        }
        Err(PlanError::Unreadable { environment: self.subject.environment.clone(), reasons })
    }

    fn mentions(&self, root: &Root) -> bool {
        let tree = self.repo.library.tree();
        let below = tree.manifests().iter().filter(|file| file.is_within(&root.path));
        let mut files = root.files().iter().chain(below);
        let family = self.subject.family.as_str();
        files.any(|file| tree.source(file).is_ok_and(|source| source.text().contains(family)))
    }
}

/// Describes a hold that matches nothing.
pub(super) fn idle(hold: &Hold) -> String {
    format!(
        "a hold in rotate.yaml is on `{}`, which nothing in {} references or provides",
        hold.secret, hold.environment
    )
}

fn made_longer(item: &Item<'_>) -> Refusal {
    Refusal {
        what: format!(
            "{}: kustomize turns the name into `{}` (a prefix, a suffix or a hash)",
            item.what(),
            item.reference.secret()
        ),
        place: item.reference.near(),
        hint: NAMES.made.to_owned(),
    }
}
