//! `%YAML` and `%TAG`, and what tags mean under them.

use crate::yaml::node::Tag;
use crate::yaml::parse::fault::Cause;

/// The prefix of the tags that every document may use.
const CORE: &str = "tag:yaml.org,2002:";

/// The directives of one document.
#[derive(Debug, Default)]
pub(super) struct Directives {
    has_version: bool,
    handles: Vec<(String, String)>,
}

impl Directives {
    /// Adds one directive.
    pub(super) fn take(&mut self, text: &str) -> Result<(), Cause> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["%YAML", version] => {
                if std::mem::replace(&mut self.has_version, true) {
                    return Err(Cause::DirectiveTwice);
                }
                if *version == "1.1" { Ok(()) } else { Err(Cause::Version) }
            }
            ["%TAG", handle, prefix] => {
                if self.handles.iter().any(|(known, _)| known == handle) {
                    return Err(Cause::DirectiveTwice);
                }
                self.handles.push(((*handle).to_owned(), (*prefix).to_owned()));
                Ok(())
            }
            _ => Err(Cause::Directive),
        }
    }

    /// The meaning of a tag; `None` if its handle is not declared.
    pub(super) fn tag(&self, text: &str) -> Option<Tag> {
        if let Some(uri) = text.strip_prefix("!<") {
            return Some(core(uri.strip_suffix('>').unwrap_or(uri)));
        }
        if text == "!" {
            return Some(Tag::Str);
        }
        let end = text[1..].find('!').map_or(1, |at| at + 2);
        let (handle, suffix) = text.split_at(end);
        let declared = self.handles.iter().find(|(known, _)| known == handle);
        match (declared, handle) {
            (Some((_, prefix)), _) => Some(core(&format!("{prefix}{suffix}"))),
            (None, "!!") => Some(core(&format!("{CORE}{suffix}"))),
            (None, "!") => Some(Tag::Other),
            _ => None,
        }
    }
}

fn core(uri: &str) -> Tag {
    match uri.strip_prefix(CORE) {
        Some("str") => Tag::Str,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        _ => Tag::Other,
    }
}
