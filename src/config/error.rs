//! What is wrong in `rotate.yaml`, and where.

use crate::text::source::Place;

/// Why `rotate.yaml` was rejected.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to type next.
    pub help: Option<String>,
}
