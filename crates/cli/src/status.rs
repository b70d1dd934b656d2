//! `status`: what is broken now, how sure, who is hit.

use crate::ask::Server;
use crate::exit::Exit;
use crate::{Format, output};
use serde_json::Value;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let answer = arguments.server.ask("/incidents", None)?;
    let incidents = answer["incidents"].as_array().cloned().unwrap_or_default();
    let live: Vec<&Value> = incidents.iter().filter(|incident| is_live(incident)).collect();
    let confirmed = live.iter().any(|incident| incident["state"] != "suspected");
    if format == Format::Json {
        output::say(&format!("{}\n", serde_json::json!({ "version": 1, "incidents": live })));
    } else {
        let checks = arguments.server.ask("/checks", None)?;
        let checks = checks["checks"].as_array().cloned().unwrap_or_default();
        for incident in &live {
            output::say(&in_words(incident));
        }
        let count =
            |standing: &str| checks.iter().filter(|check| check["standing"] == standing).count();
        output::say(&format!(
            "{}; checks: {} up, {} degraded, {} down, {} unknown\n",
            output::counted(live.len(), "incident"),
            count("up"),
            count("degraded"),
            count("down"),
            count("unknown")
        ));
    }
    Ok(if confirmed { Exit::Outage } else { Exit::Fine })
}

/// Whether an incident of the API is not over.
pub(crate) fn is_live(incident: &Value) -> bool {
    !matches!(incident["state"].as_str(), Some("resolved" | "merged" | "dismissed"))
}

/// An incident in a few lines.
pub(crate) fn in_words(incident: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let list = |value: &Value| {
        let names: Vec<String> = value.as_array().into_iter().flatten().map(&text).collect();
        if names.is_empty() { "none known".to_owned() } else { names.join(", ") }
    };
    let sure = incident["posterior"].as_f64().map_or(String::new(), |posterior| {
        format!(", {:.0} % sure", (posterior * 100.0).clamp(1.0, 99.0))
    });
    format!(
        "{} {}: {}{sure}\n  since     {}\n  services  {}\n  customers {}\n",
        text(&incident["id"]),
        text(&incident["state"]),
        text(&incident["sentence"]),
        text(&incident["opened_at"]),
        list(&incident["affected"]["services"]),
        list(&incident["affected"]["customers"]),
    )
}
