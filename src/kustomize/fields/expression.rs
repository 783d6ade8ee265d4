//! Regular expressions in kustomizations, most of which are plain words.

use regex::bytes::{Regex, RegexBuilder};

/// A regular expression.
#[derive(Debug)]
pub struct Expression(Form);

#[derive(Debug)]
enum Form {
    /// Matches a whole text: a word in which each `.` is any character except a line break.
    Whole(Box<str>),
    /// Matches part of a text: a word.
    Part(Box<str>),
    /// Anything else. Compiling one takes longer than reading most kustomizations.
    Regex(Box<Regex>),
}

impl Expression {
    /// An expression that must match a whole text.
    ///
    /// # Errors
    /// When it is none.
    pub fn whole(text: &str) -> Result<Self, regex::Error> {
        if text.bytes().all(|byte| is_plain(byte) || byte == b'.') {
            return Ok(Self(Form::Whole(text.into())));
        }
        regex(&format!("^(?:{text})$")).map(|regex| Self(Form::Regex(Box::new(regex))))
    }

    /// An expression that may match any part of a text.
    ///
    /// # Errors
    /// When it is none.
    pub fn part(text: &str) -> Result<Self, regex::Error> {
        if text.bytes().all(is_plain) {
            return Ok(Self(Form::Part(text.into())));
        }
        regex(text).map(|regex| Self(Form::Regex(Box::new(regex))))
    }

    /// The only text that matches, if there is one.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        if let Form::Whole(word) = &self.0 {
            Some(&**word).filter(|word| !word.contains('.'))
        } else {
            None
        }
    }

    /// Whether a text matches the expression.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        match &self.0 {
            Form::Whole(word) => {
                let mut rest = text.chars();
                let fits = |sign: char, found| sign == found || sign == '.' && found != '\n';
                word.chars().all(|sign| rest.next().is_some_and(|found| fits(sign, found)))
                    && rest.next().is_none()
            }
            Form::Part(word) => text.contains(&**word),
            Form::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }
}

/// As in Go, `\d`, `\w` and `\s` match ASCII only. Non-ASCII text, which no name is, is matched byte by byte.
fn regex(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(!text.is_ascii()).octal(true).build()
}

/// Whether a byte is literal in every regular expression.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/')
}

#[cfg(test)]
mod tests {
    use super::Expression;

    #[test]
    fn a_word_fits_what_its_regular_expression_does() {
        let words = ["", "a", "a.b", "..", "a.", "ab-c_d/e", "(a|b)", "a.*", "cert-manager.io"];
        let texts = [
            "",
            "a",
            "b",
            "ab",
            "a.b",
            "axb",
            "a\nb",
            "aéb",
            "é.",
            "éé",
            "a\u{301}b",
            "xab-c_d/ey",
            "cert-manager.io",
            "cert-managerxio",
            "cert-manager.iox",
            "\n",
            "a\n",
        ];
        for word in words {
            let (whole, part) = (Expression::whole(word).unwrap(), Expression::part(word).unwrap());
            let anchored = regex::Regex::new(&format!("^(?:{word})$")).unwrap();
            let anywhere = regex::Regex::new(word).unwrap();
            for text in texts {
                assert_eq!(whole.fits(text), anchored.is_match(text), "{word} on {text:?}");
                if text.is_ascii() {
                    assert_eq!(part.fits(text), anywhere.is_match(text), "{word} in {text:?}");
                }
            }
        }
        assert!(Expression::whole("(").is_err() && Expression::part("(").is_err());
    }

    #[test]
    fn classes_are_those_of_ascii() {
        let whole =
            |expression: &str, text: &str| Expression::whole(expression).unwrap().fits(text);
        assert!(whole(r"web-\d+", "web-12") && !whole(r"web-\d+", "web-١"));
        assert!(whole(r"\w+", "a_1") && !whole(r"\w+", "é") && whole(r"\156", "n"));
        assert!(whole("(?i)P", "p") && whole(r"\bp\b", "p") && whole("é+", "éé"));
    }
}
