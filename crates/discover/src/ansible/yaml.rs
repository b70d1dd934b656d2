//! An inventory in YAML: groups of `hosts`, `vars` and `children`, nested as they like.
//!
//! Read by the plant file's own reader and within its limits. Anchors, aliases and tags (`!vault`) are not part of
//! that: `ansible-inventory --list` resolves them.

use super::{DEPTH_MAX, Inventory, Vars};
use crate::seen::{Lines, Unreadable, shown};
use blackstart_model::plantfile::{Entry, Node, Value, tree};

pub(super) fn read(text: &str) -> Result<Inventory, Unreadable> {
    let (root, findings) = tree(text);
    let Some(root) = root else {
        let first = findings.first().map(|first| {
            let line = first.labels.first().map(|label| line(text, label.bytes.start));
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{line}{}", first.message)
        });
        return Err(Unreadable(format!(
            "it is no inventory in plain YAML ({}); `ansible-inventory --list` writes one that can be read",
            first.unwrap_or_else(|| "it is empty".to_owned())
        )));
    };
    let groups = root.map().ok_or(Unreadable::new("it is no inventory: no groups"))?;
    let mut reading = Reading { inventory: Inventory::default(), lines: Lines::of(text) };
    for group in groups {
        reading.group(&group.key, &group.value, 0);
    }
    Ok(reading.inventory)
}

struct Reading {
    inventory: Inventory,
    lines: Lines,
}

impl Reading {
    fn group(&mut self, name: &str, node: &Node<'_>, depth: usize) {
        if depth > DEPTH_MAX || self.inventory.group(name).is_none() {
            return;
        }
        for Entry { key, key_place, value } in entries(node) {
            let at = format!("line {}", self.lines.at(key_place.start as usize));
            match key.as_ref() {
                "hosts" => {
                    for host in entries(value) {
                        let at = format!("line {}", self.lines.at(host.key_place.start as usize));
                        self.hosts(name, &host.key, &vars(&host.value), &at);
                    }
                }
                "vars" => {
                    let own = vars(value);
                    if let Some(group) = self.inventory.group(name) {
                        group.vars.extend(own);
                    }
                }
                "children" => {
                    for child in entries(value) {
                        if let Some(group) = self.inventory.group(name) {
                            group.children.insert(child.key.to_string());
                        }
                        self.group(&child.key, &child.value, depth + 1);
                    }
                }
                other => {
                    let words = format!("`{}` has no meaning in a group", shown(other));
                    self.inventory.doubts.push((at, words));
                }
            }
        }
    }

    fn hosts(&mut self, group: &str, pattern: &str, vars: &Vars, at: &str) {
        match super::ini::spread(pattern) {
            Ok(names) => {
                for name in names {
                    if self.inventory.host(group, &name, at)
                        && let Some(host) = self.inventory.hosts.get_mut(&name)
                    {
                        host.vars.extend(vars.clone());
                    }
                }
            }
            Err(why) => self.inventory.doubts.push((at.to_owned(), why)),
        }
    }
}

fn entries<'n, 't>(node: &'n Node<'t>) -> &'n [Entry<'t>] {
    node.map().unwrap_or_default()
}

fn vars(node: &Node<'_>) -> Vars {
    let mut vars = Vars::new();
    for Entry { key, value, .. } in entries(node) {
        let written = match &value.value {
            Value::Text(text) => Some(text.to_string()),
            Value::List(nodes) => {
                let texts: Option<Vec<&str>> = nodes.iter().map(Node::text).collect();
                texts.map(|texts| texts.join(", "))
            }
            Value::Nothing | Value::Map(_) => None,
        };
        if let Some(written) = written {
            Inventory::var(&mut vars, key, written);
        }
    }
    vars
}

fn line(text: &str, byte: usize) -> usize {
    Lines::of(text).at(byte)
}
