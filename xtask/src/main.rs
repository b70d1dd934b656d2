//! The project's own tasks: `cargo xtask test`, `cargo xtask try`, `cargo xtask dist`.
//!
//! `test` is everything a change must pass, on a bare Debian machine too. `try` shows the program at
//! work on this machine: a real web server, watched, that you stop and start. `dist` makes what is given to others.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program talks to a person at a terminal")]

mod packages;
mod dist;
mod test;
mod tidy;
mod try_it;
mod web;

use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test [--only NAME]   everything a change must pass: format, lints, tests, lab, browser, tidy
cargo xtask try [--scripted]     watch a real web server on this machine, and break it
cargo xtask tidy                 the shape of the code: arrows, purity, pages, widths
cargo xtask dist [--target X]    a tarball and Debian packages, in target/dist
cargo xtask schema               write docs/plant.schema.json anew
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["test"] => test::run(None),
        ["test", "--only", name] => test::run(Some(name)),
        ["try"] => try_it::run(false),
        ["try", "--scripted"] => try_it::run(true),
        ["tidy"] => tidy::run(),
        ["dist"] => dist::run(&dist::Kind::Release { triple: None }),
        ["dist", "--target", triple] => {
            dist::run(&dist::Kind::Release { triple: Some(triple.to_owned()) })
        }
        ["schema"] => schema(),
        _ => {
            println!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nfailed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the repository").into()
}

/// Runs a command in the repository, its words on the terminal.
fn command(program: &str, arguments: &[&str]) -> Result<()> {
    println!("\n$ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .status()
        .with_context(|| format!("could not start {program}"))?;
    ensure!(status.success(), "`{program} {}` ended with {status}", arguments.join(" "));
    Ok(())
}

/// The cargo that runs us.
fn cargo(arguments: &[&str]) -> Result<()> {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), arguments)
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn schema() -> Result<()> {
    let output = Command::new(target().join("debug/blackstart")).arg("schema").output();
    let output = output.context("could not run target/debug/blackstart: build it first")?;
    if !output.status.success() {
        bail!("`blackstart schema` ended with {}", output.status);
    }
    std::fs::write(root().join("docs/plant.schema.json"), output.stdout)
        .context("could not write docs/plant.schema.json")
}
