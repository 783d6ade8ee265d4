//! Compares what a new stub reads with the old one of the same root: same store and key, but the new version.

use std::collections::BTreeSet;

use crate::config::secrets::Pin;
use crate::k8s::secret_name::{Version, digits_in, split};
use crate::k8s::store::is_given;
use crate::k8s::stub::{Remote, Stub};
use crate::plan::refusal::Refusal;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::root::Root;
use crate::text::source::Place;
use crate::yaml::node::Node;

/// Why a new stub would not read the value of its version, in any root of an environment.
pub(super) fn misread(after: &Repo, environment: EnvironmentId, name: &str) -> Vec<Refusal> {
    let Some((family, version)) = split(name) else { return Vec::new() };
    let is_one_value = after.config.secret(family).remote.version == Some(Pin::None);
    let mut refusals = Vec::new();
    for (_, root) in after.roots_of(environment) {
        let makes = |(_, stub): &(usize, Stub)| stub.secret.node.str() == Some(name);
        if !root.stubs().iter().any(makes) {
            continue;
        }
        let all = stubs(root, family);
        let (new, old): (Vec<&Placed<'_>>, Vec<&Placed<'_>>) =
            all.iter().partition(|(_, stub)| stub.secret.node.str() == Some(name));
        for (namespace, stub) in new {
            let beside = old.iter().filter(|(other, _)| other == namespace);
            let beside: Vec<&Stub> = beside.map(|(_, stub)| *stub).collect();
            let names = beside.iter().filter_map(|stub| stub.secret.node.str());
            let others: BTreeSet<&str> = names.filter_map(|name| Some(split(name)?.1)).collect();
            let mut entries = stub.remotes.iter();
            let found = entries.find_map(|remote| wrong(root, remote, version, &others));
            let found = found.or_else(|| overridden(after, root, stub, version));
            let found = found.or_else(|| other(root, stub, &beside, version));
            refusals
                .extend(found.or_else(|| shared(root, stub, &beside).filter(|_| !is_one_value)));
        }
    }
    refusals
}

/// A stub and the namespace in which it makes its secret.
type Placed<'r> = (Option<String>, &'r Stub);

/// The stubs of a family that a root has.
fn stubs<'r>(root: &'r Root, family: &str) -> Vec<Placed<'r>> {
    let own = root.stubs().iter().filter(|(_, stub)| stub.family() == Some(family));
    own.map(|(object, stub)| {
        let namespace = root.objects()[*object].namespace().or(root.namespace.as_deref());
        (namespace.map(str::to_owned), stub)
    })
    .collect()
}

/// What is wrong with one entry: it names another version, or its key is empty.
fn wrong(root: &Root, remote: &Remote, version: &str, others: &BTreeSet<&str>) -> Option<Refusal> {
    let key = remote.key.as_ref()?;
    let pin = remote.version.as_ref();
    let text = |node: &Node| node.str().unwrap_or_default().to_owned();
    if text(&key.node).is_empty() {
        let what = format!("`{}`: the new stub would read an empty key", root.path);
        return Some(refusal(what, &key.node));
    }
    let node = pin.into_iter().chain([key]).map(|field| &field.node).find(|node| {
        let text = text(node);
        !text.contains(version) && digits_in(&text).any(|digits| others.contains(digits))
    })?;
    let what = format!(
        "`{}`: the new stub would read `{}`, which is of another version",
        root.path,
        text(node)
    );
    Some(refusal(what, node))
}

/// Something that overrides a new stub so that it reads another version than its file says.
fn overridden(after: &Repo, root: &Root, stub: &Stub, version: &str) -> Option<Refusal> {
    let place = stub.secret.node.origin.as_ref()?.near_in_file();
    let stream = after.library.stream(place.source.path()).ok()?;
    let mut documents = stream.documents.iter();
    let document = documents.find(|document| document.span.contains(place.span()))?;
    let written = Stub::read(&document.root)?;
    stub.remotes.iter().find_map(|remote| {
        let own = written.remotes.iter().find(|one| one.path == remote.path)?;
        let (key, pin) = (remote.key_text()?, remote.version_text());
        let is_own = |remote: &Remote| remote.key_text().is_some_and(|key| key.contains(version));
        if pin == own.version_text() && (!is_own(own) || is_own(remote)) {
            return None;
        }
        let describe = |key: Option<&str>, pin: Option<&str>| {
            let pin = pin.map_or_else(String::new, |pin| format!(", version {pin}"));
            format!("`{}`{pin}", key.unwrap_or_default())
        };
        let what = format!(
            "`{}`: the new stub says {}, and would read {}",
            root.path,
            describe(own.key_text(), own.version_text()),
            describe(Some(key), pin)
        );
        let field = remote.version.as_ref().or(remote.key.as_ref())?;
        Some(refusal(what, &field.node))
    })
}

/// An older stub of the same place that reads the very version of a key which a new one reads.
fn shared(root: &Root, new: &Stub, old: &[&Stub]) -> Option<Refusal> {
    new.remotes.iter().find_map(|remote| {
        let (key, pin) = (remote.key_text()?, remote.version_text().filter(|pin| is_given(pin))?);
        let other = old.iter().find(|stub| new.reads_like(remote, stub).is_some());
        let other = other?.secret.node.str()?;
        let what =
            format!("`{}`: the new stub would read {pin} of `{key}`, as `{other}` does", root.path);
        Some(refusal(what, &remote.version.as_ref()?.node))
    })
}

/// What a new stub reads differently from the old ones in the same place, ignoring versions.
fn other(root: &Root, new: &Stub, old: &[&Stub], version: &str) -> Option<Refusal> {
    let read = |stub: &Stub| -> BTreeSet<(String, String)> {
        stub.remotes.iter().map(|remote| (store(stub, remote), bare(remote, version))).collect()
    };
    let known: BTreeSet<(String, String)> = old.iter().flat_map(|stub| read(stub)).collect();
    if known.is_empty() {
        return None;
    }
    let remote = new
        .remotes
        .iter()
        .find(|remote| !known.contains(&(store(new, remote), bare(remote, version))))?;
    let key = remote.key.as_ref()?;
    let what = format!(
        "`{}`: the new stub would read `{}`, which no older one does",
        root.path,
        key.node.str().unwrap_or_default()
    );
    Some(refusal(what, &key.node))
}

fn store(stub: &Stub, remote: &Remote) -> String {
    stub.store_of(remote).map_or_else(String::new, |store| format!("{} {}", store.kind, store.name))
}

/// A key without the version in it.
fn bare(remote: &Remote, version: &str) -> String {
    let key = remote.key.as_ref().and_then(|key| key.node.str()).unwrap_or_default();
    let dated = digits_in(key).filter(|digits| Version::new(digits).is_some());
    std::iter::once(version).chain(dated).fold(key.to_owned(), |bare, digits| {
        ["-", "_", ""].iter().fold(bare, |bare, mark| bare.replace(&format!("{mark}{digits}"), ""))
    })
}

fn refusal(what: String, node: &Node) -> Refusal {
    Refusal {
        what,
        place: node.origin.as_ref().map(Place::near_in_file),
        hint: "where a patch or a replacement selects every ExternalSecret, let it leave keys and versions alone; where it names the old stub, add one for the new stub"
            .to_owned(),
    }
}
