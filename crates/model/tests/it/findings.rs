//! Every finding has a page, and every page is a case: its first example brings the finding,
//! underlined as the page shows it, and nothing else; its second is in order.

use crate::shown::{assert_file, path, shown};
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::fields::{FIELDS, Field};
use blackstart_model::plantfile::{Code, FINDINGS, parse, parse_str};
use std::collections::BTreeSet;

/// A page, taken apart.
struct Page {
    text: String,
    bad: Option<String>,
    /// Where in `text` the output stands.
    output: std::ops::Range<usize>,
    mended: String,
}

fn page(code: &Code) -> Page {
    let file = path(&format!("docs/findings/{}.md", code.id));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{} has no page: {error}", code.id));
    let block = |from: usize, fence: &str| {
        let start = from + text[from..].find(fence)? + fence.len();
        let end = start + text[start..].find("```")?;
        Some(start..end)
    };
    let output = block(0, "```text\n").expect("a page shows the output");
    let bad = block(0, "```yaml\n").filter(|bad| bad.end < output.start);
    let mended = block(output.end, "```yaml\n").expect("a page shows how to mend it");
    Page { bad: bad.map(|bad| text[bad].to_owned()), mended: text[mended].to_owned(), output, text }
}

#[test]
fn each_page_brings_its_finding_and_its_remedy() {
    for code in FINDINGS {
        let page = page(code);
        let head = format!("# {}: {}\n\n{}\n", code.id, code.title, severity(code));
        let rest = page.text.splitn(4, '\n').nth(3).unwrap_or_default();
        let files: Vec<_> =
            page.bad.iter().map(|bad| ("plant.yaml".to_owned(), bad.clone())).collect();
        let (plant, findings) = parse(&files);
        let (own, others): (Vec<_>, Vec<_>) =
            findings.iter().partition(|finding| finding.code == code.id);
        let bad = page.bad.unwrap_or_default();
        assert!(!own.is_empty(), "{} is not found in its example: {others:#?}", code.id);
        let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(plant.is_none(), refused, "{}", code.id);
        // What is left out of a list is shown by a page of its own.
        if code.id != "BS0111" {
            assert!(others.is_empty(), "{}: besides, {}", code.id, shown(&bad, others));
        }
        let gone = page.text.len() - rest.len();
        let expected = format!(
            "{head}{}{}{}",
            &rest[..page.output.start - gone],
            shown(&bad, own),
            &rest[page.output.end - gone..],
        );
        assert_file(&format!("docs/findings/{}.md", code.id), &expected);

        let (plant, findings) = parse_str(&page.mended);
        assert!(plant.is_some(), "{} mended: {}", code.id, shown(&page.mended, &findings));
        assert!(findings.is_empty(), "{} mended: {}", code.id, shown(&page.mended, &findings));
    }
}

fn severity(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "An error: the plant is not loaded.",
        Severity::Warning => "A warning: the plant is loaded.",
        Severity::Note => "A note: the plant is loaded.",
    }
}

#[test]
fn the_index_lists_the_pages_there_are() {
    let mut index =
        "# Findings\n\nWhat `blackstart check` can say of a plant file. An error keeps \
                     the plant from being loaded. What `blackstart audit` finds has [its own list](audit.md), and so has what `blackstart cutsets` says of [Open-PSA files](mef.md).\n\n| code | | meaning |\n|---|---|---|\n"
            .to_owned();
    for Code { id, severity, title } in FINDINGS {
        index += &format!("| [{id}]({id}.md) | {severity} | {title} |\n");
    }
    assert_file("docs/findings/README.md", &index);
    let expected: BTreeSet<String> = FINDINGS
        .iter()
        .map(|code| format!("{}.md", code.id))
        .chain(["README.md".to_owned()])
        .collect();
    let pages: BTreeSet<String> = std::fs::read_dir(path("docs/findings"))
        .expect("the folder is there")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // The audit's own pages have their own index and their own test.
        .filter(|name| !name.starts_with("BS1") && name != "audit.md")
        // And so have those of Open-PSA files.
        .filter(|name| !name.starts_with("BS05") && name != "mef.md")
        .collect();
    assert_eq!(pages, expected);
}

#[test]
fn the_schema_for_editors_is_the_one_committed() {
    assert_file("docs/plant.schema.json", &blackstart_model::plantfile::schema());
}

/// The page of the language tells of every section and field, and its examples are in order.
#[test]
fn the_page_of_the_language_is_whole() {
    let page = std::fs::read_to_string(path("docs/plant-file.md")).expect("the page is there");
    for kind in Kind::ALL {
        assert!(page.contains(&format!("`{}`", kind.section())), "{}", kind.section());
    }
    for Field { name, holds: _, of: _, doc: _ } in FIELDS {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
    }
    let examples = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    for example in examples {
        let (_, findings) = parse_str(example);
        assert!(findings.is_empty(), "{}", shown(example, &findings));
    }
}

#[test]
fn codes_are_in_order_and_unique() {
    assert!(FINDINGS.is_sorted_by(|one, next| one.id < next.id));
}
