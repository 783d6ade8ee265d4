//! Versions of a store that YAML reads as numbers.

use crate::finding::{Finding, Fix, Level};
use crate::k8s::stub::Stub;
use crate::lint::judge::deployed;
use crate::lint::rule::{Facts, Fixes, Rule};
use crate::text::remap::in_file;
use crate::text::source::Place;
use crate::yaml::edit::rewrite::rewrite;
use crate::yaml::node::{Node, Provenance};
use crate::yaml::scalar::{Kind, Schema, kind};

/// The rule.
pub static RULE: Rule = Rule {
    id: "numeric-version",
    level: Level::Error,
    fixes: Fixes::Sometimes,
    summary: "`version: 20250723110000` without quotes",
    docs: "
### What it finds

A version under `data[].remoteRef` or `dataFrom[].extract` of an ExternalSecret that YAML reads as a number or as a
boolean, because it stands there without quotes. It does not matter how the value came there: in the manifest, in a
merge patch or as the `value` of a JSON patch.

### Why it matters

`version` is a string in the schema of the operator, and the API server refuses a number. Nothing is created, the
workload waits for a Secret that never comes, and the message stands only in the log of the GitOps controller. The same
goes for the short versions of Vault and Google: `version: 5`.

### Example

```yaml
remoteRef:
  key: shop/auth
  version: 20250723110000
```

### Repair

Quote it: `version: \"20250723110000\"`. `rotate lint --fix` does that where the number is written in the file.
",
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (root, environment) in deployed(facts.repo) {
        let stubs = root.objects().iter().filter_map(|object| Stub::read(&object.node));
        for stub in stubs {
            let versions = stub.remotes.iter().filter_map(|remote| remote.version.as_ref());
            let found = versions.filter_map(|version| judge(&version.node));
            let found = found.map(|finding| finding.in_each(environment));
            findings.extend(found.map(|finding| finding.about(stub.family().unwrap_or_default())));
        }
    }
    findings
}

fn judge(node: &Node) -> Option<Finding> {
    // What a replacement or a variable puts in has the type of its source once it is built.
    if !matches!(node.how, Provenance::Written | Provenance::Patched) {
        return None;
    }
    let what = match kind(node, Schema::Kyaml)? {
        Kind::Int(_) | Kind::Float(_) => "a number",
        Kind::Bool(_) => "a boolean",
        Kind::Null | Kind::Str => return None,
    };
    let text = node.str()?;
    let origin = node.origin.as_ref()?;
    let span = node.alias().unwrap_or(origin.span());
    let place = Place::new(origin.source.clone(), span);
    let message =
        format!("YAML reads the version {text} as {what}, but the API server accepts only strings");
    let help = match node.alias() {
        Some(_) => format!("quote it at its anchor: `\"{text}\"`"),
        None => format!("quote it: `version: \"{text}\"`"),
    };
    Some(RULE.finding(&place, message).help(help).fix(quoted(node, text)))
}

/// Quotes around the digits. What an alias brings may mean something else where its anchor stands.
fn quoted(node: &Node, text: &str) -> Option<Fix> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let edit = rewrite(node, text).ok().filter(|_| digits && node.alias.is_none())?;
    let (file, edit) = in_file(&node.origin.as_ref()?.source, &edit)?;
    Some(Fix::one("quote the version", &file, edit))
}
