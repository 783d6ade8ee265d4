//! What the file of a new stub is called: by the habit of the file it stands beside.

use crate::k8s::secret_name::split;
use crate::text::path::TreePath;

/// The file name for a stub of the secret `new`, after the file of the stub of `old`.
pub(super) fn file_name(beside: &TreePath, old: &str, new: &str) -> String {
    let name = beside.name();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "yaml"));
    let family = split(old).map_or(old, |(family, _)| family);
    let stem =
        versioned(stem, old, new).or_else(|| token(stem, family, new)).unwrap_or_else(|| {
            // Tools know their files by what stands before the extension, such as `.enc.yaml`.
            let (stem, kind) = stem.split_at(stem.find('.').unwrap_or(stem.len()));
            format!("{}{kind}", by_kind(stem, new))
        });
    format!("{stem}.{extension}")
}

/// The stem with the old version in it replaced.
fn versioned(stem: &str, old: &str, new: &str) -> Option<String> {
    let ((_, old_digits), (_, new_digits)) = (split(old)?, split(new)?);
    stem.contains(old_digits).then(|| stem.replace(old_digits, new_digits))
}

/// The stem with the family in it replaced, where that stands as a word.
fn token(stem: &str, family: &str, new: &str) -> Option<String> {
    let at = stem.find(family)?;
    let (head, tail) = (&stem[..at], &stem[at + family.len()..]);
    let word = |c: char| c.is_ascii_alphanumeric();
    (!head.ends_with(word) && !tail.starts_with(word)).then(|| format!("{head}{new}{tail}"))
}

fn by_kind(stem: &str, new: &str) -> String {
    let kinds = ["externalsecret", "external-secret", "external_secret"];
    let kind = kinds.into_iter().find(|kind| stem.to_ascii_lowercase().starts_with(kind));
    kind.map_or_else(|| new.to_owned(), |kind| format!("{kind}-{new}"))
}

#[cfg(test)]
mod tests {
    use super::file_name;
    use crate::text::path::TreePath;

    #[test]
    fn follows_the_old_one() {
        let (old, new) = ("auth-20250101000000", "auth-20250723110000");
        let name = |file: &str| file_name(&TreePath::new(file).unwrap(), old, new);
        assert_eq!(name("a/auth-20250101000000.yml"), "auth-20250723110000.yml");
        assert_eq!(name("es.20250101000000.yaml"), "es.20250723110000.yaml");
        assert_eq!(name("externalsecret-auth.yaml"), "externalsecret-auth-20250723110000.yaml");
        assert_eq!(name("externalsecrets.yaml"), "externalsecret-auth-20250723110000.yaml");
        assert_eq!(name("web.enc.yaml"), "auth-20250723110000.enc.yaml");
        assert_eq!(name("author.yaml"), "auth-20250723110000.yaml");
    }
}
