//! What the history says of versions that nothing names any more. Asked where such a stub was found, so most runs read no
//! history for it.

use crate::lint::rule::{Asker, Facts};
use crate::repo::subject::Subject;
use crate::timeline::Timeline;
use crate::timeline::question::{Question, Questions};

/// The history, where it tells since when these versions have not been in use and what can be gone back to.
pub(super) fn past<'r>(
    facts: &Facts<'r>,
    asker: Asker,
    versions: impl IntoIterator<Item = (Subject, String)>,
) -> Option<&'r Timeline> {
    let mut questions = Questions::new();
    for (subject, version) in versions {
        let environment =
            facts.repo.environments.iter().find(|one| one.name == subject.environment);
        let Some(environment) = environment else { continue };
        let now = facts.repo.running_of(environment.id, &subject.family);
        questions.insert(Question::Ran(subject.clone(), version));
        questions.insert(Question::WaysBack(subject, now));
    }
    if questions.is_empty() {
        return None;
    }
    // What a shallow clone lacks may be what decides.
    facts.history.asked_by(asker, &questions).filter(|past| !past.is_shallow())
}
