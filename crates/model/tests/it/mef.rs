//! Open-PSA models: every finding has a page, and every page is a case; whatever the text, reading it ends.

use crate::shown::{assert_file, path, shown};
use blackstart_model::finding::{Finding, Severity};
use blackstart_model::mef::{Argument, Connective, Event, FINDINGS, Gate, Model, parse, print};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Reads a text, asks for its top, and holds the answer to what every answer keeps.
fn read(text: &str) -> (Option<Model>, Vec<Finding>) {
    let (model, mut findings) = parse(text);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(model.is_none(), refused, "a model exactly when nothing is an error: {findings:#?}");
    if let Some(model) = &model {
        findings.extend(model.top(None).err());
        for (at, gate) in model.gates.iter().enumerate() {
            for argument in &gate.arguments {
                match argument {
                    Argument::Gate(inner) => assert!((*inner as usize) < at, "children first"),
                    Argument::Event(event) => assert!((*event as usize) < model.events.len()),
                    Argument::Constant(_) => {}
                }
            }
        }
    }
    for finding in &findings {
        assert!(FINDINGS.iter().any(|code| code.id == finding.code), "{finding:?}");
        assert!(finding.message.len() < 4_000, "a message fits a screen: {finding:?}");
        for label in &finding.labels {
            assert!(
                text.get(label.bytes.clone()).is_some(),
                "a label lies in the text: {finding:?}"
            );
        }
    }
    (model, findings)
}

fn refused_with(text: &str, code: &str) {
    let (_, findings) = read(text);
    let codes: BTreeSet<_> = findings.iter().map(|finding| finding.code).collect();
    assert!(codes.contains(code), "{code} is not among {codes:?}");
}

/// A model whose top gate has this formula, over `a`, `b` and `c`.
fn with(formula: &str) -> String {
    let event = |name| {
        format!("<define-basic-event name=\"{name}\"><float value=\"0.1\"/></define-basic-event>")
    };
    let events: String = ["a", "b", "c"].map(event).concat();
    format!(
        "<opsa-mef><define-fault-tree name=\"t\"><define-gate name=\"top\">{formula}</define-gate>\
         {events}</define-fault-tree></opsa-mef>"
    )
}

/// Examples that a page tells of and does not show whole.
fn too_long_for_a_page(code: &str) -> Option<String> {
    match code {
        "BS0502" => {
            let (open, close) = ("<not>".repeat(70), "</not>".repeat(70));
            Some(with(&format!("{open}<basic-event name=\"a\"/>{close}")))
        }
        "BS0517" => Some(with(&format!("<or>{}</or>", "<gate name=\"x\"/>".repeat(250)))),
        _ => None,
    }
}

#[test]
fn each_page_brings_its_finding_and_its_remedy() {
    for code in FINDINGS {
        let file = path(&format!("docs/findings/{}.md", code.id));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{} has no page: {error}", code.id));
        let fence = |from: usize, fence: &str| {
            let start = from + text[from..].find(fence)? + fence.len();
            Some(start..start + text[start..].find("```")?)
        };
        let output = fence(0, "```text\n").expect("a page shows the output");
        let bad = match too_long_for_a_page(code.id) {
            Some(bad) => bad,
            None => text[fence(0, "```xml\n").expect("a page shows an example")].to_owned(),
        };
        let (_, findings) = read(&bad);
        let (own, others): (Vec<_>, Vec<_>) =
            findings.iter().partition(|finding| finding.code == code.id);
        assert!(!own.is_empty(), "{} is not found in its example: {others:#?}", code.id);
        if code.id != "BS0517" {
            assert!(others.is_empty(), "{}: besides, {}", code.id, shown(&bad, others));
        }
        let severity = match code.severity {
            Severity::Error => "An error: the model is not read.",
            Severity::Warning => "A warning: the model is read.",
            Severity::Note => "A note: the model is read.",
        };
        let rest = text.splitn(4, '\n').nth(3).unwrap_or_default();
        let gone = text.len() - rest.len();
        // One line of a text of 70 levels is not worth showing.
        let told = match too_long_for_a_page(code.id) {
            Some(_) => format!("{}[{}]: {}\n", own[0].severity, own[0].code, own[0].message),
            None => shown(&bad, own),
        };
        let expected = format!(
            "# {}: {}\n\n{severity}\n{}{told}{}",
            code.id,
            code.title,
            &rest[..output.start - gone],
            &rest[output.end - gone..],
        );
        assert_file(&format!("docs/findings/{}.md", code.id), &expected);
        let mended = fence(output.end, "```xml\n").expect("a page shows how to mend it");
        let (model, findings) = read(&text[mended.clone()]);
        assert!(model.is_some() && findings.is_empty(), "{}: {findings:#?}", code.id);
    }
}

#[test]
fn the_index_lists_the_pages_there_are() {
    let mut index = "# Findings of Open-PSA files\n\nWhat `blackstart cutsets` can say of an Open-PSA file. An error \
                     keeps the model from being read.\n\n| code | | meaning |\n|---|---|---|\n"
        .to_owned();
    for code in FINDINGS {
        index +=
            &format!("| [{}]({}.md) | {} | {} |\n", code.id, code.id, code.severity, code.title);
    }
    assert_file("docs/findings/mef.md", &index);
    assert!(FINDINGS.is_sorted_by(|one, next| one.id < next.id));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let (_, findings) = read(&with(
        "<and><gate name=\"x\"/><basic-event name=\"y\"/><atleast min=\"4\"><basic-event name=\"a\"/></atleast></and>",
    ));
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["BS0505", "BS0505", "BS0508"]);
}

#[test]
fn components_keep_to_themselves_what_is_private() {
    let text = "<opsa-mef><define-fault-tree name=\"t\">\
        <define-gate name=\"top\"><and><gate name=\"open\"/><event name=\"t.one.hidden\" type=\"gate\"/></and></define-gate>\
        <define-component name=\"one\" role=\"private\">\
          <define-gate name=\"hidden\"><basic-event name=\"own\"/></define-gate>\
          <define-gate name=\"open\" role=\"public\"><or><gate name=\"hidden\"/><house-event name=\"on\"/></or></define-gate>\
          <define-basic-event name=\"own\"><label>what is ours</label><float value=\"0.5\"/></define-basic-event>\
        </define-component>\
        <define-component name=\"two\" role=\"private\">\
          <define-basic-event name=\"own\"><float value=\"0.25\"/></define-basic-event>\
        </define-component>\
        <define-house-event name=\"on\"><constant value=\"false\"/></define-house-event>\
        </define-fault-tree></opsa-mef>";
    let (model, findings) = read(text);
    assert_eq!(findings, []);
    let model = model.expect("a model");
    let names: Vec<_> = model.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["t.one.own", "t.two.own"]);
    let gates: BTreeSet<_> = model.gates.iter().filter_map(|gate| gate.name.as_deref()).collect();
    assert_eq!(gates, ["open", "t.one.hidden", "top"].into());
    refused_with(&text.replace("t.one.hidden", "hidden"), "BS0505");
}

#[test]
fn hostile_texts_are_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]><opsa-mef>&c;</opsa-mef>";
    refused_with(bomb, "BS0503");
    refused_with("<opsa-mef>&c;</opsa-mef>", "BS0503");
    refused_with("<!DOCTYPE opsa-mef SYSTEM \"file:///etc/passwd\"><opsa-mef/>", "BS0503");
    refused_with("", "BS0501");
    refused_with(&"<a>".repeat(300_000), "BS0501");
    refused_with(&" ".repeat(130 << 20), "BS0502");
    let deep = |name: &str| {
        format!(
            "<opsa-mef>{}{}</opsa-mef>",
            format!("<{name} name=\"a\">").repeat(200_000),
            format!("</{name}>").repeat(200_000)
        )
    };
    refused_with(&deep("define-fault-tree"), "BS0502");
    refused_with(
        &with(&format!("{}{}", "<not>".repeat(100_000), "</not>".repeat(100_000))),
        "BS0502",
    );
    refused_with(&format!("<opsa-mef>{}</opsa-mef>", "<define-gate/>".repeat(100_000)), "BS0517");
    refused_with("<plant/>", "BS0504");
}

/// Each seed of the fuzzer is read to its end.
#[test]
fn every_seed_of_the_fuzzer_is_read() {
    let seeds = std::fs::read_dir(path("fuzz/seeds/mef")).expect("the seeds are there");
    let mut count = 0;
    for seed in seeds {
        let text = std::fs::read_to_string(seed.expect("a file").path()).expect("text");
        let (model, _) = read(&text);
        if let Some(model) = model {
            assert!(read(&print(&model)).0.is_some(), "what is printed is read");
        }
        count += 1;
    }
    assert!(count >= 5, "{count} seeds");
}

#[test]
fn a_circle_of_a_hundred_thousand_gates_is_one() {
    const GATES: usize = 100_000;
    let gates: String = (0..GATES)
        .map(|at| {
            let next = (at + 1) % GATES;
            format!("<define-gate name=\"g{at}\"><gate name=\"g{next}\"/></define-gate>")
        })
        .collect();
    let (_, findings) = read(&format!(
        "<opsa-mef><define-fault-tree name=\"t\">{gates}</define-fault-tree></opsa-mef>"
    ));
    let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["BS0507"]);
}

/// A model drawn at random; gates are made of what stands before them.
fn drawn() -> impl Strategy<Value = Model> {
    let gate = (0..11_u8, 1..4_u32, vec(0..1_000_usize, 2..5), any::<bool>());
    let event = ("\\PC{1,12}", proptest::option::of(0.0..=1.0_f64));
    (vec(event, 1..6), vec(gate, 1..8)).prop_map(|(events, gates)| {
        let mut model = Model { name: "drawn".to_owned(), ..Model::default() };
        for (name, probability) in events {
            let name = format!("{}{name}", model.events.len());
            model.events.push(Event { name, probability });
        }
        for (kind, k, of, is_constant) in gates {
            let (before, events) = (model.gates.len(), model.events.len());
            let mut arguments: Vec<Argument> = of
                .iter()
                .map(|at| match at % (before + events) {
                    at if at < before => Argument::Gate(at as u32),
                    at => Argument::Event((at - before) as u32),
                })
                .collect();
            if is_constant {
                arguments[0] = Argument::Constant(k == 1);
            }
            let count = arguments.len() as u32;
            let connective = match kind {
                0 => Connective::Same,
                1 => Connective::And,
                2 => Connective::Or,
                3 => Connective::Not,
                4 => Connective::Xor,
                5 => Connective::Nand,
                6 => Connective::Nor,
                7 => Connective::Imply,
                8 => Connective::Iff,
                9 => Connective::AtLeast(k.min(count)),
                _ => Connective::Cardinality(k.min(count), count),
            };
            arguments.truncate(match connective {
                Connective::Same | Connective::Not => 1,
                Connective::Xor | Connective::Imply | Connective::Iff => 2,
                _ => usize::MAX,
            });
            let name = Some(format!("gate {before}"));
            model.gates.push(Gate { name, connective, arguments });
        }
        model
    })
}

proptest! {
    /// Names may change to what every reader takes; all else is read as it was.
    #[test]
    fn what_is_printed_is_read_as_it_was(model in drawn()) {
        let text = print(&model);
        let (again, findings) = parse(&text);
        let again = again.unwrap_or_else(|| panic!("{findings:?}\n{text}"));
        prop_assert_eq!(again.gates.len(), model.gates.len());
        let chances = |model: &Model| -> Vec<_> {
            model.events.iter().map(|event| event.probability).collect()
        };
        prop_assert_eq!(chances(&again), chances(&model));
        // What each gate is stays, by its name; that of the drawing has become its label.
        let told = |model: &Model, gate: usize| {
            let Gate { name: _, connective, arguments } = &model.gates[gate];
            (*connective, arguments.len())
        };
        for at in 0..model.gates.len() {
            let name = format!("gate_{at}");
            let by_name = |gate: &Gate| gate.name.as_deref() == Some(&name);
            let there = again.gates.iter().position(by_name).expect("its name is kept");
            prop_assert_eq!(told(&again, there), told(&model, at));
        }
    }

    #[test]
    fn a_spoilt_model_is_read_to_its_end(at in 0..400_usize, with_what in "\\PC{0,6}", gone in 0..20_usize) {
        let good = with("<or><basic-event name=\"a\"/><not><event name=\"b\"/></not></or>");
        let start = at.min(good.len());
        let end = (start + gone).min(good.len());
        let text = format!("{}{with_what}{}", &good[..start], &good[end..]);
        read(&text);
    }
}
