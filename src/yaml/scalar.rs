//! Plain scalars as Kubernetes reads them: with kubectl's schema, or with kustomize's.

use crate::yaml::node::{Node, Style, Tag};

/// Which schema resolves an unquoted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// kubectl and `kustomization.yaml`: `yes` and `on` are booleans.
    Kubectl,
    /// A resource that goes through kustomize: `yes` and `on` are strings.
    Kyaml,
}

/// The type of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed or unsigned 64-bit integer.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A string: the scalar's text.
    Str,
}

/// The type of a scalar, given its tag and quotes; `None` for a mapping or a sequence.
#[must_use]
pub fn kind(node: &Node, schema: Schema) -> Option<Kind> {
    let scalar = node.scalar()?;
    let text = node.str().unwrap_or_default();
    let read = plain_kind(text, schema);
    Some(match (scalar.tag, read) {
        (Tag::None, read) if scalar.style == Style::Plain => read,
        (Tag::Int, Kind::Int(_)) | (Tag::Bool, Kind::Bool(_)) | (Tag::Float, Kind::Float(_)) => {
            read
        }
        #[allow(clippy::cast_precision_loss)] // as Kubernetes does
        (Tag::Float, Kind::Int(number)) => Kind::Float(number as f64),
        (Tag::Null, _) => Kind::Null,
        _ => Kind::Str,
    })
}

/// The type of an unquoted text without a tag.
#[must_use]
pub fn plain_kind(text: &str, schema: Schema) -> Kind {
    let Some(&first) = text.as_bytes().first() else { return Kind::Null };
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O' => {
            word(text, schema)
        }
        b'.' => infinity(text).or_else(|| float(text)).unwrap_or(Kind::Str),
        b'+' | b'-' | b'0'..=b'9' => infinity(text).unwrap_or_else(|| number(text)),
        _ => Kind::Str,
    }
}

fn word(text: &str, schema: Schema) -> Kind {
    match text {
        "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if schema == Schema::Kyaml => Kind::Str,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Kind::Bool(false),
        _ => Kind::Str,
    }
}

fn infinity(text: &str) -> Option<Kind> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Kind::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Kind::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Kind::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// Digits may be separated by `_` anywhere after the first character.
fn number(text: &str) -> Kind {
    if text.contains('_') {
        let text = text.replace('_', "");
        return int(&text).or_else(|| float(&text)).unwrap_or(Kind::Str);
    }
    int(text).or_else(|| float(text)).unwrap_or(Kind::Str)
}

/// An integer: decimal, or with a `0x`, `0o`, `0b` or (octal) plain `0` prefix.
fn int(text: &str) -> Option<Kind> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = digits.len() < text.len();
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let size = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -size } else { size };
    let least = i128::from(i64::MIN);
    let most = if signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (least..=most).contains(&value).then_some(Kind::Int(value))
}

/// A decimal number: digits with at most one point, and an exponent of digits.
fn float(text: &str) -> Option<Kind> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        !text.is_empty() && digits(text)
    });
    let fits = digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()) && exponent;
    let value: f64 = if fits { text.parse().ok()? } else { return None };
    value.is_finite().then_some(Kind::Float(value))
}

/// Whether a text must be quoted to be read as that string: because a schema would read it as another
/// type, kustomize would rewrite it, or it cannot be written as a plain scalar.
#[must_use]
pub fn needs_quotes(text: &str) -> bool {
    needs_quotes_in_block(text) || text.contains(IN_FLOW)
}

/// The same for a text outside flow collections.
#[must_use]
pub fn needs_quotes_in_block(text: &str) -> bool {
    plain_kind(text, Schema::Kubectl) != Kind::Str
        || !is_plain(text)
        || is_date(text)
        || is_sexagesimal(text)
        || matches!(text, "<<" | "=")
}

/// The characters that end a plain scalar in a flow collection.
pub const IN_FLOW: [char; 5] = [',', '[', ']', '{', '}'];

/// Whether a text can be written without quotes in block style.
fn is_plain(text: &str) -> bool {
    let indicator = |c: char| ",[]{}#&*!|>'\"%@`?:".contains(c);
    let hidden = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    !text.is_empty()
        && !text.starts_with(indicator)
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(hidden)
        && text != "-"
        && !text.starts_with("- ")
        && !text.starts_with("---")
        && !text.starts_with("...")
}

/// A date, or the start of a timestamp: kustomize writes those out in full.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let day = rest.split(['T', 't', ' ']).next().unwrap_or_default();
    let short = |text: &str| (1..=2).contains(&text.len());
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4 && short(month) && short(day) && [year, month, day].iter().all(|t| digits(t))
}

/// `190:20:30`, a base-60 number in YAML 1.1: a string to Kubernetes, but not to other tools.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    text.contains(':')
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'_' | b'.'))
}

/// Whether kustomize reads a value as null.
#[must_use]
pub fn is_null(node: &Node) -> bool {
    kind(node, Schema::Kyaml) == Some(Kind::Null)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Schema, kind, needs_quotes, plain_kind};
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    /// Recorded with kubectl: texts that both schemas read alike.
    const ALIKE: &[(&str, Kind)] = &[
        ("20250723110000", Kind::Int(20_250_723_110_000)),
        ("-20250723110000", Kind::Int(-20_250_723_110_000)),
        ("true", Kind::Bool(true)),
        ("True", Kind::Bool(true)),
        ("TRUE", Kind::Bool(true)),
        ("tRue", Kind::Str),
        ("false", Kind::Bool(false)),
        ("False", Kind::Bool(false)),
        ("FALSE", Kind::Bool(false)),
        ("017", Kind::Int(15)),
        ("0777", Kind::Int(511)),
        ("0o17", Kind::Int(15)),
        ("0x1F", Kind::Int(31)),
        ("-0x1F", Kind::Int(-31)),
        ("0b101", Kind::Int(5)),
        ("08", Kind::Float(8.0)),
        ("09", Kind::Float(9.0)),
        ("08.5", Kind::Float(8.5)),
        ("0", Kind::Int(0)),
        ("00", Kind::Int(0)),
        ("+1", Kind::Int(1)),
        ("1_000", Kind::Int(1000)),
        ("1__0", Kind::Int(10)),
        ("-1_0", Kind::Int(-10)),
        ("_1", Kind::Str),
        ("1:30", Kind::Str),
        ("190:20:30", Kind::Str),
        ("1e3", Kind::Float(1000.0)),
        ("12e03", Kind::Float(12_000.0)),
        ("123e4", Kind::Float(1_230_000.0)),
        (".5", Kind::Float(0.5)),
        ("5.", Kind::Float(5.0)),
        ("-.5", Kind::Float(-0.5)),
        ("1.10", Kind::Float(1.1)),
        ("1e400", Kind::Str),
        ("4e5678", Kind::Str),
        ("0x", Kind::Str),
        ("1e", Kind::Str),
        ("0o8", Kind::Str),
        ("1d", Kind::Str),
        ("1.2.3", Kind::Str),
        (".", Kind::Str),
        ("-", Kind::Str),
        (".inf", Kind::Float(f64::INFINITY)),
        ("-.Inf", Kind::Float(f64::NEG_INFINITY)),
        ("infinity", Kind::Str),
        ("nan", Kind::Str),
        ("~", Kind::Null),
        ("null", Kind::Null),
        ("Null", Kind::Null),
        ("NULL", Kind::Null),
        ("nULL", Kind::Str),
        ("", Kind::Null),
        ("2001-12-14", Kind::Str),
        ("18446744073709551615", Kind::Int(18_446_744_073_709_551_615)),
        ("18446744073709551616", Kind::Float(1.844_674_407_370_955_2e19)),
        ("-9223372036854775808", Kind::Int(-9_223_372_036_854_775_808)),
        ("-9223372036854775809", Kind::Float(-9.223_372_036_854_776e18)),
        ("auth-api-secrets-20250723110000", Kind::Str),
        ("1.2.3-rc1", Kind::Str),
        ("0x1p4", Kind::Str),
    ];

    const TRUE_FOR_KUBECTL: &[&str] = &["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];
    const FALSE_FOR_KUBECTL: &[&str] = &["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

    #[test]
    fn reads_what_kubernetes_reads() {
        for &(text, kind) in ALIKE {
            assert_eq!(plain_kind(text, Schema::Kubectl), kind, "{text}");
            assert_eq!(plain_kind(text, Schema::Kyaml), kind, "{text}");
        }
        for (texts, value) in [(TRUE_FOR_KUBECTL, true), (FALSE_FOR_KUBECTL, false)] {
            for text in texts {
                assert_eq!(plain_kind(text, Schema::Kubectl), Kind::Bool(value), "{text}");
                assert_eq!(plain_kind(text, Schema::Kyaml), Kind::Str, "{text}");
            }
        }
    }

    #[test]
    fn tags_and_quotes_decide_first() {
        let text = "[!!str 1, !!int \"1\", '1', ! 1, !!float 1, {}]";
        let stream = parse(&Source::file(TreePath::root(), text)).unwrap();
        let kinds: Vec<_> =
            stream.documents[0].root.items().iter().map(|n| kind(n, Schema::Kyaml)).collect();
        let expected = [
            Some(Kind::Str),
            Some(Kind::Int(1)),
            Some(Kind::Str),
            Some(Kind::Str),
            Some(Kind::Float(1.0)),
            None,
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn quotes_only_what_needs_it() {
        for text in ["a", "a b", "a-2", "a:b", "a#b", "1.2.3", "-x", "x/y:z", "1-2", "é"] {
            assert!(!needs_quotes(text), "{text}");
        }
        for text in [
            "",
            "1",
            "yes",
            "a: b",
            "a:",
            "a #b",
            " a",
            "a ",
            "#a",
            "- a",
            "-",
            "[a",
            "a,b",
            "a}",
            "---",
            "a\nb",
            "a\tb",
            "*a",
            "&a",
            "2001-12-14",
            "1:30",
            "<<",
            "@a",
            "%a",
            "\u{feff}a",
        ] {
            assert!(needs_quotes(text), "{text:?}");
        }
    }
}
