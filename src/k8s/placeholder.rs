//! Placeholders in manifests, filled in at deployment.

/// Text that is invalid in a name and so marks a placeholder: of Flux (`${NAME}`) or a script (`<NAME>`, `__NAME__`).
const IN_NAMES: [&str; 6] = ["$", "<", "{", "%", "@", "__"];

/// Whether a text has a placeholder that is filled in later: `$(VAR)` or `{{ template }}`.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    text.contains("$(") || text.contains("{{")
}

/// Whether a text, of any kind, is filled in only when it is deployed.
#[must_use]
pub fn is_filled_in(text: &str) -> bool {
    is_placeholder(text) || text.contains("${") || text.contains("<path:")
}

/// Whether a name is filled in only when it is deployed.
#[must_use]
pub fn is_name_filled_in(name: &str) -> bool {
    known_start(name).is_some()
}

/// The known part of a name with a placeholder: the text before the placeholder. `None` if it has none.
#[must_use]
pub fn known_start(name: &str) -> Option<&str> {
    let start = IN_NAMES.iter().filter_map(|sign| name.find(sign)).min()?;
    name.get(..start)
}

#[cfg(test)]
mod tests {
    use super::{is_filled_in, is_name_filled_in, is_placeholder, known_start};

    #[test]
    fn placeholders_are_told_from_names() {
        assert!(is_placeholder("$(SECRET)"));
        assert!(is_placeholder("{{ .Values.secret }}"));
        assert!(!is_placeholder("auth-api-secrets"));
    }

    #[test]
    fn signs_that_no_name_has_fill_a_name_in_and_not_every_text() {
        for name in ["auth-${V}", "auth-<V>", "auth-__V__", "auth-@V@", "auth-$(V)"] {
            assert!(is_name_filled_in(name), "{name}");
            assert_eq!(known_start(name), Some("auth-"));
        }
        assert!(!is_name_filled_in("auth-20250723110000"));
        assert!(is_filled_in("shop/${ENV}/auth") && is_filled_in("<path:shop/auth#version>"));
        assert!(!is_filled_in("shop__auth@prod"));
    }
}
