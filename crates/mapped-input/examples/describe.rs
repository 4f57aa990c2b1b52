//! Says of each path how it is stored, how many bytes it holds, and whether it is whole.
//!
//! `cargo run --example describe -- FILE…`

use std::io::{self, BufRead};

use mapped_input::{Input, class_of};

fn main() {
    for path in std::env::args().skip(1) {
        match describe(&path) {
            Ok(line) => println!("{path}: {line}"),
            Err(error) => println!("{path}: {error}"),
        }
    }
}

fn describe(path: &str) -> Result<String, mapped_input::Error> {
    let mut input = Input::open(path)?;
    let (decoded, error) = count(&mut input);
    let stored = input.stored_position();
    let end = error.map_or("whole".to_owned(), |error| format!("{:?}: {error}", class_of(&error)));
    Ok(format!("{}, {stored} bytes stored, {decoded} bytes of content, {end}", input.codec()))
}

/// The number of decoded bytes, and the error that ended them if there was one.
fn count(input: &mut impl BufRead) -> (u64, Option<io::Error>) {
    let mut total = 0;
    loop {
        let seen = match input.fill_buf() {
            Ok([]) => return (total, None),
            Ok(bytes) => bytes.len(),
            Err(error) => return (total, Some(error)),
        };
        input.consume(seen);
        total += seen as u64;
    }
}
