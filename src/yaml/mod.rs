//! YAML with byte ranges: every key and scalar knows its range in the file.
//!
//! One tree type serves both the text of a file and the effective objects that kustomize builds from
//! it: [`node::Node`] is cheap to clone, shares unchanged parts, and each scalar keeps its
//! origin wherever it is moved. Only [`parse`] knows the underlying parser.

pub mod bounds;
pub mod compare;
pub mod edit;
pub mod embed;
pub mod entries;
pub mod library;
pub mod node;
pub mod parse;
pub mod path;
pub mod runs;
pub mod scalar;
