//! A model as XML text.
//!
//! Names become what every reader of the format takes (a letter, then letters, digits, `_` and single
//! `-`); what a name was is kept as its label. Tested by reading it again.

use super::{Argument, Connective, Model};
use std::collections::HashSet;
use std::fmt::Write as _;

/// A model as a whole Open-PSA file. Gates follow those that are made of them.
#[must_use]
pub fn print(model: &Model) -> String {
    let mut names = Names::default();
    let event_names: Vec<String> =
        model.events.iter().map(|event| names.given(&event.name)).collect();
    let gate_names: Vec<String> =
        model.gates.iter().map(|gate| names.given(gate.name.as_deref().unwrap_or("g"))).collect();
    let mut out = "<?xml version=\"1.0\"?>\n<opsa-mef>\n".to_owned();
    let _ = writeln!(out, "  <define-fault-tree name=\"{}\">", names.given(&model.name));
    for (gate, name) in model.gates.iter().zip(&gate_names).rev() {
        let _ = writeln!(out, "    <define-gate name=\"{name}\">");
        label(&mut out, gate.name.as_deref().unwrap_or(name), name);
        let (open, close) = element(gate.connective);
        if !open.is_empty() {
            let _ = writeln!(out, "      <{open}>");
        }
        for argument in &gate.arguments {
            let _ = match argument {
                Argument::Gate(gate) => {
                    writeln!(out, "        <gate name=\"{}\"/>", gate_names[*gate as usize])
                }
                Argument::Event(event) => {
                    let name = &event_names[*event as usize];
                    writeln!(out, "        <basic-event name=\"{name}\"/>")
                }
                Argument::Constant(state) => {
                    writeln!(out, "        <constant value=\"{state}\"/>")
                }
            };
        }
        if !close.is_empty() {
            let _ = writeln!(out, "      </{close}>");
        }
        out += "    </define-gate>\n";
    }
    out += "  </define-fault-tree>\n  <model-data>\n";
    for (event, name) in model.events.iter().zip(&event_names) {
        let _ = writeln!(out, "    <define-basic-event name=\"{name}\">");
        label(&mut out, &event.name, name);
        if let Some(probability) = event.probability {
            let _ = writeln!(out, "      <float value=\"{probability:?}\"/>");
        }
        out += "    </define-basic-event>\n";
    }
    out + "  </model-data>\n</opsa-mef>\n"
}

fn element(connective: Connective) -> (String, &'static str) {
    let plain = |name: &'static str| (name.to_owned(), name);
    match connective {
        Connective::Same => plain(""),
        Connective::And => plain("and"),
        Connective::Or => plain("or"),
        Connective::Not => plain("not"),
        Connective::Xor => plain("xor"),
        Connective::Nand => plain("nand"),
        Connective::Nor => plain("nor"),
        Connective::Imply => plain("imply"),
        Connective::Iff => plain("iff"),
        Connective::AtLeast(k) => (format!("atleast min=\"{k}\""), "atleast"),
        Connective::Cardinality(min, max) => {
            (format!("cardinality min=\"{min}\" max=\"{max}\""), "cardinality")
        }
    }
}

/// What a name was, where it had to be changed.
fn label(out: &mut String, was: &str, is: &str) {
    if was != is {
        let _ = writeln!(out, "      <label>{}</label>", escaped(was));
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        // What XML cannot hold at all is left out.
        .filter(|&char| char == '\t' || char == '\n' || !char.is_control())
        .fold(String::new(), |mut out, char| {
            match char {
                '&' => out += "&amp;",
                '<' => out += "&lt;",
                '>' => out += "&gt;",
                '\u{fffe}' | '\u{ffff}' => {}
                other => out.push(other),
            }
            out
        })
}

#[derive(Default)]
struct Names {
    given: HashSet<String>,
}

impl Names {
    /// A name that every reader takes and that no other thing has.
    fn given(&mut self, name: &str) -> String {
        let mut plain = String::new();
        for char in name.chars() {
            match char {
                'a'..='z' | 'A'..='Z' | '0'..='9' => plain.push(char),
                '-' if !plain.is_empty() && !plain.ends_with(['-', '_']) => plain.push('-'),
                _ if !plain.ends_with('-') => plain.push('_'),
                _ => {}
            }
        }
        let plain = plain.trim_end_matches('-');
        let first = plain.chars().next();
        let plain = if first.is_some_and(|char| char.is_ascii_alphabetic()) {
            plain.to_owned()
        } else {
            format!("n{plain}")
        };
        let mut own = plain.clone();
        let mut number = 2;
        while !self.given.insert(own.clone()) {
            own = format!("{plain}_{number}");
            number += 1;
        }
        own
    }
}
