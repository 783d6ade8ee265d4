//! Variables in a text, filled in as Flux does it after a build: `${NAME}`, with the operators of Flux' `envsubst`.
//!
//! `$NAME` is left as it is, and `$${NAME}` becomes `${NAME}`.

use std::ops::Range;

use crate::builders::operators::{reversed, slice, trim};

/// A part of a text whose variables were filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A range of the text with the variables, unchanged.
    Text(Range<usize>),
    /// The whole value of a variable.
    Value(String),
    /// What an operator made of a variable's value, or a character that was escaped.
    Made(String),
}

/// Why the variables of a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Flux would refuse the text.
    #[error("`{0}` is not a substitution that Flux can read")]
    Malformed(String),
    /// An operator is used on a value that is too long for it.
    #[error("the value of `{0}` is longer than {LONGEST} bytes, or becomes so")]
    TooLong(String),
    /// The value of a variable is not known.
    #[error("the variable `{0}` has no value in this repository")]
    Unknown(String),
}

/// How long a value may be that an operator changes, and what it makes of it.
const LONGEST: usize = 4096;

/// How deep substitutions may be nested in the defaults of others.
const DEEPEST: usize = 16;

/// The parts of a text with its variables filled in. `value` gives a variable's value, if it is known. `is_open`: whether there are
/// variables whose names are not known, so that a default may not count.
///
/// # Errors
/// When a substitution is malformed, or needs a value that is not known.
pub fn substitute(
    text: &str,
    value: &dyn Fn(&str) -> Option<String>,
    is_open: bool,
) -> Result<Vec<Piece>, Failure> {
    let mut reader = Reader { text, at: 0, value, is_open, depth: 0 };
    let mut pieces = Vec::new();
    reader.text(&mut pieces)?;
    Ok(pieces)
}

/// Whether a text has anything to fill in or to unescape.
#[must_use]
pub fn has_variables(text: &str) -> bool {
    text.contains("${") || text.contains("$$")
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    value: &'t dyn Fn(&str) -> Option<String>,
    is_open: bool,
    depth: usize,
}

/// What an operand ends at.
type Ends = fn(char) -> bool;

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn malformed(&self, start: usize) -> Failure {
        let end =
            self.text[start..].char_indices().nth(40).map_or(self.text.len(), |(at, _)| start + at);
        Failure::Malformed(self.text[start..end].to_owned())
    }

    /// Everything up to the end.
    fn text(&mut self, pieces: &mut Vec<Piece>) -> Result<(), Failure> {
        let mut start = self.at;
        while let Some(dollar) = self.rest().find('$') {
            let at = self.at + dollar;
            let next = self.text[at + 1..].chars().next();
            match next {
                Some('{') => {
                    push(pieces, start..at);
                    self.at = at + 2;
                    self.substitution(at, pieces)?;
                    start = self.at;
                }
                Some('$') => {
                    // The second one stays, and begins nothing.
                    push(pieces, start..at);
                    start = at + 1;
                    self.at = at + 2;
                }
                _ => self.at = at + 1,
            }
        }
        push(pieces, start..self.text.len());
        self.at = self.text.len();
        Ok(())
    }

    /// What follows `${`, which is at `start`.
    fn substitution(&mut self, start: usize, pieces: &mut Vec<Piece>) -> Result<(), Failure> {
        if self.depth == DEEPEST {
            return Err(self.malformed(start));
        }
        self.depth += 1;
        let done = self.operation(start, pieces);
        self.depth -= 1;
        done
    }

    fn operation(&mut self, start: usize, pieces: &mut Vec<Piece>) -> Result<(), Failure> {
        if self.take('#') {
            let name = self.name(start)?;
            self.close(start)?;
            pieces.push(Piece::Made(self.known(&name)?.len().to_string()));
            return Ok(());
        }
        let name = self.name(start)?;
        match self.peek() {
            Some('}') => {
                self.close(start)?;
                self.known(&name)?;
                pieces.push(Piece::Value(name));
                Ok(())
            }
            Some(':' | '=') if self.is_default() => self.default(start, name, pieces),
            Some(':') => self.part(start, &name, pieces),
            Some(',' | '^') => self.casing(start, &name, pieces),
            Some('#' | '%') => self.trimmed(start, &name, pieces),
            Some('/') => self.replaced(start, &name, pieces),
            _ => Err(self.malformed(start)),
        }
    }

    fn name(&mut self, start: usize) -> Result<String, Failure> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = self.rest().find(|c| !is_name(c)).unwrap_or(self.rest().len());
        if end == 0 {
            return Err(self.malformed(start));
        }
        let name = self.rest()[..end].to_owned();
        self.at += end;
        Ok(name)
    }

    fn close(&mut self, start: usize) -> Result<(), Failure> {
        if self.take('}') { Ok(()) } else { Err(self.malformed(start)) }
    }

    fn known(&self, name: &str) -> Result<String, Failure> {
        (self.value)(name).ok_or_else(|| Failure::Unknown(name.to_owned()))
    }

    /// The value that an operator changes.
    fn operated(&self, name: &str) -> Result<String, Failure> {
        let value = self.known(name)?;
        if value.len() > LONGEST { Err(Failure::TooLong(name.to_owned())) } else { Ok(value) }
    }

    fn is_default(&self) -> bool {
        let rest = self.rest();
        rest.starts_with('=')
            || [":=", ":-", ":?", ":+"].iter().any(|operator| rest.starts_with(operator))
    }

    /// `${NAME:=default}` and the like, which all mean the same to Flux.
    fn default(
        &mut self,
        start: usize,
        name: String,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Failure> {
        self.at += if self.take('=') { 0 } else { 2 };
        let mut default = Vec::new();
        while self.peek() != Some('}') {
            self.operand(start, |c| c == '}', false, &mut default)?;
        }
        self.close(start)?;
        match (self.value)(&name) {
            Some(value) if !value.is_empty() => pieces.push(Piece::Value(name)),
            None if self.is_open => return Err(Failure::Unknown(name)),
            _ => pieces.extend(default),
        }
        Ok(())
    }

    /// `${NAME:offset}` or `${NAME:offset:length}`.
    fn part(&mut self, start: usize, name: &str, pieces: &mut Vec<Piece>) -> Result<(), Failure> {
        self.take(':');
        let offset = self.spelled(start, |c| c == ':' || c == '}', false)?;
        let mut length = None;
        if self.take(':') {
            while self.take(':') {}
            length = Some(self.spelled(start, |c| c == '}', false)?);
        }
        self.close(start)?;
        let value = self.operated(name)?;
        let part = slice(&value, &offset, length.as_deref()).unwrap_or(&value);
        pieces.push(Piece::Made(part.to_owned()));
        Ok(())
    }

    /// `${NAME^}`, `${NAME^^}`, `${NAME,}`, `${NAME,,}`.
    fn casing(&mut self, start: usize, name: &str, pieces: &mut Vec<Piece>) -> Result<(), Failure> {
        let end = self.rest().find(|c| c != ',' && c != '^').unwrap_or(self.rest().len()).min(2);
        let operator = self.rest()[..end].to_owned();
        self.at += end;
        self.close(start)?;
        let value = self.operated(name)?;
        let mut chars = value.chars();
        let made = match (operator.as_str(), chars.next()) {
            ("^^", _) => value.to_uppercase(),
            (",,", _) => value.to_lowercase(),
            ("^", Some(first)) => first.to_uppercase().chain(chars).collect(),
            (",", Some(first)) => first.to_lowercase().chain(chars).collect(),
            _ => value,
        };
        pieces.push(Piece::Made(made));
        Ok(())
    }

    /// `${NAME#pattern}`, `${NAME##pattern}`, `${NAME%pattern}`, `${NAME%%pattern}`.
    fn trimmed(
        &mut self,
        start: usize,
        name: &str,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Failure> {
        let from_end = self.peek() == Some('%');
        let operator = if from_end { '%' } else { '#' };
        self.take(operator);
        let longest = self.take(operator);
        let pattern = self.spelled(start, |c| c == '}', false)?;
        self.close(start)?;
        let value = self.operated(name)?;
        let made = if from_end {
            reversed(trim(&reversed(&value), &reversed(&pattern), longest))
        } else {
            trim(&value, &pattern, longest).to_owned()
        };
        pieces.push(Piece::Made(made));
        Ok(())
    }

    /// `${NAME/old/new}`, `${NAME//old/new}`, `${NAME/#old/new}`, `${NAME/%old/new}`.
    fn replaced(
        &mut self,
        start: usize,
        name: &str,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Failure> {
        self.take('/');
        let operator = self.peek().filter(|c| matches!(c, '/' | '#' | '%'));
        self.at += operator.map_or(0, char::len_utf8);
        let old = if self.peek() == Some('/') {
            String::new()
        } else {
            self.spelled(start, |c| c == '/', true)?
        };
        if !self.take('/') {
            return Err(self.malformed(start));
        }
        while self.take('/') {}
        let new = if self.peek() == Some('}') {
            None
        } else {
            Some(self.spelled(start, |c| c == '}', true)?)
        };
        self.close(start)?;
        let value = self.operated(name)?;
        let with = new.as_deref().unwrap_or_default();
        let times = if operator == Some('/') { value.matches(&old).count() } else { 1 };
        if value.len().saturating_add(times.saturating_mul(with.len())) > LONGEST {
            return Err(Failure::TooLong(name.to_owned()));
        }
        let made = match operator {
            Some('/') => value.replace(&old, with),
            None => value.replacen(&old, with, 1),
            Some('#') if new.is_some() && value.starts_with(&old) => value.replacen(&old, with, 1),
            Some('%') if new.is_some() => match value.strip_suffix(&old) {
                Some(kept) => format!("{kept}{with}"),
                None => value,
            },
            _ => value,
        };
        pieces.push(Piece::Made(made));
        Ok(())
    }

    /// An operand as text, its own variables filled in.
    fn spelled(&mut self, start: usize, ends: Ends, escapes: bool) -> Result<String, Failure> {
        let mut pieces = Vec::new();
        self.operand(start, ends, escapes, &mut pieces)?;
        let text = |piece: Piece| match piece {
            Piece::Text(range) => Ok(self.text[range].to_owned()),
            Piece::Value(name) => self.known(&name),
            Piece::Made(text) => Ok(text),
        };
        pieces.into_iter().map(text).collect()
    }

    /// One substitution, or text up to the next one or to the end of the operand; at least a character.
    fn operand(
        &mut self,
        start: usize,
        ends: Ends,
        escapes: bool,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Failure> {
        if self.rest().starts_with("${") {
            let at = self.at;
            self.at += 2;
            return self.substitution(at, pieces);
        }
        let from = self.at;
        let mut piece = self.at;
        while let Some(c) = self.peek() {
            let next = self.rest()[c.len_utf8()..].chars().next();
            if c == '$' && next == Some('{') {
                break;
            }
            let is_escape = match c {
                '$' => next == Some('$'),
                '\\' => matches!(next, Some('/' | '\\')),
                _ => false,
            };
            if escapes && is_escape {
                push(pieces, piece..self.at);
                piece = self.at + 1;
                self.at += 2;
                continue;
            }
            if ends(c) {
                break;
            }
            self.at += c.len_utf8();
        }
        if self.at == from {
            return Err(self.malformed(start));
        }
        push(pieces, piece..self.at);
        Ok(())
    }
}

fn push(pieces: &mut Vec<Piece>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece::Text(range));
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Piece, substitute};

    fn value(name: &str) -> Option<String> {
        let known =
            [("V", "20250101000000"), ("NAME", "db-secrets"), ("EMPTY", ""), ("P", "a/b/c.d.e")];
        known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn filled(text: &str) -> Result<String, Failure> {
        let pieces = substitute(text, &value, false)?;
        let text = |piece: &Piece| match piece {
            Piece::Text(range) => text[range.clone()].to_owned(),
            Piece::Value(name) => value(name).unwrap(),
            Piece::Made(text) => text.clone(),
        };
        Ok(pieces.iter().map(text).collect())
    }

    #[test]
    fn variables_are_filled_in_as_flux_does() {
        for (text, expected) in [
            ("db-${V}", "db-20250101000000"),
            ("${NAME}-${V}-x", "db-secrets-20250101000000-x"),
            ("$V $${V} $$ $", "$V ${V} $ $"),
            ("$$${V}", "$20250101000000"),
            ("${NONE:=default}", "default"),
            ("${NONE:-a-${NAME}}", "a-db-secrets"),
            ("${EMPTY:-x}", "x"),
            ("${V:=x}", "20250101000000"),
            ("${NONE=x}", "x"),
            ("${NONE:=}", ""),
            ("${V:0:4}", "2025"),
            ("${V:8}", "000000"),
            ("${NAME:-3:2}", "db-secrets"),
            ("${#NAME}", "10"),
            ("${NAME^}", "Db-secrets"),
            ("${NAME^^}", "DB-SECRETS"),
            ("${NAME/secrets/keys}", "db-keys"),
            ("${P//\\//_}", "a_b_c.d.e"),
            ("${NAME/db-/}", "secrets"),
            ("${NAME/#db/x}", "x-secrets"),
            ("${NAME/%secrets/x}", "db-x"),
            ("${P#*/}", "b/c.d.e"),
            ("${P##*/}", "c.d.e"),
            ("${P%.*}", "a/b/c.d"),
            ("${P%%.*}", "a/b/c"),
            ("${P#[a-c]/}", "b/c.d.e"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_flux_refuses_is_refused() {
        for text in ["${", "${}", "${V", "${V-x}", "${V:}", "${V!}", "${V:=x", "${V/x}", "${ V}"] {
            assert!(matches!(filled(text), Err(Failure::Malformed(_))), "{text}");
        }
        let deep = format!("{}x{}", "${N:-".repeat(10_000), "}".repeat(10_000));
        assert!(matches!(filled(&deep), Err(Failure::Malformed(_))));
        let long = |name: &str| (name == "L").then(|| "a".repeat(3000));
        for text in ["${L//a/${L}}", "${L/a/${L}}", "${L//a/bb}"] {
            assert!(matches!(substitute(text, &long, false), Err(Failure::TooLong(_))), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_not_known_is_named() {
        for text in ["${NONE}", "a-${NONE^^}", "${NONE:0:1}", "${V/x/${NONE}}"] {
            assert_eq!(filled(text), Err(Failure::Unknown("NONE".to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_spelled_somewhere_is_told_apart() {
        let pieces = substitute("db-${V}${NONE:=-x}$$", &value, false).unwrap();
        let value = Piece::Value("V".to_owned());
        assert_eq!(pieces, [Piece::Text(0..3), value, Piece::Text(15..17), Piece::Text(19..20)]);
    }

    /// A Secret may give the variable a value, so its default may not count.
    #[test]
    fn a_default_does_not_count_where_more_variables_may_be_known() {
        let none = |_: &str| None;
        let made = substitute("${A:=x}", &none, false).unwrap();
        assert_eq!(made, [Piece::Text(5..6)]);
        let unknown = Failure::Unknown("A".to_owned());
        assert_eq!(substitute("${A:=x}", &none, true).unwrap_err(), unknown);
    }
}
