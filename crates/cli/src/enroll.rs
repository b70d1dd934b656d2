//! `enroll`: give an agent its token, or take it away.

use crate::exit::Exit;
use crate::{Format, output};
use anyhow::Context as _;
use blackstart_model::check::CheckKind;
use blackstart_server::agents;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The agent's name, as the plant's vantage has it.
    agent: String,
    /// The folder of the server's journal.
    #[arg(long, default_value = "blackstart-data")]
    data: PathBuf,
    /// Take its token away: its connection ends within seconds.
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { agent, data, revoke } = arguments;
    let in_folder = || format!("could not write the tokens in {}", data.display());
    if *revoke {
        let had = agents::revoke(data, agent).with_context(in_folder)?;
        return Ok(if had { Exit::Fine } else { Exit::Nothing });
    }
    let enrolled = agents::enroll(data, agent).with_context(in_folder)?;
    let (token, fingerprint) = (&enrolled.token, &enrolled.fingerprint);
    output::say(&match format {
        Format::Json => {
            let told = serde_json::json!({
                "version": 1, "agent": agent, "token": token, "fingerprint": fingerprint,
            });
            format!("{told}\n")
        }
        Format::Human => format!(
            "# /etc/blackstart-agent.conf, readable by the agent only. The token is shown this once.\n\
             server = SERVER:8482\n\
             agent = {agent}\n\
             token = {token}\n\
             fingerprint = {fingerprint}\n\
             # Take out what it is not to do.\n\
             allow = {}\n",
            CheckKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ")
        ),
    });
    Ok(Exit::Fine)
}
