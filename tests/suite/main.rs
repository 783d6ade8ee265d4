//! The tests that need nothing but the repository, in one binary.
#![allow(clippy::disallowed_methods)] // tests read and write files of their own

mod architecture;
#[allow(dead_code)]
mod support;
