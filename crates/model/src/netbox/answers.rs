//! What people answer that NetBox cannot hold: fields for imported components, by their names.
//!
//! A file of answers is written like a plant file. Its section says what a component is (so a role that says
//! nothing is answered too), a field takes the place of the imported one, `~` takes it away, and a question
//! about what was answered is not asked again. Tested through [`import_with`](super::import_with).

use super::About;
use super::draft::{Draft, Key};
use crate::finding::Finding;
use crate::plantfile::fields::FIELDS;
use crate::plantfile::{Given, given};
use std::collections::HashMap;

/// A person's answers.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    given: Vec<Given>,
}

impl Answers {
    /// Reads a file of answers.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Vec<Finding>> {
        given(text).map(|given| Self { given })
    }

    /// The components that are answered about; what is answered about nothing that was imported is a doubt.
    /// Their kinds count from now on.
    pub(super) fn find(&self, draft: &mut Draft) -> Vec<(Key, &Given)> {
        let mut by_name: HashMap<String, Key> = HashMap::new();
        for key in 0..draft.entries.len() {
            by_name.insert(draft.name(key).to_owned(), key);
        }
        let mut found = Vec::new();
        for one in &self.given {
            match by_name.get(&one.name) {
                Some(key) => {
                    draft.entries[*key].kind = one.kind;
                    found.push((*key, one));
                }
                None => {
                    let name: String = one.name.chars().take(60).collect();
                    draft.doubt(format!("answers: nothing that is imported is called `{name}`"));
                }
            }
        }
        found
    }
}

/// Puts the answers into the draft.
pub(super) fn apply(draft: &mut Draft, found: &[(Key, &Given)]) {
    let mut answered: Vec<(Key, About)> = Vec::new();
    for (key, one) in found {
        let entry = &mut draft.entries[*key];
        answered.push((*key, About::Kind));
        for (field, value) in &one.fields {
            let Some(field) = FIELDS.iter().find(|known| known.name == field) else {
                let name: String = field.chars().take(60).collect();
                draft.doubt(format!("answers: there is no field `{name}`"));
                break;
            };
            entry.needs.retain(|(known, _)| *known != field.name);
            entry.fields.retain(|(known, _)| *known != field.name);
            entry.fields.extend(value.clone().map(|value| (field.name, value)));
            answered.extend(about(field.name).iter().map(|about| (*key, *about)));
        }
    }
    draft.withdraw(&answered);
}

/// What a field answers.
fn about(field: &str) -> &'static [About] {
    match field {
        "power" | "fed_by" => &[About::Power],
        "draw" => &[About::Draw],
        "network" => &[About::Network, About::Circuit],
        "carried_by" => &[About::Circuit],
        "on" => &[About::Machine],
        "in" => &[About::Place],
        "condition" => &[About::Status],
        "uses" => &[About::Customer],
        _ => &[],
    }
}
