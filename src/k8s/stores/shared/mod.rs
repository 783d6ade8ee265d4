//! What stores of one family have in common.

pub(in crate::k8s::stores) mod aws;
pub(in crate::k8s::stores) mod kv;
