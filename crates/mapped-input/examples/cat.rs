//! Prints the decoded bytes of the paths given, or of standard input.
//!
//! `cargo run --example cat -- FILE…`

use std::io;

use mapped_input::Input;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    if paths.is_empty() {
        io::copy(&mut Input::stdin()?, &mut out)?;
    }
    for path in paths {
        io::copy(&mut Input::open(path)?, &mut out)?;
    }
    Ok(())
}
