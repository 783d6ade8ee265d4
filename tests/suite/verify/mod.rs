//! `rotate verify` against dumps in the API server's own form.

mod builders;
mod clusters;
pub(crate) mod dump;
mod input;
mod property;
pub(crate) mod states;

use std::fs;
use std::path::Path;

use rotate::cluster::read::{LARGEST_OBJECT, MOST_OBJECTS};
use rotate::cluster::word::Word;

/// The page has a row for each word, and the limits.
#[test]
fn the_page_names_every_state_and_limit() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.md");
    let page = fs::read_to_string(page).unwrap();
    let rows: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut words: Vec<&str> = Word::ALL.iter().map(|word| word.as_str()).collect();
    words.sort_unstable();
    let mut sorted = rows.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, words);
    assert_eq!((MOST_OBJECTS, LARGEST_OBJECT >> 20), (2_000_000, 16));
    assert!(
        page.contains("At most 2,000,000 objects are read, and at most 16 MiB for one object.")
    );
}
