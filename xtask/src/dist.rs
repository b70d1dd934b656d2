//! `dist`: what is given to others. A tarball that needs nothing of the machine it is unpacked on, Debian packages of
//! the same binaries, and their digests.
//!
//! The same commit gives the same bytes: files stand in order, their time is that of the commit, and no path of the
//! building machine is in the binaries. `docs/install.md` says how they are used; `dist/proof.rs` tries them.

mod archive;
mod build;
mod licences;
mod contents;
mod deb;
mod proof;

use crate::{root, target};
use anyhow::{Context as _, Result, ensure};
use archive::gzip;
use build::Built;
pub(crate) use build::Kind;
use contents::Contents;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is released, and of when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Release {
    /// `0.1.0`, or `0.1.0~20261121195625.72bd1d6` for a commit that has no tag: dpkg sorts it before the release.
    version: String,
    /// Of the commit, seconds since 1970.
    time: u64,
    /// How hard it is compressed, of 9.
    effort: u32,
}

/// Builds, packs, and says what came out.
pub(crate) fn run(kind: &Kind) -> Result<()> {
    let folder = make(kind)?;
    println!("\n{}:", folder.display());
    print!("{}", fs::read_to_string(folder.join("SHA256SUMS"))?);
    Ok(())
}

/// The shape of everything with the binaries of the tests, and that the packages can be lived with.
pub(crate) fn prove() -> Result<()> {
    let folder = make(&Kind::Tests)?;
    let digests = fs::read(folder.join("SHA256SUMS"))?;
    make(&Kind::Tests)?;
    ensure!(digests == fs::read(folder.join("SHA256SUMS"))?, "the same commit came to other bytes");
    proof::run(&folder)
}

/// Makes everything anew; the folder that it is in.
fn make(kind: &Kind) -> Result<PathBuf> {
    let release = release(kind)?;
    let Built { architecture, programs, statically, note } = build::build(kind, &release)?;
    println!("{note}");
    let folder = target().join(match kind {
        Kind::Tests => "dist-tests",
        Kind::Release { .. } => "dist",
    });
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let contents = Contents::of(&programs, &release)?;
    let name = format!("blackstart-{}-{architecture}-linux", release.version);
    let tar = contents.tarball().tar(&format!("{name}/"), release.time)?;
    let tarball = gzip(&tar, release.effort)?;
    let mut made = vec![(format!("{name}.tar.gz"), tarball)];
    made.extend(deb::packages(&contents, &release, architecture, statically)?);
    made.sort();
    let mut sums = String::new();
    for (name, bytes) in &made {
        fs::write(folder.join(name), bytes)?;
        sums.push_str(&format!("{}  {name}\n", digest("sha256sum", bytes)?));
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(folder)
}

/// Of the commit that is checked out. What differs from it is said in the version.
fn release(kind: &Kind) -> Result<Release> {
    let number = env!("CARGO_PKG_VERSION");
    let commit = git(&[
        "log",
        "-1",
        "--format=%ct %cd %h",
        "--date=format-local:%Y%m%d%H%M%S",
        "--abbrev=12",
    ])?;
    let mut words = commit.split_whitespace();
    let mut next = || words.next().context("git tells no commit");
    let (time, date, hash) = (next()?.parse()?, next()?.to_owned(), next()?.to_owned());
    let tagged =
        git(&["tag", "--points-at", "HEAD"])?.lines().any(|tag| tag == format!("v{number}"));
    let mut version = number.to_owned();
    if !tagged {
        version.push_str(&format!("~{date}.{hash}"));
    }
    if !git(&["status", "--porcelain"])?.is_empty() {
        version.push_str("+changed");
    }
    let effort = match kind {
        Kind::Tests => 1,
        Kind::Release { .. } => 9,
    };
    Ok(Release { version, time, effort })
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root()).env("TZ", "UTC").output();
    let output = output.context("could not run git: a release is of a commit")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The digest of these bytes, by a program of coreutils.
fn digest(program: &str, bytes: &[u8]) -> Result<String> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not run {program}"))?;
    child.stdin.take().context("it is piped")?.write_all(bytes)?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{program} ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split(' ').next().context("a digest stands first")?.to_owned())
}

/// The text of a file of the repository.
fn source(path: &str) -> Result<Vec<u8>> {
    let path = root().join(Path::new(path));
    fs::read(&path).with_context(|| format!("could not read {}", path.display()))
}
