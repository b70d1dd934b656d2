//! The audit for programs (docs/json.md).

use super::{Audited, fault_name};
use crate::findings::line_and_column;
use blackstart_model::ComponentId;
use blackstart_reason::circuit::Subject;
use blackstart_reason::structure::Finding;
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    plant: &'a str,
    findings: Vec<One<'a>>,
    single_points: Vec<Falls<'a>>,
    /// The best first; each is there when the next is weighed.
    suggested_checks: Vec<Suggested<'a>>,
    checks_tried: usize,
    checks_possible: usize,
    /// Single faults are all there are: nothing was left out.
    complete: bool,
}

#[derive(Serialize)]
struct One<'a> {
    code: &'a str,
    severity: &'a str,
    confidence: &'a str,
    component: &'a str,
    causes: Vec<&'a str>,
    brings_down: Vec<&'a str>,
    witness: Vec<&'a str>,
    message: &'a str,
    help: &'a str,
    page: String,
    place: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Falls<'a> {
    component: &'a str,
    kind: &'a str,
    down_today: bool,
    by: Vec<&'a str>,
    by_misrouting: Vec<Misrouting<'a>>,
}

#[derive(Serialize)]
struct Misrouting<'a> {
    upstream: &'a str,
    prefix: &'a str,
}

#[derive(Serialize)]
struct Suggested<'a> {
    component: &'a str,
    vantage: &'a str,
    plane: &'a str,
    kind: &'a str,
    makes_visible: Vec<String>,
    tells_apart: Vec<String>,
}

pub(super) fn json(new: &Audited, told: &[&Finding]) -> anyhow::Result<String> {
    let plant = &*new.plant;
    let name = |id: ComponentId| plant.component(id).name.as_str();
    let names = |of: &[ComponentId]| of.iter().map(|&id| name(id)).collect();
    let findings = told
        .iter()
        .map(|finding| {
            let written = plant.written(finding.component);
            let (file, text) = &new.files[written.file as usize];
            let (line, column) = line_and_column(text, written.start as usize);
            One {
                code: finding.code,
                severity: finding.severity.as_str(),
                confidence: finding.confidence.as_str(),
                component: name(finding.component),
                causes: names(&finding.causes),
                brings_down: names(&finding.brings_down),
                witness: names(&finding.witness),
                message: &finding.message,
                help: &finding.help,
                page: format!("docs/findings/{}.md", finding.code),
                place: Place { file, line, column },
            }
        })
        .collect();
    let single_points = new
        .audit
        .single_points
        .iter()
        .map(|one| Falls {
            component: name(one.of),
            kind: plant.component(one.of).kind.as_str(),
            down_today: one.down_today,
            by: names(&one.by),
            by_misrouting: one
                .by_carriage
                .iter()
                .map(|&(upstream, prefix)| Misrouting {
                    upstream: name(upstream),
                    prefix: name(prefix),
                })
                .collect(),
        })
        .collect();
    let faults = |of: &[Subject]| of.iter().map(|&fault| fault_name(plant, fault)).collect();
    let advice = &new.audit.suggested_checks;
    let suggested_checks = advice
        .checks
        .iter()
        .map(|one| Suggested {
            component: name(one.ask.component),
            vantage: plant.vantage(one.ask.vantage).name.as_str(),
            plane: &plant.planes()[one.ask.plane.index()],
            kind: one.ask.kind.as_str(),
            makes_visible: faults(&one.makes_visible),
            tells_apart: faults(&one.tells_apart),
        })
        .collect();
    let json = Json {
        version: 1,
        plant: plant.name(),
        findings,
        single_points,
        suggested_checks,
        checks_tried: advice.tried,
        checks_possible: advice.possible,
        complete: true,
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
