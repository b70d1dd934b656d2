//! `password`: a line for the console's passwords file.

use crate::exit::{Exit, WrongUsage};
use crate::output;
use anyhow::{Context as _, ensure};
use std::io::BufRead as _;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Who signs in with it.
    name: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let words = "could not take a name with a colon in it";
    ensure!(!arguments.name.contains(':'), WrongUsage(words.to_owned()));
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).context("could not read a password")?;
    let password = password.trim_end_matches(['\r', '\n']);
    let words = "could not take a password of less than ten letters";
    ensure!(password.len() >= 10, WrongUsage(words.to_owned()));
    let hash = blackstart_server::http::hash(password).map_err(anyhow::Error::msg)?;
    output::say(&format!("{}:{hash}\n", arguments.name));
    Ok(Exit::Fine)
}
