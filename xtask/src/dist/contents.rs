//! What a release holds, whatever it is packed in: programs, units, manual pages, completions, documents, licences.

use super::archive::Tree;
use super::build::Programs;
use super::{Release, licences, source};
use crate::{root, target};
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Shells by the name that `completions` knows them by.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Both programs, as one and as another packs them.
pub(super) struct Contents {
    pub(super) blackstart: Program,
    pub(super) agent: Program,
    /// Texts by their paths below `docs/`.
    pub(super) documents: BTreeMap<String, Vec<u8>>,
    /// Those of everything that is linked in.
    pub(super) licences: Vec<u8>,
}

/// A program, and what comes with it.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) binary: Vec<u8>,
    /// Manual pages by their file names.
    pub(super) manual: BTreeMap<String, Vec<u8>>,
    /// Scripts by their shells.
    pub(super) completions: BTreeMap<&'static str, Vec<u8>>,
    /// Units of systemd by their file names.
    pub(super) units: BTreeMap<&'static str, Vec<u8>>,
}

impl Contents {
    pub(super) fn of(programs: &Programs, release: &Release) -> Result<Self> {
        let Programs { blackstart, agent, triple } = programs;
        let pages = target().join("dist-man");
        let _ = fs::remove_dir_all(&pages);
        said(
            blackstart,
            &["man", pages.to_str().context("the target folder has a name that is no text")?],
        )?;
        let units = |names: &[&'static str]| -> Result<BTreeMap<&'static str, Vec<u8>>> {
            names.iter().map(|name| Ok((*name, source(&format!("packaging/{name}"))?))).collect()
        };
        let completions = |program: &Path, word: &str| -> Result<BTreeMap<&'static str, Vec<u8>>> {
            SHELLS.into_iter().map(|shell| Ok((shell, said(program, &[word, shell])?))).collect()
        };
        Ok(Self {
            blackstart: Program {
                name: "blackstart",
                binary: read(blackstart)?,
                manual: files(&pages, ".1")?,
                completions: completions(blackstart, "completions")?,
                units: units(&["blackstart.service", "blackstart-discover.service"])?,
            },
            agent: Program {
                name: "blackstart-agent",
                binary: read(agent)?,
                manual: BTreeMap::from([(
                    "blackstart-agent.1".to_owned(),
                    said(agent, &["--man"])?,
                )]),
                completions: completions(agent, "--completions")?,
                units: units(&["blackstart-agent.service"])?,
            },
            documents: documents(release)?,
            licences: licences::third_parties(triple)?,
        })
    }

    /// As a tarball has it, to be run where it is unpacked.
    pub(super) fn tarball(&self) -> Tree {
        let mut tree = Tree::default();
        for program in [&self.blackstart, &self.agent] {
            tree.add_program(program.name, program.binary.clone());
            for (name, page) in &program.manual {
                tree.add(format!("man/man1/{name}"), page.clone());
            }
            for (shell, script) in &program.completions {
                tree.add(
                    format!("completions/{shell}/{}", completion(program.name, shell)),
                    script.clone(),
                );
            }
            for (name, unit) in &program.units {
                // What is not of a package goes to /usr/local (Filesystem Hierarchy Standard 3.0, 4.9).
                let unit = String::from_utf8_lossy(unit)
                    .replace("/usr/bin/blackstart", "/usr/local/bin/blackstart");
                tree.add(format!("systemd/{name}"), unit);
            }
        }
        for (path, text) in &self.documents {
            tree.add(path.clone(), text.clone());
        }
        tree.add("LICENSES-THIRD-PARTY.txt", self.licences.clone());
        tree
    }
}

/// What a shell looks for.
pub(super) fn completion(program: &str, shell: &str) -> String {
    match shell {
        "zsh" => format!("_{program}"),
        "fish" => format!("{program}.fish"),
        _ => program.to_owned(),
    }
}

/// README, licences, examples, and the pages of `docs/`; without screenshots. A link to what is not packed is only its
/// words.
fn documents(release: &Release) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let readme =
        String::from_utf8(source("packaging/README.md")?)?.replace("VERSION", &release.version);
    found.insert("README.md".to_owned(), readme.into_bytes());
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "ARCHITECTURE.md"] {
        found.insert(name.to_owned(), source(name)?);
    }
    let mut open = vec!["docs".to_owned(), "examples".to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(root().join(&folder)).with_context(|| folder.clone())?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a name that is no text")?;
            let path = format!("{folder}/{name}");
            let wanted =
                [".md", ".json", ".yaml", ".csv", ".svg"].iter().any(|end| name.ends_with(end));
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if wanted {
                found.insert(path.clone(), source(&path)?);
            }
        }
    }
    let pages: Vec<String> = found.keys().filter(|path| path.ends_with(".md")).cloned().collect();
    for path in pages {
        let text = String::from_utf8(found[&path].clone()).with_context(|| path.clone())?;
        let text = linked(&text, &path, |to| {
            let folder = format!("{to}/");
            found.contains_key(to) || found.keys().any(|path| path.starts_with(&folder))
        });
        found.insert(path, text.into_bytes());
    }
    Ok(found)
}

/// A page in which what leads to nothing is no link.
fn linked(text: &str, page: &str, is_there: impl Fn(&str) -> bool) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some(middle) = rest.find("](") {
        let (start, end) = (rest[..middle].rfind('['), rest[middle..].find(')'));
        let (Some(start), Some(end)) = (start, end.map(|end| middle + end)) else {
            made.push_str(&rest[..middle + 2]);
            rest = &rest[middle + 2..];
            continue;
        };
        let to = rest[middle + 2..end].split('#').next().unwrap_or_default();
        if to.is_empty() || to.contains(':') || is_there(&beside(page, to)) {
            made.push_str(&rest[..=end]);
        } else {
            made.push_str(rest[..start].strip_suffix('!').unwrap_or(&rest[..start]));
            made.push_str(&rest[start + 1..middle]);
        }
        rest = &rest[end + 1..];
    }
    made + rest
}

/// Where a link of a page leads, from the top.
fn beside(page: &str, to: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for step in to.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            step => path.push(step),
        }
    }
    path.join("/")
}

/// What a program prints.
fn said(program: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("could not run {}", program.display()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} {}: {words}", program.display(), arguments.join(" "));
    Ok(output.stdout)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read {}", path.display()))
}

/// The files of a folder whose names end so.
fn files(folder: &Path, end: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(end));
        if let Some(name) = name {
            found.insert(name.to_owned(), read(&path)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn what_leads_to_nothing_is_only_its_words() {
        let text = "[a](b.md), [c](../d.md#e), ![f](g.png) [h](https://i/), [j](#k) [l](../m/) ](";
        let made =
            linked(text, "docs/checks/x.md", |to| to == "docs/checks/b.md" || to == "docs/m");
        assert_eq!(made, "[a](b.md), c, f [h](https://i/), [j](#k) [l](../m/) ](");
    }
}
