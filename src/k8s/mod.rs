//! What Kubernetes means: where objects name secrets, what makes secrets, how versioned names are written.

pub mod found;
pub mod secret_name;
