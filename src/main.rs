//! The process: hands over to the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A tree is read as very many small nodes by several threads at once, and systems' own allocators (musl's above all) make
/// those threads wait.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    rotate::cli::run()
}
