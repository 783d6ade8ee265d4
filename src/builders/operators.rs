//! What the operators of `envsubst` do with a value: a part of it, or what is left without a pattern.

/// The part of a text from an offset, in bytes; `None` if a number cannot be read, or would split a character.
pub(super) fn slice<'v>(value: &'v str, offset: &str, length: Option<&str>) -> Option<&'v str> {
    let size = i64::try_from(value.len()).ok()?;
    let offset: i64 = offset.parse().ok()?;
    let start = if offset < 0 { (size + offset).max(0) } else { offset.min(size) };
    let end = match length {
        None => size,
        Some(length) => match length.parse::<i64>().ok()? {
            length if length < 0 => (size + length).max(start),
            length => start.saturating_add(length).min(size),
        },
    };
    value.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A text without the shortest or longest start that matches a pattern. An empty start does not count.
pub(super) fn trim<'v>(value: &'v str, pattern: &str, longest: bool) -> &'v str {
    let pattern: Vec<char> = pattern.chars().collect();
    let ends = value.char_indices().map(|(at, c)| at + c.len_utf8());
    let matching = |end: &usize| matches(&pattern, &value[..*end]);
    let found = if longest { ends.rev().find(matching) } else { ends.into_iter().find(matching) };
    found.map_or(value, |end| &value[end..])
}

/// Whether a pattern matches a whole text.
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    matches(&pattern, text)
}

/// Whether a pattern matches a whole text: `*` any number of characters, `?` one, `[…]` one of several, `\` the next as it is.
fn matches(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            back = Some((p + 1, t));
            p += 1;
            continue;
        }
        match (text.get(t), one(&pattern[p.min(pattern.len())..])) {
            (None, None) => return true,
            (Some(c), Some((fits, len))) if fits(*c) => (p, t) = (p + len, t + 1),
            _ => match back {
                Some((after, from)) if from < text.len() => {
                    back = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
}

/// Whether a character fits.
type Fits = Box<dyn Fn(char) -> bool>;

/// What the first item of a pattern matches, and its length; `None` at the end.
fn one(pattern: &[char]) -> Option<(Fits, usize)> {
    match *pattern.first()? {
        '?' => Some((Box::new(|_| true), 1)),
        '\\' if pattern.len() > 1 => {
            let wanted = pattern[1];
            Some((Box::new(move |c| c == wanted), 2))
        }
        '[' => {
            let end = pattern.iter().skip(2).position(|c| *c == ']')? + 2;
            let inner = pattern[1..end].to_vec();
            Some((Box::new(move |c| in_class(&inner, c)), end + 1))
        }
        wanted => Some((Box::new(move |c| c == wanted), 1)),
    }
}

fn in_class(class: &[char], c: char) -> bool {
    let (negated, class) = match class.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut at = 0;
    let mut found = false;
    while at < class.len() {
        if class.get(at + 1) == Some(&'-') && at + 2 < class.len() {
            found |= (class[at]..=class[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= class[at] == c;
            at += 1;
        }
    }
    found != negated
}

/// A text from its end to its start.
pub(super) fn reversed(text: impl AsRef<str>) -> String {
    text.as_ref().chars().rev().collect()
}
