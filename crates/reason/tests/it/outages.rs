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
    /// The finding that names it, or why there is none.
    named: Result<Named, String>,
}

/// A finding by its code, its component and, where several have these, words of its message.
struct Named {
    code: String,
    component: String,
    words: Option<String>,
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
        assert_eq!(lines.next(), Some("weakness\tcode\tcomponent\twords"), "{}", folder.display());
        let weaknesses = lines.map(Weakness::of).collect();
        let now = local_instant(as_of, plant.zone()).expect("a time");
        let audit = audit(&plant, &Circuit::of(&plant), now).expect("few components");
        let title = read("README.md").lines().next().expect("a title")[2..].to_owned();
        let folder = folder.file_name().expect("a name").to_string_lossy().into_owned();
        Self { folder, title, weaknesses, plant, audit }
    }

    /// The words of the finding that names it.
    fn says(&self, named: &Named) -> Option<&str> {
        let id = |name: &str| {
            let id = self.plant.find(name);
            id.unwrap_or_else(|| panic!("{}: {name} is not in the plant", self.folder))
        };
        let component = id(&named.component);
        let mut findings = self.audit.findings.iter();
        let found = findings.find(|one| {
            one.code == named.code
                && one.component == component
                && named.words.as_ref().is_none_or(|words| one.message.contains(&**words))
        });
        found.map(|finding| &*finding.message)
    }
}

impl Weakness {
    fn of(line: &str) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let (words, named) = match *columns.as_slice() {
            [words, "-", why] => (words, Err(why.to_owned())),
            [words, code, component] => (words, Ok((code, component, None))),
            [words, code, component, said] => (words, Ok((code, component, Some(said)))),
            _ => panic!("three columns or four: {line}"),
        };
        let named = named.map(|(code, component, words): (&str, &str, Option<&str>)| Named {
            code: code.to_owned(),
            component: component.to_owned(),
            words: words.map(str::to_owned),
        });
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
            let Ok(named) = &weakness.named else { continue };
            let has_rule = RULES.iter().any(|rule| rule.code == named.code);
            if has_rule && outage.says(named).is_none() {
                let Named { code, component, words } = named;
                let _ = writeln!(missed, "{}: {code} {component} {words:?}", outage.folder);
            }
        }
    }
    assert!(missed.is_empty(), "not found:\n{missed}");
    let page = root().join("docs/outages.md");
    let text = std::fs::read_to_string(&page).expect("there is a page");
    let played = text.find(PLAYED).map_or("", |at| &text[at..]);
    expect_file![page].assert_eq(&format!("{}\n{played}", audited(&outages)));
}

/// From here on the page is about how the outages were judged when they were played: `crates/sim` writes
/// what is between this mark and its end, and people what follows.
const PLAYED: &str = "## Played";

/// The part of `docs/outages.md` about the day before.
fn audited(outages: &[Outage]) -> String {
    let mut rows = String::new();
    let (mut found, mut unsayable, mut all) = (0, 0, 0);
    for outage in outages {
        let (folder, title) = (&outage.folder, &outage.title);
        let mut first = format!("[{folder}](../scenarios/{folder}/README.md): {title}");
        for Weakness { words, named } in &outage.weaknesses {
            all += 1;
            let (finding, answer) = match named {
                Ok(named) => {
                    let words = outage.says(named);
                    found += usize::from(words.is_some());
                    let answer = words.unwrap_or("no rule yet").replace('|', "\\|");
                    let code = &named.code;
                    (format!("[{code}](findings/{code}.md)"), answer)
                }
                Err(why) => {
                    unsayable += 1;
                    ("no".to_owned(), why.clone())
                }
            };
            let _ = writeln!(rows, "| {first} | {words} | {finding} | {answer} |");
            first.clear();
        }
    }
    let invented = outages.iter().filter(|it| it.folder.starts_with("invented-")).count();
    format!(
        "# Known outages, and what the audit would have said\n\n\
         {} outages by their reports and {invented} invented ones, and what had been weak before each. \
         `blackstart audit` on the\n\
         plant as it was the day before names {found} of {all} weaknesses; {unsayable} cannot be said in a plant\n\
         file, for the reason given. This page is made by a test from [the scenarios](../scenarios/README.md)\n\
         and from what the audit says of them.\n\n\
         | outage | weakness | found | what the audit says, or why it cannot |\n|---|---|---|---|\n{rows}",
        outages.len() - invented
    )
}
