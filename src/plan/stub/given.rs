//! Pins that the store makes itself: they are given for each new value, never copied.

use std::collections::BTreeMap;

use crate::k8s::secret_name::split;
use crate::k8s::store::{Store, check_pin, is_given};
use crate::k8s::stub::{Remote, Stub};
use crate::plan::next::tool::list_versions;
use crate::plan::next::word;
use crate::plan::refusal::Refusal;
use crate::plan::spell::quoted;
use crate::plan::stub::document::comments_behind;
use crate::plan::stub::planner::Planner;
use crate::plan::stub::source::Source;
use crate::text::edit::{Edit, apply};
use crate::text::path::TreePath;
use crate::text::source::{Place, Source as Text};
use crate::yaml::parse::parse;

/// The pins of new entries, by key and old pin.
pub(super) type Given = BTreeMap<(String, String), String>;

/// A pin that must be given and was not.
pub(in crate::plan) struct Missing {
    /// The key that the store versions itself.
    key: String,
    /// The pin of the old value.
    old: String,
    /// The command that lists the key's versions.
    list: Option<String>,
    place: Option<Place>,
}

/// What there is to say of pins that were not given, with one command that gives them all.
pub(in crate::plan) fn ask(missing: &[Missing], bump: &str) -> (Vec<Refusal>, String) {
    let mut keys: Vec<&str> = missing.iter().map(|one| one.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let pins: Vec<String> =
        keys.iter().map(|key| format!(" --pin {}", word(&format!("{key}=VALUE")))).collect();
    let command = format!("{bump}{}", pins.concat());
    let one = |one: &Missing| {
        let list =
            one.list.as_ref().map_or_else(String::new, |list| format!("; `{list}` lists them"));
        Refusal {
            what: format!(
                "its store gives each value of `{}` a version of its own, and {} is the old value: that of the new one must be given",
                one.key, one.old
            ),
            place: one.place.clone(),
            way_out: format!(
                "put the new value into the store, then `{command}`, where VALUE is its version{list}"
            ),
        }
    };
    (missing.iter().map(one).collect(), command)
}

impl Planner<'_> {
    /// The pin for each entry of a stub whose own was made by its store: as it was given, or as the environment before has it
    /// for the same key of the same store.
    ///
    /// `None` where one is missing; which one is noted.
    ///
    /// # Errors
    /// With what is wrong with a pin that was given, and what to type.
    pub(super) fn given(&mut self, source: &Source<'_>) -> Result<Option<Given>, (String, String)> {
        let mut given = Given::new();
        let mut is_whole = true;
        let is_copy = split(source.secret).is_some() && self.back.is_none();
        let stub = Stub::read(&source.object.node).filter(|_| is_copy);
        let Some(stub) = stub else { return Ok(Some(given)) };
        for remote in &stub.remotes {
            let (Some(key), Some(old)) =
                (text(remote, |one| &one.key), text(remote, |one| &one.version))
            else {
                continue;
            };
            if !is_given(&old) || given.contains_key(&(key.clone(), old.clone())) {
                continue;
            }
            let backend =
                stub.store_of(remote).and_then(|store| self.backend(store, source.namespace));
            if backend.as_ref().is_some_and(|backend| backend.without_versions().is_some()) {
                continue;
            }
            let asked = self
                .pins
                .iter()
                .find_map(|pin| value(pin, self.family, &key).map(|value| (pin, value)));
            self.outcome.pins.extend(asked.map(|(pin, _)| pin.clone()));
            let pin = asked
                .map(|(_, value)| value.to_owned())
                .or_else(|| self.taken_over(&stub, remote, source.namespace));
            let Some(pin) = pin else {
                let list = backend.as_ref().and_then(|backend| list_versions(backend, &key));
                let place = remote.version.as_ref().and_then(|field| field.node.origin.as_ref());
                let place = place.map(Place::near_in_file);
                let is_same =
                    |one: &Missing| (&one.key, &one.old, &one.list) == (&key, &old, &list);
                if !self.outcome.missing.iter().any(is_same) {
                    self.outcome.missing.push(Missing { key, old, list, place });
                }
                is_whole = false;
                continue;
            };
            check_pin(backend.map_or(Store::Other, |backend| backend.store), &pin)
                .map_err(|error| (error.to_string(), "give the pin of the new value".to_owned()))?;
            if pin == old {
                let what = format!("{pin} of `{key}` is what the old version reads");
                return Err((what, "give the pin of the new value".to_owned()));
            }
            given.insert((key, old), pin);
        }
        Ok(is_whole.then_some(given))
    }

    /// The pin that another environment's stub of the new name has for the same key of the same store.
    fn taken_over(&self, stub: &Stub, remote: &Remote, namespace: Option<&str>) -> Option<String> {
        let (key, store) = (text(remote, |one| &one.key), stub.store_of(remote));
        let own = self.place_of(Some(self.environment), store, namespace);
        let roots =
            self.repo.roots.iter().filter(|root| root.environment != Some(self.environment));
        let objects =
            roots.flat_map(|root| root.objects().iter().map(|object| (root.environment, object)));
        let others = objects.filter_map(|(at, object)| {
            let other = Stub::read(&object.node)?;
            (other.secret.node.str() == Some(self.name)).then_some((at, object, other))
        });
        let mut others =
            others.filter(|(at, object, _)| self.place_of(*at, store, object.namespace()) == own);
        others.find_map(|(_, _, other)| {
            let same = other
                .remotes
                .iter()
                .find(|one| text(one, |one| &one.key) == key && other.store_of(one) == store)?;
            text(same, |one| &one.version)
        })
    }
}

/// The pin that `[FAMILY/][KEY=]VALUE` gives a key of a family.
fn value<'p>(pin: &'p str, family: &str, key: &str) -> Option<&'p str> {
    let Some((named, value)) = pin.rsplit_once('=') else {
        let own = pin.strip_prefix(family).and_then(|rest| rest.strip_prefix('/'));
        return Some(own.unwrap_or(pin));
    };
    let own = named.strip_prefix(family).and_then(|rest| rest.strip_prefix('/'));
    (named == key || own == Some(key)).then_some(value)
}

fn text(
    remote: &Remote,
    field: impl Fn(&Remote) -> &Option<crate::k8s::stub::Field>,
) -> Option<String> {
    field(remote).as_ref()?.node.str().map(str::to_owned)
}

/// A copy with its given pins.
///
/// # Errors
/// With a phrase, when it cannot be edited.
pub(super) fn fill(copy: String, given: &Given) -> Result<String, String> {
    if given.is_empty() {
        return Ok(copy);
    }
    let source = Text::file(TreePath::root(), copy.as_str());
    let stream = parse(&source).map_err(|error| error.message)?;
    let root = stream.documents.first().map(|document| &document.root).ok_or("it is empty")?;
    let stub = Stub::read(root).ok_or("it is no ExternalSecret")?;
    let edits = stub.remotes.iter().filter_map(|remote| {
        let key = (text(remote, |one| &one.key)?, text(remote, |one| &one.version)?);
        let span = remote.version.as_ref()?.node.origin.as_ref()?.span;
        Some(Edit { span, text: quoted(given.get(&key)?) })
    });
    let edits: Vec<Edit> = edits.collect();
    let comments = comments_behind(&stream, &edits);
    apply(&copy, &[edits, comments].concat()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn pins_are_given_for_all_for_a_family_or_for_a_key() {
        for (pin, is) in [
            ("8", Some("8")),
            ("bank/8", Some("8")),
            ("uuid/1-2", Some("uuid/1-2")),
            ("apps/bank=8", Some("8")),
            ("bank/apps/bank=8", Some("8")),
            ("apps/other=8", None),
            ("other/apps/bank=8", None),
        ] {
            assert_eq!(value(pin, "bank", "apps/bank"), is, "{pin}");
        }
    }
}
