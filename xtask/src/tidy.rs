//! `tidy`: what the compiler does not hold, about the shape of the code.
//!
//! Arrows between crates, the purity of the pure ones, module documentation, pages of findings, line
//! widths, and files that nothing uses.

use crate::root;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may depend on whom (ARCHITECTURE.md). `lab` and `xtask` drive the binaries; `lab` reads scenarios besides, and
/// asks `sim` what it comes to by the same one.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("reason", &["model"]),
    ("sim", &["model", "reason"]),
    ("journal", &["model"]),
    ("probe", &["model"]),
    ("delivery", &["model", "probe"]),
    ("server", &["model", "reason", "journal", "probe", "delivery"]),
    ("agent", &["model", "probe", "delivery"]),
    ("discover", &["model", "probe"]),
    ("cli", &["model", "reason", "sim", "server", "discover"]),
    ("lab", &["model", "sim"]),
];

/// What must not be in the closure of `model`, `reason` and `sim`: runtimes, sockets, drivers, clocks, chance.
const IMPURE: &[&str] =
    &["tokio", "hyper", "mio", "socket2", "rusqlite", "rustls", "rand", "getrandom", "serde"];

const WIDTH_MAX: usize = 120;

pub(crate) fn run() -> Result<()> {
    let mut wrong = Vec::new();
    arrows(&mut wrong)?;
    purity(&mut wrong)?;
    let sources = sources()?;
    for (path, text) in &sources {
        documented(path, text, &mut wrong);
        narrow(path, text, &mut wrong);
        used(path, &sources, &mut wrong);
    }
    findings(&mut wrong)?;
    ensure!(wrong.is_empty(), "{} things are untidy:\n  {}", wrong.len(), wrong.join("\n  "));
    println!("tidy: {} source files", sources.len());
    Ok(())
}

fn arrows(wrong: &mut Vec<String>) -> Result<()> {
    for (name, allowed) in ARROWS {
        let above = if *name == "lab" { root() } else { root().join("crates") };
        let manifest = above.join(name).join("Cargo.toml");
        let text =
            std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        for line in text.lines().take_while(|line| *line != "[dev-dependencies]") {
            let Some(other) = line.strip_prefix("blackstart-") else { continue };
            let other = other.split(['.', ' ', '=']).next().unwrap_or("");
            if !allowed.contains(&other) {
                wrong.push(format!("crates/{name} may not depend on {other}"));
            }
        }
    }
    Ok(())
}

fn purity(wrong: &mut Vec<String>) -> Result<()> {
    for name in ["blackstart-model", "blackstart-reason", "blackstart-sim"] {
        let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", name])
            .current_dir(root())
            .output()
            .context("could not run cargo tree")?;
        ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let package = line.split(' ').next().unwrap_or("");
            if IMPURE.contains(&package) {
                wrong.push(format!("{name} is to be pure, and depends on {package}"));
            }
        }
    }
    Ok(())
}

/// All our Rust sources.
fn sources() -> Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> =
        ["crates", "lab", "xtask", "fuzz"].iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path)?;
                found.insert(path, text);
            }
        }
    }
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn documented(path: &Path, text: &str, wrong: &mut Vec<String>) {
    if !text.starts_with("//!") && !text.starts_with("#!") {
        wrong.push(format!("{} does not open with what it decides", shown(path)));
    }
}

fn narrow(path: &Path, text: &str, wrong: &mut Vec<String>) {
    for (line, number) in text.lines().zip(1..) {
        // A long string is one thing that a person reads as one.
        if line.chars().count() > WIDTH_MAX && !line.contains('"') {
            wrong.push(format!("{}:{number} is {} wide", shown(path), line.chars().count()));
        }
    }
}

/// A file is used when the module above it names it.
fn used(path: &Path, sources: &BTreeMap<PathBuf, String>, wrong: &mut Vec<String>) {
    let (Some(stem), Some(folder)) =
        (path.file_stem().and_then(|stem| stem.to_str()), path.parent())
    else {
        return;
    };
    let roots = ["main", "lib", "build"];
    let own_target = ["tests", "benches", "examples", "fuzz_targets", "bin"]
        .iter()
        .any(|target| folder.ends_with(target));
    if roots.contains(&stem) || own_target {
        return;
    }
    let above = [
        folder.join("lib.rs"),
        folder.join("main.rs"),
        folder.join("mod.rs"),
        folder.with_extension("rs"),
    ];
    let named = above
        .iter()
        .filter_map(|path| sources.get(path))
        .any(|text| text.lines().any(|line| line.trim_end().ends_with(&format!("mod {stem};"))));
    if !named {
        wrong.push(format!("{} is named by no module", shown(path)));
    }
}

/// Each finding of the list has its page; its case is held by a test of `model`.
fn findings(wrong: &mut Vec<String>) -> Result<()> {
    let mut codes = String::new();
    for list in ["plantfile/codes.rs", "mef/codes.rs"] {
        codes += &std::fs::read_to_string(root().join("crates/model/src").join(list))?;
    }
    for code in codes.split('"').filter(|word| word.starts_with("BS") && word.len() == 6) {
        if !root().join("docs/findings").join(format!("{code}.md")).exists() {
            wrong.push(format!("{code} has no page in docs/findings"));
        }
    }
    Ok(())
}
