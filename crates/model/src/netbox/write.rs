//! The draft as text: YAML that a person reads and reviews, with the open questions beside what they are
//! about. Decides only where a line ends. Tested through [`import`](super::import).

use super::draft::{Draft, Entry, Need};
use super::{About, Layout, LeftOut, Question, Summary};
use crate::kind::Kind;
use crate::plantfile::scalar;
use std::fmt::Write as _;

/// A line longer than this becomes several.
const LINE_MAX: usize = 100;

/// Characters of what NetBox says that a comment quotes.
const QUOTED_MAX: usize = 200;

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
            component(entry, draft, out);
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

fn component(entry: &Entry, draft: &Draft, out: &mut String) {
    let mut fields: Vec<(&str, String)> = entry
        .needs
        .iter()
        .map(|(field, need)| (*field, requirement(field, need, draft)))
        .chain(entry.fields.iter().map(|(field, value)| (*field, value.clone())))
        .collect();
    // The order in which the language lists them, so that like things look alike.
    fields.sort_by_key(|(field, _)| {
        crate::plantfile::fields::FIELDS.iter().position(|known| known.name == *field)
    });
    let name = scalar(&entry.name);
    let called = match entry.called.as_deref() {
        Some("") => "  # no name in NetBox".to_owned(),
        Some(called) => format!("  # {}", comment(called)),
        None => String::new(),
    };
    let short: Vec<String> =
        fields.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    let short = short.join(", ");
    let is_plain = entry.remarks.is_empty() && entry.questions.is_empty();
    if fields.is_empty() {
        let _ = writeln!(out, "  {name}: {{}}{called}");
    } else if is_plain && name.len() + short.len() + 8 <= LINE_MAX {
        let _ = writeln!(out, "  {name}: {{ {short} }}{called}");
    } else {
        let _ = writeln!(out, "  {name}:{called}");
        for (field, value) in fields {
            match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
                // A long list is reviewed line by line.
                Some(list) if list.len() > LINE_MAX && !list.contains(['{', '[', '"']) => {
                    let _ = writeln!(out, "    {field}:");
                    for one in list.split(", ") {
                        let _ = writeln!(out, "      - {one}");
                    }
                }
                Some(_) | None => {
                    let _ = writeln!(out, "    {field}: {value}");
                }
            }
        }
    }
    for remark in &entry.remarks {
        let _ = writeln!(out, "    # {}", comment(remark));
    }
    for (_, question) in &entry.questions {
        let _ = writeln!(out, "    # ? {}", comment(question));
    }
}

fn requirement(field: &str, need: &Need, draft: &Draft) -> String {
    let names = |of: &[usize]| {
        let names: Vec<String> = of.iter().map(|key| scalar(draft.name(*key))).collect();
        names.join(", ")
    };
    match need {
        Need::Any(of) if of.len() > 1 => format!("{{ any: [{}] }}", names(of)),
        Need::All(of) if of.len() > 1 && field != "uses" && field != "between" => {
            format!("{{ all: [{}] }}", names(of))
        }
        Need::All(of) if of.len() > 1 => format!("[{}]", names(of)),
        Need::Any(of) | Need::All(of) => names(of),
    }
}

/// A text as it may stand in a comment: one line, and nothing that a screen would act on.
fn comment(text: &str) -> String {
    let shown = |c: char| {
        let acts = c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if acts { ' ' } else { c }
    };
    let mut line: String = text.chars().map(shown).take(QUOTED_MAX).collect();
    if text.chars().nth(QUOTED_MAX).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}

impl About {
    /// What is asked, in the plural.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Power => "cords and inlets: where do they get their power?",
            Self::Draw => "draws: how much power do they take?",
            Self::Network => "network connections: what are they joined to?",
            Self::Circuit => "circuits: where do they lead?",
            Self::Machine => "machines: what runs on which?",
            Self::Place => "places",
            Self::Kind => "roles that say nothing: what are these devices?",
            Self::Status => "statuses that leave open whether it is in use",
            Self::Customer => "customers: what do they use?",
            Self::Data => "doubts about the data itself",
        }
    }
}
