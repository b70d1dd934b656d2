//! The JSON Schema of the plant file, for editors: draft 2020-12, made from the tables the reader
//! reads by.
//!
//! It knows shapes, keys, units and choices, and nothing of names, circles or time zones: `check`
//! decides what is a plant. It never refuses what the reader takes. Tested against the reader: each
//! map here has exactly the keys that the reader says it has.

use super::alerts::{BEATS, TLS_MODES};
use super::fields::{FIELDS, Field, Holds};
use super::lower::{NAME_MAX, REQUIREMENT_WORDS};
use super::probing;
use super::questions::database;
use super::questions::dns::{RCODES, RECORD_TYPES};
use super::questions::form::{FORMS, Form};
use super::questions::http::METHODS;
use super::questions::redis;
use super::questions::snmp::units;
use super::questions::talk;
use super::units::{CURVES, Unit, of_capacity};
use crate::kind::Kind;
use crate::quantity::{BreakerStandard, Phase, PsuMode};
use std::fmt::Write as _;

/// The JSON Schema of the plant file, ready to be written to a file.
#[must_use]
pub fn schema() -> String {
    let kinds = Kind::ALL.iter().map(|kind| {
        let fields = FIELDS.iter().filter(|field| field.of.has(*kind)).map(|field| {
            let own = field.name;
            let place = match field.holds {
                Holds::Capacity(_) => format!("capacity-{}", base(of_capacity(*kind))),
                _ => format!("field-{own}"),
            };
            (own.to_owned(), reference(&place))
        });
        (kind.as_str().to_owned(), object(fields.collect(), &[]))
    });
    let fields = FIELDS.iter().filter(|field| !matches!(field.holds, Holds::Capacity(_)));
    let fields = fields.map(|Field { name, holds, of: _, doc }| {
        (format!("field-{name}"), described(&shape(*holds), doc))
    });
    let capacity = FIELDS.iter().find(|field| matches!(field.holds, Holds::Capacity(_)));
    let capacity = capacity.expect("`capacity` is in the table").doc;
    let capacities = [Unit::Watts, Unit::Amps, Unit::BitsPerSecond, Unit::Bytes].map(|unit| {
        let doc = format!("{capacity}: {}", unit.example());
        (format!("capacity-{}", base(unit)), described(base(unit), &doc))
    });
    let mut definitions: Vec<(String, Json)> =
        words().into_iter().map(|(name, one)| (name.to_owned(), one)).collect();
    for (name, keys) in MAPS {
        definitions
            .push(((*name).to_owned(), object(keys.iter().map(key).collect(), needed(name))));
    }
    definitions.extend(fields);
    definitions.extend(capacities);
    definitions.extend(kinds);

    let sections = Kind::ALL.iter().map(|kind| {
        (kind.section().to_owned(), named(reference(kind.as_str()), reference("name-or-range")))
    });
    let defaults = Kind::ALL
        .iter()
        .map(|kind| (kind.section().to_owned(), reference(kind.as_str())))
        .collect();
    let mut top: Vec<(String, Json)> = TOP.iter().map(key).collect();
    top.push(("defaults".to_owned(), object(defaults, &[])));
    top.extend(sections);
    let mut root = vec![
        ("$schema".to_owned(), text("https://json-schema.org/draft/2020-12/schema")),
        ("title".to_owned(), text("Blackstart plant file, version 1")),
    ];
    let Json::Map(object) = object(top, &[]) else { unreachable!("an object is a map") };
    root.extend(object);
    root.push(("$defs".to_owned(), Json::Map(definitions)));
    let mut out = String::new();
    Json::Map(root).write(&mut out, 0);
    out.push('\n');
    out
}

/// A key of a map: its name, what it holds (a definition's name) and what it means.
pub(super) type Key = (&'static str, &'static str, &'static str);

/// The keys at the top, besides `defaults` and the sections.
const TOP: &[Key] = &[
    ("blackstart", "version", "the version of the plant language"),
    ("name", "text", "the plant's name"),
    ("timezone", "text", "the IANA time zone of all times that name none; UTC when not given"),
    ("here", "here", "where the server itself stands"),
    ("vantages", "vantages", "the other places that checks are put from"),
    ("alerts", "alerts", "who is alerted, and how"),
    ("samples", "samples", "how long samples are kept, and where else they are written"),
    ("lifelines", "lifelines", "what we ourselves need when everything else is down"),
    ("maintenance", "maintenances", "what somebody announced"),
    ("probe", "probe", "what others may have us ask by the page `/probe`"),
];

/// What every check has besides its question.
const CHECK: &[Key] = &[
    ("name", "name", "its name; its kind when not given"),
    ("every", "span", "the period, `100 ms` to `7 d`; `30 s` when not given"),
    ("deadline", "span", "the end of one try; `10 s`, or half the period, when not given"),
    ("from", "names", "the vantages it is put from; `here` when not given"),
    ("over", "name", "the network plane its packets take; `front` when not given"),
];

/// The maps that are no components, each with its keys.
const MAPS: &[(&str, &[Key])] = &[
    ("here", PLACE),
    (
        "vantage",
        &[
            AT,
            ("agent", "name", "the name its agent enrols under"),
            WAY_OUT,
            SILENT,
            ("alerts", "flag", "its agent alerts by itself when the server is silent"),
        ],
    ),
    (
        "alerts",
        &[
            ("console", "text", "the console's URL as people reach it"),
            ("mail", "mail", "alerts by mail"),
            ("webhooks", "webhooks", "alerts as JSON, by name"),
            ("alertmanagers", "alertmanagers", "alerts to Alertmanagers of Prometheus, by name"),
            ("pagerduty", "pagerduty", "alerts to services of PagerDuty, by name"),
            ("ntfy", "ntfy", "alerts to topics of ntfy, by name"),
            ("commands", "commands", "commands of the server's settings that alert, by name"),
            ("heartbeat", "heartbeat", "a URL fetched regularly, so that its silence is noticed"),
        ],
    ),
    (
        "mail",
        &[
            ("relay", "text", "`host:port`; port 25 when not given"),
            ("from", "text", "the sender's address"),
            ("to", "texts", "the addresses of those who repair"),
            ("tls", "tls", "`starttls` when not given; `none` to a loopback address"),
            ("user", "text", "the user to log in as"),
            ("password", "secret", "the password, by its name"),
            THROUGH,
        ],
    ),
    (
        "webhook",
        &[
            ("url", "text", "an `http` or `https` URL"),
            ("token", "secret", "a bearer token"),
            THROUGH,
        ],
    ),
    (
        "alertmanager",
        &[
            ("url", "text", "its URL, without `/api/v2/alerts`"),
            ("token", "secret", "a bearer token"),
            ("user", "text", "the user to log in as"),
            ("password", "secret", "the password, by its name"),
            THROUGH,
        ],
    ),
    (
        "pagerduty-service",
        &[
            ("routing_key", "secret", "the integration key of the service, by its name"),
            ("url", "text", "where events go; that of PagerDuty when not given"),
            THROUGH,
        ],
    ),
    (
        "ntfy-topic",
        &[
            ("url", "text", "the server's URL and the topic: `https://ntfy.example/our-alerts`"),
            ("token", "secret", "an access token"),
            THROUGH,
        ],
    ),
    (
        "command",
        &[("deadline", "span", "how long one run may last; `30 s` when not given"), THROUGH],
    ),
    (
        "heartbeat",
        &[
            ("url", "text", "an `http` or `https` URL"),
            ("every", "span", "`1 min` when not given"),
            ("method", "beat-method", "`GET` when not given"),
            ("token", "secret", "a bearer token"),
            THROUGH,
        ],
    ),
    (
        "samples",
        &[
            ("minutes", "span", "how long minutes are kept, from `2 h`; `7 d` when not given"),
            ("hours", "span", "how long hours are kept, from `2 d`; `730 d` when not given"),
            ("remote_write", "remote-write", "who else gets every sample"),
        ],
    ),
    (
        "remote-write",
        &[
            ("url", "text", "an `http` or `https` URL that takes Prometheus remote write 1.0"),
            ("user", "text", "the user, for HTTP Basic"),
            ("password", "secret", "the password, by its name"),
            ("token", "secret", "a bearer token"),
            ("headers", "headers", "more request headers"),
        ],
    ),
    ("secret", &[("secret", "text", "its name in the secrets file or the environment")]),
    (
        "lifelines",
        &[
            ("status_page", "names", "where customers look when they cannot reach us"),
            ("alerting", "names", "what alerts go through"),
            ("monitoring", "names", "what watches"),
            ("mail_relay", "names", "what mail goes through"),
            ("name_servers", "names", "what answers for our names"),
            ("backups", "names", "where backups are kept"),
            ("remote_access", "names", "how we get in from outside"),
        ],
    ),
    (
        "maintenance",
        &[
            ("off", "names", "what is switched off or worked on"),
            ("by", "text", "by whom"),
            (
                "affects",
                "names",
                "all that the announcement says is hit; `none` where it says nothing is",
            ),
            ("timezone", "text", "the IANA time zone of its times; the plant's when not given"),
            ("from", "text", "the beginning, `2017-03-26 22:00`"),
            ("to", "text", "the end"),
        ],
    ),
    (
        "probe",
        &[
            ("targets", "texts", "whom: `plant`, an address, a network, a name, `*.example.net`"),
            ("modules", "modules", "questions by the names that others give them"),
        ],
    ),
    (
        "condition",
        &[
            ("known_failed", "text", "it has failed: the words of whoever saw it"),
            ("off", "text", "it is switched off on purpose: why"),
            ("never_exercised", "flag", "whether it takes over was never tried"),
            ("exercised", "text", "when it was last tried"),
            ("exercised_load", "watts", "with how much load, `0 W` when with none"),
            ("barred_until", "text", "not to be used until then"),
        ],
    ),
    (
        "breaker-with-standard",
        &[
            ("rated", "front-of-breaker", "what is on its front, `16 A C`"),
            ("curve", "curve", "the letter of its magnetic range"),
            ("standard", "standard", "the standard it is built to"),
            ("ambient", "degrees-celsius", "the temperature of the air around it, `35 °C`"),
            ("poles", "number", "how many poles, 1 to 4"),
        ],
    ),
    (
        "metered",
        &[
            ("current", "amperes", "the current, of its one phase or of each, `9.8 A`"),
            ("L1", "amperes", "the current of the first phase"),
            ("L2", "amperes", "the current of the second phase"),
            ("L3", "amperes", "the current of the third phase"),
            ("at", "text", "when it was read, `2026-11-20 22:00`"),
        ],
    ),
    (
        "body",
        &[
            ("contains", "texts", "texts that must be there"),
            ("lacks", "texts", "texts that must not be there"),
        ],
    ),
    (
        "answer",
        &[
            ("is", "text", "exactly this text, or the same number"),
            ("at_least", "decimal", "a number, and at least this one"),
            ("at_most", "decimal", "a number, and at most this one"),
        ],
    ),
    ("talk-step", talk::STEP),
    ("talk-label", talk::LABEL),
    ("bytes-in-hex", talk::IN_HEX),
    (
        "snmp-auth",
        &[
            ("sha1", "secret", "HMAC-SHA-96 (RFC 3414)"),
            ("sha256", "secret", "HMAC-192-SHA-256 (RFC 7860)"),
            ("sha384", "secret", "HMAC-256-SHA-384"),
            ("sha512", "secret", "HMAC-384-SHA-512"),
        ],
    ),
    ("snmp-privacy", &[("aes128", "secret", "AES-128 (RFC 3826)")]),
    (
        "snmp-value",
        &[
            ("oid", "text", "a name with its instance, `ifOperStatus.3`, or digits"),
            ("name", "text", "what the reading is called; as written when not given"),
            ("scale", "decimal", "what one step of the number stands for"),
            ("unit", "snmp-unit", "of what"),
            ("at_least", "decimal", "less is degraded; of a counter, in a second"),
            ("at_most", "decimal", "more is degraded; of a counter, in a second"),
            ("is", "texts", "one of these words or numbers; another one is down"),
        ],
    ),
    (
        "records",
        &[
            ("at_least", "number", "at least so many of the asked type"),
            ("has", "texts", "records that must be there"),
            ("exactly", "texts", "all records there must be, in any order"),
        ],
    ),
];

const AT: Key = ("at", "text", "the component it stands at; on the internet when not given");
const WAY_OUT: Key =
    ("way_out", "way-out", "questions that prove its way out, when one is answered");
const SILENT: Key = ("silent_after", "span", "silent so long, it is unknown; `15 s`");
const PLACE: &[Key] = &[AT, WAY_OUT, SILENT];
const THROUGH: Key = ("through", "names", "what it goes through besides this server, or `outside`");

/// The keys a map cannot do without.
fn needed(map: &str) -> &'static [&'static str] {
    match map {
        "mail" => &["relay", "from", "to"],
        "webhook" | "heartbeat" | "remote-write" | "alertmanager" | "ntfy-topic" => &["url"],
        "pagerduty-service" => &["routing_key"],
        "secret" => &["secret"],
        "maintenance" => &["off", "from", "to"],
        "breaker-with-standard" => &["rated"],
        _ => &[],
    }
}

/// The definition that a field's value has to meet.
fn shape(holds: Holds) -> String {
    match holds {
        Holds::Requirement(_) => "requirement",
        Holds::Redundant(_) => "redundant-requirement",
        Holds::Network => "network",
        Holds::Segments | Holds::Addresses(_) | Holds::Texts(_) | Holds::Others(_) => "texts",
        Holds::Claim => "claim",
        Holds::Condition => "condition",
        Holds::Checks => "checks",
        Holds::Watts(_) => base(Unit::Watts),
        Holds::Rate(_) => base(Unit::BitsPerSecond),
        Holds::Size(_) => base(Unit::Bytes),
        Holds::Volts(_) => base(Unit::Volts),
        Holds::Breaker(_) => "breaker-rating",
        Holds::Phases(_) => "phase-count",
        Holds::Phase(_) => "phase",
        Holds::Ratio(..) => base(Unit::Ratio),
        Holds::Metered(_) => "metered",
        Holds::PsuMode(_) => "psu-mode",
        Holds::Input(_) => "text",
        Holds::Inrush(_) => "inrush",
        Holds::PerYear(_) => base(Unit::PerYear),
        Holds::Span(_) => base(Unit::Seconds),
        Holds::Instant(_) => "text",
        // Its unit depends on the kind.
        Holds::Capacity(_) | Holds::Cidr(_) | Holds::Zone(_) | Holds::Text(_) => "text",
        Holds::Flag(_) => "flag",
        Holds::Internet => "internet",
    }
    .to_owned()
}

const fn base(unit: Unit) -> &'static str {
    match unit {
        Unit::Watts => "watts",
        Unit::Volts => "volts",
        Unit::Amps => "amperes",
        Unit::BitsPerSecond => "bits-per-second",
        Unit::Bytes => "bytes",
        Unit::Seconds => "span",
        Unit::Celsius => "degrees-celsius",
        Unit::Ratio => "ratio",
        Unit::Times => "times",
        Unit::PerYear => "per-year",
    }
}

/// The definitions that are neither maps with fixed keys nor fields.
fn words() -> Vec<(&'static str, Json)> {
    let questions = |more: &[Key]| Json::List(FORMS.iter().map(|form| check(form, more)).collect());
    let mut words = vec![
        // What YAML reads as a number or a truth value is a text here, as it was typed.
        ("text", map([("type", list(["string", "number", "boolean"].map(text)))])),
        ("texts", one_or_list("text")),
        (
            "name",
            map([
                ("type", list(["string", "number", "boolean"].map(text))),
                ("pattern", text(r"^[A-Za-z0-9._-]+$")),
                ("maxLength", Json::Number(i64::try_from(NAME_MAX).expect("a short length"))),
            ]),
        ),
        ("names", one_or_list("text")),
        ("name-or-range", pattern(RANGE)),
        ("number", map([("type", list(["integer", "string"].map(text)))])),
        (
            "flag",
            map([(
                "enum",
                list([Json::Flag(true), Json::Flag(false), text("true"), text("false")]),
            )]),
        ),
        ("version", map([("enum", list([Json::Number(1), text("1")]))])),
        ("internet", map([("const", text("internet"))])),
        ("claim", pattern(r"^(N|2N|N\+[0-9]+)$")),
        (
            "breaker-rating",
            any_of(vec![reference("front-of-breaker"), reference("breaker-with-standard")]),
        ),
        ("front-of-breaker", pattern(&format!(r"^\+?[0-9.]+ *A *[{}]?$", CURVES.concat()))),
        ("curve", choice(CURVES)),
        (
            "standard",
            map([("enum", list(BreakerStandard::ALL.iter().map(|one| text(one.as_str()))))]),
        ),
        (
            "phase-count",
            map([("enum", list([Json::Number(1), Json::Number(3), text("1"), text("3")]))]),
        ),
        ("phase", map([("enum", list(Phase::ALL.iter().map(|phase| text(phase.as_str()))))])),
        ("psu-mode", map([("enum", list(PsuMode::ALL.iter().map(|mode| text(mode.as_str()))))])),
        ("inrush", any_of(vec![reference(base(Unit::Amps)), reference(base(Unit::Times))])),
        // A bare number is a YAML number too.
        (
            base(Unit::Ratio),
            map([
                ("type", list(["string", "number"].map(text))),
                ("pattern", Json::Text(quantity(Unit::Ratio))),
                ("minimum", Json::Number(0)),
                ("maximum", Json::Number(1)),
            ]),
        ),
        (
            base(Unit::PerYear),
            map([
                ("type", list(["string", "number"].map(text))),
                ("pattern", Json::Text(quantity(Unit::PerYear))),
                ("minimum", Json::Number(0)),
                ("maximum", Json::Number(1_000)),
            ]),
        ),
        ("method", choice(METHODS)),
        ("rcode", choice(RCODES)),
        ("redis-role", choice(redis::ROLES)),
        ("database-tls", choice(database::TLS)),
        ("database-role", choice(database::ROLES)),
        ("decimal", map([("type", text("number"))])),
        ("tls", choice(TLS_MODES.map(|(word, _)| word))),
        ("plugin-words", named(reference("text"), Json::Flag(true))),
        ("talk-steps", one_or_list("talk-step")),
        ("talk-labels", one_or_list("talk-label")),
        ("raw-bytes", any_of(vec![reference("text"), reference("bytes-in-hex")])),
        ("snmp-unit", map([("enum", list(units().map(text)))])),
        (
            "snmp-values",
            map([(
                "anyOf",
                list([
                    reference("text"),
                    reference("snmp-value"),
                    map([
                        ("type", text("array")),
                        (
                            "items",
                            map([("anyOf", list([reference("text"), reference("snmp-value")]))]),
                        ),
                    ]),
                ]),
            )]),
        ),
        ("query", pattern(&format!(r"^\s*\S+(\s+({}))?\s*$", RECORD_TYPES.join("|")))),
        ("statuses", one_or_list("status")),
        (
            "status",
            map([
                ("type", list(["integer", "string"].map(text))),
                ("pattern", text(r"^[1-5][0-9][0-9]( *\.\. *[1-5][0-9][0-9])?$")),
                ("minimum", Json::Number(100)),
                ("maximum", Json::Number(599)),
            ]),
        ),
        (
            "headers",
            named(
                map([("anyOf", list([reference("text"), reference("secret")]))]),
                Json::Flag(true),
            ),
        ),
        ("push", map([("anyOf", list([reference("text"), reference("secret")]))])),
        ("expected-headers", named(reference("body"), Json::Flag(true))),
        ("webhooks", named(reference("webhook"), reference("name"))),
        ("alertmanagers", named(reference("alertmanager"), reference("name"))),
        ("pagerduty", named(reference("pagerduty-service"), reference("name"))),
        ("ntfy", named(reference("ntfy-topic"), reference("name"))),
        ("commands", named(reference("command"), reference("name"))),
        ("beat-method", choice(BEATS.map(|(word, _)| word))),
        ("modules", named(reference("module"), reference("name"))),
        ("vantages", named(reference("vantage"), reference("name"))),
        ("maintenances", named(reference("maintenance"), reference("name"))),
        ("checks", one_or_list("check")),
        ("check", map([("oneOf", questions(CHECK))])),
        ("way-out", one_or_list("question")),
        ("question", map([("oneOf", questions(&[]))])),
        ("module", map([("oneOf", questions(&[probing::TARGETS]))])),
    ];
    words.extend(requirements());
    for unit in [
        Unit::Watts,
        Unit::Volts,
        Unit::Amps,
        Unit::BitsPerSecond,
        Unit::Bytes,
        Unit::Seconds,
        Unit::Celsius,
        Unit::Times,
    ] {
        words.push((base(unit), pattern(&quantity(unit))));
    }
    words
}

/// A name, or a range of them.
const RANGE: &str = r"^[A-Za-z0-9._-]*(\{[0-9]+\.\.[0-9]+\}[A-Za-z0-9._-]*)?$";

/// A quantity or a range of it, as `units::range` reads it.
fn quantity(unit: Unit) -> String {
    let symbols: Vec<&str> = unit.symbols().iter().map(|(symbol, _)| *symbol).collect();
    let (number, symbols) = (r"[+-]?[0-9.]+", symbols.join("|"));
    format!(r"^{number} *({symbols})$|^{number} *({symbols})? *\.\. *{number} *({symbols})$")
}

fn check(form: &Form, more: &[Key]) -> Json {
    let keys = std::iter::once(&form.key).chain(form.fields).chain(more);
    let needed: Vec<&str> =
        std::iter::once(form.key.0).chain(form.needed.iter().copied()).collect();
    object(keys.map(key).collect(), &needed)
}

fn requirements() -> [(&'static str, Json); 5] {
    let parts = |name: &'static str| (name.to_owned(), reference("parts"));
    let combined = [
        object(vec![parts("any")], &["any"]),
        object(vec![parts("all")], &["all"]),
        object(vec![key(&("at_least", "number", "so many")), parts("of")], &["at_least", "of"]),
        object(
            vec![
                key(&("use", "text", "what is needed")),
                key(&("over", "name", "over this network plane")),
            ],
            &["use"],
        ),
        object(
            vec![
                key(&("standby", "text", "what takes over after a while")),
                key(&("takes", "span", "how long that takes, `10..45 min`")),
                ("by".to_owned(), choice(["person", "itself"])),
            ],
            &["standby"],
        ),
    ];
    let several = |items_max: Option<i64>| {
        let mut array = vec![
            ("type", text("array")),
            ("items", reference("requirement")),
            ("minItems", Json::Number(1)),
        ];
        array.extend(items_max.map(|max| ("maxItems", Json::Number(max))));
        map(array)
    };
    let word = list(REQUIREMENT_WORDS.iter().copied().map(text));
    let plane = map([("allOf", list([reference("name"), map([("not", map([("enum", word)]))])]))]);
    [
        ("requirement", any_of(vec![reference("text"), several(None), reference("combined")])),
        (
            "redundant-requirement",
            any_of(vec![reference("text"), several(Some(1)), reference("combined")]),
        ),
        (
            "network",
            any_of(vec![
                reference("redundant-requirement"),
                named(reference("redundant-requirement"), plane),
            ]),
        ),
        ("combined", map([("oneOf", list(combined))])),
        ("parts", any_of(vec![several(None), reference("requirement")])),
    ]
}

/// As much of JSON as a schema needs, in the order it is written.
enum Json {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

impl Json {
    fn write(&self, out: &mut String, level: usize) {
        const INDENT: usize = 2;
        let line = |out: &mut String, level: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', INDENT * level));
        };
        match self {
            Self::Text(text) => quote(text, out),
            Self::Number(number) => write!(out, "{number}").expect("a String takes all"),
            Self::Flag(flag) => write!(out, "{flag}").expect("a String takes all"),
            Self::List(parts) => {
                out.push('[');
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    part.write(out, level);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    line(out, level + 1);
                    quote(key, out);
                    out.push_str(": ");
                    value.write(out, level + 1);
                }
                line(out, level);
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn list(parts: impl IntoIterator<Item = Json>) -> Json {
    Json::List(parts.into_iter().collect())
}

fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Json)>) -> Json {
    Json::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn reference(definition: &str) -> Json {
    map([("$ref", Json::Text(format!("#/$defs/{definition}")))])
}

fn described(definition: &str, doc: &str) -> Json {
    let Json::Map(mut entries) = reference(definition) else { unreachable!("a map") };
    entries.insert(0, ("description".to_owned(), text(doc)));
    Json::Map(entries)
}

fn key((name, holds, doc): &Key) -> (String, Json) {
    ((*name).to_owned(), described(holds, doc))
}

/// A map with fixed keys; an empty one may be left out.
fn object(properties: Vec<(String, Json)>, needed: &[&str]) -> Json {
    let mut entries = vec![
        (
            "type",
            if needed.is_empty() { list(["object", "null"].map(text)) } else { text("object") },
        ),
        ("properties", Json::Map(properties)),
        ("additionalProperties", Json::Flag(false)),
    ];
    if !needed.is_empty() {
        entries.push(("required", list(needed.iter().copied().map(text))));
    }
    map(entries)
}

/// A map from names to values.
fn named(value: Json, name: Json) -> Json {
    map([
        ("type", list(["object", "null"].map(text))),
        ("propertyNames", name),
        ("additionalProperties", value),
    ])
}

/// A list, or one value as a list of one; nothing is an empty one.
fn one_or_list(of: &str) -> Json {
    let several = map([("type", list(["array", "null"].map(text))), ("items", reference(of))]);
    map([("anyOf", list([several, reference(of)]))])
}

fn any_of(of: Vec<Json>) -> Json {
    map([("anyOf", Json::List(of))])
}

fn choice<const N: usize>(words: [&str; N]) -> Json {
    map([("enum", list(words.map(text)))])
}

fn pattern(pattern: &str) -> Json {
    map([("type", text("string")), ("pattern", text(pattern))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plantfile::parse_str;
    use std::collections::BTreeSet;

    /// The keys the reader knows at a place, by its own words about one it does not know.
    fn read(text: &str) -> BTreeSet<String> {
        let unknown = "qqqqqqqqqqqq";
        let text = format!("blackstart: 1\n{}\n", text.replace('@', &format!("{unknown}: 1")));
        let (_, findings) = parse_str(&text);
        let said = findings.iter().find(|finding| finding.message.contains(unknown));
        let said = said.unwrap_or_else(|| panic!("{text}: {findings:#?}"));
        let help = said.help.as_deref().expect("a list of keys");
        let (_, keys) = help.split_once(" has: ").unwrap_or_else(|| panic!("{help}"));
        keys.split(", ").map(str::to_owned).collect()
    }

    fn keys<'k>(keys: impl IntoIterator<Item = &'k Key>) -> BTreeSet<String> {
        keys.into_iter().map(|key| key.0.to_owned()).collect()
    }

    #[test]
    fn each_map_has_the_keys_the_reader_knows() {
        let place = |name: &str| match name {
            "here" => "here: { @ }",
            "vantage" => "vantages: { a: { @ } }",
            "alerts" => "alerts: { @ }",
            "mail" => "alerts: { mail: { @ } }",
            "webhook" => "alerts: { webhooks: { a: { @ } } }",
            "alertmanager" => "alerts: { alertmanagers: { a: { @ } } }",
            "pagerduty-service" => "alerts: { pagerduty: { a: { @ } } }",
            "ntfy-topic" => "alerts: { ntfy: { a: { @ } } }",
            "command" => "alerts: { commands: { a: { @ } } }",
            "heartbeat" => "alerts: { heartbeat: { @ } }",
            "samples" => "samples: { @ }",
            "remote-write" => "samples: { remote_write: { @ } }",
            "secret" => "alerts: { mail: { password: { @ } } }",
            "lifelines" => "lifelines: { @ }",
            "maintenance" => "maintenance: { a: { @ } }",
            "probe" => "probe: { @ }",
            "condition" => "feeds: { a: { condition: { @ } } }",
            "breaker-with-standard" => "feeds: { a: { breaker: { @ } } }",
            "metered" => "feeds: { a: { metered: { @ } } }",
            "body" => "feeds: { a: { checks: { http: b, body: { @ } } } }",
            "answer" => {
                "feeds: { a: { checks: { mariadb: b, user: c, query: d, answer: { @ } } } }"
            }
            "talk-step" => "feeds: { a: { checks: { talk: b, steps: [{ @ }] } } }",
            "talk-label" => "feeds: { a: { checks: { talk: b, steps: { labels: [{ @ }] } } } }",
            "bytes-in-hex" => {
                "feeds: { a: { checks: { talk: b, steps: [{ send_bytes: { @ } }] } } }"
            }
            "snmp-auth" => "feeds: { a: { checks: { snmp: b, user: u, auth: { @ }, get: [] } } }",
            "snmp-privacy" => {
                "feeds: { a: { checks: { snmp: b, user: u, auth: {}, privacy: { @ }, get: [] } } }"
            }
            "snmp-value" => "feeds: { a: { checks: { snmp: b, get: [{ @ }] } } }",
            "records" => "feeds: { a: { checks: { dns: b, records: { @ } } } }",
            other => panic!("no place is known for `{other}`"),
        };
        for (name, own) in MAPS {
            assert_eq!(read(place(name)), keys(*own), "{name}");
        }
    }

    #[test]
    fn each_question_has_the_keys_the_reader_knows() {
        let named: BTreeSet<String> = keys(FORMS.iter().map(|form| &form.key));
        for Form { key: question, fields: own, .. } in FORMS {
            let check = read(&format!("feeds: {{ a: {{ checks: {{ {}: b, @ }} }} }}", question.0));
            assert_eq!(check, &(&named | &keys(*own)) | &keys(CHECK), "{}", question.0);
            let way_out = read(&format!("here: {{ way_out: {{ {}: b, @ }} }}", question.0));
            assert_eq!(way_out, &named | &keys(*own), "{}", question.0);
            let module = format!("probe: {{ modules: {{ a: {{ {}: b, @ }} }} }}", question.0);
            let own = &(&named | &keys(*own)) | &keys(&[probing::TARGETS]);
            assert_eq!(read(&module), own, "{}", question.0);
        }
    }

    #[test]
    fn requirements_and_sections_have_the_keys_the_reader_knows() {
        let words: BTreeSet<String> =
            REQUIREMENT_WORDS.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(read("feeds: { a: { fed_by: { @ } } }"), words);
        let sections = Kind::ALL.iter().map(|kind| kind.section().to_owned());
        let mut top: BTreeSet<String> = keys(TOP).into_iter().chain(sections.clone()).collect();
        top.insert("defaults".to_owned());
        assert_eq!(read("@"), top);
        assert_eq!(read("defaults: { @ }"), sections.collect());
    }

    #[test]
    fn no_definition_stands_twice() {
        let text = schema();
        let (_, definitions) = text.split_once("\"$defs\": {").expect("it has definitions");
        for name in text.split("#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(definitions.matches(&format!("\n    \"{name}\": {{")).count(), 1, "{name}");
        }
    }
}
