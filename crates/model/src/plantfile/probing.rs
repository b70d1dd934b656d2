//! `probe:`, read and printed: what others may have us ask by the page `/probe`.

use super::print::{Fields, flow_list, flow_map, scalar};
use super::questions::{form, is_name};
use super::reader::{Keys, as_host, entries, list, text};
use super::schema::Key;
use super::tree::Node;
use super::{Report, codes, shortened};
use crate::check::Host;
use crate::probing::{Module, Probing, Targets};
use std::net::IpAddr;

/// What a module has besides its question.
pub(super) const TARGETS: Key =
    ("targets", "texts", "who may be asked this one, in the place of all; needed with a secret");

/// Entries of `targets` at most: each is looked at for every question.
const TARGETS_MAX: usize = 1_000;

/// Modules at most.
const MODULES_MAX: usize = 1_000;

/// Reads it.
pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Option<Probing> {
    let mut keys = Keys::of(node, "`probe`", report)?;
    let mut probing = Probing::default();
    if let Some(node) = keys.need("targets", report) {
        let help = "as `targets: [plant]`, or leave `probe` out";
        probing.targets = all_targets(node, help, report);
    }
    for (at, entry) in entries(keys.take("modules"), "`modules`", report).iter().enumerate() {
        if at == MODULES_MAX {
            let message = format!("more than {MODULES_MAX} modules");
            report.add(codes::LIMIT, entry.key_place, message, None);
            break;
        }
        let named = is_name(&entry.key, entry.key_place, report);
        let Some(mut keys) = Keys::of(&entry.value, "a module", report) else { continue };
        let question = form::question(&mut keys, report);
        let own = keys.take(TARGETS.0);
        keys.finish("a module", report);
        let help = "as `targets: [192.0.2.7]`, or leave it out";
        let own_targets = own.map_or_else(Vec::new, |node| all_targets(node, help, report));
        let Some((kind, mut question)) = question.filter(|_| named) else { continue };
        if !question.secrets().is_empty() && own.is_none() {
            let message = "it does not say who may be told its secret".to_owned();
            let help = Some("name them in this module, as `targets: [192.0.2.7]`".to_owned());
            report.add(codes::MISSING_KEY, entry.value.place, message, help);
            continue;
        }
        let takes_target =
            matches!(question, crate::check::Question::Http(_) | crate::check::Question::Icmp(_))
                || question.endpoint_mut().is_some();
        if !takes_target {
            let message = format!("`{kind}` takes no target of others");
            report.add(codes::CHOICE, entry.value.place, message, None);
            continue;
        }
        let name = entry.key.as_ref().into();
        probing.modules.push(Module { name, question, targets: own_targets });
    }
    keys.finish("`probe`", report);
    Some(probing)
}

fn all_targets(node: &Node<'_>, help: &str, report: &mut Report) -> Vec<Targets> {
    if list(node).is_empty() {
        let message = "nobody may be asked".to_owned();
        report.add(codes::EMPTY, node.place, message, Some(help.to_owned()));
    }
    if let Some(beyond) = list(node).get(TARGETS_MAX) {
        let message = format!("more than {TARGETS_MAX} targets");
        report.add(codes::LIMIT, beyond.place, message, None);
    }
    let nodes = list(node).iter().take(TARGETS_MAX);
    nodes.filter_map(|node| targets(node, report)).collect()
}

fn targets(node: &Node<'_>, report: &mut Report) -> Option<Targets> {
    let written = text(node, "a target", report)?;
    let read = read_targets(written);
    if read.is_none() {
        let message = format!("`{}` names no hosts", shortened(written));
        let help = "`plant`, `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`, `www.example.net` or \
                    `*.example.net`"
            .to_owned();
        report.add(codes::ADDRESS, node.place, message, Some(help));
    }
    read
}

fn read_targets(written: &str) -> Option<Targets> {
    if written == "plant" {
        return Some(Targets::Plant);
    }
    if let Some((address, bits)) = written.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok().filter(|bits| *bits <= length(address))?;
        return Some(Targets::Network { address, bits });
    }
    if let Some(suffix) = written.strip_prefix('*') {
        let Host::Name(name) = as_host(suffix.strip_prefix('.')?)? else { return None };
        return Some(Targets::Below(format!(".{name}").into()));
    }
    Some(match as_host(written)? {
        Host::Address(address) => Targets::Network { address, bits: length(address) },
        Host::Name(name) => Targets::Name(name),
    })
}

const fn length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Prints it.
pub(super) fn printed(probing: &Probing) -> Fields {
    let Probing { targets, modules } = probing;
    let mut fields = vec![("targets", printed_targets(targets))];
    if !modules.is_empty() {
        let modules = modules.iter().map(|Module { name, question, targets }| {
            let mut fields = form::printed(question);
            if !targets.is_empty() {
                fields.push((TARGETS.0, printed_targets(targets)));
            }
            (name, flow_map(fields))
        });
        fields.push(("modules", flow_map(modules)));
    }
    fields
}

fn printed_targets(targets: &[Targets]) -> String {
    flow_list(targets.iter().map(|targets| match targets {
        Targets::Plant => "plant".to_owned(),
        Targets::Network { address, bits } if *bits == length(*address) => {
            scalar(&address.to_string())
        }
        Targets::Network { address, bits } => scalar(&format!("{address}/{bits}")),
        Targets::Name(name) => scalar(name),
        Targets::Below(suffix) => scalar(&format!("*{suffix}")),
    }))
}
