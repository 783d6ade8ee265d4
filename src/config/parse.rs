//! From the text of `rotate.yaml` to its settings.

use std::sync::Arc;

use crate::config::error::ConfigError;
use crate::config::settings::Config;
use crate::text::source::Source;

/// Reads `rotate.yaml`.
///
/// # Errors
/// When the text is not what `rotate.yaml` may hold, with the place.
pub fn parse(source: &Arc<Source>) -> Result<Config, ConfigError> {
    let text = source.text().trim_start_matches('\u{feff}');
    let read: Result<Option<Config>, serde_yaml::Error> = serde_yaml::from_str(text);
    match read {
        Ok(config) => Ok(Config { source: Some(Arc::clone(source)), ..config.unwrap_or_default() }),
        Err(error) => Err(ConfigError {
            message: error.to_string(),
            place: crate::config::place::at(source, error.location().map_or(0, |at| at.index())),
            help: None,
        }),
    }
}
