//! The audit against known outages: does it name before what was weak?
//!
//! Each folder under `scenarios/` has a plant as it was before the outage, and in `weakness.tsv` what was
//! weak: with the finding that names it, or with why a plant file cannot say it. `docs/outages.md` is made
//! from these and from what the audit says; `UPDATE_EXPECT=1` writes it.

use blackstart_model::time::local_instant;
use blackstart_model::{Plant, plantfile};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::structure::{Audit, RULES, audit};
use expect_test::expect_file;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// An outage with what is said of its plant on the day before.
struct Outage {
    folder: String,
    title: String,
    weaknesses: Vec<Weakness>,
    plant: std::sync::Arc<Plant>,
    audit: Audit,
}

struct Weakness {
    words: String,
    /// The finding's code and component, or why there is none.
    named: Result<(String, String), String>,
}

impl Outage {
    fn of(folder: &Path) -> Self {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}", path.display()))
        };
        let (plant, findings) = plantfile::parse_str(&read("plant.yaml"));
        let plant = plant.unwrap_or_else(|| panic!("{}: {findings:#?}", folder.display()));
        let table = read("weakness.tsv");
        let mut lines = table.lines();
        let as_of = lines.next().and_then(|line| line.strip_prefix("as of\t"));
        let as_of = as_of.unwrap_or_else(|| panic!("{}: as of when?", folder.display()));
        assert_eq!(lines.next(), Some("weakness\tcode\tcomponent"), "{}", folder.display());
        let weaknesses = lines.map(Weakness::of).collect();
        let now = local_instant(as_of, plant.zone()).expect("a time");
        let audit = audit(&plant, &Circuit::of(&plant), now).expect("few components");
        let title = read("README.md").lines().next().expect("a title")[2..].to_owned();
        let folder = folder.file_name().expect("a name").to_string_lossy().into_owned();
        Self { folder, title, weaknesses, plant, audit }
    }

    fn says(&self, code: &str, component: &str) -> bool {
        let component = self.plant.find(component);
        assert!(component.is_some(), "{}: {component:?} is not in the plant", self.folder);
        let mut findings = self.audit.findings.iter();
        findings.any(|one| one.code == code && Some(one.component) == component)
    }
}

impl Weakness {
    fn of(line: &str) -> Self {
        let [words, code, component] = *line.split('\t').collect::<Vec<_>>() else {
            panic!("three columns: {line}");
        };
        let named = match code {
            "-" => Err(component.to_owned()),
            code => Ok((code.to_owned(), component.to_owned())),
        };
        Self { words: words.to_owned(), named }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// In the order of their folders.
fn outages() -> Vec<Outage> {
    let folders = std::fs::read_dir(root().join("scenarios")).expect("there are scenarios");
    let mut folders: Vec<PathBuf> =
        folders.map(|entry| entry.expect("readable").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Outage::of(folder)).collect()
}

#[test]
fn the_audit_names_before_what_was_weak_in_each_known_outage() {
    let outages = outages();
    let mut missed = String::new();
    for outage in &outages {
        for weakness in &outage.weaknesses {
            let Ok((code, component)) = &weakness.named else { continue };
            if RULES.iter().any(|rule| rule.code == code) && !outage.says(code, component) {
                let _ =
                    writeln!(missed, "{}: {code} {component}: {}", outage.folder, weakness.words);
            }
        }
    }
    assert!(missed.is_empty(), "not found:\n{missed}");
    expect_file![root().join("docs/outages.md")].assert_eq(&page(&outages));
}

/// `docs/outages.md`.
fn page(outages: &[Outage]) -> String {
    let mut rows = String::new();
    let (mut found, mut unsayable, mut all) = (0, 0, 0);
    for outage in outages {
        let (folder, title) = (&outage.folder, &outage.title);
        let mut first = format!("[{folder}](../scenarios/{folder}/README.md): {title}");
        for Weakness { words, named } in &outage.weaknesses {
            all += 1;
            let (finding, answer) = match named {
                Ok((code, component)) => {
                    let is =
                        RULES.iter().any(|rule| rule.code == code) && outage.says(code, component);
                    found += usize::from(is);
                    let finding = format!("[{code}](findings/{code}.md) `{component}`");
                    (finding, if is { "found" } else { "no rule yet" })
                }
                Err(why) => {
                    unsayable += 1;
                    (String::new(), why.as_str())
                }
            };
            let _ = writeln!(rows, "| {first} | {words} | {finding} | {answer} |");
            first.clear();
        }
    }
    format!(
        "# Known outages, and what the audit would have said\n\n\
         {} outages, and what had been weak before each, by its report. `blackstart audit` on the\n\
         plant as it was the day before names {found} of {all} weaknesses; {unsayable} cannot be said in a plant\n\
         file, for the reason given. This page is made by a test from [the scenarios](../scenarios/README.md)\n\
         and from what the audit says of them.\n\n\
         | outage | weakness | finding | found, or why not |\n|---|---|---|---|\n{rows}",
        outages.len()
    )
}
