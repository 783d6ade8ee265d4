//! The name that somebody probably meant.

/// The candidate that is spelled most like `name`, if any is like it at all; the first of several.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let distances = candidates.into_iter().map(|known| (distance(name, known), known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    let longest = name.chars().count().max(known.chars().count());
    let alike = distance * 5 <= longest * 2;
    let begins = name.len() >= 2 && (known.starts_with(name) || name.starts_with(known));
    (alike || begins).then_some(known)
}

/// How many letters must be put in, taken out, changed, or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let changed = last[j] + usize::from(x != y);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["development", "staging", "production"];
        assert_eq!(nearest("stagnig", known), Some("staging"));
        assert_eq!(nearest("prod", known), Some("production"));
        assert_eq!(nearest("productoin", known), Some("production"));
        assert_eq!(nearest("qa", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
