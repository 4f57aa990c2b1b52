//! Writes manual pages and completion scripts into a folder: `cargo run --example man -- DIR`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap_complete::Shell;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(dir) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err("usage: man DIR".into());
    };
    fs::create_dir_all(&dir)?;
    clap_mangen::generate_to(flowloom::command(), &dir)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut flowloom::command(), "flowloom", &dir)?;
    }
    println!("{}", dir.display());
    Ok(())
}
