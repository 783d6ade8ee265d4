//! The Action and `--pull-request`, with the real `gh`, the real Git and `act`, against a stand-in for GitHub on
//! loopback that knows GitHub's own description of its API.

mod act;
mod action;
mod bases;
mod half;
pub(crate) mod http;
mod hub;
mod itself;
mod openapi;
mod others;
mod people;
mod place;
mod pulls;
mod requests;
mod routes;
mod run;
mod trees;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The file of `gh`.
fn gh() -> PathBuf {
    let gh = env::var_os("GH").unwrap_or_else(|| "gh".into());
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut found = env::split_paths(&paths).map(|directory| directory.join(&gh));
    // A whole path stays one when it is joined.
    found.find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "{} does not start: no such file\ninstall it, or set GH to its file; `.ci/run` installs the pinned one",
            gh.display()
        )
    })
}

/// The path with a directory before it in which `gh` lies under its own name, and nothing else.
fn path_with_gh(directory: &Path) -> OsString {
    fs::create_dir_all(directory).unwrap();
    let link = directory.join("gh");
    if !link.exists() {
        // Another thread of the test may be as far.
        let _ = std::os::unix::fs::symlink(gh(), link);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([directory.to_owned()].into_iter().chain(env::split_paths(&path))).unwrap()
}
