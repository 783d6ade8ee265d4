//! References that nothing in their environment and namespace provides.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::k8s::secret_name::{family, split};
use crate::lint::judge::{Missing, describe};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::family::FamilyState;
use crate::repo::inventory::{Provider, Reference};
use crate::repo::root::Root;
use crate::text::nearest::Words;
use crate::text::shell::command;
use crate::text::source::Place;
use crate::text::work;

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
nothing in Git sets matches any.

Nothing is reported where something that cannot be seen here may make the secret in that namespace: a chart from a registry
that is installed into it, a remote base, a plugin, a directory that does not build. The same goes for a name that an
argument, a script or the values of a chart spell, that the notes of the repository list among the secrets that people make,
that a role lets an operator write, or that a variable in another name may become. `lint` counts these references at the
end and says what they wait for; with `--strict` they are findings of `unjudged-reference`. A name that Git makes in another
namespace is reported even beside a chart, as a warning: somebody forgot to include it here. A plain name in a field that
only looks as if it named a Secret, as those of unknown custom resources do, is counted and not reported.

Neither is reported what an installation puts into the cluster by design: the key with which Flux decrypts, the access that
`flux bootstrap` makes for itself, what the Job of an install file makes.

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
    find(facts, false, &RULE, "nothing provides")
}

/// Every missing secret whose reference is optional or is not.
pub(super) fn find(facts: &Facts<'_>, optional: bool, rule: &Rule, says: &str) -> Vec<Finding> {
    let (repo, mut findings, known) = (facts.repo, Vec::new(), Known::new(facts.repo));
    let missing = facts.judgements().missing.iter();
    let mut spots: BTreeMap<_, (Place, Vec<&Missing<'_>>)> = BTreeMap::new();
    for one in missing.filter(|one| one.reference.found.optional == optional) {
        let Some(place) = one.reference.near() else { continue };
        let key = (one.root.environment, place.site(), one.reference.secret());
        spots.entry(key).or_insert_with(|| (place, Vec::new())).1.push(one);
    }
    for (place, all) in spots.into_values() {
        let Some(Missing { root, reference, .. }) = all.first() else { continue };
        let (secret, who) = (reference.secret(), describe(root, reference));
        let namespaces: BTreeSet<_> =
            all.iter().map(|one| one.root.namespace_of(one.reference)).collect();
        let more = match namespaces.len() - 1 {
            0 => String::new(),
            1 => ", here and in 1 other namespace".to_owned(),
            more => format!(", here and in {more} other namespaces"),
        };
        let finding = rule.finding(&place, format!("{says} `{secret}`, which {who} names{more}"));
        let (what, where_) = closest(repo, root, reference);
        let finding = finding.of_user(&*who, root.namespace_of(reference));
        let finding = finding.related(what, where_).about(family(secret));
        let mut finding = finding.help(known.hint(root, reference));
        if all.iter().all(|one| one.beside) {
            finding = finding.at_least(Level::Warning);
        }
        let environment = root.environment.map(|index| repo.environments[index].name.as_str());
        findings.push(finding.in_each(environment));
    }
    findings
}

/// What comes nearest to the missing secret: the same name elsewhere, or another version.
fn closest(repo: &Repo, root: &Root, reference: &Reference) -> (String, Option<Place>) {
    let secret = reference.secret();
    let place = |(there, provider): (&Root, &Provider)| {
        let namespace = there.namespace_of_provider(provider);
        let namespace = namespace.map(|namespace| format!(", in namespace `{namespace}`"));
        let environment = || Some(format!(", in {}", repo.environments[there.environment?].name));
        let where_ = namespace.or_else(environment).unwrap_or_default();
        provider.near().map(|place| (format!("provided here{where_}"), Some(place)))
    };
    let own = repo.providers_anywhere(root.environment, secret).map(|id| repo.provider(id));
    if let Some(found) = own.chain(repo.makers(secret)).find_map(place) {
        return found;
    }
    let state = root.environment.and_then(|index| repo.family(index, family(secret)));
    let newest = state.and_then(|state| state.stubs.iter().next_back());
    let newest = newest.and_then(|(_, ids)| repo.provider(*ids.first()?).1.near());
    ("the newest stub is here".to_owned(), newest)
}

/// What is known of the families, each thing found when the first missing secret asks.
struct Known<'r> {
    repo: &'r Repo,
    /// The families that something provides, by environment.
    provided: Vec<OnceCell<Words<'r>>>,
    /// The namespaces that have an ExternalSecret of a family, an unknown one among them, by environment.
    stubs: RefCell<BTreeMap<(EnvironmentId, String), Namespaces<'r>>>,
}

/// Namespaces, of which one may be unknown.
type Namespaces<'r> = BTreeSet<Option<&'r str>>;

impl<'r> Known<'r> {
    fn new(repo: &'r Repo) -> Self {
        let provided = repo.environments.iter().map(|_| OnceCell::new()).collect();
        Self { repo, provided, stubs: RefCell::default() }
    }

    fn hint(&self, root: &Root, reference: &Reference) -> String {
        let secret = reference.secret();
        let environment = root.environment.map(|index| &self.repo.environments[index]);
        if let (Some(environment), Some((family, version))) = (environment, split(secret)) {
            if self.bump_makes_stub(root, reference, family) {
                let bump = command("rotate bump", &[&environment.name, family], "");
                return format!(
                    "`{bump}` creates a stub along with the reference; to keep {version}, add its ExternalSecret"
                );
            }
            return format!(
                "add the ExternalSecret of {version}, or restore it if it was removed; if something else makes it, list it under `external` in rotate.yaml: `- {{ name: {family}-* }}`"
            );
        }
        let own = family(secret);
        let near = root.environment.and_then(|index| self.provided(index)?.nearest(own, own));
        near.map_or_else(
            || format!("add its provider, or list it under `external` in rotate.yaml: `- {{ name: {secret} }}`"),
            |name| format!("did you mean `{name}`? if something else makes it, list it under `external` in rotate.yaml"),
        )
    }

    fn provided(&self, environment: EnvironmentId) -> Option<&Words<'r>> {
        let provided = || {
            let all = self.repo.all_families_of(environment).into_iter();
            let provided = all.filter(|(_, state)| state.providers().next().is_some());
            Words::new(provided.map(|(name, _)| name))
        };
        Some(self.provided.get(environment.index())?.get_or_init(provided))
    }

    /// Whether a bump has something to make a stub from: an ExternalSecret of the family in the same place, or `rotate.yaml`.
    fn bump_makes_stub(&self, root: &Root, reference: &Reference, family: &str) -> bool {
        let remote = self.repo.config.secret(family).remote;
        if remote.store.is_some() && remote.key.is_some() {
            return true;
        }
        let Some(environment) = root.environment else { return false };
        let mut stubs = self.stubs.borrow_mut();
        let there = stubs
            .entry((environment, family.to_owned()))
            .or_insert_with(|| namespaces(self.repo, environment, family));
        let namespace = root.namespace_of(reference);
        if namespace.is_none() {
            !there.is_empty()
        } else {
            there.contains(&None) || there.contains(&namespace)
        }
    }
}

/// The namespaces of a family's ExternalSecrets.
fn namespaces<'r>(repo: &'r Repo, environment: EnvironmentId, family: &str) -> Namespaces<'r> {
    let state = repo.family(environment, family);
    let providers = state.into_iter().flat_map(FamilyState::providers).map(|id| repo.provider(id));
    let stubs = providers
        .inspect(|_| work::step())
        .filter(|(root, provider)| root.object_that_provides(provider).kind() == "ExternalSecret");
    stubs.map(|(root, provider)| root.namespace_of_provider(provider)).collect()
}
