//! `push:`, read and printed.

use super::form::Form;
use super::secret;
use crate::check::{PushQuestion, Question};
use crate::plantfile::print::{Fields, flow_map, scalar};
use crate::plantfile::reader::{Keys, text};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes, shortened};

/// What stands in place of a token when everybody may tell.
const OPEN: &str = "open";

pub(super) const PUSH: Form = Form {
    key: ("push", "push", "the token that the job shows, `{ secret: name }`, or `open`"),
    read: push,
    fields: &[],
    needed: &[],
};

fn push(node: &Node<'_>, _: &mut Keys<'_, '_>, report: &mut Report) -> Option<Question> {
    let token = if node.map().is_some() {
        Some(secret(node, report)?)
    } else {
        let written = text(node, "`push`", report)?;
        if written != OPEN {
            let message = format!("`{}` is neither a secret nor `{OPEN}`", shortened(written));
            let help = "`{ secret: some-name }`, its value in the secrets file".to_owned();
            report.add(codes::CHOICE, node.place, message, Some(help));
        }
        None
    };
    Some(Question::Push(PushQuestion { token }))
}

pub(super) fn printed(PushQuestion { token }: &PushQuestion) -> Fields {
    let token = match token {
        Some(secret) => flow_map([("secret", scalar(&secret.0))]),
        None => OPEN.to_owned(),
    };
    vec![("push", token)]
}
