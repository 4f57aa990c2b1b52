//! The command `flowloom`; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(flowloom::run(std::env::args_os()))
}
