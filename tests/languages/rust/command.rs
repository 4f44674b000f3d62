//! command.rs - the command of tests/languages in Rust, with nothing but the standard library.

use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let note = fs::read_to_string("/data/note.txt")?;
    println!("content-type: text/plain\nx-language: Rust\n");
    println!("arguments: {}", arguments.join(" "));
    println!("environment: {}", env::var("GREETING").unwrap_or_default());
    println!("line: {}", line.trim_end_matches('\n'));
    println!("file: {}", note.lines().next().unwrap_or_default());
    Ok(())
}
