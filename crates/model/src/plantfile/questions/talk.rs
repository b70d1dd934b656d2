//! `talk:`, read and printed. A step may wait, speak and begin TLS, in this order, as one of the exporter's
//! `query_response` does; printed it is one thing a step.

use super::form::{Form, SLOW, TLS_EXPIRES, TLS_ROOTS, printed_tls, slow, tls as tls_question};
use super::secret;
use crate::check::{Label, NoScript, Pattern, Question, Script, Step, TalkQuestion, TlsQuestion};
use crate::plantfile::print::{
    self, Fields, flow_list, flow_map, scalar, secret as printed_secret,
};
use crate::plantfile::reader::{Keys, flag, host_port, list, text};
use crate::plantfile::schema::Key;
use crate::plantfile::tree::{Node, Place, Value};
use crate::plantfile::{Report, codes};

pub(super) const TALK: Form = Form {
    key: ("talk", "text", "`host:port`"),
    read: |node, keys, report| talk(node, keys, report).map(Question::Talk),
    fields: &[
        ("tls", "flag", "whether TLS is spoken from the first byte; `false` when not given"),
        ("connect", "text", "where to connect instead of the named host"),
        ("steps", "talk-steps", "what is waited for and said, one after the other"),
        ("password", "secret", "what `${password}` in `send` stands for, by its name"),
        ("goodbye", "text", "what is said at the end, whatever came of it"),
        SLOW,
        TLS_EXPIRES,
        TLS_ROOTS,
    ],
    needed: &[],
};

/// What a step can be made of, in the order in which it is done.
pub(in crate::plantfile) const STEP: &[Key] = &[
    ("expect", "text", "an expression: lines are passed over until one matches"),
    ("expect_bytes", "raw-bytes", "the next bytes, which have to be these"),
    ("labels", "talk-labels", "what was found, told to who scrapes it as `probe_expect_info`"),
    ("send", "text", "a line that is said; `${1}` is what a group of the last expression found"),
    ("send_bytes", "raw-bytes", "bytes that are said as they are"),
    ("starttls", "flag", "whether TLS begins now"),
];

/// Bytes that are no text.
pub(in crate::plantfile) const IN_HEX: &[Key] =
    &[("hex", "text", "two digits for each byte, with or without blanks")];

/// What a label is made of, as the exporter writes it.
pub(in crate::plantfile) const LABEL: &[Key] = &[
    ("name", "text", "its name"),
    ("value", "text", "its value; `${1}` is what a group of the last expression found"),
];

fn talk(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<TalkQuestion> {
    let place = keys.place;
    let target = host_port(node, None, report);
    let at_once = keys.take("tls").and_then(|node| flag(node, "`tls`", report)).unwrap_or(false);
    let connect = keys.take("connect").and_then(|node| host_port(node, None, report));
    let written = keys.take("steps");
    let password = keys.take("password");
    let goodbye = keys.take("goodbye").and_then(|node| goodbye(node, report));
    let slow = slow(keys, report);
    let judged = keys.has(TLS_EXPIRES.0) || keys.has(TLS_ROOTS.0);
    let question = tls_question(keys, report);
    let mut steps = Vec::new();
    if at_once {
        steps.push((place, Step::Tls(question.clone())));
    }
    // What cannot be read is told there, and the rest is no script without it.
    let written = written.map_or(&[][..], list);
    let all_read = read_steps(written, &question, &mut steps, report);
    if judged && !steps.iter().any(|(_, step)| matches!(step, Step::Tls(_))) {
        let message = "without TLS there is no certificate to judge".to_owned();
        let help = "say `tls: true`, or `starttls: true` in a step".to_owned();
        report.add(codes::MISSING_KEY, place, message, Some(help));
    }
    let password = match password.map(|node| secret(node, report)) {
        Some(None) => return None,
        Some(Some(password)) => Some(password),
        None => None,
    };
    if !all_read {
        return None;
    }
    let (places, steps): (Vec<Place>, Vec<Step>) = steps.into_iter().unzip();
    let script = match Script::new(steps, password) {
        Ok(script) => script,
        Err((at, why)) => {
            let place = places.get(at).copied().unwrap_or(place);
            no_script(&why, place, report);
            return None;
        }
    };
    Some(TalkQuestion { target: target?, connect, script, goodbye, slow })
}

fn read_steps(
    written: &[Node<'_>],
    question: &TlsQuestion,
    steps: &mut Vec<(Place, Step)>,
    report: &mut Report,
) -> bool {
    let mut all_read = true;
    for node in written.iter().take(Script::STEPS_MAX + 1) {
        let Some(mut keys) = Keys::of(node, "a step", report) else { return false };
        let before = steps.len();
        let [expect, expect_bytes, labels, send, send_bytes, starttls] =
            [0, 1, 2, 3, 4, 5].map(|at: usize| keys.take(STEP[at].0));
        for (line, as_bytes, called) in
            [(expect, expect_bytes, "expect"), (send, send_bytes, "send")]
        {
            if let (Some(_), Some(as_bytes)) = (line, as_bytes) {
                let message = format!("`{called}` and `{called}_bytes` in one step");
                let help = Some("make two steps of it: which comes first?".to_owned());
                report.add(codes::CHOICE, as_bytes.place, message, help);
                all_read = false;
            }
        }
        if let Some(node) = expect {
            let pattern =
                text(node, "`expect`", report).and_then(|text| pattern(text, node, report));
            all_read &= pattern.is_some();
            steps.extend(pattern.map(|pattern| (node.place, Step::Expect(pattern))));
        }
        if let Some(node) = expect_bytes {
            let expected = bytes(node, "`expect_bytes`", report);
            all_read &= expected.is_some();
            steps.extend(expected.map(|bytes| (node.place, Step::ExpectBytes(bytes))));
        }
        for node in labels.map_or(&[][..], list).iter().take(Script::STEPS_MAX + 1) {
            let label = label(node, report);
            all_read &= label.is_some();
            steps.extend(label.map(|label| (node.place, Step::Label(label))));
        }
        if let Some(node) = send {
            let said = text(node, "`send`", report);
            all_read &= said.is_some();
            steps.extend(said.map(|said| (node.place, Step::Send(said.into()))));
        }
        if let Some(node) = send_bytes {
            let said = bytes(node, "`send_bytes`", report);
            all_read &= said.is_some();
            steps.extend(said.map(|bytes| (node.place, Step::SendBytes(bytes))));
        }
        if let Some(node) = starttls
            && flag(node, "`starttls`", report) == Some(true)
        {
            steps.push((node.place, Step::Tls(question.clone())));
        }
        keys.finish("a step", report);
        if all_read && steps.len() == before {
            report.add(codes::EMPTY, node.place, "a step that does nothing".to_owned(), None);
        }
    }
    all_read
}

/// A text, as UTF-8 has it, or bytes in hex.
fn bytes(node: &Node<'_>, what: &str, report: &mut Report) -> Option<Box<[u8]>> {
    if !matches!(node.value, Value::Map(_)) {
        return text(node, what, report).map(|text| text.as_bytes().into());
    }
    let mut keys = Keys::of(node, what, report)?;
    let written = keys.need(IN_HEX[0].0, report);
    keys.finish(what, report);
    let read = of_hex(text(written?, "`hex`", report)?);
    if read.is_none() {
        let help = Some("two digits for each byte, as `{ hex: \"00 00 04 d2\" }`".to_owned());
        report.add(codes::SHAPE, written?.place, "these are no bytes in hex".to_owned(), help);
    }
    read
}

fn of_hex(written: &str) -> Option<Box<[u8]>> {
    let digits = written.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_digit(16));
    let digits: Vec<u32> = digits.collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect()
}

fn printed_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => scalar(text),
        Ok(_) | Err(_) => {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            flow_map([(IN_HEX[0].0, scalar(&hex.join(" ")))])
        }
    }
}

fn label(node: &Node<'_>, report: &mut Report) -> Option<Label> {
    let mut keys = Keys::of(node, "a label", report)?;
    let [name, value] = [LABEL[0].0, LABEL[1].0]
        .map(|key| keys.need(key, report).and_then(|node| text(node, &format!("`{key}`"), report)));
    keys.finish("a label", report);
    Some(Label { name: name?.into(), value: value?.into() })
}

fn pattern(written: &str, node: &Node<'_>, report: &mut Report) -> Option<Pattern> {
    let read = Pattern::new(written);
    if let Err(why) = &read {
        let help = "an expression as `^220 `, without look-around and back references".to_owned();
        report.add(codes::SHAPE, node.place, why.to_string(), Some(help));
    }
    read.ok()
}

fn goodbye(node: &Node<'_>, report: &mut Report) -> Option<Box<str>> {
    let written = text(node, "`goodbye`", report)?;
    match Script::goodbye(written) {
        Ok(()) => Some(written.into()),
        Err(why) => {
            no_script(&why, node.place, report);
            None
        }
    }
}

fn no_script(why: &NoScript, place: Place, report: &mut Report) {
    let (code, help) = match why {
        NoScript::Empty => (codes::EMPTY, None),
        NoScript::TooMany => (codes::LIMIT, None),
        NoScript::TlsTwice => {
            (codes::SHAPE, Some("`tls: true` is from the first byte; `starttls` is in a step"))
        }
        NoScript::Unsayable | NoScript::Unwaitable => (codes::BOUNDS, None),
        NoScript::NoGroup(_) => (
            codes::DANGLING,
            Some(
                "`${1}` is the first `( )` of the last `expect`, `${0}` all of it; `${password}` in `send` needs `password`",
            ),
        ),
        NoScript::Unsaid => (codes::MISSING_KEY, Some("say it, as in `send: 'PASS ${password}'`")),
        NoScript::PasswordFound => (codes::DUPLICATE_NAME, Some("call the group otherwise")),
        NoScript::NoLabel(_) => {
            (codes::BAD_NAME, Some("letters, digits and `_`, not a digit first, nor `__`"))
        }
        NoScript::LabelTwice(_) => (codes::DUPLICATE_NAME, None),
        NoScript::LongLabel => (codes::BOUNDS, None),
    };
    report.add(code, place, why.to_string(), help.map(str::to_owned));
}

pub(super) fn printed(question: &TalkQuestion) -> Fields {
    let TalkQuestion { target, connect, script, goodbye, slow } = question;
    let end = |end| scalar(&print::host_port(end, None));
    let mut fields = vec![("talk", end(target))];
    let mut steps = script.steps();
    if let [Step::Tls(_), rest @ ..] = steps {
        fields.push(("tls", "true".to_owned()));
        steps = rest;
    }
    fields.extend(connect.as_ref().map(|to| ("connect", end(to))));
    let step = |step: &Step| match step {
        Step::Expect(pattern) => flow_map([("expect", scalar(pattern.as_str()))]),
        Step::ExpectBytes(bytes) => flow_map([("expect_bytes", printed_bytes(bytes))]),
        Step::Label(Label { name, value }) => {
            let label = flow_map([("name", scalar(name)), ("value", scalar(value))]);
            flow_map([("labels", label)])
        }
        Step::Send(text) => flow_map([("send", scalar(text))]),
        Step::SendBytes(bytes) => flow_map([("send_bytes", printed_bytes(bytes))]),
        Step::Tls(_) => flow_map([("starttls", "true".to_owned())]),
    };
    if !steps.is_empty() {
        fields.push(("steps", flow_list(steps.iter().map(step))));
    }
    fields.extend(script.password().map(|password| ("password", printed_secret(password))));
    fields.extend(goodbye.as_ref().map(|text| ("goodbye", scalar(text))));
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields.extend(question.tls().iter().flat_map(|tls| printed_tls(tls)));
    fields
}
