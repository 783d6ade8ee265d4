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

/// `org-123@host.example:path`
fn names_user_and_host(entry: &str) -> bool {
    let Some((user, rest)) = entry.split_once('@') else { return false };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !user.is_empty() && user.bytes().all(is_word) && rest.contains(':')
}

#[cfg(test)]
mod tests {
    use super::is_remote;

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
