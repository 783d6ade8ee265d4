//! Whether what builds an environment has applied the commit of a rotation, by the history of the mainline.

use crate::git::descent::Descent;
use crate::ops::session::Session;
use crate::ops::verify::Request;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::subject::{Family, Subject};
use crate::timeline::Timeline;
use crate::timeline::question::Question;
use crate::timeline::walk::Depth;
use crate::verify::Applied;

/// What the mainline says of the families, or why it says nothing.
pub(super) fn history(
    request: &Request<'_>,
    session: &Session,
    repo: &Repo,
    environment: &str,
    families: &[Family],
) -> Result<Timeline, String> {
    if !session.has_git() {
        return Err("without Git, no commit is known that it has to have applied".to_owned());
    }
    let question = |family: &Family| {
        let id = repo.environment(environment).ok()?;
        let subject = Subject::new(environment, family);
        Some(Question::Since(subject, repo.running_of(id, family)))
    };
    let asked = families.iter().filter_map(question).collect();
    let depth = (Depth::Asked(asked), request.now);
    let timeline = session.timeline(repo, request.mainline.as_deref(), depth);
    timeline.map_err(|failure| failure.message.first_line())
}

/// Whether a revision, as a builder spells it, has the commit with which Git began to name what it names of a family.
pub(super) fn applied(
    timeline: &Result<Timeline, String>,
    session: &Session,
    (repo, environment, name): (&Repo, EnvironmentId, &str),
    family: &Family,
    revision: &str,
) -> Applied {
    let timeline = match timeline {
        Ok(timeline) => timeline,
        Err(why) => return Applied::Unknown(why.clone()),
    };
    let subject = Subject::new(name, family);
    let running = repo.running_of(environment, family);
    let Some(era) = timeline.now(&subject).filter(|era| era.running == running) else {
        let text = format!(
            "{} does not name it as the files here do, so no commit is known that it has to have applied",
            timeline.mainline
        );
        return Applied::Unknown(text);
    };
    let Some(id) = commit_of(revision) else {
        return Applied::Unknown(format!("its revision {revision} names no commit"));
    };
    let commit = era.began.commit();
    let Some(git) = session.git() else { return Applied::Unknown("there is no Git".to_owned()) };
    match git.descent(id, &commit.id) {
        Ok(Descent::Has) => Applied::Yes,
        Ok(Descent::Lacks) if era.began.is_exact() => Applied::No,
        Ok(Descent::Unknown) => Applied::Unknown(format!(
            "its revision {} is not in this clone; `git fetch` gets it",
            &id[..id.len().min(12)]
        )),
        Ok(Descent::Lacks | Descent::Shallow) => Applied::Unknown(
            "this clone is shallow, so whether it has applied the commit is unknown; `git fetch --unshallow`"
                .to_owned(),
        ),
        Err(error) => Applied::Unknown(error.to_string()),
    }
}

/// The commit of a revision: `main@sha1:…`, `sha1:…`, `main/…` of older versions, or the ID itself.
fn commit_of(revision: &str) -> Option<&str> {
    let id = revision.rsplit([':', '/', '@']).next()?;
    (id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::commit_of;

    #[test]
    fn revisions_name_commits() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        for revision in
            [id.to_owned(), format!("main@sha1:{id}"), format!("sha1:{id}"), format!("main/{id}")]
        {
            assert_eq!(commit_of(&revision), Some(id), "{revision}");
        }
        for revision in ["", "main", "1.2.3", "latest@sha256:0123456789abcdef"] {
            assert_eq!(commit_of(revision), None, "{revision}");
        }
    }
}
