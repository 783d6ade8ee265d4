//! Edits of YAML texts, byte for byte: each case is a text, what is done to it, and the text afterwards.

use rotate::text::edit::{Edit, apply};
use rotate::text::path::TreePath;
use rotate::text::remap::in_file;
use rotate::text::source::Source;
use rotate::yaml::edit::EditError;
use rotate::yaml::edit::append::{append_deep, append_item};
use rotate::yaml::edit::insert::insert_entry;
use rotate::yaml::edit::remove::remove;
use rotate::yaml::edit::rewrite::{rewrite, rewrite_alias, rewrite_part};
use rotate::yaml::embed::parse_inside;
use rotate::yaml::node::Node;
use rotate::yaml::parse::{Stream, parse};
use rotate::yaml::path::{Path, PathStep};

fn stream(text: &str) -> Stream {
    let name = if text.trim_start().starts_with("{\"") { "a.json" } else { "a.yaml" };
    parse(&Source::file(TreePath::new(name).unwrap(), text)).unwrap()
}

/// `a.b[0]` as a path.
fn path(text: &str) -> Path {
    let parts = text.split(['.', '[', ']']).filter(|part| !part.is_empty());
    Path(
        parts
            .map(|p| p.parse().map_or_else(|_| PathStep::Key(p.into()), PathStep::Index))
            .collect(),
    )
}

fn edited(text: &str, edit: impl FnOnce(&Node) -> Result<Edit, EditError>) -> String {
    let stream = stream(text);
    let edit = edit(&stream.documents.last().unwrap().root).unwrap();
    let out = apply(text, &[edit]).unwrap();
    parse(&Source::file(TreePath::root(), out.as_str())).unwrap();
    out
}

fn check(cases: &[(&str, &str)], edit: impl Fn(&Node) -> Result<Edit, EditError>) {
    for (before, after) in cases {
        assert_eq!(edited(before, &edit), *after, "{before:?}");
        if !before.contains('\r') && before.contains('\n') {
            let crlf = |text: &str| text.replace('\n', "\r\n");
            assert_eq!(edited(&crlf(before), &edit), crlf(after), "with CRLF: {before:?}");
        }
        if !before.is_empty() {
            let marked = |text: &str| format!("\u{feff}{text}");
            assert_eq!(edited(&marked(before), &edit), marked(after), "with a mark: {before:?}");
        }
    }
}

#[test]
fn a_scalar_keeps_its_spelling() {
    let cases = [
        ("k: old # c\n", "k: new-1 # c\n"),
        ("k: old\t# c\n", "k: new-1\t# c\n"),
        ("k: 'old'\n", "k: 'new-1'\n"),
        ("k: \"o\\tld\"\n", "k: \"new-1\"\n"),
        ("k:   old", "k:   new-1"),
        ("k: &a !!str old\n", "k: &a !!str new-1\n"),
        ("{a: 1, k: old}\n", "{a: 1, k: new-1}\n"),
        ("{\"a\": 1, \"k\": \"old\"}\n", "{\"a\": 1, \"k\": \"new-1\"}\n"),
        ("{\"a\": 1, \"k\": 7}\n", "{\"a\": 1, \"k\": \"new-1\"}\n"),
        ("k: one\n  two\nz: 1\n", "k: new-1\nz: 1\n"),
        ("k: 7\n", "k: new-1\n"),
        ("k:\nz: 1\n", "k: new-1\nz: 1\n"),
        ("k: # c\nz: 1\n", "k: new-1 # c\nz: 1\n"),
        ("k: &a\nz: *a\n", "k: &a new-1\nz: *a\n"),
        ("a: 1\n---\nk: old\n", "a: 1\n---\nk: new-1\n"),
        ("a: &a old\nk: *a\n", "a: &a new-1\nk: *a\n"),
        ("? k\n: old\n", "? k\n: new-1\n"),
        ("k: |-\n  old\n  er\n\nz: 1\n", "k: |-\n  new-1\n\nz: 1\n"),
        ("k: >-\n    old\n    er\n# c\n", "k: >-\n    new-1\n# c\n"),
    ];
    check(&cases, |root| rewrite(root.get("k").unwrap(), "new-1"));
}

#[test]
fn a_text_that_would_change_its_type_gets_quotes() {
    let cases = [
        ("k: old\n", "k: \"20250723110000\"\n"),
        ("k: 1\n", "k: \"20250723110000\"\n"),
        ("k: '1'\n", "k: '20250723110000'\n"),
        ("[{k: old}]\n", "[{k: \"20250723110000\"}]\n"),
    ];
    check(&cases, |root| {
        let node = root.get("k").or_else(|| root.items().first()?.get("k"));
        rewrite(node.unwrap(), "20250723110000")
    });
    check(&[("k: a\n", "k: \"it's: #1\"\n"), ("k: 'a'\n", "k: 'it''s: #1'\n")], |root| {
        rewrite(root.get("k").unwrap(), "it's: #1")
    });
}

/// In a flow mapping, `k:` and `k-` before a comma are keys without a value, to kubectl as well.
#[test]
fn a_key_that_only_looks_as_if_a_value_followed_gets_none() {
    for (text, key) in [("{ k:, z }\n", "k:"), ("{ k-, z }\n", "k-"), ("{ k, z }\n", "k")] {
        let stream = stream(text);
        let node = stream.documents[0].root.get(key).unwrap();
        assert!(rewrite(node, "new-1").is_err(), "{text}");
    }
    let cases =
        [("{ \"k\":, z: 1 }\n", "{ \"k\": \"new-1\", z: 1 }\n"), ("- k:\n", "- k: new-1\n")];
    check(&cases[..1], |root| rewrite(root.get("k").unwrap(), "new-1"));
    check(&cases[1..], |root| rewrite(root.items()[0].get("k").unwrap(), "new-1"));
}

#[test]
fn block_scalars_are_written_anew_where_they_can_be() {
    let cases = [
        ("k: |\n  old\n  er\nz: 1\n", "k: |\n  a: 1\n\n  b\nz: 1\n"),
        ("k: |2\n    old\n", "k: |2\n  a: 1\n\n  b\n"),
        ("k: >\n  old\n  er\n\nz: 1\n", "k: >\n  a: 1\n\n\n  b\n\nz: 1\n"),
        ("- k: |+\n    old\n- 2\n", "- k: |+\n    a: 1\n\n    b\n- 2\n"),
    ];
    check(&cases, |root| {
        let node = root.get("k").or_else(|| root.items().first()?.get("k"));
        rewrite(node.unwrap(), "a: 1\n\nb\n")
    });
    for (text, new) in [
        ("k: |\n  a\n", "b"),
        ("k: |-\n  a\n", "b\n"),
        ("k: |\n  a\n", " b\n"),
        ("k: |\n  a\n", "b\u{7}\n"),
        ("k: >\n  a\n", "b\n c\n"),
        ("k: |\n", "b\n"),
        ("k: !!int 1\n", "b"),
        ("{k}\n", "b"),
    ] {
        assert!(rewrite(stream(text).documents[0].root.get("k").unwrap(), new).is_err(), "{text}");
    }
}

#[test]
fn only_the_part_of_a_scalar_changes() {
    let cases = [
        ("k: a,old,b # c\n", "k: a,new-1,b # c\n"),
        ("k: 'it''s old'\n", "k: 'it''s new-1'\n"),
        ("k: \"\\told\\n\"\n", "k: \"\\tnew-1\\n\"\n"),
        ("k: x\n  y old\n  z\n", "k: x\n  y new-1\n  z\n"),
        ("k: |\n  - a\n  - old # c\n\n  - b\n", "k: |\n  - a\n  - new-1 # c\n\n  - b\n"),
        ("k: >-\n  a\n  old\n   b\n", "k: >-\n  a\n  new-1\n   b\n"),
        ("k: \"\\u006fld x\"\n", "k: \"new-1 x\"\n"),
    ];
    check(&cases, |root| {
        let node = root.get("k").unwrap();
        let at = node.str().unwrap().find("old").unwrap();
        rewrite_part(node, at..at + 3, "new-1")
    });
    check(&[("k: a-1\n", "k: \"1\"\n"), ("k: 'a-1'\n", "k: '1'\n")], |root| {
        rewrite_part(root.get("k").unwrap(), 0..2, "")
    });
}

#[test]
fn an_alias_can_get_a_value_of_its_own() {
    let cases = [("a: &a old\nk: *a # c\n", "a: &a old\nk: new # c\n")];
    check(&cases, |root| rewrite_alias(root.get("k").unwrap(), "new"));
}

#[test]
fn an_item_goes_below_the_last_one() {
    let cases = [
        ("r:\n- a\n- b # c\n", "r:\n- a\n- b # c\n- new.yaml\n"),
        ("r:\n  - a\nz: 1\n", "r:\n  - a\n  - new.yaml\nz: 1\n"),
        ("r:\n- a\n\n# about z\nz: 1\n", "r:\n- a\n- new.yaml\n\n# about z\nz: 1\n"),
        ("r:\n- a\n# - b\nz: 1\n", "r:\n- a\n- new.yaml\n# - b\nz: 1\n"),
        ("r:\n- a", "r:\n- a\n- new.yaml"),
        ("r:\n-   a\n", "r:\n-   a\n-   new.yaml\n"),
        ("r:\n-\n  a\n", "r:\n-\n  a\n- new.yaml\n"),
        (
            "r:\n- a: 1\n  b: [x,\n    y]\nz: 1\n",
            "r:\n- a: 1\n  b: [x,\n    y]\n- new.yaml\nz: 1\n",
        ),
        ("r:\n- |\n  t\n\n  u\n\nz: 1\n", "r:\n- |\n  t\n\n  u\n- new.yaml\n\nz: 1\n"),
        ("r:\n- |+\n  t\n\nz: 1\n", "r:\n- |+\n  t\n\n- new.yaml\nz: 1\n"),
        ("r:\n- a\n-\nz: 1\n", "r:\n- a\n-\n- new.yaml\nz: 1\n"),
        ("x: 1\nr:\n- a\n---\nr:\n- b\n...\n", "x: 1\nr:\n- a\n---\nr:\n- b\n- new.yaml\n...\n"),
        ("r: [a, b]\n", "r: [a, b, new.yaml]\n"),
        ("r: [ a ] # c\n", "r: [ a, new.yaml ] # c\n"),
        ("r: [a, b,]\n", "r: [a, b, new.yaml,]\n"),
        ("r: [\n  a,\n  b # c\n]\n", "r: [\n  a,\n  b, # c\n  new.yaml\n]\n"),
        ("r: [\n  a,\n  b, # c\n]\n", "r: [\n  a,\n  b, # c\n  new.yaml,\n]\n"),
        ("r: [\n    a,\n    b]\n", "r: [\n    a,\n    b,\n    new.yaml]\n"),
        ("{\"r\": [\n  \"a\"\n]}\n", "{\"r\": [\n  \"a\",\n  \"new.yaml\"\n]}\n"),
        ("{\"r\": []}\n", "{\"r\": [\"new.yaml\"]}\n"),
        ("r: [] # c\nz: 1\n", "r: # c\n- new.yaml\nz: 1\n"),
        ("r: []", "r:\n- new.yaml"),
        ("r:\nz:\n  - a\n", "r:\n  - new.yaml\nz:\n  - a\n"),
        ("r: # c\n# d\nz: 1\n", "r: # c\n- new.yaml\n# d\nz: 1\n"),
        ("r: &r []\n", "r: &r\n- new.yaml\n"),
        ("z: 1\n", "z: 1\nr:\n- new.yaml\n"),
        ("z:\n  - 1\n# end\n", "z:\n  - 1\nr:\n  - new.yaml\n# end\n"),
    ];
    check(&cases, |root| append_item(root, &path("r"), "new.yaml"));
}

#[test]
fn aliases_at_the_end_count_as_content() {
    let cases = [
        ("a: &a {x: 1}\nr:\n- k: *a\nz: 1\n", "a: &a {x: 1}\nr:\n- k: *a\n- new\nz: 1\n"),
        ("a: &a {x: 1}\nr:\n- <<: *a # c\nz: 1\n", "a: &a {x: 1}\nr:\n- <<: *a # c\n- new\nz: 1\n"),
        ("r:\n- &a b\n- *a # c\n", "r:\n- &a b\n- *a # c\n- new\n"),
    ];
    check(&cases, |root| append_item(root, &path("r"), "new"));
    let text = "a: &a [1]\nb: *a\nc: {<<: {d: [2]}}\n";
    let root = &stream(text).documents[0].root;
    assert!(append_item(root, &path("b"), "x").is_err());
    assert!(append_item(root, &path("c.d"), "x").is_err());
    assert!(append_item(root, &path("a"), "[").is_err());
}

#[test]
fn an_item_of_several_lines_is_indented() {
    let item = "path: x.yaml\ntarget:\n  kind: Deployment";
    let cases = [
        (
            "p:\n  - path: y\n",
            "p:\n  - path: y\n  - path: x.yaml\n    target:\n      kind: Deployment\n",
        ),
        ("p: [{path: y}]\n", "p: [{path: y}, {path: x.yaml, target: {kind: Deployment}}]\n"),
        ("p: []\n", "p:\n- path: x.yaml\n  target:\n    kind: Deployment\n"),
        ("z: 1\n", "z: 1\np:\n- path: x.yaml\n  target:\n    kind: Deployment\n"),
        ("p:\n- - n\n", "p:\n- - n\n- path: x.yaml\n  target:\n    kind: Deployment\n"),
    ];
    check(&cases, |root| append_item(root, &path("p"), item));
    let nested = [("- - a\n  - b\n- c\n", "- - a\n  - b\n  - d\n- c\n")];
    check(&nested, |root| append_item(root, &path("[0]"), "d"));
}

#[test]
fn a_key_goes_where_it_is_wanted() {
    let cases = [
        ("a:\n  b: 1 # c\nz: 1\n", "a:\n  b: 1 # c\n  k: v\nz: 1\n"),
        ("a: {b: 1}\n", "a: {b: 1, k: v}\n"),
        ("a: {}\n", "a:\n  k: v\n"),
        ("a:\nz:\n    y: 1\n", "a:\n    k: v\nz:\n    y: 1\n"),
        ("a:\n  b: |\n    t\n\nz: 1", "a:\n  b: |\n    t\n  k: v\n\nz: 1"),
        ("{\"a\": {\"b\": 1}}\n", "{\"a\": {\"b\": 1, \"k\": \"v\"}}\n"),
        ("{\"a\": {\n  \"b\": 1\n}}\n", "{\"a\": {\n  \"b\": 1,\n  \"k\": \"v\"\n}}\n"),
        ("{\"a\": {}}\n", "{\"a\": {\"k\": \"v\"}}\n"),
    ];
    check(&cases, |root| insert_entry(root, &path("a"), "k", "v", None));
    let behind = [
        ("a: 1 # c\nz: 1\n", "a: 1 # c\nk: |-\n  x\n\n  y\nz: 1\n"),
        ("a:\n- x\nz: 1", "a:\n- x\nk: |-\n  x\n\n  y\nz: 1"),
        ("a:\n# c\nz: 1\n", "a:\nk: |-\n  x\n\n  y\n# c\nz: 1\n"),
    ];
    check(&behind, |root| insert_entry(root, &path(""), "k", "|-\n  x\n\n  y", Some("a")));
    let items = [("- {}\n", "- k: v\n"), ("- a: 1\n- b\n", "- a: 1\n  k: v\n- b\n")];
    check(&items, |root| insert_entry(root, &path("[0]"), "k", "v", None));
    check(&[("a: 1\n", "a: 1\nk:\n  x: 1\n")], |root| {
        insert_entry(root, &path(""), "k", "x: 1\n", None)
    });
}

#[test]
fn what_is_removed_takes_its_lines_along() {
    let items = [
        ("r:\n- a\n- b # c\n\n- d\n", "r:\n- a\n\n- d\n"),
        ("r:\n- a\n# about b\n- b\n", "r:\n- a\n# about b\n"),
        ("r:\n- a\n- b", "r:\n- a\n"),
        ("r:\n- a\n- x: 1\n  y: |\n    t\n- d\n", "r:\n- a\n- d\n"),
        ("r: [a, b, d]\n", "r: [a, d]\n"),
        ("r: [a, b]\n", "r: [a]\n"),
        ("r:\n- a\n- &b b\n- c\n", "r:\n- a\n- c\n"),
    ];
    check(&items, |root| remove(root, &path("r[1]")));
    let first = [
        ("r:\n- a\n- b\n", "r:\n- b\n"),
        ("r: [a, b]\n", "r: [b]\n"),
        ("r: # c\n  - a # d\nz: 1\n", "r: [] # c\nz: 1\n"),
        ("r: [a]\n", "r: []\n"),
        ("r: &r\n- a\n", "r: &r []\n"),
    ];
    check(&first, |root| remove(root, &path("r[0]")));
    check(&[("- - a\n  - b\n", "- - b\n")], |root| remove(root, &path("[0][0]")));
    let keys = [
        ("a: 1\nk:\n- x\nz: 1\n", "a: 1\nz: 1\n"),
        ("{a: 1, k: 2}\n", "{a: 1}\n"),
        ("{k: 2, a: 1}\n", "{a: 1}\n"),
        ("a: 1\nk: |\n  t\n\nz: 1\n", "a: 1\n\nz: 1\n"),
    ];
    check(&keys, |root| remove(root, &path("k")));
    check(&[("- k: 1\n  a: 2\n", "- a: 2\n"), ("- a: 2\n  k: 1", "- a: 2\n")], |root| {
        remove(root, &path("[0].k"))
    });
    check(&[("m:\n  k: 1\nz: 1\n", "m: {}\nz: 1\n")], |root| remove(root, &path("m.k")));
}

#[test]
fn a_list_gets_the_mappings_around_it() {
    let cases = [
        ("s:\n  a: b\nt: c\n", "s:\n  a: b\n  k:\n    l:\n      - p: 1\nt: c\n"),
        ("s:\n  k:\n    m: n\n", "s:\n  k:\n    m: n\n    l:\n    - p: 1\n"),
        ("s:\n  k:\n    l:\n    - o\n", "s:\n  k:\n    l:\n    - o\n    - p: 1\n"),
        ("s: {a: b}\n", "s: {a: b, k: {l: [{p: 1}]}}\n"),
        ("{\"s\": {\"a\": 1}}", "{\"s\": {\"a\": 1, \"k\": {\"l\": [{\"p\": 1}]}}}"),
    ];
    check(&cases, |root| append_deep(root, &path("s.k.l"), "p: 1"));
    let broken = stream("s:\n  k: text\n");
    assert!(append_deep(&broken.documents[0].root, &path("s.k.l"), "p: 1").is_err());
    assert!(append_deep(&broken.documents[0].root, &path("t[0].l"), "p: 1").is_err());
}

#[test]
fn edits_inside_a_scalar_reach_the_file() {
    let inside = |text: &str, edit: &dyn Fn(&Node) -> Result<Edit, EditError>| {
        let outer = stream(text);
        let inner = parse_inside(outer.documents[0].root.get("patch").unwrap()).unwrap();
        let edit = edit(&inner.documents[0].root).unwrap();
        let (file, edit) = in_file(&inner.source, &edit)?;
        apply(file.text(), &[edit]).ok()
    };
    let value = |root: &Node| rewrite(root.items()[0].get("value").unwrap(), "new-1");
    for (before, after) in [
        (
            "patch: |-\n  - op: a\n    value: old\nz: 1\n",
            "patch: |-\n  - op: a\n    value: new-1\nz: 1\n",
        ),
        ("patch: '[{\"value\": \"old\"}]'\n", "patch: '[{\"value\": \"new-1\"}]'\n"),
        (
            "patch: >\n  - op: a\n\n    value: 'old'\n",
            "patch: >\n  - op: a\n\n    value: 'new-1'\n",
        ),
    ] {
        assert_eq!(inside(before, &value).as_deref(), Some(after));
    }
    let append = |root: &Node| append_item(root, &path(""), "op: b\npath: /x");
    for (before, after) in [
        (
            "patch: |-\n  - op: a # c\n\nz: 1\n",
            "patch: |-\n  - op: a # c\n  - op: b\n    path: /x\n\nz: 1\n",
        ),
        ("patch: |\n    - op: a", "patch: |\n    - op: a\n    - op: b\n      path: /x"),
        (
            "patch: |\r\n    - op: a\r\nz: 1\r\n",
            "patch: |\r\n    - op: a\r\n    - op: b\r\n      path: /x\r\nz: 1\r\n",
        ),
    ] {
        assert_eq!(inside(before, &append).as_deref(), Some(after));
    }
    assert_eq!(inside("patch: \"- op: a\"\n", &append), None);
    let remove = |root: &Node| remove(root, &path("[1]"));
    for (before, after) in [
        ("patch: |\n  - a\n  - b\n  - c\n", "patch: |\n  - a\n  - c\n"),
        ("patch: |\n  - a\n  - b\nz: 1\n", "patch: |\n  - a\nz: 1\n"),
        ("patch: |-\r\n  - a\r\n  - b\r\nz: 1\r\n", "patch: |-\r\n  - a\r\nz: 1\r\n"),
    ] {
        assert_eq!(inside(before, &remove).as_deref(), Some(after));
    }
}
