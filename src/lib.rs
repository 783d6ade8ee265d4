//! Rotate Kubernetes secrets by version in a GitOps repository, one environment at a time.
//!
//! # The way through
//!
//! [`disk`] reads a tree, [`yaml`] parses it, [`kustomize`] resolves each build root as kustomize would,
//! every scalar with its origin; [`k8s`] knows which of them name secrets and which objects make them;
//! [`repo`] puts roots, environments, references and providers together. [`timeline`] asks [`git`] for
//! the same of every commit before. [`plan`] works out what a
//! writing command would change, resolves the planned tree in memory, and holds it against the tree as it
//! stands; [`disk`] writes what was proved, all of it or nothing, or [`forge`] makes a pull request of it. [`report`] phrases what came of it,
//! [`cli`] reads the flags and picks the exit code.
//!
//! # The floors
//!
//! A module imports only what stands below it; `tests/suite/architecture.rs` holds the table.
//!
//! | floor | module | owns |
//! | ---: | --- | --- |
//! | 8 | [`cli`] | flags, one file a command, exit status, reading the environment |
//! | 7 | [`report`] | everything that people and programs read |
//! | 6 | [`lint`] | the rules, what silences them, what they find |
//! | 6 | [`plan`] | what a writing command would change, and the proof of it |
//! | 5 | [`timeline`] | since when which version runs where, and what may happen when |
//! | 4 | [`repo`] | one loaded tree: build roots, environments, who provides and who references each secret |
//! | 3 | [`kustomize`] | a kustomization resolved, every scalar with its origin |
//! | 2 | [`k8s`] | the catalogue of references and providers, the grammar of versioned names |
//! | 1 | [`yaml`] | documents with spans, scalars as Kubernetes reads them, edits that keep a file's habits |
//! | 1 | [`disk`] | walking, reading, writing as a whole |
//! | 1 | [`config`] | `rotate.yaml` |
//! | 1 | [`finding`] | what a rule has to say about a place, and how to repair it |
//! | 1 | [`git`] | what Git says |
//! | 1 | [`forge`] | pull requests on GitHub, by its program `gh` |
//! | 0 | [`text`] | texts, byte ranges, paths, edits |

pub mod cli;
pub mod config;
pub mod disk;
pub mod finding;
pub mod forge;
pub mod git;
pub mod k8s;
pub mod kustomize;
pub mod lint;
pub mod ops;
pub mod plan;
pub mod repo;
pub mod report;
pub mod text;
pub mod timeline;
pub mod yaml;
