//! `incident`: look at one, or do something about it.

use crate::ask::Server;
use crate::exit::Exit;
use crate::{Format, output, status};
use blackstart_model::IncidentId;
use clap::Subcommand;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which.
    id: IncidentId,
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    server: Server,
}

#[derive(Subcommand)]
enum Action {
    /// Take it: others see who works on it.
    Acknowledge {
        /// Why, or what you do.
        #[arg(default_value = "")]
        note: String,
    },
    /// Hold back its alerts for a while.
    Silence {
        /// Minutes.
        minutes: u32,
        /// Why.
        #[arg(default_value = "")]
        note: String,
    },
    /// Close it.
    Close {
        /// Why.
        #[arg(default_value = "")]
        note: String,
    },
    /// Put it into another.
    Merge {
        /// Into which.
        into: IncidentId,
        /// Why.
        #[arg(default_value = "")]
        note: String,
    },
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let id = arguments.id;
    let (path, body) = match &arguments.action {
        None => (format!("/incidents/{id}"), None),
        Some(action) => {
            let (word, body) = match action {
                Action::Acknowledge { note } => {
                    ("acknowledge", serde_json::json!({ "note": note }))
                }
                Action::Silence { minutes, note } => {
                    ("silence", serde_json::json!({ "note": note, "minutes": minutes }))
                }
                Action::Close { note } => ("close", serde_json::json!({ "note": note })),
                Action::Merge { into, note } => {
                    ("merge", serde_json::json!({ "note": note, "into": into.to_string() }))
                }
            };
            (format!("/incidents/{id}/{word}"), Some(body))
        }
    };
    let incident = arguments.server.ask(&path, body.as_ref())?;
    output::say(&match format {
        Format::Json => format!("{incident}\n"),
        Format::Human => status::in_words(&incident),
    });
    Ok(Exit::Fine)
}
