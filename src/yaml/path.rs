//! The path of a value in a document.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::yaml::node::Node;

/// One step into a mapping or a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathStep {
    /// To the value of a key.
    Key(Arc<str>),
    /// To an item, from 0.
    Index(usize),
}

/// The steps from a document's root to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<PathStep>);

impl Path {
    /// This path with a key appended.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Key(Arc::from(key)));
        Self(steps)
    }

    /// This path with an index appended.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(PathStep::Index(index));
        Self(steps)
    }

    /// The value at the end of the path.
    #[must_use]
    pub fn follow<'n>(&self, root: &'n Node) -> Option<&'n Node> {
        self.0.iter().try_fold(root, |node, step| match step {
            PathStep::Key(key) => node.get(key),
            PathStep::Index(index) => node.items().get(*index),
        })
    }

    /// The path as a JSON Pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            text.push('/');
            match step {
                PathStep::Key(key) => text.push_str(&key.replace('~', "~0").replace('/', "~1")),
                PathStep::Index(index) => {
                    let _ = write!(text, "{index}");
                }
            }
        }
        text
    }
}

/// `spec.tls[0].secretName`; a key that is not a simple word is put in brackets, as in
/// `metadata.annotations[nginx.ingress.kubernetes.io/auth-secret]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Key(key) if is_word(key) => {
                    let dot = if index == 0 { "" } else { "." };
                    write!(f, "{dot}{key}")?;
                }
                PathStep::Key(key) => write!(f, "[{key}]")?,
                PathStep::Index(number) => write!(f, "[{number}]")?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn reads_as_people_write_it() {
        let path = Path::default().key("metadata").key("annotations").key("a.b/c~d").index(2);
        assert_eq!(path.to_string(), "metadata.annotations[a.b/c~d][2]");
        assert_eq!(path.pointer(), "/metadata/annotations/a.b~1c~0d/2");
    }
}
