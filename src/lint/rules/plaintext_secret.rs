//! Secrets whose values stand in Git in the clear.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::k8s::resource::kind_of;
use crate::kustomize::load::remote::is_remote;
use crate::lint::clear_text::{
    self, decoded, encrypted_by_git, reveals, reveals_bytes, reveals_encoded,
};
use crate::lint::credentials::is_credential;
use crate::lint::git_patterns::Patterns;
use crate::lint::leak::{self, Leak};
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::repo::Repo;
use crate::text::path::TreePath;
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
`literals`, `files` or `envs`; also what a JSON patch puts into a Secret, and what SOPS left as it was in a file that it
encrypted in part. The key tells what a value is: passwords, tokens and private keys count, user names, hosts, identifiers,
certificates do not, and a script or a configuration only with a password in it. A Secret that every environment's patches
delete, or give other values, is none; it does not matter whether something deploys the file otherwise. What comes from another
project (`vendor`, `third-party`, `upstream`) is reported once a file. Nothing is reported for what SOPS,
age, Ansible Vault or a filter of Git such as git-crypt encrypts, for SealedSecrets, for files that Git ignores, for
empty values, and for values that are put in when they are deployed: `${X}`, `$(X)`, `{{ x }}`, `<x>`,
`vault:path#key` and the like, nor for what tells Argo CD where a repository or a cluster is. Neither for stand-ins such as `changeme`,
`XXXX` or `unused`, and for example files that no environment deploys. The value is never shown.

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
pushed must be treated as compromised.
",
    check,
};

/// What the Vault plugin of Argo CD goes by.
const VAULT_PLUGIN: &str = "avp.kubernetes.io/path";

/// What makes a Secret a repository or a cluster of Argo CD.
const ARGO_CD: &str = "argocd.argoproj.io/secret-type";

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
    leak::findings(repo, search.leaks.into_values())
}

/// The keys of `data` or `stringData` whose values are in the clear.
fn revealed(field: &str, values: &Node) -> Vec<String> {
    let entries =
        values.entries().iter().filter_map(|entry| Some((entry.key.str()?, &entry.value)));
    let revealed = entries.filter(|(key, value)| is_revealed(field, key, value));
    revealed.map(|(key, _)| key.to_owned()).collect()
}

pub(in crate::lint) fn is_revealed(field: &str, key: &str, value: &Node) -> bool {
    let text = value.str().unwrap_or_default();
    let (revealed, plain) = match field {
        "data" => (reveals_encoded(text), decoded(text)),
        _ => (reveals(text), text.into()),
    };
    revealed && kind(value, Schema::Kyaml) != Some(Kind::Null) && is_credential(key, &plain)
}

/// Whether a value of a repository or cluster of Argo CD says nothing but where and what it is.
fn is_harmless(field: &str, key: &str, value: &Node) -> bool {
    const SECRET: [&str; 6] = [
        "bearerToken",
        "gcpServiceAccountKey",
        "githubAppPrivateKey",
        "password",
        "sshPrivateKey",
        "tlsClientCertKey",
    ];
    const IN_CONFIG: [&str; 3] = ["\"bearerToken\"", "\"keyData\"", "\"password\""];
    let text = value.str().unwrap_or_default();
    let text = if field == "data" { decoded(text) } else { text.into() };
    match key {
        "config" => !IN_CONFIG.iter().any(|word| text.contains(word)),
        "url" | "proxy" => {
            !text.contains('@') || text.starts_with("ssh://") || !text.contains("://")
        }
        _ => !SECRET.contains(&key),
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

    /// Secrets in patches: those that stand in a kustomization itself, and lists of operations also in files of their own.
    fn patches(&mut self, root: &Node, directory: &TreePath) {
        let lists = ["patches", "patchesJson6902", "patchesStrategicMerge"];
        for entry in lists.iter().filter_map(|key| root.get(key)).flat_map(Node::items) {
            if entry.at(&["target", "kind"]).is_some_and(|kind| kind.reads("Secret")) {
                self.operations(entry, directory);
            }
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
        let metadata = |map: &str, key: &str| object.at(&["metadata", map, key]).is_some();
        // A controller fills in the token; the Vault plugin of Argo CD fills in what it is told to.
        if made == Some("kubernetes.io/service-account-token")
            || metadata("annotations", VAULT_PLUGIN)
        {
            return;
        }
        let is_known = metadata("labels", ARGO_CD);
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            let Some(values) = object.get(field) else { continue };
            let harmless = |key: &String| {
                is_known && values.get(key).is_some_and(|value| is_harmless(field, key, value))
            };
            keys.extend(revealed(field, values).into_iter().filter(|key| !harmless(key)));
        }
        let name = object.at(&["metadata", "name"]);
        self.leak(name.or_else(|| object.get("kind")), name, keys);
    }

    /// The values that the operations of a JSON patch (RFC 6902) put into a Secret.
    fn operations(&mut self, entry: &Node, directory: &TreePath) {
        let inline = entry.get("patch").and_then(|text| parse_inside(text).ok());
        let file =
            entry.get("path").and_then(Node::str).and_then(|path| self.known(directory, path));
        let file = file.and_then(|file| self.repo.library.stream(&file).ok());
        let name = entry.at(&["target", "name"]);
        for document in inline.iter().chain(file.as_deref()).flat_map(|stream| &stream.documents) {
            for operation in document.root.items() {
                let puts =
                    operation.get("op").is_some_and(|op| op.reads("add") || op.reads("replace"));
                let path = operation.get("path").and_then(Node::str).unwrap_or_default();
                let mut steps = path.split('/').skip(1);
                let (Some(field @ ("data" | "stringData")), true) = (steps.next(), puts) else {
                    continue;
                };
                let Some(value) = operation.get("value") else { continue };
                let keys = match steps.next() {
                    Some(key) => {
                        let key = key.replace("~1", "/").replace("~0", "~");
                        let is_revealed = is_revealed(field, &key, value);
                        is_revealed.then_some(key).into_iter().collect()
                    }
                    None => revealed(field, value),
                };
                self.leak(operation.get("path"), name, keys);
            }
        }
    }

    fn generator(&mut self, entry: &Node, name: Option<&Node>, directory: &TreePath) {
        let texts =
            |key: &str| entry.get(key).map_or(&[][..], Node::items).iter().filter_map(Node::str);
        let mut keys = Vec::new();
        for literal in texts("literals") {
            let (key, value) = literal.split_once('=').unwrap_or((literal, ""));
            let value = value.trim_matches(['"', '\'']);
            if reveals(value) && is_credential(key, value) {
                keys.push(key.to_owned());
            }
        }
        for file in texts("files") {
            let (key, path) = file.split_once('=').unwrap_or((file, file));
            let key = key.rsplit('/').next().unwrap_or(key);
            let reveals = |bytes: &Vec<u8>| {
                reveals_bytes(bytes) && is_credential(key, &String::from_utf8_lossy(bytes))
            };
            if self.in_git(directory, path).as_ref().is_some_and(reveals) {
                keys.push(key.to_owned());
            }
        }
        for file in texts("envs").chain(entry.get("env").and_then(Node::str)) {
            let Some(bytes) = self.in_git(directory, file) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
            let revealing = lines.filter_map(|line| line.split_once('=')).filter(|(key, value)| {
                reveals(value) && !clear_text::is_encrypted(&text) && is_credential(key, value)
            });
            keys.extend(revealing.map(|(key, _)| key.trim_start_matches('\u{feff}').to_owned()));
        }
        self.leak(name.or(Some(entry)), name, keys);
    }

    /// The bytes of a file that Git has as they are.
    fn in_git(&self, directory: &TreePath, path: &str) -> Option<Vec<u8>> {
        let file = self.known(directory, path)?;
        self.repo.library.tree().bytes(&file).ok().map(|bytes| bytes.to_vec())
    }

    /// A file that Git has as it is.
    fn known(&self, directory: &TreePath, path: &str) -> Option<TreePath> {
        let tree = self.repo.library.tree();
        let path = directory.join(path).filter(|_| !is_remote(path))?;
        let (real, _) = tree.entry(&path).ok()?;
        let known = tree.files().binary_search(&real).is_ok() && !self.filters.fit(&real);
        known.then_some(real)
    }

    fn leak(&mut self, place: Option<&Node>, name: Option<&Node>, mut keys: Vec<String>) {
        // A key may stand twice.
        let mut seen = BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        // What cannot be a key may be a part of a value.
        let is_key =
            |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        keys.iter_mut().filter(|key| !is_key(key)).for_each(|key| "…".clone_into(key));
        let Some(place) = place.and_then(|node| node.origin.as_ref()) else { return };
        if keys.is_empty() {
            return;
        }
        let place = place.near_in_file();
        let name = name.and_then(Node::str).unwrap_or_default().to_owned();
        let key = place.site();
        self.leaks.entry(key).or_insert(Leak { place, name, keys });
    }
}
