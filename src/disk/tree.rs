//! A directory as a tree of files, each read at most once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::disk::error::{DiskError, reason};
use crate::disk::walk::{self, Met, Skipped};
use crate::text::memo::Memo;
use crate::text::path::TreePath;
use crate::text::source::Source;
use crate::tree::memory::may_hold_manifests;
use crate::tree::{Entry, ReadError, Tree};

/// Maximum size of a file that is read.
const LARGEST: u64 = 64 << 20;

/// A directory on disk; once read, a file is not read again.
#[derive(Debug)]
pub struct DiskTree {
    root: PathBuf,
    met: HashMap<TreePath, Met>,
    files: Vec<TreePath>,
    manifests: Vec<TreePath>,
    skipped: Vec<Skipped>,
    read: HashMap<TreePath, Once>,
    found: Memo<Found>,
    other: Memo<Arc<Once>>,
}

/// Where a path leads.
type Found = Result<(TreePath, Entry), ReadError>;

/// One file, read at most once as text and once as bytes.
#[derive(Debug, Default)]
struct Once {
    source: OnceLock<Result<Arc<Source>, ReadError>>,
    bytes: OnceLock<Result<Arc<[u8]>, ReadError>>,
}

impl DiskTree {
    /// Walks the directory; `ignored` is asked for each path and whether it is a directory.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn open(
        root: &Path,
        ignored: impl Fn(&TreePath, bool) -> bool + Sync,
    ) -> Result<Self, DiskError> {
        let root = root.canonicalize().map_err(|error| DiskError::new(root, &error))?;
        if !root.is_dir() {
            return Err(DiskError::NotADirectory(root));
        }
        let walked = walk::walk(&root, ignored)?;
        let manifests: Vec<TreePath> =
            walked.files.iter().filter(|path| may_hold_manifests(path)).cloned().collect();
        let read = manifests.iter().map(|path| (path.clone(), Once::default())).collect();
        let links: Vec<TreePath> = walked.links.into_iter().filter(may_hold_manifests).collect();
        let mut tree = Self {
            root,
            met: walked.met,
            files: walked.files,
            manifests,
            skipped: walked.skipped,
            read,
            found: Memo::default(),
            other: Memo::default(),
        };
        tree.add_links(&links);
        Ok(tree)
    }

    /// Adds the links to manifests of the tree: tools that apply a directory read them through these.
    fn add_links(&mut self, links: &[TreePath]) {
        let leads = |link: &&TreePath| {
            let entry = self.entry(link);
            entry.is_ok_and(|(real, kind)| kind == Entry::File && self.read.contains_key(&real))
        };
        let links: Vec<TreePath> = links.iter().filter(leads).cloned().collect();
        self.manifests.extend(links);
        self.manifests.sort();
    }

    /// The directory itself, with links resolved.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a path is a directory that was walked, not reached through a link.
    #[must_use]
    pub fn has_walked(&self, path: &TreePath) -> bool {
        self.met.get(path) == Some(&Met::Directory)
    }

    /// What could not be read, and why.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    fn once<T>(&self, path: &TreePath, read: impl FnOnce(&Once) -> T) -> T {
        if let Some(once) = self.read.get(path) {
            return read(once);
        }
        read(&self.other.get(path, Arc::default))
    }

    /// Asks the system where a path leads.
    fn follow(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
        let real = match self.root.join(path.as_str()).canonicalize() {
            Ok(real) => real,
            Err(error) => return Err(refused(path, &error)),
        };
        let inside = real.strip_prefix(&self.root).ok().ok_or(ReadError::Outside(path.clone()))?;
        let inside = TreePath::of_system(inside).ok_or_else(|| ReadError::System {
            path: path.clone(),
            reason: "its name is not UTF-8".to_owned(),
        })?;
        let kind = real.symlink_metadata().map_err(|error| refused(path, &error))?;
        if kind.is_dir() {
            Ok((inside, Entry::Directory))
        } else if kind.is_file() {
            Ok((inside, Entry::File))
        } else {
            Err(ReadError::NotAFile(path.clone()))
        }
    }

    fn load(&self, path: &TreePath) -> Result<Vec<u8>, ReadError> {
        let (real, Entry::File) = self.entry(path)? else {
            return Err(ReadError::NotAFile(path.clone()));
        };
        read_bytes(&self.root.join(real.as_str())).map_err(|error| refused(path, &error))
    }
}

/// Reads a file that need not be in a tree, under the path as given.
///
/// # Errors
/// When it cannot be read or is not UTF-8 text.
pub fn read_file(path: &Path) -> Result<Arc<Source>, DiskError> {
    let bytes = read_bytes(path).map_err(|error| DiskError::new(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| DiskError::System {
        path: path.to_owned(),
        reason: "it is not UTF-8 text".to_owned(),
    })?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let shown = path.to_str().and_then(TreePath::new).or_else(|| TreePath::new(name));
    Ok(Source::file(shown.unwrap_or_else(TreePath::root), text))
}

impl Tree for DiskTree {
    fn entry(&self, path: &TreePath) -> Result<(TreePath, Entry), ReadError> {
        match self.met.get(path) {
            Some(Met::File) => return Ok((path.clone(), Entry::File)),
            Some(Met::Directory) => return Ok((path.clone(), Entry::Directory)),
            Some(Met::Unknown) => {}
            None => match self.met.get(&path.parent()) {
                Some(Met::Directory) if hidden(path) => {}
                Some(Met::Directory | Met::File) => return Err(ReadError::Missing(path.clone())),
                Some(Met::Unknown) | None => {}
            },
        }
        self.found.get(path, || self.follow(path))
    }

    fn bytes(&self, path: &TreePath) -> Result<Arc<[u8]>, ReadError> {
        self.once(path, |once| {
            let bytes = || match once.source.get() {
                Some(Ok(source)) => Ok(source.text().as_bytes().into()),
                _ => self.load(path).map(Arc::from),
            };
            once.bytes.get_or_init(bytes).clone()
        })
    }

    fn source(&self, path: &TreePath) -> Result<Arc<Source>, ReadError> {
        self.once(path, |once| {
            let source = || {
                let bytes = match once.bytes.get() {
                    Some(bytes) => bytes.clone()?.to_vec(),
                    None => self.load(path)?,
                };
                let text = String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
                    path: path.clone(),
                    offset: error.utf8_error().valid_up_to(),
                })?;
                Ok(Source::file(path.clone(), text))
            };
            once.source.get_or_init(source).clone()
        })
    }

    fn files(&self) -> &[TreePath] {
        &self.files
    }

    fn manifests(&self) -> &[TreePath] {
        &self.manifests
    }

    fn kept_to_files(&self) -> bool {
        // What the walk has found need not be looked up.
        self.found.all(Result::is_err)
    }
}

/// Names that the walk skips without recording them.
fn hidden(path: &TreePath) -> bool {
    matches!(path.name(), ".git" | ".rotate")
}

/// Reads a file of any kind of content, up to a size.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::other(format!("it is larger than {} MiB", LARGEST >> 20));
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let size = metadata.len();
    if size > LARGEST {
        return Err(too_large());
    }
    // Sized exactly like the file, so that the text is not copied again, and no extra read is needed to detect the end:
    // a file that grows meanwhile is read at its old size. Pipes and virtual files may report too small a size.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    let known = metadata.is_file() && size > 0;
    file.take(if known { size } else { LARGEST + 1 }).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST { Err(too_large()) } else { Ok(bytes) }
}

/// Reads how a file begins.
///
/// # Errors
/// When it cannot be read.
pub fn read_start(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most);
    File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn refused(path: &TreePath, error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::Missing(path.clone()),
        _ => ReadError::System { path: path.clone(), reason: reason(error) },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::{DiskTree, LARGEST};
    use crate::text::path::TreePath;
    use crate::tree::{Entry, ReadError, Tree};

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn open(files: &[(&str, &str)]) -> (tempfile::TempDir, DiskTree) {
        let sandbox = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let full = sandbox.path().join(file);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        let tree = reopen(&sandbox);
        (sandbox, tree)
    }

    fn reopen(sandbox: &tempfile::TempDir) -> DiskTree {
        DiskTree::open(sandbox.path(), |path, _| path.name() == "ignored").unwrap()
    }

    fn names(paths: &[TreePath]) -> Vec<&str> {
        paths.iter().map(TreePath::as_str).collect()
    }

    #[test]
    fn lists_manifests_and_other_files_in_order() {
        let (_sandbox, tree) = open(&[
            ("b/kustomization.yaml", ""),
            ("b/Kustomization", ""),
            ("a.yml", ""),
            ("a/x.json", ""),
            ("b.txt", ""),
            ("ignored/x.yaml", ""),
            (".git/config.yaml", ""),
            ("sub/.git", ""),
            (".rotate/journal", ""),
            ("b/.rotate-0.tmp", ""),
            (".github/x.yaml", ""),
        ]);
        let manifests =
            [".github/x.yaml", "a.yml", "a/x.json", "b/Kustomization", "b/kustomization.yaml"];
        assert_eq!(names(tree.manifests()), manifests);
        assert_eq!(tree.files().len(), 6);
        assert!(tree.skipped().is_empty());
    }

    #[test]
    fn knows_what_a_path_leads_to() {
        let (_sandbox, tree) = open(&[("a/x.yaml", ""), ("ignored/y", ""), ("a/ignored", "")]);
        assert_eq!(tree.entry(&path("a/x.yaml")).unwrap(), (path("a/x.yaml"), Entry::File));
        assert_eq!(tree.entry(&path("a")).unwrap().1, Entry::Directory);
        assert_eq!(tree.entry(&path("")).unwrap().1, Entry::Directory);
        assert!(tree.kept_to_files());
        assert_eq!(tree.entry(&path("ignored/y")).unwrap().1, Entry::File);
        assert_eq!(tree.entry(&path("ignored")).unwrap().1, Entry::Directory);
        assert_eq!(tree.entry(&path("a/ignored")).unwrap().1, Entry::File);
        for missing in ["b", "a/y", "a/x.yaml/z", "ignored/z", "b/c/d"] {
            assert_eq!(tree.entry(&path(missing)), Err(ReadError::Missing(path(missing))));
        }
        assert!(!tree.kept_to_files());
    }

    #[test]
    fn reads_each_file_once() {
        let (sandbox, tree) = open(&[("a.yaml", "ü"), ("b", "b"), ("ignored", "c")]);
        for file in ["a.yaml", "b", "ignored"] {
            let source = tree.source(&path(file)).unwrap();
            fs::write(sandbox.path().join(file), "later").unwrap();
            assert!(Arc::ptr_eq(&source, &tree.source(&path(file)).unwrap()));
            assert_eq!(&*tree.bytes(&path(file)).unwrap(), source.text().as_bytes());
        }
        assert_eq!(&*reopen(&sandbox).bytes(&path("b")).unwrap(), b"later");
    }

    #[test]
    fn says_why_a_file_cannot_be_read() {
        let (sandbox, _) = open(&[("d/x", "")]);
        fs::write(sandbox.path().join("latin.yaml"), b"abc\xff").unwrap();
        let large = fs::File::create(sandbox.path().join("large.yaml")).unwrap();
        large.set_len(LARGEST + 1).unwrap();
        let tree = reopen(&sandbox);
        let latin = path("latin.yaml");
        assert_eq!(tree.bytes(&latin).unwrap().len(), 4);
        let error = ReadError::NotUtf8 { path: latin.clone(), offset: 3 };
        assert_eq!(tree.source(&latin).unwrap_err(), error);
        let error = tree.source(&path("large.yaml")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `large.yaml`: it is larger than 64 MiB");
        assert_eq!(tree.source(&path("d")).unwrap_err(), ReadError::NotAFile(path("d")));
        assert_eq!(tree.source(&path("e")).unwrap_err(), ReadError::Missing(path("e")));
    }

    #[test]
    fn refuses_a_root_that_is_no_directory() {
        let (sandbox, _) = open(&[("x", "")]);
        let no_ignores = |_: &TreePath, _| false;
        assert!(DiskTree::open(&sandbox.path().join("x"), no_ignores).is_err());
        assert!(DiskTree::open(&sandbox.path().join("y"), no_ignores).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_inside_and_refuses_those_that_lead_out() {
        use std::os::unix::fs::symlink;

        let (sandbox, _) = open(&[("a/x.yaml", "x")]);
        let (outside, _) = open(&[("secret", "s")]);
        let link = |target: &str, at: &str| symlink(target, sandbox.path().join(at)).unwrap();
        link("a", "to-a");
        link("to-a/x.yaml", "to-x.yaml");
        link("nowhere", "dangling.yaml");
        link("loop.yaml", "loop.yaml");
        symlink(outside.path(), sandbox.path().join("out")).unwrap();
        let tree = reopen(&sandbox);
        assert_eq!(names(tree.manifests()), ["a/x.yaml", "to-x.yaml"]);
        assert_eq!(tree.entry(&path("to-x.yaml")).unwrap(), (path("a/x.yaml"), Entry::File));
        assert_eq!(tree.entry(&path("to-a")).unwrap(), (path("a"), Entry::Directory));
        assert_eq!(tree.entry(&path("to-a/x.yaml")).unwrap().0, path("a/x.yaml"));
        for out in ["out", "out/secret"] {
            assert_eq!(tree.entry(&path(out)), Err(ReadError::Outside(path(out))));
            assert_eq!(tree.source(&path(out)).unwrap_err(), ReadError::Outside(path(out)));
        }
        let dangling = path("dangling.yaml");
        assert_eq!(tree.entry(&dangling), Err(ReadError::Missing(dangling.clone())));
        assert!(matches!(tree.entry(&path("loop.yaml")), Err(ReadError::System { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn neither_waits_for_a_pipe_nor_drops_a_name_in_silence() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::net::UnixListener;

        let (sandbox, _) = open(&[("x.yaml", "")]);
        let _socket = UnixListener::bind(sandbox.path().join("socket.yaml")).unwrap();
        fs::write(sandbox.path().join(OsStr::from_bytes(b"b\xff.yaml")), "").unwrap();
        let tree = reopen(&sandbox);
        assert_eq!(names(tree.manifests()), ["x.yaml"]);
        let socket = path("socket.yaml");
        assert_eq!(tree.source(&socket).unwrap_err(), ReadError::NotAFile(socket.clone()));
        assert_eq!(tree.skipped()[0].reason, "its name is not UTF-8");
    }
}
