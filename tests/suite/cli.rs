//! The command line as people meet it: the cases in `fixtures/cli`, and every console block of the README.

use trycmd::TestCases;

/// `TRYCMD=overwrite` renews what is expected.
#[test]
fn console_blocks_and_cases() {
    let cases = TestCases::new();
    cases.env("COLUMNS", "100").env("NO_COLOR", "1");
    cases.case("fixtures/cli/*.md").case("README.md");
    cases.run();
}
