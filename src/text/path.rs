//! Paths inside a tree, the same on every platform.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::text::visible::one_line;

/// A path below the root of a tree: `/` between its parts, no `.`, no `..`; the root itself is empty.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(Arc<str>);

impl TreePath {
    /// The root of the tree.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// Reads a relative path; `None` when it is absolute or leaves the tree.
    #[must_use]
    pub fn new(path: &str) -> Option<Self> {
        Self::root().join(path)
    }

    /// Reads a relative path as the system spells it; `None` also when it is not UTF-8.
    #[must_use]
    pub fn of_system(path: &Path) -> Option<Self> {
        let path = path.to_str()?;
        if cfg!(windows) { Self::new(&path.replace('\\', "/")) } else { Self::new(path) }
    }

    /// Resolves `path` from this directory; `None` if it is absolute or leaves the tree.
    #[must_use]
    pub fn join(&self, path: &str) -> Option<Self> {
        if path.starts_with('/') {
            return None;
        }
        let mut joined = String::with_capacity(self.0.len() + 1 + path.len());
        joined.push_str(&self.0);
        let mut rest = Some(path);
        while let Some(path) = rest {
            let slash = memchr(b'/', path.as_bytes());
            rest = slash.map(|at| &path[at + 1..]);
            match slash.map_or(path, |at| &path[..at]) {
                "" | "." => {}
                ".." if joined.is_empty() => return None,
                ".." => joined.truncate(memrchr(b'/', joined.as_bytes()).unwrap_or(0)),
                part => {
                    if !joined.is_empty() {
                        joined.push('/');
                    }
                    joined.push_str(part);
                }
            }
        }
        Some(Self(Arc::from(joined)))
    }

    /// The path of an entry of this directory; the name must be a single component.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        Self(if self.0.is_empty() {
            Arc::from(name)
        } else {
            Arc::from([&*self.0, "/", name].concat())
        })
    }

    /// The directory that holds this path; the root is its own parent.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(Arc::from(memrchr(b'/', self.0.as_bytes()).map_or("", |at| &self.0[..at])))
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        memrchr(b'/', self.0.as_bytes()).map_or(&*self.0, |at| &self.0[at + 1..])
    }

    /// The parts from the root on.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// Whether this path is `directory` or lies below it.
    #[must_use]
    pub fn is_within(&self, directory: &Self) -> bool {
        directory.0.is_empty()
            || *self.0 == *directory.0
            || self.0.strip_prefix(&*directory.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// This path relative to `directory`: `../base/x.yaml`.
    #[must_use]
    pub fn relative_to(&self, directory: &Self) -> String {
        let here: Vec<&str> = self.parts().collect();
        let from: Vec<&str> = directory.parts().collect();
        let shared = here.iter().zip(&from).take_while(|(a, b)| a == b).count();
        let mut parts = vec![".."; from.len() - shared];
        parts.extend(&here[shared..]);
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as programs read it in a report: the root is `.`.
    #[must_use]
    pub fn display(&self) -> &str {
        if self.0.is_empty() { "." } else { &self.0 }
    }
}

/// As people read it: no name breaks its line. To work with, use [`TreePath::as_str`].
impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(self.display()))
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.display())
    }
}

#[cfg(test)]
mod tests {
    use super::TreePath;

    #[test]
    fn joins_and_refuses_to_leave() {
        let base = TreePath::new("apps/shop/base").unwrap();
        assert_eq!(base.join("../staging/./x.yaml").unwrap().as_str(), "apps/shop/staging/x.yaml");
        assert!(base.join("../../../..").is_none());
        assert!(base.join("/etc").is_none());
        assert_eq!(base.join("../../..").unwrap(), TreePath::root());
    }

    #[test]
    fn spells_relative_paths() {
        let path = |text| TreePath::new(text).unwrap();
        assert_eq!(path("a/b/c").relative_to(&path("a/d")), "../b/c");
        assert_eq!(path("a").relative_to(&path("a")), ".");
        assert_eq!(path("a/b").relative_to(&TreePath::root()), "a/b");
        assert!(path("a/bc").is_within(&path("a")));
        assert!(!path("a/bc").is_within(&path("a/b")));
    }
}
