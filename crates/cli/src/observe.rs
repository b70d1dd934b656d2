//! `observe`: what a person saw is evidence too.

use crate::ask::Server;
use crate::exit::Exit;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Of which component.
    component: String,
    /// It works, or it does not.
    #[arg(value_parser = ["works", "broken"])]
    state: String,
    /// What was seen, in words.
    #[arg(default_value = "")]
    note: String,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let works = if arguments.state == "works" { "yes" } else { "no" };
    let body = serde_json::json!({ "works": works, "note": arguments.note });
    arguments.server.ask(&format!("/plant/{}/observe", arguments.component), Some(&body))?;
    Ok(Exit::Fine)
}
