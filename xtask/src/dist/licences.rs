//! The licences of everything that is linked in: binaries are copies of it, and most ask that their words go along.

use crate::root;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Beginnings of the names under which crates keep their licences.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "copyright"];

/// Every crate that the binaries for this target hold, with its licence; each text once.
pub(super) fn third_parties(triple: &str) -> Result<Vec<u8>> {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", triple])
        .current_dir(root())
        .output()
        .context("could not run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let ours = |package: &&&Value| {
        matches!(package["name"].as_str(), Some("blackstart-cli" | "blackstart-agent"))
    };
    let mut open: Vec<&str> =
        packages.values().filter(ours).map(|package| word(package, "id")).collect();
    let mut linked = BTreeSet::new();
    while let Some(id) = open.pop() {
        if linked.insert(id) {
            let node =
                nodes.get(id).with_context(|| format!("cargo metadata knows nothing of {id}"))?;
            let below = node["deps"].as_array().into_iter().flatten();
            open.extend(
                below
                    .filter(|dependency| is_linked(dependency))
                    .map(|dependency| word(dependency, "pkg")),
            );
        }
    }
    let mut list = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut named = BTreeSet::new();
    for package in linked
        .iter()
        .filter_map(|id| packages.get(id))
        .filter(|package| !package["source"].is_null())
    {
        let name = format!("{} {}", word(package, "name"), word(package, "version"));
        let folder = Path::new(word(package, "manifest_path"))
            .parent()
            .context("a manifest has a folder")?;
        named.insert(format!(
            "{name}: {}, {}\n",
            word(package, "license"),
            word(package, "repository")
        ));
        for text in licences_in(folder)? {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    named.iter().for_each(|line| list.push_str(line));
    list.push_str("SQLite, in libsqlite3-sys: public domain, https://sqlite.org/copyright.html\n");
    list.push_str(
        "musl or glibc, and Rust's standard library: MIT, LGPL-2.1-or-later; MIT OR Apache-2.0\n",
    );
    for (text, names) in texts {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        list.push_str(&format!(
            "\n{}\n{}\n\n{}\n",
            "-".repeat(78),
            names.join(", "),
            text.trim_end()
        ));
    }
    Ok(list.into_bytes())
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    list.as_array().into_iter().flatten().map(|it| (word(it, "id"), it)).collect()
}

fn word<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or("")
}

/// Not for building or testing only.
fn is_linked(dependency: &Value) -> bool {
    dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
}

/// The texts that stand beside a crate's manifest.
fn licences_in(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_file()
            && NAMES.iter().any(|start| name.starts_with(start))
            && !name.ends_with(".rs")
        {
            found.insert(String::from_utf8_lossy(&std::fs::read(&path)?).replace('\r', ""));
        }
    }
    Ok(found)
}
