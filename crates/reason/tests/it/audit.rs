//! Every finding of the audit has a page, and every page is a case: its first example brings the finding, as
//! the page shows it; its second does not.

use blackstart_model::plant::{Replug, Role};
use blackstart_model::time::{Timestamp, Zone, local_instant};
use blackstart_model::{ComponentId, Plant, plantfile};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::structure::{Audit, Draft, Finding, RULES, audit, worse_than};
use std::path::PathBuf;
use std::sync::Arc;

/// A file of the repository.
fn path(under_the_root: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(under_the_root)
}

/// The day all pages are of.
fn now() -> Timestamp {
    local_instant("2026-11-21 12:00", &Zone::UTC).expect("a time")
}

fn plant(text: &str) -> Arc<Plant> {
    let (plant, findings) = plantfile::parse_str(text);
    plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}\n{text}"))
}

fn audited(text: &str) -> (Arc<Plant>, Audit) {
    let plant = plant(text);
    let audit = audit(&plant, &Circuit::of(&plant), now()).expect("a small plant");
    (plant, audit)
}

fn shown(plant: &Plant, finding: &Finding) -> String {
    let names = |of: &[ComponentId], between: &str| {
        let names: Vec<&str> = of.iter().map(|&id| plant.component(id).name.as_str()).collect();
        names.join(between)
    };
    let Finding {
        code,
        severity,
        confidence,
        component,
        causes,
        brings_down,
        witness,
        message,
        help,
    } = finding;
    format!(
        "{severity}[{code}]: {message}\n  component: {}\n  causes: {}\n  brings down: {}\n  \
         witness: {}\n  confidence: {confidence}\n  help: {help}\n",
        plant.component(*component).name,
        names(causes, ", "),
        names(brings_down, ", "),
        names(witness, " ← "),
    )
}

fn of_code(text: &str, code: &str) -> String {
    let (plant, audit) = audited(text);
    let own = audit.findings.iter().filter(|finding| finding.code == code);
    own.map(|finding| shown(&plant, finding)).collect()
}

#[test]
fn each_page_brings_its_finding_and_its_remedy() {
    for rule in RULES {
        let code = rule.code;
        let file = path(&format!("docs/findings/{code}.md"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{code} has no page: {error}"));
        let block = |from: usize, fence: &str| {
            let start =
                from + text[from..].find(fence).expect("a page has its blocks") + fence.len();
            start..start + text[start..].find("```").expect("a block ends")
        };
        let bad = block(0, "```yaml\n");
        let output = block(bad.end, "```text\n");
        let mended = block(output.end, "```yaml\n");
        let found = of_code(&text[bad], code);
        assert!(!found.is_empty(), "{code} is not found in its example");
        let title = format!("# {code}: {}\n", rule.title);
        let rest = text.split_once('\n').expect("a page has lines").1;
        let gone = text.len() - rest.len();
        let expected =
            format!("{title}{}{found}{}", &rest[..output.start - gone], &rest[output.end - gone..]);
        expect_test::expect_file![file].assert_eq(&expected);
        let left = of_code(&text[mended], code);
        assert!(left.is_empty() || code == "BS1001" && !left.contains("warning"), "{code}: {left}");
    }
}

#[test]
fn the_index_lists_the_pages_there_are() {
    let mut index = "# What the audit finds\n\nWhat `blackstart audit` can say of a plant. The gravest \
                     first is how it is told; an error contradicts what the plant file itself says or demands.\n\n\
                     | code | meaning |\n|---|---|\n"
        .to_owned();
    for rule in RULES {
        index += &format!("| [{0}]({0}.md) | {1} |\n", rule.code, rule.title);
    }
    expect_test::expect_file![path("docs/findings/audit.md")].assert_eq(&index);
    assert!(RULES.is_sorted_by(|one, next| one.code < next.code));
}

#[test]
fn what_a_change_makes_worse_is_told_and_nothing_else() {
    let before = "blackstart: 1
pdus: { pdu-a: {}, pdu-b: {} }
servers: { web: { power: { any: [pdu-a, pdu-b] } }, old: { power: pdu-a } }
services: { site: { on: web }, archive: { on: old } }
";
    let after =
        before.replace("old: { power: pdu-a }", "old: { power: pdu-a }, new: { power: pdu-b }");
    let after = after.replace("archive: { on: old }", "archive: { on: old }, more: { on: new }");
    let (old_plant, old) = audited(before);
    let (new_plant, new) = audited(&after);
    let worse = worse_than((&old_plant, &old), (&new_plant, &new));
    let names: Vec<&str> =
        worse.iter().map(|one| new_plant.component(one.component).name.as_str()).collect();
    assert_eq!(names, ["pdu-b", "new", "pdu-b"], "{worse:#?}");
    assert!(
        worse_than((&new_plant, &new), (&old_plant, &old)).is_empty(),
        "taking it back is no loss"
    );
    assert!(worse_than((&old_plant, &old), (&old_plant, &old)).is_empty());
}

#[test]
fn moving_the_second_cord_of_seed_6_mends_it() {
    let plant = plant(
        "blackstart: 1
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
servers: { stream-1: { power: { any: [pdu-a, pdu-a] } } }
services: { app: { on: stream-1 } }
",
    );
    let id = |name: &str| plant.find(name).expect("it is there");
    let mut draft = Draft::of((*plant).clone()).expect("a small plant");
    let cord = |from: &str, to: &str| Replug {
        of: id("stream-1"),
        role: Role::Power,
        from: id(from),
        to: id(to),
    };
    let change = draft.replug(cord("pdu-a", "pdu-b")).expect("it can be moved");
    let name = |id: ComponentId| plant.component(id).name.as_str();
    let mended: Vec<_> = change.no_longer.iter().map(|&(one, by)| (name(one), name(by))).collect();
    assert_eq!(
        mended,
        [("stream-1", "feed-a"), ("stream-1", "pdu-a"), ("app", "feed-a"), ("app", "pdu-a")]
    );
    assert_eq!(change.newly, []);
    let refused = draft.replug(cord("feed-a", "feed-b")).expect_err("it has no cord there");
    assert_eq!(refused.to_string(), "`stream-1` has no cord in `feed-a`");
    let refused = draft.replug(cord("pdu-a", "feed-b")).expect_err("another kind");
    assert_eq!(refused.to_string(), "`feed-b` is a feed, and the cord is in a pdu");
}

#[test]
fn mending_what_only_a_standby_held_mends_nothing_else() {
    let plant = plant(
        "blackstart: 1
cooling: { unit: {}, spare: { cooled_by: { standby: unit } }, other: { cooled_by: spare } }
",
    );
    let id = |name: &str| plant.find(name).expect("it is there");
    let mut draft = Draft::of((*plant).clone()).expect("a small plant");
    let edit = Replug { of: id("other"), role: Role::Cooling, from: id("spare"), to: id("unit") };
    draft.replug(edit).expect("it can be moved");
    let whole = Draft::of(draft.plant().clone()).expect("a small plant");
    for name in ["unit", "spare", "other"] {
        assert_eq!(draft.falls_with(id(name)), whole.falls_with(id(name)), "{name}");
    }
}

#[test]
fn a_redundancy_that_shares_only_its_own_building_is_no_false_redundancy() {
    let found = of_code(
        "blackstart: 1
sites: { ams1: {} }
pdus: { pdu-a: { in: ams1 }, pdu-b: { in: ams1 } }
servers: { web: { in: ams1, power: { any: [pdu-a, pdu-b] } } }
",
        "BS1002",
    );
    assert_eq!(found, "");
}

#[test]
fn k_of_n_falls_with_what_takes_too_many() {
    let found = of_code(
        "blackstart: 1
pdus: { a: {}, b: {} }
psus: { p1: { fed_by: a }, p2: { fed_by: a }, p3: { fed_by: b }, p4: { fed_by: b } }
servers:
  blade: { power: { at_least: 3, of: [p1, p2, p3, p4] } }
  small: { power: { at_least: 2, of: [p1, p2, p3, p4] } }
",
        "BS1002",
    );
    assert!(
        found.contains(
            "`blade` can do with 3 of p1, p2, p3 and 1 more, and they fall together with a and b"
        ),
        "{found}"
    );
    assert!(!found.contains("small"), "{found}");
}

#[test]
fn storage_that_is_left_has_to_hold_all_the_data() {
    let found = of_code(
        "blackstart: 1
storage: { san-1: { capacity: 10 TB }, san-2: { capacity: 6 TB } }
databases:
  orders: { needs: { any: [san-1, san-2] }, data: 7..8 TB }
  wiki: { needs: { any: [san-1, san-2] }, data: 1 TB }
",
        "BS1004",
    );
    let expected = "without `san-1`, san-2 has 6 TB left for `orders`, which has to keep 7..8 TB";
    assert!(found.contains(expected), "{found}");
    assert!(!found.contains("wiki"), "{found}");
}

/// What is said of a plant whose server stands beside what it watches, with these alerts and vantages.
fn nobody_is_told(more: &str) -> Vec<String> {
    let text = format!(
        "blackstart: 1
feeds: {{ feed-a: {{}}, feed-b: {{}} }}
upstreams: {{ transit-1: {{ provides: internet }}, lte: {{ provides: internet }} }}
routers: {{ core-1: {{ network: transit-1, power: feed-a }} }}
servers: {{ web-1: {{ network: core-1, power: feed-a }}, own-1: {{ network: core-1, power: feed-b }} }}
components: {{ modem: {{ power: feed-b }}, siren: {{ power: feed-a }} }}
services: {{ shop: {{ on: web-1, checks: [ {{ http: 'http://shop.example/' }} ] }} }}
here: {{ at: own-1 }}
{more}
"
    );
    let (_, audit) = audited(&text);
    let told = audit.findings.iter().filter(|finding| finding.code == "BS1027");
    told.map(|finding| finding.message.clone()).collect()
}

#[test]
fn nobody_is_told_when_one_fault_silences_every_way() {
    let outside = "ntfy: { phone: { url: 'https://ntfy.example/a', through: outside } }";
    let said = nobody_is_told(&format!("alerts: {{ {outside} }}"));
    let [one] = &said[..] else { panic!("{said:?}") };
    assert!(one.starts_with("`feed-a` takes down") && one.contains("ntfy phone"), "{one}");
    // A modem on the other feed, beside the server, outlives it.
    let modem = format!("alerts: {{ {outside}, commands: {{ sms: {{ through: modem }} }} }}");
    assert_eq!(nobody_is_told(&modem), [""; 0]);
    // A siren on the same feed does not.
    let siren = format!("alerts: {{ {outside}, commands: {{ siren: {{ through: siren }} }} }}");
    assert_eq!(nobody_is_told(&siren).len(), 1);
    // An agent outside does when it alerts by itself; one that only tells the server does not.
    let agent = |alerts: bool| {
        format!("alerts: {{ {outside} }}\nvantages: {{ far: {{ agent: far, alerts: {alerts} }} }}")
    };
    assert_eq!(nobody_is_told(&agent(true)), [""; 0]);
    assert_eq!(nobody_is_told(&agent(false)).len(), 1);
    // So does a heartbeat, unless who hears it stands in the plant.
    let beat = |more: &str| {
        format!("alerts: {{ {outside}, heartbeat: {{ url: 'https://d.example/'{more} }} }}")
    };
    assert_eq!(nobody_is_told(&beat("")), [""; 0]);
    assert_eq!(nobody_is_told(&beat(", through: web-1")).len(), 1);
}
