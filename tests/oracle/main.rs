//! Holds `rotate` against `kubectl kustomize`; needs kubectl (`KUBECTL`, or on the path) and fails without it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may read files and the environment, and fails by panicking"
)]

mod cluster;
mod difference;
mod followed;
mod github;
mod hook;
mod isolation;
mod judgement;
mod kubectl;
mod lifecycle;
mod monitors;
mod objects;
#[path = "../suite/page.rs"]
mod page;
mod parity;
mod removal;
#[path = "../suite/routes.rs"]
mod routes;
mod sarif;
mod state;
mod stores;
mod tree;
mod weights;
mod workflow;
