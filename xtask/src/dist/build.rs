//! The binaries: which target they are built for here, and with what.
//!
//! Static ones, so that they run on any Linux of their architecture. Where this machine can have Rust's musl target and
//! musl's C compiler they are of musl; else of glibc, static too, and that is said.

use super::Release;
use crate::{cargo, packages, root, target};
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is built.
pub(crate) enum Kind {
    /// For others: static and small. `None`: for the best target that is to be had.
    Release { triple: Option<String> },
    /// What the tests run: to see the shape of packages within seconds.
    Tests,
}

/// What came out.
pub(super) struct Built {
    /// `x86_64`, `aarch64`.
    pub(super) architecture: &'static str,
    pub(super) programs: Programs,
    /// Whether they run without any library.
    pub(super) statically: bool,
    /// What was built, and why that.
    pub(super) note: String,
}

/// Where the binaries are.
pub(super) struct Programs {
    pub(super) blackstart: PathBuf,
    pub(super) agent: PathBuf,
    /// The target whose dependencies they hold.
    pub(super) triple: String,
}

impl Programs {
    fn within(folder: &Path, triple: &str) -> Self {
        let triple = triple.to_owned();
        Self {
            blackstart: folder.join("blackstart"),
            agent: folder.join("blackstart-agent"),
            triple,
        }
    }
}

pub(super) fn build(kind: &Kind, release: &Release) -> Result<Built> {
    let host = host()?;
    let architecture = if host.starts_with("aarch64") { "aarch64" } else { "x86_64" };
    ensure!(
        host.starts_with(architecture),
        "releases are for x86_64 and aarch64, and this machine is {host}"
    );
    match kind {
        Kind::Tests => {
            cargo(&[
                "build",
                "--quiet",
                "--locked",
                "-p",
                "blackstart-cli",
                "-p",
                "blackstart-agent",
                "--bins",
            ])?;
            let programs = stripped(&target().join("debug"), &host)?;
            let note = "packing the binaries of the tests".to_owned();
            Ok(Built { architecture, programs, statically: false, note })
        }
        Kind::Release { triple: Some(triple) } => {
            ensure!(
                triple.starts_with(architecture),
                "{triple} is not for the machine that builds"
            );
            let programs = compiled(triple, release)?;
            Ok(Built {
                architecture,
                programs,
                statically: true,
                note: format!("built for {triple}"),
            })
        }
        Kind::Release { triple: None } => {
            let musl = format!("{architecture}-unknown-linux-musl");
            let (triple, note) = match lacks(&musl) {
                None => (musl, String::new()),
                Some(why) => (host, format!(", for {musl} is not to be had here: {why}")),
            };
            let programs = compiled(&triple, release)?;
            Ok(Built {
                architecture,
                programs,
                statically: true,
                note: format!("built for {triple}{note}"),
            })
        }
    }
}

/// The target of this machine.
fn host() -> Result<String> {
    let told = Command::new("rustc")
        .arg("-vV")
        .current_dir(root())
        .output()
        .context("could not run rustc")?;
    let told = String::from_utf8(told.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// What is missing to build for musl, after what may be installed was.
fn lacks(triple: &str) -> Option<String> {
    if !packages::has("musl-gcc") && packages::may_install() {
        let _ = packages::apt(&["musl-tools"]);
    }
    if !packages::has("musl-gcc") {
        return Some("SQLite and ring are C: apt-get install musl-tools".to_owned());
    }
    let there = || {
        let told =
            Command::new("rustc").args(["--print", "target-libdir", "--target", triple]).output();
        told.is_ok_and(|told| Path::new(String::from_utf8_lossy(&told.stdout).trim()).exists())
    };
    if !there() && packages::has("rustup") {
        let added =
            Command::new("rustup").args(["target", "add", triple]).stdin(Stdio::null()).status();
        drop(added);
    }
    (!there()).then(|| format!("rustup target add {triple}"))
}

/// Builds them, without a path of this machine in them.
fn compiled(triple: &str, release: &Release) -> Result<Programs> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    // The last that fits counts (rustc, `--remap-path-prefix`), so what lies deeper comes later.
    let mut maps = vec![
        (home, "/cargo".to_owned()),
        (root(), "/blackstart".to_owned()),
        (target(), "/built".to_owned()),
    ];
    let sources = maps[0].0.join("registry/src");
    for entry in std::fs::read_dir(&sources).with_context(|| sources.display().to_string())? {
        // Its name tells from where they were fetched.
        maps.push((entry?.path(), "/crates".to_owned()));
    }
    maps[3..].sort();
    let shown = |(from, to): &(PathBuf, String)| format!("{}={to}", from.display());
    let mut flags: Vec<String> =
        maps.iter().map(|map| format!("--remap-path-prefix={}", shown(map))).collect();
    flags.push("-Ctarget-feature=+crt-static".to_owned());
    let c_flags: Vec<String> =
        maps.iter().map(|map| format!("-ffile-prefix-map={}", shown(map))).collect();
    let arguments = [
        "build",
        "--profile",
        "dist",
        "--locked",
        "--target",
        triple,
        "-p",
        "blackstart-cli",
        "-p",
        "blackstart-agent",
        "--bins",
    ];
    println!("\n$ cargo {}", arguments.join(" "));
    let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(arguments)
        .current_dir(root())
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("CARGO_INCREMENTAL", "0")
        .env(format!("CFLAGS_{}", triple.replace('-', "_")), c_flags.join(" "))
        .env("SOURCE_DATE_EPOCH", release.time.to_string())
        .env_remove("RUSTFLAGS")
        .status()
        .context("could not start cargo")?;
    ensure!(status.success(), "the build ended with {status}");
    let programs = Programs::within(&target().join(triple).join("dist"), triple);
    for program in [&programs.blackstart, &programs.agent] {
        clean(program, &maps)?;
    }
    Ok(programs)
}

/// Whether no path of this machine is in a program.
fn clean(program: &Path, maps: &[(PathBuf, String)]) -> Result<()> {
    let bytes = std::fs::read(program).with_context(|| program.display().to_string())?;
    for (from, _) in maps {
        let path = from.as_os_str().as_encoded_bytes();
        let found = bytes.windows(path.len()).any(|window| window == path);
        ensure!(!found, "{} holds the path {} of this machine", program.display(), from.display());
    }
    Ok(())
}

/// Those of the tests without what debuggers want: a tenth of the size.
fn stripped(folder: &Path, host: &str) -> Result<Programs> {
    let there = folder.join("stripped");
    std::fs::create_dir_all(&there)?;
    for name in ["blackstart", "blackstart-agent"] {
        let status =
            Command::new("strip").arg("-o").arg(there.join(name)).arg(folder.join(name)).status();
        let status = status.context("could not run strip: apt-get install binutils")?;
        ensure!(status.success(), "strip ended with {status}");
    }
    Ok(Programs::within(&there, host))
}
