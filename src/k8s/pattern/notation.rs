//! Parsing of patterns: expands braces and reads keys, brackets and conditions.

/// How many alternatives one pattern may have.
const MOST_ALTERNATIVES: usize = 4096;

/// One step of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Key(Box<str>),
    Keys(Box<str>),
    Items,
    Item(usize),
    Where { key: Box<str>, value: Box<str>, or_absent: bool },
    Deep,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The path is empty, or a key between two dots is.
    #[error("a key is missing in the path `{0}`")]
    NoKey(String),
    /// A bracket or brace without its partner.
    #[error("`{open}` is never closed in the path `{path}`")]
    Unclosed {
        /// The bracket or brace.
        open: char,
        /// The path.
        path: String,
    },
    /// Something other than a dot or a bracket after a bracket.
    #[error("a `.` is missing behind `]` in the path `{0}`")]
    NoDot(String),
    /// Keys with slashes between them.
    #[error("the keys of the path `{0}` are joined by `/`; write `.` between them")]
    Slash(String),
    /// More alternatives than anyone could intend.
    #[error("the path `{0}` has too many alternatives")]
    TooMany(String),
}

/// Parses a text into the alternatives it stands for.
pub(super) fn read(text: &str) -> Result<Vec<Vec<Part>>, PatternError> {
    let mut alternatives = Vec::new();
    expand(text, text, &mut alternatives)?;
    alternatives.iter().map(|plain| parts(plain, text)).collect()
}

/// Expands the alternatives in braces.
fn expand(text: &str, whole: &str, into: &mut Vec<String>) -> Result<(), PatternError> {
    let mut waiting = vec![text.to_owned()];
    while let Some(text) = waiting.pop() {
        let Some((head, inside)) = text.split_once('{') else {
            into.push(text);
            continue;
        };
        let unclosed = || PatternError::Unclosed { open: '{', path: whole.to_owned() };
        let (choices, tail) = choices(inside).ok_or_else(unclosed)?;
        for choice in choices.iter().rev() {
            waiting.push(format!("{head}{}{tail}", choice.trim()));
        }
        if waiting.len() + into.len() > MOST_ALTERNATIVES {
            return Err(PatternError::TooMany(whole.to_owned()));
        }
    }
    Ok(())
}

/// The choices up to the closing brace, and what follows it.
fn choices(inside: &str) -> Option<(Vec<&str>, &str)> {
    let mut choices = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in inside.char_indices() {
        match character {
            '{' => depth += 1,
            ',' if depth == 0 => {
                choices.push(&inside[start..at]);
                start = at + 1;
            }
            '}' if depth == 0 => {
                choices.push(&inside[start..at]);
                return Some((choices, &inside[at + 1..]));
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn parts(text: &str, whole: &str) -> Result<Vec<Part>, PatternError> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut key_due = true;
    while key_due || !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((inside, behind)) = inside.split_once(']') else {
                return Err(PatternError::Unclosed { open: '[', path: whole.to_owned() });
            };
            parts.push(bracket(inside));
            rest = behind;
            key_due = false;
        } else if key_due {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            parts.push(key(&rest[..end], whole)?);
            rest = &rest[end..];
            key_due = false;
        } else if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            key_due = true;
        } else {
            return Err(PatternError::NoDot(whole.to_owned()));
        }
    }
    Ok(parts)
}

fn key(text: &str, whole: &str) -> Result<Part, PatternError> {
    if text.is_empty() {
        return Err(PatternError::NoKey(whole.to_owned()));
    }
    if text.contains('/') {
        return Err(PatternError::Slash(whole.to_owned()));
    }
    Ok(match text {
        "**" => Part::Deep,
        _ if text.contains('*') => Part::Keys(text.into()),
        _ => Part::Key(text.into()),
    })
}

fn bracket(inside: &str) -> Part {
    if inside.is_empty() {
        return Part::Items;
    }
    if let Ok(index) = inside.parse() {
        return Part::Item(index);
    }
    if let Some((key, value)) = inside.split_once('=') {
        let or_absent = key.ends_with('?');
        let key = key.trim_end_matches('?');
        return Part::Where { key: key.into(), value: value.into(), or_absent };
    }
    if inside.contains('*') { Part::Keys(inside.into()) } else { Part::Key(inside.into()) }
}
