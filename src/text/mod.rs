//! Texts, byte ranges and edits: the vocabulary of all other modules; nothing about YAML.

pub mod checkbox;
pub mod count;
pub mod edit;
pub mod few;
mod lines;
pub mod markdown;
pub mod memo;
pub mod nearest;
pub mod path;
pub mod percent;
pub mod problem;
pub mod remap;
pub mod shared_map;
pub mod shell;
pub mod source;
pub mod span;
pub mod visible;
pub(crate) mod work;
