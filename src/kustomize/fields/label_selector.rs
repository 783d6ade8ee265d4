//! Label selectors in the grammar of Kubernetes: `app=web,tier in (front,back),!old`.

use crate::yaml::node::Node;

/// The requirements of a selector, all of which must be met.
#[derive(Debug, Default)]
pub struct Requirements(Vec<Requirement>);

#[derive(Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl Requirements {
    /// Parses a selector; an empty one matches everything.
    ///
    /// # Errors
    /// If the text is not a selector, with a phrase that says so.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() && text.trim().is_empty() {
                continue;
            }
            let requirement = requirement(part)
                .ok_or_else(|| format!("`{text}` is no label selector: `{part}` says nothing"))?;
            all.push(requirement);
        }
        Ok(Self(all))
    }

    /// Whether there are no requirements.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether labels (a mapping, or nothing) meet the requirements.
    #[must_use]
    pub fn hold(&self, labels: Option<&Node>) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key)).and_then(Node::str);
            requirement.test.holds(value)
        })
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
            Self::In(values) => value.is_some_and(|value| values.iter().any(|v| v == value)),
            Self::NotIn(values) => value.is_none_or(|value| values.iter().all(|v| v != value)),
            Self::Above(bound) => number().is_some_and(|number| number > *bound),
            Self::Below(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    })
}

fn requirement(part: &str) -> Option<Requirement> {
    let (key, test) = if let Some(key) = part.strip_prefix('!') {
        (key.trim(), Test::Missing)
    } else if let Some((key, value)) = part.split_once("!=") {
        (key.trim(), Test::NotIn(vec![single(value)?]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key.trim(), Test::In(vec![single(value)?]))
    } else if let Some((key, value)) = part.split_once('>') {
        (key.trim(), Test::Above(value.trim().parse().ok()?))
    } else if let Some((key, value)) = part.split_once('<') {
        (key.trim(), Test::Below(value.trim().parse().ok()?))
    } else if let Some((key, rest)) = part.split_once(|c: char| c.is_whitespace()) {
        (key, set(rest.trim())?)
    } else {
        (part, Test::Exists)
    };
    is_word(key).then(|| Requirement { key: key.to_owned(), test })
}

fn set(text: &str) -> Option<Test> {
    let (make, list): (fn(Vec<String>) -> Test, _) = match text.strip_prefix("notin") {
        Some(list) => (Test::NotIn, list),
        None => (Test::In, text.strip_prefix("in")?),
    };
    let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(make(list.split(',').map(single).collect::<Option<_>>()?))
}

fn single(value: &str) -> Option<String> {
    let value = value.trim();
    (value.is_empty() || is_word(value)).then(|| value.to_owned())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "()!=,<>".contains(c))
}

#[cfg(test)]
mod tests {
    use super::Requirements;
    use crate::text::path::TreePath;
    use crate::text::source::Source;
    use crate::yaml::parse::parse;

    fn holds(selector: &str) -> bool {
        let source = Source::file(TreePath::root(), "{app: web, tier: front, n: 5, empty: ''}");
        let labels = parse(&source).unwrap().documents[0].root.clone();
        Requirements::parse(selector).unwrap().hold(Some(&labels))
    }

    #[test]
    fn follows_the_grammar_of_kubernetes() {
        for good in ["", "app", "app=web", "app == web", "app!=api", "none!=x", "app in (web)"] {
            assert!(holds(good), "{good}");
        }
        for good in ["tier in (back, front),app", "tier notin (back)", "none notin (a)", "!none"] {
            assert!(holds(good), "{good}");
        }
        for good in ["n>4", "n < 6", "empty=", "app notin (a,b), n"] {
            assert!(holds(good), "{good}");
        }
        for bad in ["app=api", "none", "!app", "tier notin (front)", "n>5", "app=web,none"] {
            assert!(!holds(bad), "{bad}");
        }
    }

    #[test]
    fn refuses_what_is_no_selector() {
        for text in ["app in", "app in web", "a b", "=x", "app=a b", "n>x", "a,,b"] {
            assert!(Requirements::parse(text).is_err(), "{text}");
        }
    }
}
