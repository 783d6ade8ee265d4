//! Secrets whose values stand in Git in the clear.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::k8s::encryption::is_encrypted;
use crate::k8s::resource::kind_of;
use crate::kustomize::remote::is_remote;
use crate::lint::clear_text::{self, encrypted_by_git, reveals, reveals_bytes, reveals_encoded};
use crate::lint::git_patterns::Patterns;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::yaml::embed::parse_inside;
use crate::yaml::node::Node;
use crate::yaml::scalar::{Kind, Schema, kind};

/// The rule.
pub static RULE: Rule = Rule {
    id: "plaintext-secret",
    level: Level::Error,
    fixes: Fixes::Never,
    summary: "a Secret with data in Git, not encrypted",
    docs: "
### What it finds

A Secret with a value under `data` or `stringData` in a file that Git has, and a `secretGenerator` that takes values from
`literals`, `files` or `envs`. It does not matter whether something deploys the file. Nothing is reported for what SOPS,
age, Ansible Vault or a filter of Git such as git-crypt encrypts, for SealedSecrets, for files that Git ignores, for
empty values, and for values that are put in when they are deployed: `${X}`, `$(X)`, `{{ x }}`, `<x>`,
`vault:path#key` and the like. A word such as `changeme` is a value, and so is one that is no secret by itself: a Secret
that holds only such values is better a ConfigMap. The value is never shown.

### Why it matters

What is in Git is on every laptop, in every backup and in the history for ever. Base64 hides nothing. A rotation that
commits the new value makes it public in the moment it is made.

### Example

```yaml
apiVersion: v1
kind: Secret
metadata: { name: auth-api-secrets }
data:
  password: c3dvcmRmaXNo
```

### Repair

Put the value into the store and an ExternalSecret into Git, or encrypt the file. Then rotate the value: what was once
pushed counts as known.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let repo = facts.repo;
    let mut search =
        Search { repo, filters: encrypted_by_git(&**repo.library.tree()), leaks: BTreeMap::new() };
    let mut seen = BTreeSet::new();
    for file in repo.manifests() {
        let Ok((real, _)) = repo.library.tree().entry(file) else { continue };
        if seen.insert(real.clone()) {
            search.file(&real);
        }
    }
    let roots: Vec<_> = deployed(repo).collect();
    let finding = |leak: Leak| {
        let readers =
            roots.iter().filter(|(root, _)| root.files().contains(leak.place.source.path()));
        let environments: BTreeSet<&str> = readers.filter_map(|(_, name)| *name).collect();
        leak.finding().in_each(environments)
    };
    search.leaks.into_values().map(finding).collect()
}

/// A Secret with values in the clear.
struct Leak {
    place: Place,
    name: String,
    keys: Vec<String>,
}

impl Leak {
    fn finding(&self) -> Finding {
        let shown: Vec<String> = self.keys.iter().take(3).map(|key| format!("`{key}`")).collect();
        let more = match self.keys.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "the Secret `{}` has values in Git that are not encrypted: {}{more}",
            self.name,
            shown.join(", ")
        );
        let help = "keep the value in a store and an ExternalSecret in Git, or encrypt the file; then rotate the value";
        RULE.finding(&self.place, message).help(help)
    }
}

struct Search<'r> {
    repo: &'r Repo,
    filters: Patterns,
    leaks: BTreeMap<(TreePath, Span), Leak>,
}

impl Search<'_> {
    fn file(&mut self, file: &TreePath) {
        let Ok(source) = self.repo.library.tree().source(file) else { return };
        let speaks = ["Secret", "secretGenerator"].iter().any(|word| source.text().contains(word));
        if !speaks || self.filters.fit(file) {
            return;
        }
        let Ok(stream) = self.repo.library.stream(file) else { return };
        for document in &stream.documents {
            self.document(&document.root, &file.parent());
        }
    }

    fn document(&mut self, root: &Node, directory: &TreePath) {
        let word = |key: &str| root.get(key).and_then(Node::str).unwrap_or_default();
        let (kind, version) = (word("kind"), word("apiVersion"));
        if kind == "Secret" && version == "v1" {
            self.secret(root);
        } else if kind.ends_with("List") {
            let items = root.get("items").map_or(&[][..], Node::items);
            items.iter().for_each(|item| self.document(item, directory));
        } else if kind == "SecretGenerator" && version == "builtin" {
            self.generator(root, root.at(&["metadata", "name"]), directory);
        } else {
            for entry in root.get("secretGenerator").map_or(&[][..], Node::items) {
                self.generator(entry, entry.get("name"), directory);
            }
            self.patches(root, directory);
        }
    }

    /// Secrets in patches that stand in a kustomization itself.
    fn patches(&mut self, root: &Node, directory: &TreePath) {
        let lists = ["patches", "patchesStrategicMerge"].iter().filter_map(|key| root.get(key));
        for entry in lists.flat_map(Node::items) {
            let text = entry.get("patch").unwrap_or(entry);
            if !text.str().is_some_and(|text| text.contains("Secret")) {
                continue;
            }
            let Ok(stream) = parse_inside(text) else { continue };
            for document in stream.documents.iter().filter(|one| kind_of(&one.root) == "Secret") {
                self.document(&document.root, directory);
            }
        }
    }

    fn secret(&mut self, object: &Node) {
        let made = object.get("type").and_then(Node::str);
        // A controller fills in the token.
        if is_encrypted(object) || made == Some("kubernetes.io/service-account-token") {
            return;
        }
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            for entry in object.get(field).map_or(&[][..], Node::entries) {
                let value = entry.value.str().unwrap_or_default();
                let revealed =
                    if field == "data" { reveals_encoded(value) } else { reveals(value) };
                if revealed && kind(&entry.value, Schema::Kyaml) != Some(Kind::Null) {
                    keys.extend(entry.key.str().map(str::to_owned));
                }
            }
        }
        let name = object.at(&["metadata", "name"]);
        self.leak(name.or_else(|| object.get("kind")), name, keys);
    }

    fn generator(&mut self, entry: &Node, name: Option<&Node>, directory: &TreePath) {
        let texts =
            |key: &str| entry.get(key).map_or(&[][..], Node::items).iter().filter_map(Node::str);
        let mut keys = Vec::new();
        for literal in texts("literals") {
            let (key, value) = literal.split_once('=').unwrap_or((literal, ""));
            if reveals(value.trim_matches(['"', '\''])) {
                keys.push(key.to_owned());
            }
        }
        for file in texts("files") {
            let (key, path) = file.split_once('=').unwrap_or((file, file));
            let bytes = self.in_git(directory, path);
            if bytes.is_some_and(|bytes| reveals_bytes(&bytes)) {
                keys.push(key.rsplit('/').next().unwrap_or(key).to_owned());
            }
        }
        for file in texts("envs").chain(entry.get("env").and_then(Node::str)) {
            let Some(bytes) = self.in_git(directory, file) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
            let revealing = lines
                .filter_map(|line| line.split_once('='))
                .filter(|(_, value)| reveals(value) && !clear_text::is_encrypted(&text));
            keys.extend(revealing.map(|(key, _)| key.trim_start_matches('\u{feff}').to_owned()));
        }
        self.leak(name.or(Some(entry)), name, keys);
    }

    /// The bytes of a file that Git has as they are.
    fn in_git(&self, directory: &TreePath, path: &str) -> Option<Vec<u8>> {
        let tree = self.repo.library.tree();
        let path = directory.join(path).filter(|_| !is_remote(path))?;
        let (real, _) = tree.entry(&path).ok()?;
        let known = tree.files().binary_search(&real).is_ok() && !self.filters.fit(&real);
        known.then(|| tree.bytes(&real).ok()).flatten().map(|bytes| bytes.to_vec())
    }

    fn leak(&mut self, place: Option<&Node>, name: Option<&Node>, keys: Vec<String>) {
        let Some(place) = place.and_then(|node| node.origin.as_ref()) else { return };
        if keys.is_empty() {
            return;
        }
        let place = place.near_in_file();
        let name = name.and_then(Node::str).unwrap_or_default().to_owned();
        let key = (place.source.path().clone(), place.span);
        self.leaks.entry(key).or_insert(Leak { place, name, keys });
    }
}
