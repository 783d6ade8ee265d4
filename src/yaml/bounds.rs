//! Limits on the size of a tree that is built from instructions in a document.

use crate::yaml::node::Node;

/// Maximum nesting depth of collections. Kubernetes allows more, but no real document comes close.
pub const DEEPEST: usize = 500;

/// Maximum number of values in a file that is parsed; keys count, too. A value takes up to 100 bytes of memory, and two
/// bytes can spell one.
pub const MOST_IN_FILE: usize = 500_000;

/// Maximum number of values that may be added to a tree at once.
const MOST: usize = 100_000;

/// The length of a text, in bytes, that counts as one more value.
const LONG: usize = 64;

/// Whether a value may be nested below this many others: copies of copies double with every step.
#[must_use]
pub fn fits(value: &Node, above: usize) -> bool {
    above <= DEEPEST && left(value, DEEPEST - above, MOST).is_some()
}

/// How many more values are allowed; `None` if there are too many, or they are nested too deep.
fn left(node: &Node, levels: usize, most: usize) -> Option<usize> {
    let most = most.checked_sub(1 + node.str().map_or(0, str::len) / LONG)?;
    let below = || levels.checked_sub(1);
    let most = node.items().iter().try_fold(most, |most, item| left(item, below()?, most))?;
    node.entries().iter().try_fold(most, |most, entry| left(&entry.value, below()?, most))
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, fits};
    use crate::yaml::node::{Node, Provenance};

    #[test]
    fn copies_of_copies_do_not_fit() {
        let mut node = Node::string("a", Provenance::Written);
        assert!(fits(&node, DEEPEST) && !fits(&node, DEEPEST + 1));
        for _ in 0..16 {
            node = Node::seq(vec![node.clone(), node], Provenance::Copied);
        }
        assert!(!fits(&node, 0));
        assert!(fits(&node.items()[0], 0) && !fits(&node.items()[0], DEEPEST - 10));
        let text = |length: usize| Node::string(&"a".repeat(length), Provenance::Written);
        assert!(fits(&text(1 << 20), 0) && !fits(&text(1 << 23), 0));
    }
}
