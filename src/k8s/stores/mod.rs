//! The stores that a SecretStore can read from: a file for each, and a line here.

mod other;
mod shared;

use crate::k8s::store::definition::Definition;

/// Declares the module of each store, and lists what the modules define.
macro_rules! stores {
    ($($store:ident,)*) => {
        $(mod $store;)*

        /// Every store; the last is whatever no other file describes.
        pub(in crate::k8s) const STORES: &[&Definition] = &[$(&$store::STORE,)* &other::STORE];
    };
}

// Steps and tables list the stores in this order.
stores! {
    aws_secrets_manager,
    aws_parameter_store,
    gcp_secret_manager,
    azure_key_vault,
    vault,
    openbao,
    oracle,
    scaleway,
    ovh,
    akeyless,
    onepassword,
    delinea,
    doppler,
    infisical,
    kubernetes,
    webhook,
    fake,
}
