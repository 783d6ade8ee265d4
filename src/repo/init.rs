//! Generates a `rotate.yaml` for a repository that has none.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::k8s::secret_name::family;
use crate::k8s::stub::Stub;
use crate::repo::Repo;
use crate::repo::environment::{Environment, Unplaced};
use crate::repo::family::FamilyState;
use crate::repo::pattern::{literal, patterns};
use crate::text::path::TreePath;

/// What a program says that does not know where it was released: a line that names no schema would be a mistake to editors.
const UNRELEASED: &str = "# For editors, `rotate schema` prints the JSON Schema of this file.\n";

const HEAD: &str = "\
# Settings of rotate: which paths belong to which environment, and what differs from the defaults.
# The environments were found by the names of directories and files; the first one that matches a path has it.

";

const EXAMPLE: &str = "\
# No directory is called staging, production or the like. Say which paths belong to which environment:
#
# environments: # in promotion order
#   - name: staging
#     paths: [\"clusters/eu-test\"]
#     soak: 24h # how long a version must have run here before the next environment may take it
#   - name: production
#     paths: [\"clusters/eu-*\"]
#     retention: 14d # how long a version that nothing references is kept
";

const SECRETS: &str = "\
#
# secrets:
#   some-family:
#     remote: { version: label } # how its stubs pin the store's version: label, key-suffix or none
#   legacy-*: { managed: false } # leave alone
";

const STRICTER: &str = "\
#
# lint:
#   rules: # stricter than the defaults, for when the secrets have versions; these levels apply at once, without a soak
#     unversioned-reference: error # a plain name where versions are required
#     mutable-stub: warning # a versioned stub whose Secret can change
#     deletion-policy: error # a versioned stub whose Secret the operator may delete
";

/// Writes the `rotate.yaml` that is equivalent to the conventions; its first line names the schema for editors.
#[must_use]
pub fn propose(repo: &Repo, schema: Option<&str>) -> String {
    let mut text = match schema {
        Some(url) => format!("# yaml-language-server: $schema={url}\n"),
        None => UNRELEASED.to_owned(),
    };
    text.push_str(HEAD);
    if repo.environments.is_empty() {
        text.push_str(EXAMPLE);
    } else {
        text.push_str("environments: # in promotion order\n");
        let files = repo.library.tree().manifests();
        let all = repo.environments.iter().zip(patterns(&repo.environments, files));
        all.for_each(|(environment, paths)| describe(repo, environment, &paths, &mut text));
        unplaced(repo, &mut text);
    }
    homeless(repo, &mut text);
    families(repo, &mut text);
    missing(repo, &mut text);
    text.push_str(STRICTER);
    text
}

fn describe(repo: &Repo, environment: &Environment, paths: &[String], text: &mut String) {
    let _ = writeln!(text, "  - name: {}\n    paths:", environment.name);
    for path in paths {
        let _ = writeln!(text, "      - {}", quoted(path));
    }
    if !environment.versioned {
        text.push_str("    versioned: false # plain names are allowed\n");
        return;
    }
    if !repo.environments.after(environment.id).is_empty() {
        text.push_str("    soak: 24h # how long a version must have run here before the next environment may take it\n");
    }
    text.push_str("    retention: 14d # how long a version that nothing references is kept\n");
}

/// Lists what looks like an environment and has no place in the order yet.
fn unplaced(repo: &Repo, text: &mut String) {
    let unplaced = repo.environments.unplaced();
    let last = repo.environments.last().map_or("", |one| one.name.as_str());
    if unplaced.iter().any(|one| one.may_come_before) {
        let _ = writeln!(
            text,
            "#\n# What follows looks like an environment and has no place in the order. While it has none, no version\n\
             # begins in {last}: move each entry above to where it belongs; `versioned: false` leaves it out of rotations."
        );
    } else if !unplaced.is_empty() {
        text.push_str(
            "#\n# What follows looks like an environment and has no place in the order.\n",
        );
    }
    for one in unplaced {
        let _ = writeln!(text, "#  - name: {}\n#    paths:", one.word);
        for path in &one.paths {
            let _ = writeln!(text, "#      - {}", quoted(&literal(path)));
        }
    }
}

/// The entry of what has no place in the order yet, on one line.
#[must_use]
pub fn entry(unplaced: &Unplaced) -> String {
    let paths: Vec<String> = unplaced.paths.iter().map(|path| quoted(&literal(path))).collect();
    format!("- {{ name: {}, paths: [{}] }}", unplaced.word, paths.join(", "))
}

/// How many build roots without an environment are listed.
const HOMELESS: usize = 20;

/// Lists the build roots that belong to no environment and name secrets themselves, not for others that include them.
fn homeless(repo: &Repo, text: &mut String) {
    let is_included = |path: &TreePath| {
        let mut others = repo.roots.iter();
        others.any(|other| other.path != *path && other.directories().contains(path))
    };
    let homeless = repo.roots.iter().filter(|root| {
        let names_secrets = !root.references.is_empty() || !root.providers.is_empty();
        root.environment.is_none() && names_secrets && !is_included(&root.path)
    });
    let paths: BTreeSet<&TreePath> = homeless.map(|root| &root.path).collect();
    if paths.is_empty() {
        return;
    }
    text.push_str("\n# These directories name secrets and belong to no environment:\n");
    for path in paths.iter().take(HOMELESS) {
        let _ = writeln!(text, "#   {}", shown(path.display()));
    }
    if paths.len() > HOMELESS {
        let _ = writeln!(text, "#   and {} more", paths.len() - HOMELESS);
    }
}

/// Lists the families that are versioned somewhere.
fn families(repo: &Repo, text: &mut String) {
    let all = repo.environments.iter().flat_map(|one| repo.all_families_of(one.id));
    let versioned = all.filter(|(_, state)| state.is_versioned());
    let names: BTreeSet<&str> = versioned.map(|(name, _)| name).collect();
    if names.is_empty() {
        text.push_str("\n# `rotate bump ENVIRONMENT NAME` gives a secret its first version.\n");
    } else {
        text.push_str("\n# Families. Nothing need be said about them unless they differ from the default.\n#\n");
    }
    for name in names {
        let _ = writeln!(text, "#   {}", shown(name));
        for environment in &repo.environments {
            if let Some(state) = repo.family(environment.id, name) {
                let _ = writeln!(text, "#     {}: {}", environment.name, summary(repo, state));
            }
        }
    }
    text.push_str(SECRETS);
}

/// `20250723110000 (ClusterSecretStore aws)`
fn summary(repo: &Repo, state: &FamilyState) -> String {
    let plain = !state.plain.is_empty() || !state.plain_providers.is_empty();
    let versions: BTreeSet<&str> =
        state.versions.keys().chain(state.stubs.keys()).map(String::as_str).collect();
    let names: Vec<&str> = plain.then_some("plain name").into_iter().chain(versions).collect();
    let stores: BTreeSet<String> = state
        .providers()
        .filter_map(|id| {
            let (root, provider) = repo.provider(id);
            let store = Stub::read(&root.object_that_provides(provider).node)?.store?;
            Some(format!("{} {}", shown(&store.kind), shown(&store.name)))
        })
        .collect();
    let stores: Vec<String> = stores.into_iter().collect();
    let stores =
        if stores.is_empty() { String::new() } else { format!(" ({})", stores.join(", ")) };
    format!("{}{stores}", shown(&names.join(", ")))
}

/// Lists the referenced secrets that nothing in the repository provides.
fn missing(repo: &Repo, text: &mut String) {
    let ids = repo.environments.iter().flat_map(|one| {
        repo.all_families_of(one.id).into_values().flat_map(FamilyState::references)
    });
    let missing = ids.filter_map(|id| {
        let (root, reference) = repo.reference(id);
        let namespace = root.namespace_of(reference);
        let nobody = repo.providers_of(root.environment, namespace, reference.secret()).is_empty();
        nobody.then(|| family(reference.secret()))
    });
    let missing: BTreeSet<&str> = missing.collect();
    text.push_str("#\n# external: # secrets that exist though nothing here makes them\n");
    if missing.is_empty() {
        text.push_str("#   - { name: registry-pull, reason: \"made by Terraform\" }\n");
    }
    for name in missing {
        let _ = writeln!(text, "#   - {{ name: {}, reason: \"\" }}", quoted(name));
    }
}

/// A text as YAML writes it on one line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text that cannot end a comment.
fn shown(text: &str) -> String {
    text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'), "?")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::propose;
    use crate::config::parse::parse;
    use crate::config::settings::RuleLevel;
    use crate::repo::Repo;
    use crate::repo::environment::EnvironmentId;
    use crate::repo::root::Root;
    use crate::repo::testing::{deployment, repo};
    use crate::text::path::TreePath;
    use crate::text::source::Source;

    /// The environment of every file that a root holds.
    fn environments(repo: &Repo) -> BTreeMap<String, Option<String>> {
        let name = |id: EnvironmentId| repo.environments[id].name.clone();
        let of_root = |root: &Arc<Root>| {
            let environment = root.environment.map(name);
            let files: Vec<String> = root.files().iter().map(ToString::to_string).collect();
            files.into_iter().map(move |file| (file, environment.clone()))
        };
        repo.roots.iter().flat_map(of_root).collect()
    }

    /// Proposes settings for files, and asserts that they are equivalent to the conventions.
    fn proposed(names: &[&str]) -> String {
        let web = deployment("web", "auth");
        let mut files: Vec<(&str, &str)> = names.iter().map(|name| (*name, &*web)).collect();
        let before = repo(&files);
        let text = propose(&before, None);
        files.push(("rotate.yaml", &text));
        assert_eq!(environments(&before), environments(&repo(&files)), "{text}");
        text
    }

    #[test]
    fn one_pattern_for_what_is_alike() {
        let text = proposed(&[
            "apps/shop/dev/web.yaml",
            "apps/shop/production/web.yaml",
            "apps/web/dev/web.yaml",
            "apps/web/production/web.yaml",
            "clusters/prod/x.yaml",
            "docs/x.yaml",
        ]);
        assert!(text.contains("  - name: development\n    paths:\n      - \"apps/*/dev\"\n"));
        assert!(text.contains("      - \"apps/*/production\"\n      - \"clusters/prod\"\n"));
        assert!(text.contains("versioned: false"));
        assert!(!text.contains("soak: 24h # how"), "{text}");
    }

    #[test]
    fn what_lies_inside_each_other_stays_apart() {
        let text = proposed(&[
            "overlays/prod/staging/x.yaml",
            "overlays/prod/dev/[x]/x.yaml",
            "overlays/prod/x.yaml",
            "overlays/staging/dev/x.yaml",
            "overlays/staging/prod/x.yaml",
            "overlays/staging/x.yaml",
            "overlays/staging/y/x.yaml",
        ]);
        assert!(text.contains("      - \"overlays/staging/x.yaml\"\n"), "{text}");
        assert!(text.contains("      - \"overlays/staging/y\"\n"), "{text}");
    }

    #[test]
    fn words_inside_of_names_give_the_same_environments() {
        let text = proposed(&[
            "apps/web/values-prod.yaml",
            "apps/web/values-staging.yaml",
            "apps/web/values.yaml",
            "clusters/prod-eu/x.yaml",
            "clusters/prod-us/x.yaml",
            "clusters/staging-eu/x.yaml",
            "clusters/tools/x.yaml",
        ]);
        assert!(text.contains("      - \"apps/web/values-prod.yaml\"\n"), "{text}");
        assert!(text.contains("# These directories name secrets and belong to no environment:\n"));
        assert!(text.contains("#   clusters/tools\n"), "{text}");
    }

    #[test]
    fn what_has_no_place_is_offered() {
        let text = proposed(&["o/demo/x.yaml", "o/production/x.yaml", "o/uat/x.yaml"]);
        assert!(text.contains("begins in production"), "{text}");
        assert!(text.contains("#  - name: uat\n#    paths:\n#      - \"o/uat\"\n"), "{text}");
        assert!(text.contains("#  - name: demo\n"), "{text}");
    }

    #[test]
    fn the_first_line_is_for_editors() {
        let url = "https://example.com/rotate.schema.json";
        let text = propose(&repo(&[]), Some(url));
        assert!(text.starts_with(&format!("# yaml-language-server: $schema={url}\n# Settings")));
        assert!(propose(&repo(&[]), None).starts_with("# For editors, `rotate schema` prints"));
    }

    #[test]
    fn stricter_levels_are_offered() {
        let text = proposed(&["staging/x.yaml", "production/x.yaml"]);
        let lint = &text[text.find("# lint:").unwrap()..];
        let text = format!("{text}{}", lint.replace("\n# ", "\n").trim_start_matches("# "));
        let source = Source::file(TreePath::new("rotate.yaml").unwrap(), text);
        let levels = parse(&source).unwrap().lint.rules;
        assert_eq!(levels.get("mutable-stub"), Some(&RuleLevel::Warning));
        assert_eq!(levels.get("unversioned-reference"), Some(&RuleLevel::Error));
        assert_eq!(levels.get("deletion-policy"), Some(&RuleLevel::Error));
    }

    #[test]
    fn a_repository_without_environments_gets_an_example() {
        let text = proposed(&["x/web.yaml"]);
        assert!(text.contains("# environments: # in promotion order"));
    }
}
