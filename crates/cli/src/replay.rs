//! `replay`: fold a journal again, and compare what comes out; or say what was believed at a time.

use crate::diagnose::{instant, verdict, words::words};
use crate::exit::Exit;
use crate::{Format, output, status};
use anyhow::Context as _;
use blackstart_model::RecordId;
use blackstart_model::time::{Zone, shown};
use blackstart_server::believed::Believed;
use blackstart_server::http::incident_as_json;
use blackstart_server::turn::{Folded, Until, fold_folder};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the journal, or the journal in it. A server may be at work on it.
    #[arg(conflicts_with = "data")]
    journal: Option<PathBuf>,
    /// The same, as `serve` has it.
    #[arg(long, default_value = "blackstart-data")]
    data: PathBuf,
    /// Fold up to this record only.
    #[arg(long)]
    until: Option<RecordId>,
    /// Say what was believed at this time: RFC 3339, or local time of the plant.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["until", "state", "against"])]
    at: Option<String>,
    /// Print the state it comes to.
    #[arg(long)]
    state: bool,
    /// Compare the state with this file, as `/api/v1/state` gives it.
    #[arg(long)]
    against: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let given = arguments.journal.as_ref().unwrap_or(&arguments.data);
    let data = if given.is_file() { given.parent().unwrap_or(Path::new(".")) } else { given };
    if let Some(at) = &arguments.at {
        return believed_then(data, at, format);
    }
    let folded = fold_folder(data, arguments.until.map_or(Until::End, Until::Record))?;
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

/// What was believed at a time: the incidents, and the diagnosis of all that was seen by then.
fn believed_then(data: &Path, at: &str, format: Format) -> anyhow::Result<Exit> {
    // A local time is in the zone of the plant, which stands in the journal.
    let newest = fold_folder(data, Until::End)?;
    let zone = newest.state.plant().map_or(Zone::UTC, |plant| plant.zone().clone());
    let now = instant(at, &zone)?;
    let Folded { state, newest, differs, .. } = fold_folder(data, Until::Time(now))?;
    if newest.0 == 0 {
        output::aside(&format!("the journal begins after {}\n", shown(now, &zone)));
        return Ok(Exit::Nothing);
    }
    let diagnosis = state.diagnose(now);
    let incidents: Vec<serde_json::Value> =
        state.incidents().values().map(incident_as_json).collect();
    let differs = differs.map(|(id, how)| format!("{id}: {how}"));
    output::say(&match format {
        Format::Json => {
            let told = serde_json::json!({
                "version": 1, "at": now.to_string(), "records": newest.0,
                "decided_otherwise": differs, "incidents": incidents,
                "diagnosis": Believed::from(&diagnosis),
            });
            format!("{told}\n")
        }
        Format::Human => {
            let mut text = words(&diagnosis, &zone, now);
            let live = incidents.iter().filter(|incident| status::is_live(incident));
            live.for_each(|incident| text.push_str(&format!("\n{}", status::in_words(incident))));
            if let Some(how) = differs {
                text.push_str(&format!("\nthis version decides otherwise: {how}\n"));
            }
            text
        }
    });
    Ok(verdict(&diagnosis))
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
