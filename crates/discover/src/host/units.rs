//! systemd's units by their files: what is enabled and does not run, and what runs and is not enabled.
//!
//! Only where systemd runs (`/run/systemd/system` is there, sd_booted(3)). A unit is enabled where a `.wants` or
//! `.requires` folder holds a link to it (systemctl(1), `enable`). Whether one failed only systemd itself knows, so
//! what does not run is asked about. Nothing is run.

use super::{plain, text};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Units that are looked at, at most.
const UNITS_MAX: usize = 2_000;

/// Where unit files are, what the administrator says first (systemd.unit(5), "Unit File Load Path").
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// Targets that a machine comes up to.
const TARGETS: [&str; 3] = ["multi-user.target", "graphical.target", "default.target"];

/// Whether systemd runs this machine.
pub(super) fn is_booted(root: &Path) -> bool {
    root.join("run/systemd/system").is_dir()
}

/// Units that are enabled, stay when started, and of which no process runs.
pub(super) fn idle(root: &Path, running: &BTreeSet<String>) -> Vec<String> {
    let mut enabled: BTreeSet<String> = BTreeSet::new();
    for target in TARGETS {
        enabled.extend(links(root, &format!("etc/systemd/system/{target}.wants")));
    }
    let mut found = Vec::new();
    for unit in enabled.into_iter().take(UNITS_MAX) {
        let file = file(root, &unit);
        let says = |key: &str| file.lines().any(|line| line.trim().starts_with(key));
        // What ends by itself, what is only started on some machines, and what a socket starts is no failure.
        let is_expected = file.is_empty()
            || says("Type=oneshot")
            || says("Condition")
            || says("Assert")
            || says("TriggeredBy=")
            || exists(root, &format!("{unit}.socket"));
        if !is_expected && !running.contains(&unit) {
            found.push(plain(&unit));
        }
    }
    found
}

/// Whether a unit would be started with the machine; `None` where its files do not say.
pub(super) fn is_enabled(root: &Path, unit: &str) -> Option<bool> {
    let file = file(root, unit);
    if !file.lines().any(|line| line.trim() == "[Install]")
        || exists(root, &format!("{unit}.socket"))
    {
        return None;
    }
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_wanting = name.ends_with(".wants") || name.ends_with(".requires");
            if is_wanting && entry.path().join(format!("{unit}.service")).symlink_metadata().is_ok()
            {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// The services that a folder links to, without their ending.
fn links(root: &Path, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let bare = |name: String| name.strip_suffix(".service").map(str::to_owned);
    names.filter_map(bare).take(UNITS_MAX).collect()
}

/// A unit's file; of a template's instance the template's. Empty where there is none, and for a masked one.
fn file(root: &Path, unit: &str) -> String {
    let name = match unit.split_once('@') {
        Some((template, _)) => format!("{template}@.service"),
        None => format!("{unit}.service"),
    };
    let texts = FOLDERS.iter().map(|folder| text(root, &format!("{folder}/{name}")));
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

fn exists(root: &Path, name: &str) -> bool {
    FOLDERS.iter().any(|folder| root.join(folder).join(name).symlink_metadata().is_ok())
}
