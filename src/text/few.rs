//! The first of many names, for a message.

/// How many names a message has.
pub const FEW: usize = 3;

/// The first names, and how many more there are: `a, b, c and 2 more`.
#[must_use]
pub fn few(names: &[&str]) -> String {
    let more = names.len().saturating_sub(FEW);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::few;

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(few(&[]), "");
        assert_eq!(few(&["a", "b", "c"]), "a, b, c");
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
