//! Secrets as columns that kubectl prints: which there are, and whether they can be changed. No value is among them.

use std::io::{BufRead, Read as _};

use crate::cluster::fault::{Fault, Why};
use crate::cluster::live::Live;
use crate::cluster::object::{Object, State};
use crate::cluster::read::MOST_OBJECTS;

/// The words after `kubectl get secrets` that have the columns printed. The type is not among them: it can be any text.
pub const COLUMNS: [&str; 2] = [
    "--no-headers",
    "--output=custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,IMMUTABLE:.immutable",
];

/// The longest line: two names of 253 characters each, and space.
const LONGEST: u64 = 1 << 10;

/// Reads the columns and adds each Secret to the other objects.
///
/// # Errors
/// When it is anything else. Nothing of it is repeated.
pub fn read(
    (file, input): (&str, usize),
    mut stream: impl BufRead,
    live: &mut Live,
) -> Result<(), Fault> {
    let mut number = 0;
    let fault = |at, why| Fault { file: file.to_owned(), at, why };
    loop {
        number += 1;
        let mut line = Vec::new();
        let read = stream.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        read.map_err(|error| fault(None, Why::System(error.to_string())))?;
        if line.is_empty() {
            return Ok(());
        }
        let secret = std::str::from_utf8(&line).ok().and_then(|line| parsed(line, input, live));
        let Some(secret) = secret else { return Err(fault(Some((number, 1)), Why::Columns)) };
        if live.objects.len() >= MOST_OBJECTS {
            return Err(fault(Some((number, 1)), Why::TooMany(MOST_OBJECTS, "objects")));
        }
        live.add(secret);
    }
}

fn parsed(line: &str, input: usize, live: &mut Live) -> Option<Object> {
    let words: Vec<&str> = line.strip_suffix('\n')?.split_whitespace().collect();
    let [namespace, name, immutable] = words[..] else { return None };
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
    };
    let is_immutable = match immutable {
        "true" => true,
        "false" | "<none>" => false,
        _ => return None,
    };
    (is_name(namespace) && is_name(name)).then(|| Object {
        input,
        group: live.word(""),
        kind: live.word("Secret"),
        namespace: Some(live.word(namespace)),
        name: name.to_owned(),
        uid: None,
        created: None,
        deleted: None,
        owner: None,
        named: Vec::new(),
        sayings: Vec::new(),
        state: State::Secret { is_immutable },
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::cluster::fault::Why;
    use crate::cluster::live::Live;
    use crate::cluster::object::State;

    fn secrets(text: &str) -> Result<Vec<(String, bool)>, Why> {
        let mut live = Live::default();
        read(("columns", 0), text.as_bytes(), &mut live).map_err(|fault| fault.why)?;
        let of = |one: &crate::cluster::object::Object| match one.state {
            State::Secret { is_immutable } => (one.name.clone(), is_immutable),
            _ => panic!("not a Secret"),
        };
        Ok(live.objects.iter().map(of).collect())
    }

    #[test]
    fn columns_are_read_and_nothing_else_is() {
        let text = "shop   db-20250601090000    true\nshop   other   <none>\n";
        let expected = [("db-20250601090000".to_owned(), true), ("other".to_owned(), false)];
        assert_eq!(secrets(text).unwrap(), expected);
        assert!(secrets("").unwrap().is_empty());
        for wrong in [
            "shop a yes\n",
            "shop a true",
            "shop a true more\n",
            "a true\n",
            "\n",
            "{\"kind\": \"List\"}\n",
            "shop A true\n",
        ] {
            assert_eq!(secrets(wrong).unwrap_err(), Why::Columns, "{wrong}");
        }
        assert_eq!(secrets(&"a".repeat(5000)).unwrap_err(), Why::Columns);
    }
}
