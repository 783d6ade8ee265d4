//! Text on a terminal: the colours are ours, and whatever else a terminal would act on is spelled out.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

use crate::text::visible::visible;

/// Stands for an escape character of ours until the text is printed. No file can contain it, since nobody knows it.
static OWN: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new();
    format!("\u{fdd0}{:016x}\u{fdd1}", random.hash_one("rotate"))
});

/// Marks the escape characters of a text as ours.
pub(super) fn own(text: &str) -> String {
    text.replace('\u{1b}', &OWN)
}

/// The text as it is printed: what moves the cursor or turns a line around as a visible escape, our colours as they are.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let safe = visible(text);
    if safe.contains(OWN.as_str()) { safe.replace(OWN.as_str(), "\u{1b}").into() } else { safe }
}

#[cfg(test)]
mod tests {
    use super::{own, shown};

    #[test]
    fn only_our_own_colours_are_left() {
        let text = format!("{}\u{1b}[31m b\u{7}", own("\u{1b}[1ma"));
        assert_eq!(shown(&text), "\u{1b}[1ma\\u{1b}[31m b\\u{7}");
    }
}
