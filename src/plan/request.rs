//! What a caller asks of a bump.

use chrono::{DateTime, Utc};

/// One family to move to another version in one environment.
#[derive(Debug, Clone)]
pub struct BumpRequest {
    /// The environment's name.
    pub environment: String,
    /// The family, without a version.
    pub family: String,
    /// The version to move to, as it was typed; `None` mints one, or takes over the one before.
    pub version: Option<String>,
    /// The time that counts as now.
    pub now: DateTime<Utc>,
}
