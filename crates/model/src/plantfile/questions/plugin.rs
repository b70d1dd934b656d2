//! `plugin:`, read and printed.

use super::form::Form;
use crate::check::{PluginQuestion, Question};
use crate::plantfile::print::{Fields, flow_map, scalar};
use crate::plantfile::reader::{Keys, entries, text};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes, shortened};

pub(super) const PLUGIN: Form = Form {
    key: ("plugin", "text", "a name that the vantage's own configuration gives a command"),
    read: |node, keys, report| plugin(node, keys, report).map(Question::Plugin),
    fields: &[("with", "plugin-words", "words for the places its command leaves open")],
    needed: &[],
};

fn plugin(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<PluginQuestion> {
    let with = entries(keys.take("with"), "`with`", report);
    if let Some(beyond) = with.get(PluginQuestion::WORDS_MAX) {
        let message = format!("more than {} words", PluginQuestion::WORDS_MAX);
        report.add(codes::LIMIT, beyond.key_place, message, None);
    }
    let mut words: Vec<(Box<str>, Box<str>)> = Vec::new();
    for entry in with.iter().take(PluginQuestion::WORDS_MAX) {
        let Some(word) = text(&entry.value, "a word", report) else { continue };
        if !PluginQuestion::is_name(&entry.key) {
            let message = format!("`{}` is no place in a command", shortened(&entry.key));
            report.add(codes::BAD_NAME, entry.key_place, message, None);
        } else if !PluginQuestion::is_word(word) {
            let message = format!("`{}` cannot be put into a command", shortened(word));
            let help = "letters, digits and `. - _ : @ , % + =`, and no `-` at the beginning; options and paths stand \
                in the vantage's own configuration"
                .to_owned();
            report.add(codes::BAD_NAME, entry.value.place, message, Some(help));
        } else {
            words.push((entry.key.as_ref().into(), word.into()));
        }
    }
    words.sort_unstable();
    let written = text(node, "a plugin's name", report)?;
    if !PluginQuestion::is_name(written) {
        let message = format!("`{}` is no name of a plugin", shortened(written));
        let help = "a plant names plugins; the commands are in the configuration of the vantage that runs them";
        report.add(codes::BAD_NAME, node.place, message, Some(help.to_owned()));
        return None;
    }
    Some(PluginQuestion { plugin: written.into(), with: words })
}

pub(super) fn printed(PluginQuestion { plugin, with }: &PluginQuestion) -> Fields {
    let mut fields = vec![("plugin", scalar(plugin))];
    if !with.is_empty() {
        fields.push(("with", flow_map(with.iter().map(|(name, word)| (name, scalar(word))))));
    }
    fields
}
