//! Debian packages: one of the server with its command line, one of the agent, for their hosts are not the same.
//!
//! Written by ourselves (deb(5): an ar of two tars), so that they are made on any machine and to the same bytes. The
//! maintainer scripts are those that debhelper would write, and stand in `packaging/debian/`.

use super::archive::{Tree, ar, gzip};
use super::contents::{Contents, Program, completion};
use super::{Release, digest, source};
use anyhow::{Context as _, Result};
use std::process::Command;

/// Who answers for a package. The project has no address for it yet: who hands it on puts theirs.
const MAINTAINER: &str = "The Blackstart authors <packages@blackstart.invalid>";

struct Package<'a> {
    program: &'a Program,
    summary: &'static str,
    description: &'static str,
    /// Configuration files that dpkg asks about when both sides changed them, by their sources.
    conffiles: &'static [(&'static str, &'static str)],
    /// Folders below /etc that are there for the operator.
    folders: &'static [&'static str],
}

/// Name and bytes of each package.
pub(super) fn packages(
    contents: &Contents,
    release: &Release,
    architecture: &str,
    statically: bool,
) -> Result<Vec<(String, Vec<u8>)>> {
    let architecture = if architecture == "aarch64" { "arm64" } else { "amd64" };
    let all = [
        Package {
            program: &contents.blackstart,
            summary: "outage management for hosting providers",
            description: "Knows what an outage takes down before it happens, names its cause while it\n\
                happens, and says in which order a dark plant comes back. A plant (feeds, PDUs,\n\
                switches, servers, services, customers) is described in one file; what is\n\
                checked and what breaks is judged by it.\n.\n\
                After installation this machine is watched, with a console on\n\
                http://127.0.0.1:8480/ that nobody else reaches.",
            conffiles: &[("etc/default/blackstart", "packaging/blackstart.default")],
            folders: &["etc/blackstart"],
        },
        Package {
            program: &contents.agent,
            summary: "vantage of Blackstart at another place",
            description: "Puts the checks that a Blackstart server assigns and that its own\n\
                configuration permits, and tells the server what they saw. It connects out, and\n\
                listens on nothing. It starts when /etc/blackstart-agent.conf is there.",
            conffiles: &[],
            folders: &[],
        },
    ];
    all.iter()
        .map(|package| {
            let name = format!("{}_{}_{architecture}.deb", package.program.name, release.version);
            Ok((name, written(package, contents, release, architecture, statically)?))
        })
        .collect()
}

fn written(
    package: &Package<'_>,
    contents: &Contents,
    release: &Release,
    architecture: &str,
    statically: bool,
) -> Result<Vec<u8>> {
    let data = data(package, contents, release, statically)?;
    let control = control(package, &data, release, architecture, statically)?;
    let (control, data) = (
        gzip(&control.tar("./", release.time)?, release.effort)?,
        gzip(&data.tar("./", release.time)?, release.effort)?,
    );
    ar(
        &[("debian-binary", b"2.0\n"), ("control.tar.gz", &control), ("data.tar.gz", &data)],
        release.time,
    )
}

/// What is unpacked.
fn data(
    package: &Package<'_>,
    contents: &Contents,
    release: &Release,
    statically: bool,
) -> Result<Tree> {
    let Program { name, binary, manual, completions, units } = package.program;
    let mut tree = Tree::default();
    tree.add_program(format!("usr/bin/{name}"), binary.clone());
    for (file, page) in manual {
        tree.add(format!("usr/share/man/man1/{file}.gz"), gzip(page, 9)?);
    }
    for (shell, script) in completions {
        let folder = match *shell {
            "zsh" => "usr/share/zsh/vendor-completions",
            "fish" => "usr/share/fish/vendor_completions.d",
            _ => "usr/share/bash-completion/completions",
        };
        tree.add(format!("{folder}/{}", completion(name, shell)), script.clone());
    }
    for (file, unit) in units {
        tree.add(format!("lib/systemd/system/{file}"), unit.clone());
    }
    for (path, from) in package.conffiles {
        tree.add(*path, source(from)?);
    }
    for folder in package.folders {
        tree.add_folder(*folder);
    }
    let documents = format!("usr/share/doc/{name}");
    tree.add(format!("{documents}/copyright"), source("packaging/debian/copyright")?);
    tree.add(format!("{documents}/LICENSES-THIRD-PARTY.txt.gz"), gzip(&contents.licences, 9)?);
    tree.add(format!("{documents}/changelog.gz"), gzip(changelog(name, release)?.as_bytes(), 9)?);
    if *name == "blackstart" {
        for (path, text) in
            contents.documents.iter().filter(|(path, _)| !path.starts_with("LICENSE"))
        {
            tree.add(format!("{documents}/{path}"), text.clone());
        }
    }
    let overrides =
        String::from_utf8(source(&format!("packaging/debian/{name}.lintian-overrides"))?)?;
    // Only the one that is made for the kind of binary may stand: lintian tells of overrides that nothing needs.
    let unwanted = if statically { "shared-only:" } else { "static-only:" };
    let kept: Vec<&str> = overrides
        .lines()
        .filter(|line| !line.starts_with(unwanted))
        .map(|line| line.trim_start_matches("static-only:").trim_start_matches("shared-only:"))
        .collect();
    tree.add(format!("usr/share/lintian/overrides/{name}"), kept.join("\n") + "\n");
    Ok(tree)
}

/// What dpkg is told of it.
fn control(
    package: &Package<'_>,
    data: &Tree,
    release: &Release,
    architecture: &str,
    statically: bool,
) -> Result<Tree> {
    let name = package.program.name;
    let kib: usize = data.files().map(|(_, file)| file.bytes.len().div_ceil(1024)).sum();
    let depends = if statically { String::new() } else { format!("Depends: {}\n", libraries()?) };
    let mut description = String::new();
    for line in package.description.lines() {
        description.push_str(&format!(" {}\n", line.trim_start()));
    }
    let mut tree = Tree::default();
    tree.add(
        "control",
        format!(
            "Package: {name}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\nInstalled-Size: {kib}\n\
             {depends}Recommends: ca-certificates\nSection: net\nPriority: optional\nDescription: {}\n{description}",
            release.version, package.summary,
        ),
    );
    let mut sums = String::new();
    for (path, file) in data.files().filter(|(path, _)| !path.starts_with("etc/")) {
        sums.push_str(&format!("{}  {path}\n", digest("md5sum", &file.bytes)?));
    }
    tree.add("md5sums", sums);
    let conffiles: String =
        package.conffiles.iter().map(|(path, _)| format!("/{path}\n")).collect();
    if !conffiles.is_empty() {
        tree.add("conffiles", conffiles);
    }
    for script in ["postinst", "prerm", "postrm"] {
        tree.add_program(script, source(&format!("packaging/debian/{name}.{script}"))?);
    }
    Ok(tree)
}

/// One entry: what changed stands in the repository.
fn changelog(name: &str, release: &Release) -> Result<String> {
    let output = Command::new("date")
        .args(["--utc", "--rfc-email", &format!("--date=@{}", release.time)])
        .env("LC_ALL", "C")
        .output()
        .context("could not run date")?;
    let date = String::from_utf8(output.stdout)?;
    Ok(format!(
        "{name} ({}) unstable; urgency=medium\n\n  * Made of the commit of this time.\n\n -- {MAINTAINER}  {date}",
        release.version
    ))
}

/// The libraries that the binaries of the tests need, as this machine has them.
fn libraries() -> Result<String> {
    let output =
        Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "libc6"]).output();
    let output = output.context("could not run dpkg-query")?;
    let version = String::from_utf8(output.stdout)?;
    let version = version.split('-').next().unwrap_or("");
    Ok(format!("libc6 (>= {version}), libgcc-s1"))
}
