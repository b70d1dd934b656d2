//! Every scenario, played: is each judged as a fair judge would judge it?
//!
//! The table between the marks in `docs/outages.md` is made here; `UPDATE_EXPECT=1` writes it. The rest of the
//! page is made by `crates/reason/tests/it/outages.rs`, which leaves what is between the marks as it is.

use blackstart_sim::play::{Fared, Played, play};
use blackstart_sim::scenario::{Scenario, read};
use expect_test::expect_file;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- played: begin -->\n";
const END: &str = "<!-- played: end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Folder and scenario, in order.
fn scenarios() -> Vec<(String, Scenario)> {
    let entries = std::fs::read_dir(root().join("scenarios")).expect("there are scenarios");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let Ok(text) = std::fs::read_to_string(folder.join("scenario.yaml")) else { continue };
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let scenario = read(&text, |file| std::fs::read_to_string(folder.join(file)).ok());
        found.push((name, scenario.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))));
    }
    found
}

#[test]
fn each_known_outage_is_judged_as_a_fair_judge_would() {
    let mut rows = String::new();
    let mut missed = String::new();
    for (folder, scenario) in scenarios() {
        let played = play(&scenario);
        row(&mut rows, &folder, &scenario, &played);
        for words in &played.missed {
            let _ = writeln!(missed, "{folder}: {words}");
        }
    }
    assert!(missed.is_empty(), "\n{missed}");
    if !rows.is_empty() {
        let page = root().join("docs/outages.md");
        let text = std::fs::read_to_string(&page).expect("there is a page");
        let (before, rest) =
            text.split_once(BEGIN).expect("the page has the mark at the beginning");
        let (_, after) = rest.split_once(END).expect("the page has the mark at the end");
        expect_file![page].assert_eq(&format!("{before}{BEGIN}{HEAD}{rows}\n{END}{after}"));
    }
}

const HEAD: &str = "
| outage | what truly broke | named after | rank: first alarm, worst, end | unexplained | next check | told |
|---|---|---|---|---|---|---|
";

fn row(rows: &mut String, folder: &str, scenario: &Scenario, played: &Played) {
    let mut first = format!("[{folder}](../scenarios/{folder}/README.md)");
    let rank = |rank: Option<usize>| match rank {
        None | Some(usize::MAX) => "–".to_owned(),
        Some(rank) => rank.to_string(),
    };
    let Played { causes, incidents, alerts, unexplained, next_check, .. } = played;
    let mut last = format!(
        "{} | {} | {incidents} incidents, {alerts} alerts",
        match unexplained.len() {
            0 => "nothing".to_owned(),
            1 => unexplained[0].clone(),
            many => format!("{} and {} more", unexplained[0], many - 1),
        },
        next_check.as_deref().unwrap_or("none"),
    );
    if causes.is_empty() {
        let _ = writeln!(rows, "| {first} | nothing | | | {last} |");
    }
    for fared in causes {
        let Fared { cause, rank_at_alarm, rank_at_worst, rank_at_end, .. } = fared;
        let mode = cause.mode.map_or("", |mode| mode.as_str());
        let ranks = if scenario.expect.truth_unmodelled.is_some() {
            "cannot be said".to_owned()
        } else {
            format!("{}, {}, {}", rank(*rank_at_alarm), rank(*rank_at_worst), rank(*rank_at_end))
        };
        let after = fared.after().unwrap_or_else(|| "never".to_owned());
        let _ =
            writeln!(rows, "| {first} | {} {mode} | {after} | {ranks} | {last} |", cause.subject);
        first.clear();
        last = " | | ".to_owned();
    }
}
