//! What charts ask of a build root.

use std::sync::Arc;

use crate::kustomize::model::build::Build;
use crate::repo::charts::{Deployer, deployers};
use crate::repo::site::{BuildSite, Site};

impl Site {
    /// The objects by which Argo CD deploys.
    pub(in crate::repo) fn deployers(&self) -> Vec<Deployer> {
        match self {
            Self::Kept(root) => root.facts.deployers.get_or_init(|| deployers(&root.build)).clone(),
            Self::New(site) => deployers(&site.build),
        }
    }

    /// The same root with another build.
    pub(in crate::repo) fn rebuilt(self, build: impl FnOnce(&Build) -> Build) -> Self {
        match self {
            Self::Kept(root) => {
                Self::new(BuildSite { build: Arc::new(build(&root.build)), ..BuildSite::of(&root) })
            }
            Self::New(site) => {
                let build = Arc::new(build(&site.build));
                Self::new(BuildSite { build, ..*site })
            }
        }
    }
}
