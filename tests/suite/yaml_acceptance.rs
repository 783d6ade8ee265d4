//! What kubectl accepts as YAML, recorded with `kubectl label --local -f - -o name x=y`: each text stands
//! behind the first lines of an object.

use rotate::text::path::TreePath;
use rotate::text::source::Source;
use rotate::yaml::parse::{SyntaxError, parse};

pub(crate) const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

/// What kubectl reads.
pub(crate) const READ: &[(&str, &str)] = &[
    ("comment right behind quote", "d: 'a'#b\n"),
    ("literal header comment without space", "d: |# c\n  b\n"),
    ("alias as key without space", "d: &a x\n*a: y\n"),
    ("escaped single quote", "d: \"a\\'b\"\n"),
    ("plain", "d: a\n"),
    ("tab after colon", "d:\ta\n"),
    ("tab before comment", "d: a\t# c\n"),
    ("tab at the end", "d: a\t\n"),
    ("tab behind literal indentation", "d: |\n  a\n  \tb\n"),
    ("tab in plain continuation behind space", "d: a\n \tb\n"),
    ("tab in quoted continuation", "d: \"a\n\tb\"\n"),
    ("tab in flow indentation", "d: [\n\ta\n]\n"),
    ("tab between flow", "d: [\ta\t,\tb\t]\n"),
    ("escaped tab", "d: \"a\\\tb\"\n"),
    ("escaped astral", "d: \"\\U0001f600\"\n"),
    ("astral", "d: 😀\n"),
    ("escaped null", "d: \"\\0\"\n"),
    ("nel in quotes", "d: \"a\u{85}b\"\n"),
    ("nel in comment", "d: a # \u{85}\ne: f\n"),
    ("ls in quotes", "d: 'a\u{2028}b'\n"),
    ("ls in comment", "d: a # \u{2028}\n"),
    ("ps in quotes", "d: 'a\u{2029}b'\n"),
    ("nbsp", "d: a\u{a0}b\n"),
    ("bom inside", "d: a\u{feff}b\n"),
    ("bom inside quotes", "d: 'a\u{feff}b'\n"),
    ("replacement", "d: a\u{fffd}b\n"),
    ("e000", "d: a\u{e000}b\n"),
    ("lone cr", "d: a\re: b\n"),
    ("crlf", "d: a\r\ne: b\r\n"),
    ("anchor twice", "d: &a 1\ne: &a 2\nf: *a\n"),
    ("alias as key", "d: &a x\n*a : y\n"),
    ("merge", "d: &a {x: 1}\ne: {<<: *a}\n"),
    ("merge list", "d: &a {x: 1}\ne: {<<: [*a, *a]}\n"),
    ("merge empty list", "d: {<<: []}\n"),
    ("merge empty map", "d: {<<: [{}]}\n"),
    ("two merges", "d: &a {x: 1}\ne: {<<: *a, <<: {y: 2}}\n"),
    ("quoted merge", "d: {\"<<\": 1}\n"),
    ("duplicate key", "d: 1\nd: 2\n"),
    ("explicit key", "? d\n: 1\n"),
    ("explicit key without value", "? d\ne: 1\n"),
    ("number as key", "1: a\n"),
    ("float as key", "1.5: a\n"),
    ("bool as key", "true: a\n"),
    ("local tag", "d: !x a\n"),
    ("local tag on map", "d: !x {a: b}\n"),
    ("verbatim tag", "d: !<tag:yaml.org,2002:str> 1\n"),
    ("binary tag", "d: !!binary YWJj\n"),
    ("timestamp tag", "d: !!timestamp 2001-12-14\n"),
    ("set tag", "d: !!set {a, b}\n"),
    ("unopened flow", "d: a]\n"),
    ("comma last", "d: [a, ]\n"),
    ("flow pair", "d: [a: b]\n"),
    ("flow adjacent value", "d: {\"a\":b}\n"),
    ("flow adjacent plain", "d: {a:b}\n"),
    ("flow url", "d: [http://x]\n"),
    ("flow empty values", "d: {a, b: , c}\n"),
    ("flow question", "d: {? a : b}\n"),
    ("flow comment without space", "d: [a#b]\n"),
    ("flow comment", "d: [a, # c\n  b]\n"),
    ("flow closed at key column", "d: [\n  a\n]\n"),
    ("flow items at key column", "d: [\na,\nb\n]\n"),
    ("nested flow closed at key column", "d:\n  e: [\n    a\n  ]\n"),
    ("flow key without space", "d: {k:}\n"),
    ("flow quoted key without value", "d: {\"k\":}\n"),
    ("flow colon at the end", "d: [a:, b]\n"),
    ("flow tag", "d: [!a, b]\n"),
    ("flow question word", "d: [?b]\n"),
    ("quoted continued at parent's indent", "d:\n  e: \"a\n  b\"\n"),
    ("quoted continued below parent's indent", "d:\n  e: \"a\nb\"\n"),
    ("top quoted continued at column 0", "d: \"a\nb\"\ne: f\n"),
    ("single continued at parent's indent", "d:\n  e: 'a\n  b'\n  f: g\n"),
    ("quoted list item continued at dash", "d:\n- \"a\n  b\"\n"),
    ("quoted list item continued before dash", "d:\n  - \"a\n  b\"\n"),
    ("quoted closed at column 0", "d: \"a\n\"\n"),
    ("literal", "d: |\n  a\n"),
    ("literal two indicators", "d: |2-\n  a\n"),
    ("literal two indicators swapped", "d: |-2\n  a\n"),
    ("literal header comment", "d: | # c\n  b\n"),
    ("literal then comment", "d: |\n  a\n# c\ne: 1\n"),
    ("sequence at key column", "d:\n- a\n"),
    ("anchor alone", "d: &a\ne: *a\n"),
    ("comment without space", "d: a#b\n"),
    ("document end", "d: a\n...\n"),
    ("document after end", "d: a\n...\ne: f\n"),
    ("second document", "d: a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n"),
    ("marker with text", "d: a\n--- # c\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n"),
    ("trailing marker", "d: a\n---\n"),
    ("only comment at end", "d: a\n# c"),
    ("no newline", "d: a"),
    ("trailing spaces", "d: a   \n   \n"),
    ("flow key without value before comma", "d: {a:, b: c}\n"),
    ("flow question without space", "d: {?b: c}\n"),
    ("anchor before bracket", "d: [&a]\n"),
    ("tab behind quoted between brackets", "d: [ \"a\"\n\t, b]\n"),
    ("verbatim tag with comma", "d: !<a,b> b\n"),
    ("tag with comma", "d: !x,y a\n"),
    ("empty key with string tag", "!!str : a\n"),
    ("literal of blank lines only", "d: |\n\n  \n"),
    ("folded with leading blank lines", "d: >-\n\n \n  a\n"),
];

/// What kubectl refuses.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("anchor with dot", "d: &a.b c\n"),
    ("anchor with colon", "d: &a:b c\ne: *a:b\n"),
    ("flow colon", "d: [a, :b]\n"),
    ("tab after dash", "d:\n-\ta\n"),
    ("tab after dash, mapping", "d:\n-\ta: b\n"),
    ("tab in indentation", "d:\n\ta: b\n"),
    ("tab in indentation behind spaces", "d:\n  \ta: b\n"),
    ("tab on a blank line", "d: a\n\t\ne: b\n"),
    ("tab in literal indentation", "d: |\n\ta\n"),
    ("tab under literal indentation", "d: |\n  a\n \tb\n"),
    ("tab in plain continuation", "d: a\n\tb\n"),
    ("tab behind plain between brackets", "d: [\n\ta\n\t]\n"),
    ("tab on a line behind plain", "d:\n  e: a\n\t\n  f: b\n"),
    ("flow question inside plain", "d: {a?b: c}\n"),
    ("tab in a literal's empty line", "d: |\n  a\n\t\n  b\n"),
    ("marker with text behind it", "d: a\n...x\n"),
    ("tab after question", "?\td\n: a\n"),
    ("escaped slash", "d: \"a\\/b\"\n"),
    ("unknown escape", "d: \"\\q\"\n"),
    ("surrogate pair", "d: \"\\ud83d\\ude00\"\n"),
    ("lone surrogate", "d: \"\\ud83d\"\n"),
    ("short escape", "d: \"\\x4\"\n"),
    ("nel in plain", "d: a\u{85}b\n"),
    ("nel in literal", "d: |\n  a\u{85}b\n"),
    ("ls in plain", "d: a\u{2028}b\n"),
    ("bell in plain", "d: a\u{7}b\n"),
    ("bell in quotes", "d: \"a\u{7}b\"\n"),
    ("bell in comment", "d: a # \u{7}\n"),
    ("delete", "d: a\u{7f}b\n"),
    ("null byte", "d: a\u{0}b\n"),
    ("c1", "d: a\u{80}b\n"),
    ("fffe", "d: a\u{fffe}b\n"),
    ("form feed", "d: a\u{c}b\n"),
    ("unknown alias", "d: *a\n"),
    ("alias to itself", "d: &a [*a]\n"),
    ("alias before anchor", "d: *a\ne: &a 1\n"),
    ("anchor on alias", "d: &a 1\ne: &b *a\n"),
    ("merge scalar", "d: {<<: 1}\n"),
    ("merge null", "d: {<<: }\n"),
    ("merge list of scalars", "d: {<<: [1]}\n"),
    ("list as key", "? [a]\n: 1\n"),
    ("map as key", "? {a: b}\n: 1\n"),
    ("flow map key", "d: {[a]: b}\n"),
    ("template braces", "d: {{ .Values.x }}\n"),
    ("null as key", "~: a\n"),
    ("empty key", ": a\n"),
    ("undeclared tag handle", "d: !x!y a\n"),
    ("int tag on text", "d: !!int x\n"),
    ("bad indentation", "d:\n    a: 1\n  b: 2\n"),
    ("key after scalar", "d: a\n  b: c\n"),
    ("colon in plain", "d: a: b\n"),
    ("unclosed flow", "d: [a\n"),
    ("unclosed quote", "d: 'a\n"),
    ("stray bracket", "d: ]\n"),
    ("junk after quote", "d: 'a' b\n"),
    ("junk after flow", "d: [a] b\n"),
    ("comma first", "d: [, a]\n"),
    ("comma twice", "d: [a,, b]\n"),
    ("flow dash", "d: [- a]\n"),
    ("quoted key over lines", "\"d\n e\": a\n"),
    ("quoted with document marker", "d: \"a\n--- b\"\n"),
    ("plain continued at parent's indent", "d:\n  e: a\n  b\n"),
    ("literal at parent's indent", "d: |\na\n"),
    ("literal leading blanks too deep", "d: |\n    \n  a\n"),
    ("literal indicator zero", "d: |0\n  a\n"),
    ("literal indicator twelve", "d: |12\n  a\n"),
    ("literal bad header", "d: |x\n  a\n"),
    ("literal text behind header", "d: | a\n  b\n"),
    ("literal less indented", "d: |\n    a\n  b\n"),
    ("sequence below key column", " d:\n- a\n"),
    ("sequence on key line", "d: - a\n"),
    ("dash without space", "d:\n-a\n"),
    ("at sign", "d: @a\n"),
    ("backtick", "d: `a`\n"),
    ("percent", "d: %a\n"),
    ("comment inside plain", "d: a\n # c\n b\n"),
    ("flow multi line key", "d: {a\n  b: c}\n"),
    ("flow list question inside plain", "d: [a?b]\n"),
    ("tab behind plain, then comma", "d: [a\n\t, b]\n"),
    ("flow colon on next line", "d: {a\n: b}\n"),
    ("flow colon on next line behind quoted", "d: {\"a\"\n: b}\n"),
    ("tag before brace", "d: !!str{a: b}\n"),
    ("tag before bracket", "d: [!!str]\n"),
    ("two anchors", "d: &a\n  &b x\n"),
    ("anchor before comma", "d: &a, c\n"),
    ("verbatim tag that does not end", "d: !<a b\n"),
    ("literal bad header behind indicator", "d: |2x\n   a\n"),
    ("flow list as key without question", "[a]: b\n"),
    ("explicit empty key", "?\n: 1\n"),
];

/// What kubectl reads and we refuse, with a message that says what to write.
const STRICTER: &[(&str, &str)] = &[("ls in literal", "d: |\n  a\u{2028}  b\n")];

/// What kubectl refuses and we read: none of it changes what the rest of the text says.
const LAXER: &[(&str, &str)] = &[
    ("bad binary", "d: !!binary '*'\n"),
    ("bad timestamp tag", "d: !!timestamp x\n"),
    ("inf", "d: .inf\n"),
    ("nan", "d: .nan\n"),
];

fn read(text: &str) -> Result<(), SyntaxError> {
    parse(&Source::file(TreePath::root(), format!("{HEAD}{text}"))).map(|_| ())
}

#[test]
fn reads_what_kubectl_reads() {
    for (name, text) in READ.iter().chain(LAXER) {
        assert!(read(text).is_ok(), "{name}: {}", read(text).unwrap_err());
    }
}

#[test]
fn refuses_what_kubectl_refuses() {
    for (name, text) in REFUSED {
        let error = read(text).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(!error.message.is_empty());
        let place = error.place;
        assert!(place.span().start <= place.source.text().len(), "{name}");
    }
}

#[test]
fn where_it_is_stricter_it_tells_what_to_write() {
    for (name, text) in STRICTER {
        let error = read(text).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(error.help.is_some(), "{name}: {error}");
    }
}

#[test]
fn keys_may_not_be_longer_than_1024_characters() {
    assert!(read(&format!("{}: a\n", "k".repeat(1030))).is_err());
    assert!(read(&format!("d: {}\n", "k".repeat(100_000))).is_ok());
}
