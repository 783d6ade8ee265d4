//! Where a secret's name appears in an environment's files without being a known reference.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::k8s::by_value::scalars;
use crate::k8s::guards::is_tested;
use crate::k8s::heuristics::is_name;
use crate::k8s::monitors::version;
use crate::k8s::other_names::names_another;
use crate::k8s::providers;
use crate::k8s::resource::kind_of;
use crate::k8s::secret_name::{family, split};
use crate::k8s::spelling::Names;
use crate::repo::Repo;
use crate::repo::environment::EnvironmentId;
use crate::repo::inventory::Reference;
use crate::repo::own::is_own;
use crate::repo::root::Root;
use crate::repo::unbuilt::Unbuilt;
use crate::text::path::TreePath;
use crate::text::source::Place;
use crate::text::span::Span;
use crate::tree::memory::may_hold_manifests;
use crate::yaml::embed;
use crate::yaml::node::Node;
use crate::yaml::path::Path;

/// A place where a name appears.
#[derive(Debug, Clone)]
pub struct Leftover {
    /// Where it is written.
    pub place: Place,
    /// The field, and in an object of a build root the object, for display; `None` in a text without fields.
    pub field: Option<String>,
    /// Whether it is in an object of a build root.
    pub is_built: bool,
    /// Whether that field certainly names a secret.
    pub is_reference: bool,
    /// Whether the field's value is the name and nothing else.
    pub is_whole: bool,
}

impl Repo {
    /// Every place in an environment where a name of a family appears without being a reference, each line once, by
    /// file: scalars of its build roots' objects, and files in its directories and next to its kustomizations that
    /// hold no such objects.
    ///
    /// Providers, comments, settings and files that this program wrote are left out.
    #[must_use]
    pub fn leftovers(&self, environment: EnvironmentId, names: &[String]) -> Vec<Leftover> {
        let mut found: BTreeMap<(TreePath, usize), Leftover> = BTreeMap::new();
        let mut add = |one: Leftover| {
            let known = found.entry(line_of(&one.place)).or_insert_with(|| one.clone());
            known.is_reference |= one.is_reference;
        };
        let roots: Vec<&Root> = self.roots_of(environment).map(|(_, root)| &**root).collect();
        let families = by_family(names);
        let mut hits = Hits::new();
        for root in roots.iter().filter(|root| names.iter().any(|name| root.may_spell(name))) {
            families.iter().for_each(|sought| in_objects(root, sought, &mut hits));
        }
        let together = put_together(&roots, &families);
        in_order(hits).filter(|one| !together.contains(&line_of(&one.place))).for_each(&mut add);
        for (file, how) in self.unbuilt(environment).iter() {
            let mut hits = Hits::new();
            for sought in &families {
                match how {
                    Unbuilt::Charts => self.in_charts(file, sought, &mut hits),
                    Unbuilt::Read => self.in_file((file, true), sought, &mut hits),
                    Unbuilt::Beside => self.in_file((file, false), sought, &mut hits),
                }
            }
            in_order(hits)
                .filter(|one| !together.contains(&line_of(&one.place)))
                .for_each(&mut add);
        }
        // What an object spells for a builder to write elsewhere is a reference there.
        let inputs = self.builder_files();
        let may_move =
            |(file, _): &(TreePath, usize), one: &Leftover| !one.is_built || inputs.contains(file);
        if !found.iter().any(|(key, one)| may_move(key, one)) {
            return found.into_values().collect();
        }
        let moves = moves(&roots, names);
        found.retain(|key, one| {
            let place = one.place.near_in_file();
            !may_move(key, one)
                || !moves.contains(&(place.source.path().clone(), place.span().start))
        });
        found.into_values().collect()
    }

    /// Searches the values that a kustomization passes to charts.
    fn in_charts(&self, file: &TreePath, sought: &Sought<'_>, hits: &mut Hits) {
        let Ok(stream) = self.library.stream(file) else { return };
        for document in &stream.documents {
            let charts = document.root.get("helmCharts").into_iter().flat_map(Node::items);
            for values in charts.filter_map(|chart| chart.get("valuesInline")) {
                in_values(values, sought, true, hits);
            }
        }
    }

    /// Searches a file without objects of the environment; `is_read` if a build root reads it for another purpose.
    fn in_file(&self, (file, is_read): (&TreePath, bool), sought: &Sought<'_>, hits: &mut Hits) {
        let Ok(source) = self.library.tree().source(file) else { return };
        let is_settings = self.config.source.as_ref().is_some_and(|own| own.path() == file);
        let text = source.text();
        if is_settings || is_own(text) {
            return;
        }
        let is_yaml = may_hold_manifests(file);
        if let Some(stream) = self.library.stream(file).ok().filter(|_| is_yaml) {
            let roots = stream.documents.iter().map(|document| &document.root);
            let makes = |root: &Node| {
                let made = providers::find(root);
                made.iter().any(|one| family(&one.secret) == sought.0)
            };
            for root in roots.filter(|root| !makes(root)) {
                in_values(root, sought, is_read, hits);
            }
            return;
        }
        // A short word in prose is not a name.
        let found = sought.1.spelled(text).into_iter().filter(|(_, name, _)| split(name).is_some());
        for (number, _, parts) in found {
            let parts = parts.into_iter().filter(|part| !is_comment(text, part.start));
            hits.extend(parts.map(|part| {
                let place = Place::new(source.clone(), Span::new(part.start, part.end));
                let (is_built, is_reference, is_whole) = (false, false, false);
                (number, Leftover { place, field: None, is_built, is_reference, is_whole })
            }));
        }
    }
}

/// A family, and the names of it that are looked for, each with its number in the list.
type Sought<'n> = (&'n str, Names<'n>);

/// What was found of the names, each with the name's number.
type Hits = Vec<(usize, Leftover)>;

fn by_family(names: &[String]) -> Vec<Sought<'_>> {
    let mut families: BTreeMap<&str, Names<'_>> = BTreeMap::new();
    for (number, name) in names.iter().enumerate() {
        families.entry(family(name)).or_default().add(number, name);
    }
    families.into_iter().collect()
}

/// The hits of the first name first, those of one name as they were found.
fn in_order(mut hits: Hits) -> impl Iterator<Item = Leftover> {
    hits.sort_by_key(|(number, _)| *number);
    hits.into_iter().map(|(_, one)| one)
}

/// Where references of a family are written: those that are moved leave nothing behind.
fn moves(roots: &[&Root], names: &[String]) -> BTreeSet<(TreePath, usize)> {
    let families: BTreeSet<&str> = names.iter().map(|name| family(name)).collect();
    let references = roots.iter().flat_map(|root| &root.references);
    let own = references.filter(|reference| families.contains(reference.family()));
    own.filter_map(|reference| {
        let place = reference.near()?;
        Some((place.source.path().clone(), place.span().start))
    })
    .collect()
}

/// The line on which a place starts, with its file.
fn line_of(place: &Place) -> (TreePath, usize) {
    let place = place.near_in_file();
    (place.source.path().clone(), place.position().line)
}

/// The lines of names that a template puts together: these are references, too.
fn put_together(roots: &[&Root], families: &[Sought<'_>]) -> BTreeSet<(TreePath, usize)> {
    let is_sought =
        |reference: &&Reference| families.iter().any(|(family, _)| *family == reference.family());
    let all = roots.iter().flat_map(|root| &root.references).filter(is_sought);
    let composed = all.filter(|one| one.is_put_together()).filter_map(Reference::near);
    composed.map(|place| line_of(&place)).collect()
}

/// Searches a document that is not an object of a build.
fn in_values(root: &Node, (_, names): &Sought<'_>, is_read: bool, hits: &mut Hits) {
    scalars(root, &mut |node, trail| {
        let found = node.str().map(|text| names.spelled(text)).unwrap_or_default();
        if found.is_empty() || names_another(root, trail) {
            return;
        }
        let (is_built, is_reference) = (false, is_read && is_name(trail));
        for (number, name, parts) in found {
            let is_whole = node.str() == Some(name);
            let parts = parts.into_iter().filter(|part| !is_tested(node, part));
            hits.extend(parts.filter_map(|part| place_of(node, part)).map(|place| {
                let field = Some(trail.path().to_string());
                (number, Leftover { place, field, is_built, is_reference, is_whole })
            }));
        }
    });
}

/// The place of a part of a scalar, or of the whole scalar.
fn place_of(node: &Node, part: Range<usize>) -> Option<Place> {
    let exact = embed::part(node, part).and_then(|place| place.in_file());
    exact.or_else(|| node.origin.as_ref().map(Place::near_in_file))
}

/// Whether the line that contains this byte starts like a comment in most languages.
fn is_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[line..].trim_start();
    ["#", "//", "--", "<!--"].iter().any(|sign| line.starts_with(sign))
}

fn in_objects(root: &Root, (family, names): &Sought<'_>, hits: &mut Hits) {
    let makers: BTreeSet<usize> =
        root.providers.iter().filter(|one| one.family() == *family).map(|one| one.object).collect();
    // The fields that are references, and whether one of them is to a secret of the family.
    let mut known: BTreeMap<(usize, &Path), bool> = BTreeMap::new();
    for reference in &root.references {
        let own = known.entry((reference.object, &reference.found.path)).or_default();
        *own |= reference.family() == *family;
    }
    for (index, object) in root.objects().iter().enumerate() {
        // A monitor of one version stays with that version.
        if makers.contains(&index) || version(&object.node).is_some() {
            continue;
        }
        scalars(&object.node, &mut |node, trail| {
            let Some(text) = node.str() else { return };
            let found = names.spelled(text);
            if found.is_empty() || names_another(&object.node, trail) {
                return;
            }
            let path = trail.path();
            let is_reference = match known.get(&(index, &path)) {
                // References that a plan moves, leaves or refuses are reported by the plan itself.
                Some(true) => return,
                Some(false) => true,
                None => is_name(trail),
            };
            let (kind, is_built) = (kind_of(&object.node), true);
            for (number, name, parts) in found {
                let is_whole = text == name;
                let parts = parts.into_iter().filter(|part| !is_tested(node, part));
                hits.extend(parts.filter_map(|part| place_of(node, part)).map(|place| {
                    let field = Some(format!("{kind} `{}`, {path}", object.name()));
                    (number, Leftover { place, field, is_built, is_reference, is_whole })
                }));
            }
        });
    }
}
