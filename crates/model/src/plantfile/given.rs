//! What a text gives to components by their names, unjudged: sections, names and fields, each value as one
//! line of YAML. For importers, which add a person's answers to what they write; the checker judges the
//! whole. Tested through `netbox`.

use super::tree::{self, Node, Value};
use super::{Report, codes, scalar};
use crate::finding::Finding;
use crate::kind::Kind;

/// A component as a text gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Given {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Keys and values; `None` takes a field away.
    pub(crate) fields: Vec<(String, Option<String>)>,
}

/// The components of a text, or what is wrong with it.
pub(crate) fn given(text: &str) -> Result<Vec<Given>, Vec<Finding>> {
    let mut report = Report::default();
    if text.len() > tree::BYTES_MAX {
        report.add_nowhere(codes::LIMIT, format!("{} bytes of answers", text.len()), None);
        return Err(report.finish());
    }
    let root = tree::read(0, text, &mut report);
    let mut given = Vec::new();
    for section in entries(root.as_ref(), "the answers", &mut report) {
        if section.key == "blackstart" {
            continue;
        }
        let Some(kind) = Kind::ALL.iter().find(|kind| kind.section() == section.key) else {
            let known = Kind::ALL.iter().map(|kind| kind.section());
            super::reader::unknown_key(section, "a file of answers", known, &mut report);
            continue;
        };
        for one in entries(Some(&section.value), "a section", &mut report) {
            let fields = entries(Some(&one.value), "a component", &mut report)
                .iter()
                .map(|field| (field.key.to_string(), line(&field.value)))
                .collect();
            given.push(Given { kind: *kind, name: one.key.to_string(), fields });
        }
    }
    if report.errors > 0 { Err(report.finish()) } else { Ok(given) }
}

fn entries<'n, 't>(
    node: Option<&'n Node<'t>>,
    what: &str,
    report: &mut Report,
) -> &'n [tree::Entry<'t>] {
    super::reader::entries(node, what, report)
}

/// A value on one line; `None` for nothing.
fn line(node: &Node<'_>) -> Option<String> {
    match &node.value {
        Value::Nothing => None,
        Value::Text(text) => Some(scalar(text)),
        Value::List(nodes) => {
            let nodes: Vec<String> = nodes.iter().filter_map(line).collect();
            Some(format!("[{}]", nodes.join(", ")))
        }
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .filter_map(|entry| {
                    Some(format!("{}: {}", scalar(&entry.key), line(&entry.value)?))
                })
                .collect();
            Some(format!("{{ {} }}", entries.join(", ")))
        }
    }
}
