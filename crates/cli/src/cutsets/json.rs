//! The answer for programs: docs/json.md documents the keys.
//!
//! Counts are numbers up to 2^53, which every reader of JSON holds exactly, and decimal text beyond.

use super::{Arguments, Asked, gates, kind_of, unsure};
use blackstart_reason::faulttree::{Answer, Extent, Natural, Probability};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Beyond, not every whole number is one of a double's.
const EXACT_MAX: u64 = 1 << 53;

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    model: &'a str,
    top: &'a str,
    kind: &'static str,
    coherent: bool,
    complete: bool,
    /// `null` where not all are counted.
    count: Option<Value>,
    /// Of the orders that are complete.
    counted: Value,
    orders: BTreeMap<usize, Value>,
    /// Orders up to this one are complete; `null` when all are.
    orders_complete_to: Option<u32>,
    probability: Option<f64>,
    probability_at_least: f64,
    probability_at_most: f64,
    probability_unknown: Option<String>,
    gates: usize,
    basic_events: usize,
    modules: usize,
    steps: u64,
    sets: Vec<Vec<Member<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    importance: Option<Option<Vec<Row<'a>>>>,
    findings: Value,
}

#[derive(Serialize)]
struct Member<'a> {
    event: &'a str,
    happens: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    event: &'a str,
    birnbaum: f64,
    fussell_vesely: f64,
    raw: f64,
    /// `null` where the top cannot happen without the event.
    rrw: Option<f64>,
}

fn count(number: &Natural) -> Value {
    match number.as_u64() {
        Some(small) if small <= EXACT_MAX => Value::from(small),
        _ => Value::from(number.to_string()),
    }
}

pub(super) fn json(
    asked: &Asked,
    answer: &Answer,
    arguments: &Arguments,
) -> anyhow::Result<String> {
    let Asked { tree, model, top, files, findings } = asked;
    let name = |event: u32| tree.events()[event as usize].name.as_str();
    let complete = answer.extent == Extent::Complete;
    let (exact, lower, upper, unknown) = match &answer.probability {
        Probability::Exact(exact) => (Some(*exact), *exact, *exact, None),
        Probability::Between(lower, upper, why) => (None, *lower, *upper, Some(unsure(tree, why))),
    };
    let rows = || {
        let row = |one: &blackstart_reason::faulttree::Importance| Row {
            event: name(one.event),
            birnbaum: one.birnbaum,
            fussell_vesely: one.fussell_vesely,
            raw: one.raw,
            rrw: one.rrw,
        };
        answer.importance().map(|all| all.iter().map(row).collect::<Vec<_>>())
    };
    let told: Value = serde_json::from_str(&crate::findings::json(files, findings)?)?;
    let sets = answer.sets(arguments.list);
    let json = Json {
        version: 1,
        model,
        top,
        kind: kind_of(answer),
        coherent: answer.coherent,
        complete,
        count: complete.then(|| count(&answer.count())),
        counted: count(&answer.count()),
        orders: answer
            .orders
            .iter()
            .enumerate()
            .filter(|(_, number)| **number != Natural::default())
            .map(|(order, number)| (order, count(number)))
            .collect(),
        orders_complete_to: match answer.extent {
            Extent::Complete => None,
            Extent::Orders(order) => Some(order),
        },
        probability: exact,
        probability_at_least: lower,
        probability_at_most: upper,
        probability_unknown: unknown,
        gates: gates(tree),
        basic_events: tree.events().len(),
        modules: answer.modules,
        steps: answer.steps,
        sets: sets
            .iter()
            .map(|set| {
                let member =
                    |one: &super::Literal| Member { event: name(one.event), happens: one.happens };
                set.iter().map(member).collect()
            })
            .collect(),
        importance: arguments.importance.then(rows),
        findings: told["findings"].clone(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
