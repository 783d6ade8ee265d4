//! Places that still contain the old name although they are not known references.

use crate::plan::Left;
use crate::plan::refusal::Refusal;
use crate::plan::request::Line;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::leftovers::Leftover;
use crate::text::shell::option;

const IN_FIELD: &str = "it may not be the secret's name, or the name is assembled from parts";
const IN_FILE: &str = "the file holds no object of the environment";
const HINT: &str = "change it by hand if it must name the new version";
const ACCEPTED: &str = "`--leave` names it";
const PUT_TOGETHER: &str = "names a secret, but its text is not the complete old name";
const SPELL: &str = "write the full name there so that it is updated too, or leave it with";
const UNKNOWN: &str = "contains the secret's name in a field that rotate does not recognize";
const DECLARE: &str = "declare the field under `references` in rotate.yaml so that it is updated too, or leave it with";
const NOT_EDITED: &str =
    "names the secret in a file that is not edited, because it holds no Kubernetes object";
const EDIT: &str = "change it by hand in the same commit, and accept that with";

/// What blocks a move, and what is only listed after it.
#[derive(Default)]
pub(super) struct Behind {
    pub(super) refusals: Vec<Refusal>,
    pub(super) left: Vec<Left>,
}

/// Looks for names of a family that a move leaves unchanged. Fields that surely name a secret block it, unless their
/// line is given in `leave`.
pub(super) fn behind(
    repo: &Repo,
    environment: EnvironmentId,
    names: &[String],
    leave: &[Line],
) -> Behind {
    let mut behind = Behind::default();
    for Leftover { place, field, is_built, is_reference, is_whole } in
        repo.leftovers(environment, names)
    {
        let near = place.near_in_file();
        let (file, line) = (near.source.path().clone(), near.position().line);
        let accepted = leave.iter().any(|one| one.file == file && one.line == line);
        let at = format!("{file}:{line}");
        if is_reference && !accepted {
            let field = field.unwrap_or(at);
            let leave = option("--leave", &format!("{}:{line}", file.as_str()));
            let (why, instead) = match (is_built, is_whole) {
                (true, true) => (UNKNOWN, DECLARE),
                (true, false) => (PUT_TOGETHER, SPELL),
                (false, _) => (NOT_EDITED, EDIT),
            };
            behind.refusals.push(Refusal {
                what: format!("{field} {why}"),
                place: Some(place),
                hint: format!("{instead} `{}`", leave.trim_start()),
            });
            continue;
        }
        let what = field.map_or_else(|| at.clone(), |field| format!("{at} ({field})"));
        let reason = match (accepted, is_built) {
            (true, _) => ACCEPTED,
            (false, true) => IN_FIELD,
            (false, false) => IN_FILE,
        };
        behind.left.push(Left {
            what,
            place: Some(place),
            reason: reason.to_owned(),
            hint: HINT.to_owned(),
        });
    }
    behind
}
