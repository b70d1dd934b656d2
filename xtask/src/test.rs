//! `test`: everything a change must pass, in the order in which it is quickest to fail.

use crate::{cargo, command, dist, packages, root, tidy, try_it};
use anyhow::{Result, bail};
use std::time::Instant;

type Step = (&'static str, fn() -> Result<()>);

/// The steps by name; `--only NAME` runs one.
const STEPS: &[Step] = &[
    ("packages", packages::install),
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("lints", || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    }),
    ("build", || cargo(&["build", "--workspace", "--bins", "--locked"])),
    ("tests", tests),
    // Once more by itself, for its table to be seen.
    ("outages", || cargo(&["test", "-p", "blackstart-sim", "outages::", "--", "--nocapture"])),
    ("dist", dist::prove),
    ("try", || try_it::run(true)),
    ("browser", browser),
    ("deny", deny),
];

pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let steps: Vec<&Step> =
        STEPS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if steps.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("there is no such step; there are {}", names.join(", "));
    }
    let mut took = Vec::new();
    for (name, step) in steps {
        #[expect(clippy::disallowed_methods, reason = "a person wants to know how long it took")]
        let started = Instant::now();
        println!("\n══ {name} ══");
        step().map_err(|error| error.context(format!("step `{name}`")))?;
        took.push(format!("{name} {} s", started.elapsed().as_secs()));
    }
    println!("\nall passed: {}", took.join(", "));
    Ok(())
}

/// All tests; where the lab can be built, none of it may skip.
fn tests() -> Result<()> {
    if packages::may_install() {
        command("env", &["BLACKSTART_LAB=required", "cargo", "test", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--locked"])
    }
}

/// The console in Debian's Chromium, driven by Playwright.
fn browser() -> Result<()> {
    command(
        "npm",
        &["--prefix", "tests/browser", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
    )?;
    let all = ["tests/browser/console.test.mjs", "tests/browser/demo.test.mjs"];
    command("node", &[&["--test", "--test-reporter=spec"][..], &all[..]].concat())
}

/// Licences, sources and bans of what we depend on.
fn deny() -> Result<()> {
    if !packages::has("cargo-deny") && !root().join("target/tools/bin/cargo-deny").exists() {
        let tools = root().join("target/tools");
        let tools = tools.to_string_lossy();
        cargo(&["install", "--locked", "--debug", "--root", &tools, "cargo-deny@0.20.2"])?;
    }
    let own = root().join("target/tools/bin/cargo-deny");
    let program =
        if own.exists() { own.to_string_lossy().into_owned() } else { "cargo-deny".to_owned() };
    command(&program, &["check", "licenses", "bans", "sources"])
}
