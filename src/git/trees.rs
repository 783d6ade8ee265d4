//! The difference between two trees, read in Git's own format: most entries are byte-identical on both sides.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use git2::{ObjectType, Odb, Oid, Repository};

use crate::git::snapshot::{Kind, Kinds};
use crate::text::path::TreePath;
use crate::text::work;

/// The length of an object id in bytes.
const NAME: usize = 20;
/// So many bytes are compared at once.
const BLOCK: usize = 64;
/// The bits of a mode that give the kind of an entry.
const KIND: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const COMMIT: u32 = 0o160_000;

/// The trees of a repository.
pub(super) struct Trees<'r> {
    objects: Odb<'r>,
    /// The trees of the last older side, which are those of the next newer one.
    known: Known,
}

/// Trees in Git's own format.
pub(super) type Known = HashMap<Oid, Arc<[u8]>>;

/// An entry of a tree.
#[derive(Clone, Copy)]
struct Found<'t> {
    /// The whole entry, in Git's own format.
    bytes: &'t [u8],
    name: &'t [u8],
    /// What is there; `None` if it is not a file of this repository.
    kind: Option<Kind>,
    id: Oid,
}

/// The remaining entries of a tree.
struct Entries<'t>(&'t [u8]);

impl<'r> Trees<'r> {
    /// The trees, of which some are known.
    pub(super) fn new(repository: &'r Repository, known: Known) -> Result<Self, git2::Error> {
        Ok(Self { objects: repository.odb()?, known })
    }

    /// The directory of a tree that paths are relative to.
    pub(super) fn below(&self, tree: Oid, prefix: &TreePath) -> Result<Option<Oid>, git2::Error> {
        let mut at = tree;
        for part in prefix.parts() {
            let tree = self.read(at)?;
            let mut found = None;
            for entry in Entries(&tree) {
                let entry = entry?;
                if entry.name == part.as_bytes() {
                    found = Some(entry).filter(|entry| entry.kind == Some(Kind::Directory));
                    break;
                }
            }
            let Some(entry) = found else { return Ok(None) };
            at = entry.id;
        }
        Ok(Some(at))
    }

    /// Collects what `old` has wherever it differs from `new`; identical directories are not entered. Returns the trees of
    /// `old` that were read.
    pub(super) fn compare(
        &self,
        new: Option<Oid>,
        old: Option<Oid>,
        into: &mut Kinds,
    ) -> Result<Known, git2::Error> {
        let mut read = Known::new();
        self.compare_at(new, old, &TreePath::root(), &mut (into, &mut read))?;
        Ok(read)
    }

    fn compare_at(
        &self,
        new: Option<Oid>,
        old: Option<Oid>,
        at: &TreePath,
        found: &mut (&mut Kinds, &mut Known),
    ) -> Result<(), git2::Error> {
        if new == old {
            return Ok(());
        }
        let (new, was) = (self.read_some(new)?, self.read_some(old)?);
        found.1.extend(old.zip(was.clone()));
        for (name, (is, was)) in differing(data(new.as_ref()), data(was.as_ref()))? {
            // A name that is not UTF-8 cannot be one of our manifests.
            let Some(path) = std::str::from_utf8(name).ok().and_then(|name| at.join(name)) else {
                continue;
            };
            let known = |found: Option<Found<'_>>| found.and_then(|one| Some((one.kind?, one.id)));
            let (is, was) = (known(is), known(was));
            if was == is {
                continue;
            }
            let kind = was.map(|(kind, _)| kind);
            if kind != is.map(|(kind, _)| kind) {
                found.0.insert(path.clone(), kind);
            }
            let directory = |found: Option<(Kind, Oid)>| match found {
                Some((Kind::Directory, id)) => Some(id),
                _ => None,
            };
            self.compare_at(directory(is), directory(was), &path, found)?;
        }
        Ok(())
    }

    /// The contents of a file; `None` if they cannot be read.
    pub(super) fn bytes(&self, file: Oid) -> Option<Vec<u8>> {
        let object =
            self.objects.read(file).ok().filter(|object| object.kind() == ObjectType::Blob);
        object.map(|object| object.data().to_vec())
    }

    fn read(&self, tree: Oid) -> Result<Arc<[u8]>, git2::Error> {
        if let Some(known) = self.known.get(&tree) {
            return Ok(Arc::clone(known));
        }
        work::count("tree read");
        let object = self.objects.read(tree)?;
        if object.kind() == ObjectType::Tree { Ok(object.data().into()) } else { Err(malformed()) }
    }

    fn read_some(&self, tree: Option<Oid>) -> Result<Option<Arc<[u8]>>, git2::Error> {
        tree.map(|tree| self.read(tree)).transpose()
    }
}

fn data(tree: Option<&Arc<[u8]>>) -> &[u8] {
    tree.map_or(&[], |tree| &**tree)
}

/// The entries with the same name on both sides.
type Sides<'t> = (Option<Found<'t>>, Option<Found<'t>>);

/// The entries that differ, by name.
fn differing<'t>(
    new: &'t [u8],
    old: &'t [u8],
) -> Result<BTreeMap<&'t [u8], Sides<'t>>, git2::Error> {
    let mut found: BTreeMap<&[u8], Sides<'t>> = BTreeMap::new();
    let (mut new, mut old) = (new, old);
    // Mostly, one entry has another id.
    loop {
        let same = same_entries(new, old);
        (new, old) = (&new[same..], &old[same..]);
        let (mut is, mut was) = (Entries(new), Entries(old));
        match (is.next().transpose()?, was.next().transpose()?) {
            (Some(one), Some(other)) if one.name == other.name => {
                found.insert(one.name, (Some(one), Some(other)));
                (new, old) = (is.0, was.0);
            }
            (None, None) => return Ok(found),
            _ => break,
        }
    }
    let (new, old) = (Entries(new), Entries(old));
    let all = |entries: Entries<'t>| entries.collect::<Result<Vec<_>, _>>();
    let (new, old) = (all(new)?, all(old)?);
    let both = new.iter().rev().zip(old.iter().rev());
    let same = both.take_while(|(is, was)| is.bytes == was.bytes).count();
    for is in &new[..new.len() - same] {
        found.entry(is.name).or_default().0 = Some(*is);
    }
    for was in &old[..old.len() - same] {
        found.entry(was.name).or_default().1 = Some(*was);
    }
    Ok(found)
}

/// The length of the entries that two trees both begin with.
fn same_entries(new: &[u8], old: &[u8]) -> usize {
    let blocks = new.chunks_exact(BLOCK).zip(old.chunks_exact(BLOCK));
    let start = BLOCK * blocks.take_while(|(is, was)| is == was).count();
    let rest = new[start..].iter().zip(&old[start..]);
    let same = start + rest.take_while(|(is, was)| is == was).count();
    let mut at = 0;
    while let Some(end) = memchr::memchr(0, &new[at..same]).map(|name| at + name + 1 + NAME) {
        if end > same {
            break;
        }
        work::count("entry skipped");
        at = end;
    }
    at
}

impl<'t> Iterator for Entries<'t> {
    type Item = Result<Found<'t>, git2::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry = entry(self.0);
        self.0 = entry.map_or(&[], |entry| &self.0[entry.bytes.len()..]);
        Some(entry.ok_or_else(malformed))
    }
}

/// The first entry: its mode in octal digits, a space, its name, a NUL byte, and its object id.
fn entry(tree: &[u8]) -> Option<Found<'_>> {
    let space = tree.iter().position(|byte| *byte == b' ')?;
    let name = space + 1 + memchr::memchr(0, &tree[space + 1..])?;
    let bytes = tree.get(..name + 1 + NAME)?;
    let id = Oid::from_bytes(&bytes[name + 1..]).ok()?;
    let mut mode = 0;
    for digit in &tree[..space] {
        mode = (mode << 3) | u32::from(digit.wrapping_sub(b'0') & 7);
    }
    let kind = match mode & KIND {
        DIRECTORY => Some(Kind::Directory),
        LINK => Some(Kind::Link(id)),
        COMMIT => None,
        _ => Some(Kind::File(id)),
    };
    Some(Found { bytes, name: &tree[space + 1..name], kind, id })
}

fn malformed() -> git2::Error {
    git2::Error::from_str("a tree that is not written as trees are")
}

#[cfg(test)]
mod tests {
    use git2::{Oid, Repository};

    use super::{Known, Trees};
    use crate::git::snapshot::{Kind, Kinds};
    use crate::text::path::TreePath;
    use crate::text::work;

    fn tree(repository: &Repository, entries: &[(&str, i32, Oid)]) -> Oid {
        let mut builder = repository.treebuilder(None).unwrap();
        for (name, mode, id) in entries {
            builder.insert(name, *id, *mode).unwrap();
        }
        builder.write().unwrap()
    }

    #[test]
    fn tells_what_the_older_side_has() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(sandbox.path()).unwrap();
        let [one, two] = ["1", "2"].map(|text| repository.blob(text.as_bytes()).unwrap());
        let part = tree(&repository, &[("x", 0o100_644, one)]);
        let other = tree(&repository, &[("x", 0o100_644, two), ("y", 0o120_000, one)]);
        let commit = Oid::from_bytes(&[7; 20]).unwrap();
        let older = tree(
            &repository,
            &[
                ("a", 0o100_644, one),
                ("d", 0o040_000, other),
                ("gone", 0o100_644, one),
                ("run", 0o100_644, one),
                ("same", 0o040_000, part),
                ("turned", 0o040_000, part),
                ("turned.yaml", 0o100_644, one),
            ],
        );
        let newer = tree(
            &repository,
            &[
                ("a", 0o100_644, two),
                ("d", 0o040_000, part),
                ("module", 0o160_000, commit),
                ("new", 0o120_000, one),
                ("run", 0o100_755, one),
                ("same", 0o040_000, part),
                ("turned", 0o100_644, one),
                ("turned.yaml", 0o100_644, one),
            ],
        );
        let trees = Trees::new(&repository, Known::new()).unwrap();
        let mut found = Kinds::new();
        trees.compare(Some(newer), Some(older), &mut found).unwrap();
        let found: Vec<_> = found.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
        let expected = [
            ("a", Some(Kind::File(one))),
            ("d/x", Some(Kind::File(two))),
            ("d/y", Some(Kind::Link(one))),
            ("gone", Some(Kind::File(one))),
            ("new", None),
            ("turned", Some(Kind::Directory)),
            ("turned/x", Some(Kind::File(one))),
        ];
        assert_eq!(found, expected);
        let path = |text| TreePath::new(text).unwrap();
        assert_eq!(trees.below(newer, &path("d")).unwrap(), Some(part));
        assert_eq!(trees.below(newer, &path("turned")).unwrap(), None);
        assert_eq!(trees.below(newer, &path("nowhere/d")).unwrap(), None);
        assert!(trees.below(one, &path("d")).is_err());
    }

    /// The trees of the older side are those of the newer one in the next step, and entries that are the same are passed
    /// over.
    #[test]
    fn reads_each_tree_of_a_line_once() {
        let sandbox = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(sandbox.path()).unwrap();
        let names: Vec<String> = (0..50).map(|number| format!("f{number:02}")).collect();
        let commits: Vec<Oid> = (0..8)
            .map(|at| {
                let blob = |number: usize| {
                    let text = if number == 3 * at { "changed" } else { "" };
                    repository.blob(text.as_bytes()).unwrap()
                };
                let files = names.iter().enumerate();
                let files: Vec<_> =
                    files.map(|(number, name)| (&**name, 0o100_644, blob(number))).collect();
                let below = tree(&repository, &files);
                tree(&repository, &[("d", 0o040_000, below)])
            })
            .collect();
        let work = work::during(|| {
            let mut known = Known::new();
            for pair in commits.windows(2) {
                let trees = Trees::new(&repository, known).unwrap();
                let mut found = Kinds::new();
                known = trees.compare(Some(pair[0]), Some(pair[1]), &mut found).unwrap();
                assert_eq!(found.len(), 2);
            }
        });
        assert_eq!(work["tree read"], 2 * commits.len());
        // Of each pair, all but the two that differ.
        assert_eq!(work["entry skipped"], 48 * 7);
    }
}
