//! The JSON Schema of `rotate.yaml`, for editors.

use crate::config::schema::TEXT;

/// The schema as JSON.
#[must_use]
pub const fn text() -> &'static str {
    TEXT
}

/// The address at which a repository has released the schema of a version; `None` where no repository is known.
#[must_use]
pub fn url(repository: &str, version: &str) -> Option<String> {
    let repository = repository.trim_end_matches('/');
    let url = || format!("{repository}/releases/download/v{version}/rotate.schema.json");
    (!repository.is_empty()).then(url)
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn releases_have_the_schema_of_their_version() {
        let released = "https://example.com/o/rotate/releases/download/v1.2.3/rotate.schema.json";
        assert_eq!(url("https://example.com/o/rotate", "1.2.3").as_deref(), Some(released));
        assert_eq!(url("https://example.com/o/rotate/", "1.2.3").as_deref(), Some(released));
        assert_eq!(url("", "1.2.3"), None);
    }
}
