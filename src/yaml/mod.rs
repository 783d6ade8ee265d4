//! YAML with bytes: every key and scalar knows the range of the file that spells it.
//!
//! One kind of tree serves both the text of a file and the effective objects that kustomize makes of
//! it: [`node::Node`] is cheap to clone, shares what is not changed, and each scalar keeps its
//! origin wherever it travels. The parser behind [`parse`] is named nowhere else.

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
