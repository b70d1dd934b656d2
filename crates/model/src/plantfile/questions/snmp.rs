//! `snmp:`, read and printed.

use super::form::Form;
use crate::check::{
    Oid, Question, SnmpAccess, SnmpAuth, SnmpCondition, SnmpHash, SnmpObject, SnmpQuestion,
    SnmpUser, SnmpValue, SnmpWord,
};
use crate::plantfile::print::{self, Fields, flow_list, flow_map, scalar, secret as shown};
use crate::plantfile::questions::secret;
use crate::plantfile::reader::{Keys, choice, decimal, host_port, list, text};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes, shortened};
use crate::reading::{Reading, Unit};

/// The port of SNMP (IANA).
const PORT: u16 = 161;

pub(super) const SNMP: Form = Form {
    key: ("snmp", "text", "the agent that is asked, its port 161 when not given"),
    read: |node, keys, report| snmp(node, keys, report).map(Question::Snmp),
    fields: &[
        ("community", "secret", "the community of SNMP v2c, by its name"),
        ("user", "text", "a user of SNMP v3"),
        (
            "auth",
            "snmp-auth",
            "the user's hash and password; without it nobody vouches for the answer",
        ),
        ("privacy", "snmp-privacy", "the user's cipher and password; in clear without"),
        ("get", "snmp-values", "what is read, and what it should be"),
    ],
    needed: &["get"],
};

/// The units a value can be given, by what is written.
pub(in crate::plantfile) fn units() -> impl Iterator<Item = &'static str> {
    Unit::ALL.iter().map(|unit| unit.as_str()).filter(|word| !word.is_empty())
}

fn snmp(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<SnmpQuestion> {
    let agent = host_port(node, Some(PORT), report);
    let access = access(keys, report);
    let get = keys.need("get", report)?;
    if list(get).is_empty() {
        report.add(codes::EMPTY, get.place, "nothing is asked for".to_owned(), None);
    }
    if let Some(beyond) = list(get).get(SnmpQuestion::VALUES_MAX) {
        let message = format!("more than {} values in one check", SnmpQuestion::VALUES_MAX);
        report.add(codes::LIMIT, beyond.place, message, None);
    }
    let mut values: Vec<SnmpValue> = Vec::new();
    for node in list(get).iter().take(SnmpQuestion::VALUES_MAX) {
        let Some(value) = value(node, report) else { continue };
        if values.iter().any(|other| other.name == value.name) {
            let message = format!("two values are called `{}`", shortened(&value.name));
            let help = "give one of them a `name`".to_owned();
            report.add(codes::DUPLICATE_NAME, node.place, message, Some(help));
            continue;
        }
        values.push(value);
    }
    let (agent, access) = (agent?, access?);
    (!values.is_empty()).then_some(SnmpQuestion { agent, access, values })
}

fn access(keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<SnmpAccess> {
    let (community, user) = (keys.take("community"), keys.take("user"));
    let (auth, privacy) = (keys.take("auth"), keys.take("privacy"));
    match (community, user) {
        (Some(node), None) => {
            if let Some(node) = auth.or(privacy) {
                let message = "SNMP v2c has no passwords: they stand beside a `user`".to_owned();
                report.add(codes::SHAPE, node.place, message, None);
            }
            secret(node, report).map(SnmpAccess::Community)
        }
        (None, Some(node)) => {
            let auth = auth.map(|node| self::auth(node, privacy, report));
            if auth.is_none()
                && let Some(node) = privacy
            {
                let message =
                    "`privacy` needs `auth` beside it (RFC 3414, section 1.4.3)".to_owned();
                report.add(codes::MISSING_KEY, node.place, message, None);
            }
            let name = text(node, "a user", report)?;
            if !(1..=SnmpUser::NAME_BYTES_MAX).contains(&name.len()) {
                let message = format!("a user's name has 1 to {} bytes", SnmpUser::NAME_BYTES_MAX);
                report.add(codes::BAD_NAME, node.place, message, None);
            }
            // What was said of its password and could not be read must not become a user without one.
            let auth = match auth {
                Some(read) => Some(read?),
                None => None,
            };
            Some(SnmpAccess::User(SnmpUser { name: name.into(), auth }))
        }
        (Some(_), Some(node)) => {
            let message = "either a `community` (v2c) or a `user` (v3)".to_owned();
            report.add(codes::SHAPE, node.place, message, None);
            None
        }
        (None, None) => {
            let message = "`community` or `user` is missing here".to_owned();
            report.add(codes::MISSING_KEY, keys.place, message, None);
            None
        }
    }
}

fn auth(node: &Node<'_>, privacy: Option<&Node<'_>>, report: &mut Report) -> Option<SnmpAuth> {
    let privacy = privacy.map(|node| {
        let mut keys = Keys::of(node, "`privacy`", report)?;
        let password = keys.need("aes128", report).and_then(|node| secret(node, report));
        keys.finish("`privacy`", report);
        password
    });
    let mut keys = Keys::of(node, "`auth`", report)?;
    let given: Vec<_> = SnmpHash::ALL
        .iter()
        .filter_map(|hash| keys.take(hash.as_str()).map(|node| (*hash, node)))
        .collect();
    keys.finish("`auth`", report);
    let [(hash, node)] = given[..] else {
        let message = "`auth` names one hash, and a secret".to_owned();
        let help = "as `auth: { sha256: { secret: some-name } }`".to_owned();
        report.add(codes::SHAPE, node.place, message, Some(help));
        return None;
    };
    let password = secret(node, report);
    let privacy = match privacy {
        Some(read) => Some(read?),
        None => None,
    };
    Some(SnmpAuth { hash, password: password?, privacy })
}

fn value(node: &Node<'_>, report: &mut Report) -> Option<SnmpValue> {
    if let Some(written) = node.text() {
        let (oid, object) = named(written, node, report)?;
        return Some(plain(written, oid, object));
    }
    let mut keys = Keys::of(node, "a value", report)?;
    let asked = keys.need("oid", report);
    let name = keys.take("name").and_then(|node| {
        let name = text(node, "`name`", report)?;
        if Reading::new(name, 0.0, Unit::Plain).is_none() {
            let message = format!("`{}` cannot be the name of a reading", shortened(name));
            let help = format!("1 to {} bytes", Reading::NAME_BYTES_MAX);
            report.add(codes::BAD_NAME, node.place, message, Some(help));
        }
        Some(name)
    });
    let scale = keys.take("scale").and_then(|node| {
        let scale = decimal(node, "`scale`", report)?;
        if scale == 0.0 {
            report.add(codes::BOUNDS, node.place, "`scale` cannot be zero".to_owned(), None);
        }
        Some(scale)
    });
    let unit = keys.take("unit").and_then(|node| {
        let units: Vec<(&str, Unit)> =
            Unit::ALL.iter().map(|unit| (unit.as_str(), *unit)).collect();
        choice(node, "`unit`", &units[1..], report)
    });
    let mut conditions = Vec::new();
    let bound = |key, keys: &mut Keys<'_, '_>, report: &mut Report| {
        keys.take(key).and_then(|node| decimal(node, key, report))
    };
    let at_least = bound("at_least", &mut keys, report);
    let at_most = bound("at_most", &mut keys, report);
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
    {
        let message = "nothing is at least that and at most this".to_owned();
        report.add(codes::BOUNDS, node.place, message, None);
    }
    conditions.extend(at_least.map(SnmpCondition::AtLeast));
    conditions.extend(at_most.map(SnmpCondition::AtMost));
    let is = keys.take("is");
    keys.finish("a value", report);
    let asked = asked?;
    let written = text(asked, "`oid`", report)?;
    let (oid, object) = named(written, asked, report)?;
    if let Some(node) = is {
        if list(node).is_empty() {
            report.add(codes::EMPTY, node.place, "`is` names what it may be".to_owned(), None);
        }
        let words = list(node).iter().filter_map(|node| word(node, object, report)).collect();
        conditions.push(SnmpCondition::Is(words));
    }
    let mut made = plain(written, oid, object);
    made.name = name.map_or(made.name, Into::into);
    made.scale = scale.unwrap_or(made.scale);
    made.unit = unit.unwrap_or(made.unit);
    made.conditions = conditions;
    Some(made)
}

/// A value that is only read.
fn plain(written: &str, oid: Oid, object: Option<&SnmpObject>) -> SnmpValue {
    let (scale, unit) = object.map_or((1.0, Unit::Plain), |object| (object.scale, object.unit));
    let conditions = Vec::new();
    SnmpValue { written: written.into(), oid, name: called(written), scale, unit, conditions }
}

/// What a reading is called when nothing is said: as written, as far as a name may be long.
fn called(written: &str) -> Box<str> {
    written[..written.len().min(Reading::NAME_BYTES_MAX)].into()
}

/// The identifier of what is written: a name of the dictionary with its instance, or digits.
fn named(
    written: &str,
    node: &Node<'_>,
    report: &mut Report,
) -> Option<(Oid, Option<&'static SnmpObject>)> {
    if let Some(oid) = Oid::parse(written) {
        let object = SnmpObject::of(&oid);
        return Some((oid, object));
    }
    let (name, instance) = written.split_once('.').unwrap_or((written, ""));
    let Some(object) = SnmpObject::named(name) else {
        let message = format!("`{}` is no object that goes by a name", shortened(written));
        let names = crate::check::OBJECTS.iter().map(|object| object.name);
        let help = report.did_you_mean(name, names).unwrap_or_else(|| {
            "its digits are in the device's MIB, as `1.3.6.1.2.1.1.5.0`".to_owned()
        });
        report.add(codes::CHOICE, node.place, message, Some(help));
        return None;
    };
    let instance: Option<Vec<u32>> = instance.split('.').map(|arc| arc.parse().ok()).collect();
    let oid = instance.and_then(|instance| Oid::new(&[object.oid, &instance].concat()));
    if oid.is_none() {
        let message = format!("`{}` does not say which `{name}`", shortened(written));
        let help = format!("as `{name}.3`, and `{name}.0` of what there is only one");
        report.add(codes::CHOICE, node.place, message, Some(help));
    }
    Some((oid?, Some(object)))
}

fn word(node: &Node<'_>, object: Option<&SnmpObject>, report: &mut Report) -> Option<SnmpWord> {
    let written = text(node, "`is`", report)?;
    let states = object.map_or(&[][..], |object| object.states);
    let state = states.iter().find(|(_, word)| *word == written).map(|(number, _)| *number);
    let number = state.or_else(|| written.parse().ok());
    if number.is_none() && !states.is_empty() {
        let words: Vec<&str> = states.iter().map(|(_, word)| *word).collect();
        let message = format!("it can never be `{}`", shortened(written));
        let help = format!("one of: {}", words.join(", "));
        report.add(codes::CHOICE, node.place, message, Some(help));
    }
    Some(SnmpWord { text: written.into(), number })
}

pub(super) fn printed(SnmpQuestion { agent, access, values }: &SnmpQuestion) -> Fields {
    let mut fields = vec![("snmp", scalar(&print::host_port(agent, Some(PORT))))];
    match access {
        SnmpAccess::Community(community) => fields.push(("community", shown(community))),
        SnmpAccess::User(SnmpUser { name, auth }) => {
            fields.push(("user", scalar(name)));
            if let Some(SnmpAuth { hash, password, privacy }) = auth {
                fields.push(("auth", flow_map([(hash.as_str(), shown(password))])));
                fields.extend(
                    privacy.as_ref().map(|key| ("privacy", flow_map([("aes128", shown(key))]))),
                );
            }
        }
    }
    fields.push(("get", flow_list(values.iter().map(printed_value))));
    fields
}

fn printed_value(value: &SnmpValue) -> String {
    let SnmpValue { written, oid, name, scale, unit, conditions } = value;
    let usual = plain(written, oid.clone(), SnmpObject::of(oid));
    let mut fields = vec![("oid", scalar(written))];
    if *name != usual.name {
        fields.push(("name", scalar(name)));
    }
    if *scale != usual.scale {
        fields.push(("scale", scale.to_string()));
    }
    if *unit != usual.unit {
        fields.push(("unit", scalar(unit.as_str())));
    }
    for condition in conditions {
        fields.push(match condition {
            SnmpCondition::AtLeast(bound) => ("at_least", bound.to_string()),
            SnmpCondition::AtMost(bound) => ("at_most", bound.to_string()),
            SnmpCondition::Is(words) => {
                ("is", flow_list(words.iter().map(|word| scalar(&word.text))))
            }
        });
    }
    flow_map(fields)
}
