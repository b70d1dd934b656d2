//! Whether what was packed can be lived with: read by tar, systemd and lintian, and used on a bare Debian in the lab.

use crate::{command, packages, root};
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of what each unit may expose itself at most, of 100 (systemd-analyze(1), security): what it came to when it was
/// written, rounded up. Discovery has to see who holds sockets.
const EXPOSURE_MAX: [(&str, u8); 3] = [
    ("blackstart.service", 16),
    ("blackstart-agent.service", 16),
    ("blackstart-discover.service", 25),
];

/// What a tarball must hold, below its one folder.
const WANTED: [&str; 14] = [
    "blackstart",
    "blackstart-agent",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "LICENSES-THIRD-PARTY.txt",
    "docs/install.md",
    "examples/bytesized.yaml",
    "man/man1/blackstart-serve.1",
    "man/man1/blackstart-agent.1",
    "completions/bash/blackstart",
    "completions/zsh/_blackstart-agent",
    "systemd/blackstart.service",
    "systemd/blackstart-agent.service",
];

/// Tries all of it. `folder` holds what was made.
pub(super) fn run(folder: &Path) -> Result<()> {
    tarball(folder)?;
    units()?;
    let debs = packed(folder, ".deb")?;
    for deb in &debs {
        command(
            "lintian",
            &["--fail-on", "error,warning", "--tag-display-limit", "0", &shown(deb)],
        )?;
    }
    if !packages::may_install() {
        println!("not installed anywhere: that takes root");
        return Ok(());
    }
    // The lab has a bare Debian, and lives with what was made there.
    let dist = format!("BLACKSTART_DIST={}", folder.display());
    let lab = [
        "cargo",
        "test",
        "--locked",
        "-p",
        "blackstart-lab",
        "--test",
        "it",
        "--",
        "packages::",
        "first_minute::",
    ];
    command("env", &[&["BLACKSTART_LAB=required", &dist][..], &lab].concat())
}

/// The files made whose names end so.
fn packed(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "nothing in {} ends in {end}", folder.display());
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    let output = output.with_context(|| format!("could not run {program}"))?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {words}{complaint}", arguments.join(" "));
    Ok(words)
}

fn tarball(folder: &Path) -> Result<()> {
    let tarball = packed(folder, ".tar.gz")?.remove(0);
    let listed = said("tar", &["--list", "--gzip", "--file", &shown(&tarball)])?;
    let top = listed.lines().next().context("it is empty")?.to_owned();
    let below: BTreeSet<&str> =
        listed.lines().filter_map(|path| path.strip_prefix(&*top)).collect();
    for path in WANTED {
        ensure!(below.contains(path), "the tarball has no {path}");
    }
    println!(
        "{} holds {} files",
        tarball.display(),
        below.iter().filter(|path| !path.ends_with('/')).count()
    );
    Ok(())
}

/// What systemd says to the units: no complaint, and no more exposed than they need be.
fn units() -> Result<()> {
    let folder = crate::target().join("dist-units");
    fs::create_dir_all(&folder)?;
    let mut paths = Vec::new();
    for (name, exposure_max) in EXPOSURE_MAX {
        let from = root().join("packaging").join(name);
        let threshold = format!("--threshold={exposure_max}");
        let told =
            said("systemd-analyze", &["security", "--offline=true", &threshold, &shown(&from)])?;
        println!("{}", told.lines().last().unwrap_or_default());
        // It wants the programs to be there.
        let unit = fs::read_to_string(&from)?.replace("/usr/bin/blackstart", "/bin/true");
        let path = folder.join(name);
        fs::write(&path, unit.replace("/bin/true-agent", "/bin/true"))?;
        paths.push(shown(&path));
    }
    let arguments: Vec<&str> =
        ["verify", "--man=no"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let output = Command::new("systemd-analyze").args(arguments).output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = complaint.lines().filter(|line| line.contains("blackstart")).collect();
    ensure!(output.status.success() && ours.is_empty(), "systemd-analyze verify: {complaint}");
    Ok(())
}
