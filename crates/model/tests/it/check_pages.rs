//! Every kind of check has a page under `docs/checks/`, and what the page says is so: its examples are plants that
//! put such checks, its tables name every field that the reader knows, and symptoms that there are.

use crate::shown::{path, shown};
use blackstart_model::check::CheckKind;
use blackstart_model::observation::SymptomCode;
use blackstart_model::plantfile::parse_str;

fn page(name: &str) -> String {
    std::fs::read_to_string(path(&format!("docs/checks/{name}.md")))
        .unwrap_or_else(|error| panic!("the check `{name}` has no page: {error}"))
}

/// The first cells of the table under this head.
fn first_cells<'p>(page: &'p str, head: &str) -> Vec<&'p str> {
    let (_, table) = page.split_once(&format!("| {head} |")).unwrap_or_else(|| panic!("{head}"));
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('|').nth(1)).collect()
}

/// What stands between backticks.
fn words<'c>(cells: &[&'c str]) -> Vec<&'c str> {
    cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn the_examples_of_each_page_are_plants_that_put_such_checks() {
    for kind in CheckKind::ALL {
        let page = page(kind.as_str());
        let examples: Vec<&str> =
            page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!examples.is_empty(), "{kind}");
        for example in examples {
            let (plant, findings) = parse_str(example);
            let plant = plant.unwrap_or_else(|| panic!("{}", shown(example, &findings)));
            let is_own = |check: &blackstart_model::check::Check| check.question.kind() == *kind;
            assert!(plant.checks().iter().any(is_own), "{kind}: {example}");
        }
    }
}

#[test]
fn each_page_tells_every_field_and_no_other() {
    const COMMON: [&str; 5] = ["name", "every", "deadline", "from", "over"];
    for kind in CheckKind::ALL {
        let page = page(kind.as_str());
        let told = words(&first_cells(&page, "field"));
        // A page may be about two keys of one kind, as `http` and `https`.
        let keys: Vec<&str> =
            told.iter().copied().filter(|word| word.starts_with(kind.as_str())).collect();
        let mut known: Vec<String> = Vec::new();
        for key in keys {
            let text = format!(
                "blackstart: 1\nservices: {{ a: {{ checks: {{ {key}: b, qqqqqqqq: 1 }} }} }}\n"
            );
            let (_, findings) = parse_str(&text);
            let help = findings.iter().filter(|one| one.message.contains("qqqqqqqq"));
            let help = help.filter_map(|one| one.help.as_deref()).next().expect("a list of keys");
            let (_, all) = help.split_once(" has: ").expect("a list of keys");
            known.extend(all.split(", ").map(str::to_owned));
            known.push(key.to_owned());
        }
        let others: Vec<&str> = CheckKind::ALL
            .iter()
            .map(|kind| kind.as_str())
            .chain(["https"])
            .filter(|other| !told.contains(other))
            .collect();
        known.retain(|key| !COMMON.contains(&&**key) && !others.contains(&&**key));
        known.sort_unstable();
        known.dedup();
        let mut told: Vec<String> = told.into_iter().map(str::to_owned).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, known, "{kind}");
    }
}

#[test]
fn the_symptoms_of_each_page_are_known() {
    for kind in CheckKind::ALL {
        let page = page(kind.as_str());
        for symptom in words(&first_cells(&page, "symptom")) {
            assert!(SymptomCode::parse(symptom).is_some(), "{kind}: {symptom}");
        }
    }
}

#[test]
fn the_index_names_every_page() {
    let index = std::fs::read_to_string(path("docs/checks.md")).expect("the index");
    for kind in CheckKind::ALL {
        assert!(index.contains(&format!("(checks/{kind}.md)")), "{kind} is not in docs/checks.md");
    }
    for symptom in SymptomCode::ALL {
        assert!(index.contains(&format!("| `{symptom}` |")), "{symptom} is not in docs/checks.md");
    }
}
