//! Where many values of `rotate.yaml` are, with one pass over the file.

use std::collections::BTreeMap;

use crate::config::place::At;
use crate::config::settings::Config;
use crate::text::source::Place;
use crate::yaml::node::{Entry, Node};
use crate::yaml::parse::parse;

/// The values of `rotate.yaml`.
pub(super) struct Places<'c> {
    config: &'c Config,
    root: Option<Node>,
    /// Where the keys of `secrets` start, of which there may be many.
    secrets: BTreeMap<String, usize>,
}

impl<'c> Places<'c> {
    pub(super) fn of(config: &'c Config) -> Self {
        let stream = config.source.as_ref().and_then(|source| parse(source).ok());
        let document = stream.and_then(|stream| stream.documents.into_iter().next());
        let root = document.map(|document| document.root);
        let secrets = root.as_ref().and_then(|root| root.get("secrets"));
        let keys = secrets.into_iter().flat_map(Node::entries).filter(|entry| !entry.is_merged());
        let start = |entry: &Entry| Some((entry.key.str()?.to_owned(), here(&entry.key)?));
        let secrets = keys.filter_map(start).collect();
        Self { config, root, secrets }
    }

    /// The location of a value or key, as [`Config::place`] finds it.
    pub(super) fn place(&self, path: &[At<'_>]) -> Option<Place> {
        let start = match path {
            [At::Value("secrets"), At::Key(key)] => self.secrets.get(*key).copied(),
            _ => self.root.as_ref().and_then(|root| start(root, path)),
        };
        match start {
            Some(start) => self.config.place_from(start),
            // An anchor elsewhere, or something that is no scalar.
            None => self.config.place(path),
        }
    }
}

/// Where the scalar at a path starts, if it is spelled right there.
fn start(root: &Node, path: &[At<'_>]) -> Option<usize> {
    let mut node = root;
    for step in path {
        node = match *step {
            At::Item(index) => node.items().get(index)?,
            At::Value(key) | At::Key(key) => {
                let mut entries = node.entries().iter();
                let entry = entries.find(|entry| !entry.is_merged() && entry.key.reads(key))?;
                if matches!(step, At::Key(_)) { &entry.key } else { &entry.value }
            }
        };
        if node.alias().is_some() {
            return None;
        }
    }
    here(node)
}

/// Where a scalar starts that is spelled right there.
fn here(node: &Node) -> Option<usize> {
    node.scalar().filter(|_| node.alias().is_none())?;
    Some(node.origin.as_ref()?.span().start)
}
