//! Moves the secret references of a GitOps repository to a new version, and lints what is stale.
pub mod cli;
pub mod config;
pub mod disk;
pub mod history;
pub mod k8s;
pub mod kustomize;
pub mod plan;
pub mod repo;
pub mod report;
pub mod text;
pub mod yaml;
