//! The draft as files, with what NetBox does not say counted at the top. Decides only what stands in which.
//! Tested through [`import`](super::import).

use super::draft::Draft;
use super::{Layout, LeftOut, Question, Summary};
use crate::draft::Entry;
use crate::draft::write::{comment, component};
use crate::kind::Kind;
use std::fmt::Write as _;

/// Names that one line of the summary lists.
const LISTED_MAX: usize = 5;

/// The first line of every imported file.
pub(super) const FIRST_LINE: &str = "# Imported from NetBox: corrections belong there, and what it cannot hold into a file of answers (docs/import.md).";

/// The parts of an import that is written as several files.
const PARTS: &[(&str, &[Kind])] = &[
    ("netbox-1-places.yaml", &[Kind::Site, Kind::Room, Kind::Rack, Kind::Cooling]),
    ("netbox-2-power.yaml", Kind::POWER),
    (
        "netbox-3-network.yaml",
        &[
            Kind::Nic,
            Kind::Switch,
            Kind::Router,
            Kind::Firewall,
            Kind::LoadBalancer,
            Kind::Link,
            Kind::Vip,
            Kind::Upstream,
            Kind::Prefix,
        ],
    ),
];

/// The names of the files of an import into a folder.
pub const FILES: &[&str] = &[PARTS[0].0, PARTS[1].0, PARTS[2].0, LAST_PART];

/// The rest: machines, what runs on them, and whose they are.
const LAST_PART: &str = "netbox-4-machines.yaml";

/// The files: names and texts.
pub(super) fn write(
    draft: &Draft,
    summary: &Summary,
    left_out: &[LeftOut],
    layout: Layout,
) -> Vec<(String, String)> {
    let mut of_kind: Vec<Vec<&Entry>> = vec![Vec::new(); Kind::ALL.len()];
    for entry in draft.entries.iter().filter(|entry| !entry.is_void) {
        of_kind[entry.kind as usize].push(entry);
    }
    for entries in &mut of_kind {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let head = head(draft, summary, left_out);
    let section = |kind: Kind, out: &mut String| {
        let entries = &of_kind[kind as usize];
        if !entries.is_empty() {
            let _ = writeln!(out, "\n{}:", kind.section());
        }
        for entry in entries {
            component(entry, draft, "NetBox", out);
        }
    };
    match layout {
        Layout::OneFile => {
            let mut text = head;
            for kind in Kind::ALL {
                section(*kind, &mut text);
            }
            vec![("netbox.yaml".to_owned(), text)]
        }
        Layout::Folder => {
            let mut files = Vec::new();
            let mut done: Vec<Kind> = Vec::new();
            for (name, kinds) in PARTS {
                let mut text = if files.is_empty() {
                    head.clone()
                } else {
                    format!("{FIRST_LINE}\nblackstart: 1\n")
                };
                for kind in *kinds {
                    section(*kind, &mut text);
                    done.push(*kind);
                }
                files.push(((*name).to_owned(), text));
            }
            let mut text = format!("{FIRST_LINE}\nblackstart: 1\n");
            for kind in Kind::ALL.iter().filter(|kind| !done.contains(kind)) {
                section(*kind, &mut text);
            }
            files.push((LAST_PART.to_owned(), text));
            files
        }
    }
}

fn head(draft: &Draft, summary: &Summary, left_out: &[LeftOut]) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    let _ = writeln!(
        text,
        "#\n# What NetBox does not say is left out, which means unknown; `# ?` asks for it:"
    );
    for (about, count) in &summary.questions {
        let _ = writeln!(text, "#   {count:>6}  {}", about.title());
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "#\n# Not in the plant:");
    }
    for LeftOut { what, why, names } in left_out {
        let _ = writeln!(text, "#   {:>6}  {}: {}", names.len(), comment(what), comment(why));
    }
    let data: Vec<&Question> =
        draft.questions.iter().filter(|one| one.component.is_none()).collect();
    if !data.is_empty() {
        let _ = writeln!(text, "#\n# Doubtful in the data:");
    }
    for question in data.iter().take(LISTED_MAX * 4) {
        let _ = writeln!(text, "# ? {}", comment(&question.words));
    }
    if data.len() > LISTED_MAX * 4 {
        let _ = writeln!(text, "#   and {} more", data.len() - LISTED_MAX * 4);
    }
    text.push_str("\nblackstart: 1\n");
    text
}
