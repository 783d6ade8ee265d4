//! What the steps of one kustomization may read, and the record of what they read.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::text::path::TreePath;
use crate::text::problem::Problem;
use crate::text::source::Source;
use crate::tree::{Entry, ReadError};
use crate::yaml::library::{FileError, Library};
use crate::yaml::node::Node;
use crate::yaml::parse::Stream;

/// One kustomization while it is being resolved.
pub struct Context<'a> {
    /// The files.
    pub library: &'a Library,
    /// The kustomization's directory, links followed.
    pub directory: &'a TreePath,
    /// The kustomization file.
    pub file: &'a TreePath,
    /// Every file read so far, successfully or not.
    pub files: &'a mut BTreeSet<TreePath>,
    /// The first file that lies outside of the kustomization's directory, for builds that may not read it.
    pub outside: &'a mut Option<Problem>,
}

impl Context<'_> {
    /// The documents of the file that an entry of the kustomization names.
    ///
    /// # Errors
    /// If the file is missing or is not valid YAML.
    pub fn load(&mut self, entry: &Node) -> Result<Arc<Stream>, Problem> {
        let path = self.find(entry)?;
        self.library.stream(&path).map_err(|error| file_problem(&error, &path, entry))
    }

    /// The text of the file that an entry of the kustomization names.
    ///
    /// # Errors
    /// As [`Context::load`].
    pub fn text(&mut self, entry: &Node) -> Result<Arc<Source>, Problem> {
        let path = self.find(entry)?;
        self.library.tree().source(&path).map_err(|error| read_problem(&error, entry))
    }

    /// The bytes of a file, and its path; `spelled` is the entry's text, or a part of it.
    ///
    /// # Errors
    /// When the file is missing.
    pub fn bytes(&mut self, entry: &Node, spelled: &str) -> Result<(TreePath, Arc<[u8]>), Problem> {
        let path = self.find_spelled(entry, spelled)?;
        let bytes =
            self.library.tree().bytes(&path).map_err(|error| read_problem(&error, entry))?;
        Ok((path, bytes))
    }

    /// The file that an entry of the kustomization names, links followed.
    ///
    /// # Errors
    /// When it is missing or is a directory.
    pub fn find(&mut self, entry: &Node) -> Result<TreePath, Problem> {
        let Some(spelled) = entry.str().filter(|text| !text.is_empty()) else {
            return Err(Problem::at("expected the path of a file", entry));
        };
        self.find_spelled(entry, spelled)
    }

    fn find_spelled(&mut self, entry: &Node, spelled: &str) -> Result<TreePath, Problem> {
        let Some(path) = self.directory.join(spelled) else {
            let message = format!("`{spelled}` is outside the repository");
            return Err(Problem::at(message, entry));
        };
        let found = self.library.tree().entry(&path);
        self.files.insert(found.as_ref().map_or(path, |(real, _)| real.clone()));
        let (real, kind) = found.map_err(|error| read_problem(&error, entry))?;
        if kind == Entry::Directory {
            let message = format!("`{spelled}` is a directory; a file is expected here");
            return Err(Problem::at(message, entry));
        }
        if !real.is_within(self.directory) {
            let message = format!(
                "`{spelled}` is not in or below `{}`, where the kustomization is",
                self.directory
            );
            let help = "kustomize reads files from the kustomization's own directory only: \
                        move the file there, or make it a base";
            self.outside.get_or_insert_with(|| Problem::at(message, entry).with_help(help));
        }
        Ok(real)
    }
}

/// What to report when the file named by `entry` could not be read.
#[must_use]
pub fn read_problem(error: &ReadError, entry: &Node) -> Problem {
    let problem = Problem::at(error.to_string(), entry);
    match error {
        ReadError::Missing(_) => {
            problem.with_help("correct the path, or remove the entry if the file is gone for good")
        }
        ReadError::Outside(_) => {
            problem.with_help("only files of this repository are read: move the file into it")
        }
        _ => problem,
    }
}

/// What to report when the file at `path`, named by `entry`, has no documents.
#[must_use]
pub fn file_problem(error: &FileError, path: &TreePath, entry: &Node) -> Problem {
    match error {
        FileError::Read(error) => read_problem(error, entry),
        FileError::TooLarge(_) => {
            Problem::at(error.to_string(), entry).with_help("split it into several files")
        }
        FileError::Syntax(error) => Problem {
            message: format!("`{path}` is not YAML: {}", error.message),
            path: path.clone(),
            place: Some(error.place.clone()),
            help: None,
            partial: false,
            hides: true,
        },
    }
}
