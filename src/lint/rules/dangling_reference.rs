//! References that nothing in their environment and namespace provides.

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::{family, split};
use crate::lint::judge::{Charts, Verdict, deployed, describe, judge};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::family::FamilyState;
use crate::repo::inventory::Reference;
use crate::repo::provision::Provision;
use crate::repo::root::Root;
use crate::text::nearest::nearest;
use crate::text::shell::command;
use crate::text::source::Place;

/// The rule.
pub static RULE: Rule = Rule {
    id: "dangling-reference",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a reference that nothing in its environment and namespace provides",
    docs: "
### What it finds

A field that names a Secret which no manifest of the same environment and namespace makes: no Secret, ExternalSecret,
SealedSecret, Certificate, generator or other provider, and no entry under `external` in `rotate.yaml`. A namespace that
nothing in Git sets matches any. Where a remote base, a chart or a directory that does not build could provide the
secret, nothing is reported, since nobody can know. Neither is what an installation puts into the cluster by design: the
key with which Flux decrypts, the access that `flux bootstrap` makes for itself, what the Job of an install file makes.

### Why it matters

The pod does not start: `CreateContainerConfigError` for a variable, a mount that waits for ever for a volume. With a
rolling update the old pods go on, and the rollout hangs until somebody looks.

### Example

```yaml
envFrom:
  - secretRef:
      name: auth-api-secrets-20250723110000   # there is a stub for 20250602090000 only
```

### Repair

Add the stub (`rotate bump` makes both), correct the name, or list a secret that something else makes under `external`.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    find(facts.repo, false, &RULE, "nothing provides")
}

/// Every missing secret whose reference is optional or is not.
pub(super) fn find(repo: &Repo, optional: bool, rule: &Rule, says: &str) -> Vec<Finding> {
    let (mut findings, charts) = (Vec::new(), Charts::default());
    for (root, environment) in deployed(repo) {
        for reference in root.references.iter().filter(|one| one.found.optional == optional) {
            if judge(repo, root, reference, &charts) != Verdict::Missing {
                continue;
            }
            let Some(place) = reference.near() else { continue };
            let message = format!(
                "{says} `{}`, which {} names",
                reference.secret(),
                describe(root, reference)
            );
            let (what, where_) = closest(repo, root, reference);
            let finding = rule.finding(&place, message).related(what, where_);
            let finding = finding.about(family(reference.secret()));
            let finding = finding.help(hint(repo, root, reference));
            findings.push(match environment {
                Some(name) => finding.in_environment(name),
                None => finding,
            });
        }
    }
    findings
}

/// What comes nearest to the missing secret: the same name elsewhere, or another version.
fn closest(repo: &Repo, root: &Root, reference: &Reference) -> (String, Option<Place>) {
    let secret = reference.secret();
    let place = |provision: &Provision| match provision {
        Provision::Provider(id) => {
            let (there, provider) = repo.provider(*id);
            let namespace = there.namespace_of_provider(provider).unwrap_or_default().to_owned();
            provider.near().map(|place| (namespace, place))
        }
        Provision::External => None,
    };
    let elsewhere = repo.providers_of(root.environment, None, secret);
    if let Some((namespace, place)) = elsewhere.iter().find_map(place) {
        return (format!("provided here, in namespace `{namespace}`"), Some(place));
    }
    let state = root.environment.and_then(|index| repo.family(index, family(secret)));
    let newest = state.and_then(|state| state.stubs.iter().next_back());
    let newest = newest.and_then(|(_, ids)| repo.provider(*ids.first()?).1.near());
    ("the newest stub is here".to_owned(), newest)
}

fn hint(repo: &Repo, root: &Root, reference: &Reference) -> String {
    let secret = reference.secret();
    let environment = root.environment.map(|index| &repo.environments[index]);
    let known = root.environment.map(|index| repo.all_families_of(index)).unwrap_or_default();
    let provided = known.iter().filter(|(_, state)| state.providers().next().is_some());
    let names = provided.map(|(name, _)| *name).filter(|name| *name != family(secret));
    if let (Some(environment), Some((family, version))) = (environment, split(secret)) {
        if bump_makes_stub(repo, root, reference, family) {
            let bump = command("rotate bump", &[&environment.name, family], "");
            return format!(
                "`{bump}` creates a stub along with the reference; to keep {version}, add its ExternalSecret"
            );
        }
        return format!("add the ExternalSecret of {version}, or restore it if it was removed");
    }
    nearest(family(secret), names).map_or_else(
        || format!("add its provider, or list it under `external` in rotate.yaml: `- {{ name: {secret} }}`"),
        |name| format!("did you mean `{name}`? if something else makes it, list it under `external` in rotate.yaml"),
    )
}

/// Whether a bump has something to make a stub from: an ExternalSecret of the family in the same place, or `rotate.yaml`.
fn bump_makes_stub(repo: &Repo, root: &Root, reference: &Reference, family: &str) -> bool {
    let remote = repo.config.secret(family).remote;
    if remote.store.is_some() && remote.key.is_some() {
        return true;
    }
    let state = root.environment.and_then(|index| repo.family(index, family));
    let namespace = root.namespace_of(reference);
    state.into_iter().flat_map(FamilyState::providers).any(|id| {
        let (there, provider) = repo.provider(id);
        let own = there.namespace_of_provider(provider);
        there.object_that_provides(provider).kind() == "ExternalSecret"
            && own.zip(namespace).is_none_or(|(one, other)| one == other)
    })
}
