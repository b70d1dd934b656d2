//! `replay`: fold a journal again, and compare what comes out.

use crate::exit::Exit;
use crate::{Format, output};
use anyhow::Context as _;
use blackstart_model::RecordId;
use blackstart_server::turn::fold_folder;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the journal. A server may be at work on it.
    #[arg(long, default_value = "blackstart-data")]
    data: PathBuf,
    /// Fold up to this record only.
    #[arg(long)]
    until: Option<RecordId>,
    /// Print the state it comes to.
    #[arg(long)]
    state: bool,
    /// Compare the state with this file, as `/api/v1/state` gives it.
    #[arg(long)]
    against: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let folded = fold_folder(&arguments.data, arguments.until)?;
    if folded.newest.0 == 0 {
        return Ok(Exit::Nothing);
    }
    let state = folded.state.encode();
    let differs = match &arguments.against {
        None => None,
        Some(path) => {
            let other = std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display()))?;
            first_difference(&state, &other)
        }
    };
    let decided = folded.differs.as_ref().map(|(id, how)| format!("{id}: {how}"));
    if arguments.state {
        output::say(&state);
    } else if format == Format::Json {
        let told = serde_json::json!({
            "version": 1, "records": folded.newest.0, "incidents": folded.state.incidents().len(),
            "alerts": folded.state.alerts().len(), "decided_otherwise": decided, "state_differs": differs,
        });
        output::say(&format!("{told}\n"));
    } else {
        output::say(&format!(
            "{} records, {} incidents, {} alerts\n",
            folded.newest.0,
            folded.state.incidents().len(),
            folded.state.alerts().len()
        ));
        output::say(&match &decided {
            None => "every decision is the one that was made then\n".to_owned(),
            Some(how) => format!("decided otherwise: {how}\n"),
        });
        if arguments.against.is_some() {
            output::say(&match &differs {
                None => "the state is the same, byte for byte\n".to_owned(),
                Some(how) => format!("the state differs, {how}\n"),
            });
        }
    }
    Ok(if decided.is_some() || differs.is_some() { Exit::Differs } else { Exit::Fine })
}

fn first_difference(ours: &str, other: &str) -> Option<String> {
    if ours == other {
        return None;
    }
    let mut lines = ours.lines().zip(other.lines()).zip(1..);
    let first = lines.find(|((ours, other), _)| ours != other);
    Some(match first {
        Some(((ours, other), line)) => {
            let short = |text: &str| text.chars().take(200).collect::<String>();
            format!("line {line}:\n  replayed: {}\n  given:    {}", short(ours), short(other))
        }
        None => format!("{} bytes here, {} there", ours.len(), other.len()),
    })
}
