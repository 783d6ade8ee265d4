//! Rotate Kubernetes secrets by version in a GitOps repository, one environment at a time.
//!
//! Only the command line, its file formats and its JSON are stable; the modules are public so that the tests in `tests/` reach them, and
//! change without notice.
//!
//! # How a command runs
//!
//! [`cli`] turns flags into a request and calls one function of [`ops`]. That opens the tree: [`disk`] reads it, [`yaml`] parses it,
//! [`kustomize`] resolves each build root with the origin of every scalar, [`k8s`] finds the references and the providers, and [`repo`]
//! sorts them by environment. [`timeline`] asks [`git`] for the same of earlier commits. [`plan`] works out the changes, resolves the
//! planned tree in memory and compares it with the current one. [`disk`] then writes all of the changes or none, or [`forge`] opens a
//! pull request. [`report`] renders the outcome, and [`cli`] picks the exit status.
//!
//! # Floors
//!
//! A module imports only modules of lower floors; `tests/suite/architecture.rs` checks it.
//!
//! | floor | module | owns |
//! | ---: | --- | --- |
//! | 9 | [`cli`] | flags, one file per command, exit status, the environment of the process |
//! | 8 | [`report`] | results as text, JSON, SARIF, Markdown and annotations |
//! | 7 | [`ops`] | one function per command: from a request to an outcome |
//! | 6 | [`lint`] | the rules, their levels, what silences them |
//! | 6 | [`plan`] | the changes of a command that writes, and their proof |
//! | 5 | [`verify`] | what Git names, held against what a cluster runs |
//! | 5 | [`timeline`] | which version runs where since when, and the gates |
//! | 4 | [`repo`] | one loaded tree: build roots, environments, references and providers |
//! | 3 | [`builders`] | what Flux and Argo CD build, and what they lay over it |
//! | 3 | [`kustomize`] | a kustomization, built with the origin of every scalar |
//! | 3 | [`cluster`] | what kubectl prints of a cluster, as compact records |
//! | 2 | [`k8s`] | the catalogue of references and providers, stores, versioned names |
//! | 1 | [`yaml`] | documents with spans, scalars as Kubernetes reads them, exact edits |
//! | 1 | [`disk`] | listing, reading and atomic writes |
//! | 1 | [`config`] | `rotate.yaml` |
//! | 1 | [`finding`] | a finding with its place and its fix |
//! | 1 | [`git`] | commits and trees |
//! | 1 | [`forge`] | pull requests on GitHub, through `gh` |
//! | 1 | [`tree`] | what can be asked of a tree of files, on disk or planned |
//! | 0 | [`process`] | running other programs |
//! | 0 | [`text`] | sources, spans, paths, edits, words of a shell |

pub mod builders;
pub mod cli;
pub mod cluster;
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
pub mod process;
pub mod repo;
pub mod report;
pub mod text;
pub mod timeline;
pub mod tree;
pub mod verify;
pub mod yaml;
