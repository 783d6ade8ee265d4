//! Which entries of a kustomization name something that is not in the repository.

/// Whether kustomize would fetch the entry: a URL, or a Git repository in its notation.
#[must_use]
pub fn is_remote(entry: &str) -> bool {
    let entry = entry.strip_prefix("git::").unwrap_or(entry);
    let lower = entry.to_ascii_lowercase();
    let schemes = ["http://", "https://", "ssh://", "file://"];
    let hosts = ["github.com/", "github.com:", "gh:", "git@"];
    schemes.iter().chain(&hosts).any(|start| lower.starts_with(start)) || names_user_and_host(entry)
}

/// Whether a remote entry is one file, not a directory of a repository.
#[must_use]
pub fn is_file(entry: &str) -> bool {
    let path = entry.split(['?', '#']).next().unwrap_or(entry).to_ascii_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

/// Whether a remote entry says of itself that it has CustomResourceDefinitions and nothing else.
#[must_use]
pub fn has_only_definitions(entry: &str) -> bool {
    let lower = entry.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| matches!(word, "crd" | "crds" | "customresourcedefinitions"))
        || lower.contains("kubernetes-sigs/gateway-api/")
}

/// `org-123@host.example:path`
fn names_user_and_host(entry: &str) -> bool {
    let Some((user, rest)) = entry.split_once('@') else { return false };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !user.is_empty() && user.bytes().all(is_word) && rest.contains(':')
}

#[cfg(test)]
mod tests {
    use super::{has_only_definitions, is_file, is_remote};

    #[test]
    fn an_entry_says_what_it_is() {
        assert!(has_only_definitions("https://github.com/org/repo/config/crd?ref=v1"));
        assert!(has_only_definitions("https://example.com/releases/v1/cert-manager.crds.yaml"));
        assert!(has_only_definitions(
            "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1/standard-install.yaml"
        ));
        assert!(!has_only_definitions("https://example.com/sacred/install.yaml"));
        assert!(is_file("https://example.com/install.yaml?raw=true"));
        assert!(!is_file("https://github.com/org/repo//base.yaml.d?ref=v1"));
    }

    #[test]
    fn tells_remote_from_local() {
        for entry in [
            "https://github.com/org/repo//base?ref=v1",
            "github.com/org/repo/base",
            "git@github.com:org/repo.git",
            "git::https://example.com/repo",
            "ssh://git@example.com/repo",
            "org-1@host.example:repo",
            "HTTPS://example.com/x.yaml",
        ] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in ["../base", "a@b.yaml", "github.company/x", "x.yaml", "."] {
            assert!(!is_remote(entry), "{entry}");
        }
    }
}
