//! The process: hands over to the library.

fn main() {}
