//! The monitors that go with the versions that they watch.

use std::collections::BTreeSet;

use crate::plan::prune::planner::UnusedStub;
use crate::plan::prune::proof::Objects;
use crate::plan::prune::removal::Removal;
use crate::plan::prune::{Kept, PruneRequest};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::text::source::Place;

/// The monitors that go, and what to say of them.
#[derive(Default)]
pub(super) struct Watching {
    /// Their objects, in every root.
    pub(super) gone: Objects,
    /// A note on each.
    pub(super) notes: Vec<String>,
}

/// Adds the monitors that watch only versions which are removed altogether.
pub(super) fn take_out(
    (repo, environment): (&Repo, EnvironmentId),
    request: &PruneRequest<'_>,
    (unused, kept): (&[UnusedStub<'_, '_>], &[Kept]),
    removal: &mut Removal<'_>,
) -> Watching {
    let mut watching = Watching::default();
    let stays: BTreeSet<&str> = kept.iter().map(|one| one.version.as_str()).collect();
    let goes: BTreeSet<&str> = unused.iter().map(|(document, _)| document.version).collect();
    for monitor in repo.monitors_of(environment, &request.subject.family) {
        let Some(version) = monitor.version().filter(|one| goes.contains(one)) else { continue };
        let who = format!("{} `{}`", monitor.object().kind(), monitor.object().name());
        let place = monitor.place().filter(|_| !stays.contains(version));
        let Some(place) = place else { continue };
        let file = place.source.path();
        let is_own = repo.is_exclusive_to(environment, file);
        let added = if is_own {
            removal.add_place(&place)
        } else {
            Err("other environments read its file, too".to_owned())
        };
        match added {
            Ok(()) => {
                watching.gone.extend(objects_at(repo, &place));
                watching
                    .notes
                    .push(format!("{who} in {file} goes with {version}, which it watches"));
            }
            Err(why) => watching.notes.push(format!(
                "{who} in {file} watches {version} and stays, since {why}: remove it by hand"
            )),
        }
    }
    watching
}

/// The objects that are built from a document, in every root.
fn objects_at(repo: &Repo, place: &Place) -> Objects {
    let site = |place: &Place| (place.source.path().clone(), place.span().start);
    let here = site(place);
    let mut objects = Objects::new();
    for (index, root) in repo.roots.iter().enumerate() {
        for (number, object) in root.objects().iter().enumerate() {
            let origin = object.node.origin.as_ref().map(|one| site(&one.near_in_file()));
            if origin.as_ref() == Some(&here) {
                objects.insert((index, number));
            }
        }
    }
    objects
}
