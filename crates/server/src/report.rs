//! The audit as a page: one file that works without a network, without scripts, and on paper.
//!
//! It tells what the audit found, each weakness with its evidence and its way drawn, what each customer falls
//! with, what is not known, and what was looked for and not found. It decides how that is shown, never what
//! is so; the console's page of the audit is made of the same pieces. Nothing is cut without its number.
//! Tested here on small plants, and in a browser.

use crate::drawing::{self, Mark, Picture, draw};
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::time::{Timestamp, shown};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::structure::{Audit, Finding, RULES, SinglePoints, weaknesses};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What reports and the console's page of the audit have besides the console's style.
pub(crate) const STYLE: &str = include_str!("report/style.css");

/// The code of what is not known.
const UNKNOWN: &str = "BS1013";

/// Ways that are drawn; each takes a look at the whole plant, and nobody reads more.
const DRAWN_MAX: usize = 24;

/// Weaknesses of one kind in the file; beyond, they are counted.
const SHOWN_MAX: usize = 60;

/// Rows of the table; beyond, they are counted.
const ROWS_MAX: usize = 2_000;

/// Names in one sentence or row.
const NAMES_MAX: usize = 12;

/// A plant with what is said of it.
#[derive(Clone, Copy)]
pub struct Audited<'a> {
    /// The plant.
    pub plant: &'a Plant,
    /// Its files: name and text.
    pub files: &'a [(String, String)],
    /// What the audit says.
    pub audit: &'a Audit,
    /// The moment it is as of.
    pub now: Timestamp,
}

/// How names are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// As they are.
    Plain,
    /// As links to the component's page of the console.
    Linked,
}

/// The report: a whole HTML file. `told` is what is told of the findings, and `worse_than` what they are
/// worse than, where only the worse ones are told.
#[must_use]
pub fn html(audited: &Audited<'_>, told: &[&Finding], worse_than: Option<&str>) -> String {
    let Audited { plant, audit, now, .. } = audited;
    let title = format!("Audit of {}", plant.name());
    let weaknesses = weaknesses(plant, told);
    let (unknown, known): (Vec<_>, Vec<_>) =
        weaknesses.iter().partition(|weakness| weakness[0].code == UNKNOWN);
    let has_way = |weakness: &&&Vec<&Finding>| {
        weakness[0].severity > Severity::Note && weakness[0].witness.len() > 1
    };
    let drawn: Vec<&Vec<&Finding>> =
        known.iter().filter(has_way).take(DRAWN_MAX).copied().collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style {
                    (PreEscaped(include_str!("http/style.css"))) (PreEscaped(drawing::STYLE))
                    (PreEscaped(STYLE))
                }
            }
            body.report {
                header { p.brand { (title) } }
                main {
                    h1 { (headline(told, worse_than)) }
                    p.quiet { "As of " (shown(*now, plant.zone())) ". "
                        (plant.components().len()) " components, " (audit.single_points.len()) " of them in use. "
                        "What is said of single faults is complete: none was left out." }
                    (numbers(told))
                    nav.contents aria-label="Contents" {
                        a href="#map" { "The plant" } a href="#weaknesses" { "Weaknesses" }
                        a href="#falls-with" { "What each falls with" } a href="#unknown" { "What is not known" }
                        a href="#looked-for" { "What was looked for" }
                    }
                    section #map { h2 { "The plant" } (map(audited, told)) }
                    section #weaknesses {
                        h2 { "Weaknesses" }
                        @if known.is_empty() { p { "None that was looked for." } }
                        @for (code, own) in by_rule(&known) {
                            h3 { (sentence(title_of(code))) " " span.quiet { (code) } }
                            @for weakness in own.iter().take(SHOWN_MAX) {
                                @let number = drawn.iter().position(|other| std::ptr::eq(*other, *weakness));
                                @let way = number.and_then(|number| way(audited, weakness[0], number));
                                (self::weakness(audited, weakness, Names::Plain, way))
                            }
                            @if own.len() > SHOWN_MAX { p.quiet { "and " (own.len() - SHOWN_MAX) " more of these, which the audit tells as JSON" } }
                        }
                    }
                    section #falls-with { h2 { "What each falls with, alone" } (falls_with(audited, Names::Plain)) }
                    section #unknown {
                        h2 { "What is not known" }
                        @if unknown.is_empty() { p { "Nothing whose absence would change what is said here." } }
                        @for weakness in &unknown { (self::weakness(audited, weakness, Names::Plain, None)) }
                    }
                    section #looked-for { h2 { "What was looked for" } (looked_for(told, worse_than)) }
                }
                footer { p { "Made by Blackstart " (env!("CARGO_PKG_VERSION")) " from the plant file alone." } }
            }
        }
    }
    .into_string()
}

/// Weaknesses by the code of their rule, the gravest first.
pub(crate) fn by_rule<'w, 'f>(
    weaknesses: &[&'w Vec<&'f Finding>],
) -> Vec<(&'static str, Vec<&'w Vec<&'f Finding>>)> {
    let mut rules: Vec<(&str, Vec<&Vec<&Finding>>)> = Vec::new();
    for &weakness in weaknesses {
        let code = weakness[0].code;
        match rules.iter_mut().find(|(own, _)| *own == code) {
            Some((_, all)) => all.push(weakness),
            None => rules.push((code, vec![weakness])),
        }
    }
    rules
}

/// What a code means, in a few words.
pub(crate) fn title_of(code: &str) -> &'static str {
    RULES.iter().find(|rule| rule.code == code).map_or("", |rule| rule.title)
}

/// What it comes to, in a sentence.
pub(crate) fn headline(told: &[&Finding], worse_than: Option<&str>) -> String {
    let count = |wanted| told.iter().filter(|finding| finding.severity == wanted).count();
    let than = worse_than.map_or_else(String::new, |old| format!(" worse than in {old}"));
    match (count(Severity::Error), count(Severity::Warning), count(Severity::Note)) {
        (0, 0, 0) => format!("Nothing that was looked for was found{than}"),
        (0, 0, notes) => format!("{}{than}", counted(notes, "note")),
        (0, warnings, _) => format!("{}{than}", counted(warnings, "warning")),
        (errors, 0, _) => format!("{}{than}", counted(errors, "error")),
        (errors, warnings, _) => {
            format!("{} and {}{than}", counted(errors, "error"), counted(warnings, "warning"))
        }
    }
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A fragment as a sentence begins.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// How many of each severity.
fn numbers(told: &[&Finding]) -> Markup {
    html! {
        ul.numbers aria-label="Findings" {
            @for &severity in Severity::ALL.iter().rev() {
                li { (badge(severity)) " " strong { (told.iter().filter(|finding| finding.severity == severity).count()) } }
            }
        }
    }
}

/// A severity as a sign and a word.
pub(crate) fn badge(severity: Severity) -> Markup {
    let (sign, class) = match severity {
        Severity::Error => ("✖", "broken"),
        Severity::Warning => ("▲", "degraded"),
        Severity::Note => ("·", "unknown"),
    };
    html! { span class=(format!("badge {class}")) { span aria-hidden="true" { (sign) } " " (severity) } }
}

/// The plant, with what has a finding marked.
fn map(audited: &Audited<'_>, told: &[&Finding]) -> Markup {
    let plant = audited.plant;
    let mut marks = vec![Mark::Plain; plant.components().len()];
    for finding in told.iter().filter(|finding| finding.severity > Severity::Note) {
        marks[finding.component.index()] = Mark::Weak;
    }
    let note = |id: ComponentId| {
        let own = told
            .iter()
            .find(|finding| finding.component == id && finding.severity > Severity::Note);
        own.map_or_else(String::new, |finding| finding.message.clone())
    };
    let title = "The plant: what is needed stands above what needs it; what has an error or a warning is marked";
    let picture =
        Picture { title: title.to_owned(), marks, note: &note, alone: false, ..Picture::of(plant) };
    html! { div.drawing { (PreEscaped(draw(plant, &picture).svg)) } }
}

/// One weakness: what is so, where it stands written, the way, and what to do.
pub(crate) fn weakness(
    audited: &Audited<'_>,
    weakness: &[&Finding],
    names: Names,
    way: Option<Markup>,
) -> Markup {
    let Audited { plant, .. } = audited;
    let Some(first) = weakness.first() else { return html! {} };
    let others: Vec<ComponentId> = weakness[1..].iter().map(|finding| finding.component).collect();
    html! {
        article class=(format!("finding {}", first.severity)) {
            p.what { (badge(first.severity)) " " strong { (component(plant, first.component, names)) } ": " (quoted(&first.message))
                @if !others.is_empty() { "; the same of " (list(plant, &others, names)) } }
            @if let Some((file, line, text)) = evidence(audited, first.component) {
                p.evidence { span.quiet { (file) ":" (line) } " " code { (text) } }
            }
            dl {
                @if !first.brings_down.is_empty() { dt { "Takes down" } dd { (list(plant, &first.brings_down, names)) } }
                @if first.witness.len() > 1 {
                    dt { "One way" } dd { @for (at, &step) in first.witness.iter().enumerate() {
                        @if at > 0 { span.quiet aria-label="stands on" { " ← " } }
                        (component(plant, step, names))
                    } }
                }
                dt { "What to do" } dd { (quoted(&first.help)) }
                dt { "How sure" } dd { (first.confidence) span.quiet { ", " (first.code) } }
            }
            @if let Some(way) = way { (way) }
        }
    }
}

/// Words in which names stand between backquotes.
fn quoted(words: &str) -> Markup {
    html! {
        @for (at, part) in words.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn component(plant: &Plant, id: ComponentId, names: Names) -> Markup {
    let name = &plant.component(id).name;
    match names {
        Names::Plain => html! { (name) },
        Names::Linked => html! { a href=(format!("/plant/{name}")) { (name) } },
    }
}

fn list(plant: &Plant, of: &[ComponentId], names: Names) -> Markup {
    html! {
        @for (at, &id) in of.iter().take(NAMES_MAX).enumerate() {
            @if at > 0 { ", " }
            (component(plant, id, names))
        }
        @if of.len() > NAMES_MAX { span.quiet { " and " (of.len() - NAMES_MAX) " more" } }
    }
}

/// Where a component stands written: file, line, and the line's text.
fn evidence<'a>(audited: &Audited<'a>, id: ComponentId) -> Option<(&'a str, usize, String)> {
    const CHARS_MAX: usize = 160;
    let written = audited.plant.written(id);
    let (name, text) = audited.files.get(written.file as usize)?;
    let before = text.get(..written.start as usize)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next()?.trim();
    let mut shown: String = line.chars().take(CHARS_MAX).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    Some((name, before.matches('\n').count() + 1, shown))
}

/// The way from the cause to what falls, drawn with what the component it is about needs.
fn way(audited: &Audited<'_>, finding: &Finding, number: usize) -> Option<Markup> {
    let plant = audited.plant;
    let (cause, falls) = (finding.witness.last()?, finding.witness.first()?);
    let mut marks = vec![Mark::Plain; plant.components().len()];
    let mut only = vec![false; marks.len()];
    for id in &finding.witness {
        marks[id.index()] = Mark::Down;
    }
    for id in &finding.causes {
        marks[id.index()] = Mark::Broken;
    }
    for id in crate::drawing::needed(plant.component(finding.component)) {
        only[id.index()] = true;
    }
    only[finding.component.index()] = true;
    for (only, mark) in only.iter_mut().zip(&marks) {
        *only |= *mark != Mark::Plain;
    }
    let name = |id: &ComponentId| plant.component(*id).name.as_str();
    let picture = Picture {
        title: format!("{}: the way from {} to {}", finding.code, name(cause), name(falls)),
        marks,
        only: Some(only),
        witness: finding.witness.iter().rev().copied().collect(),
        alone: false,
        id: &format!("way-{number}"),
        ..Picture::of(plant)
    };
    Some(html! { div.drawing.way { (PreEscaped(draw(plant, &picture).svg)) } })
}

/// What each thing in use falls with: customers first.
pub(crate) fn falls_with(audited: &Audited<'_>, names: Names) -> Markup {
    let Audited { plant, audit, .. } = audited;
    let all = &audit.single_points;
    html! {
        @if all.is_empty() { p { "Nothing in the plant is said to be used by anybody." } }
        @else { table {
            thead { tr { th { "In use" } th { "Single points" } th { "Falls with any one of" } } }
            tbody { @for one in all.iter().take(ROWS_MAX) {
                tr {
                    td { (component(plant, one.of, names)) " " span.quiet { (kind(plant, one)) } }
                    td { (one.by.len() + one.by_carriage.len()) }
                    td { (by(plant, one, names)) }
                }
            } }
        } }
        @if all.len() > ROWS_MAX { p.quiet { "and " (all.len() - ROWS_MAX) " more" } }
    }
}

fn kind(plant: &Plant, one: &SinglePoints) -> Kind {
    plant.component(one.of).kind
}

fn by(plant: &Plant, one: &SinglePoints, names: Names) -> Markup {
    html! {
        @if one.down_today { "It is down already, as the plant file has it." }
        @else if one.by.is_empty() && one.by_carriage.is_empty() { "no single fault of the plant" }
        (list(plant, &one.by, names))
        @for (upstream, prefix) in &one.by_carriage {
            "; " (component(plant, *upstream, names)) " misrouting " (component(plant, *prefix, names))
        }
    }
}

/// Every rule, with how often it found something.
fn looked_for(told: &[&Finding], worse_than: Option<&str>) -> Markup {
    html! {
        @if let Some(old) = worse_than { p.quiet { "Only what is worse than in " (old) " is told." } }
        table {
            thead { tr { th { "Code" } th { "What" } th { "Found" } } }
            tbody { @for rule in RULES {
                @let count = told.iter().filter(|finding| finding.code == rule.code).count();
                tr { td { (rule.code) } td { (sentence(rule.title)) } td { @if count == 0 { "–" } @else { (count) } } }
            } }
        }
        p.quiet { "Two faults at once, and load that moves, are other questions and not answered here." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::plantfile::parse;
    use blackstart_reason::circuit::Circuit;
    use blackstart_reason::structure::audit;

    fn report(text: &str) -> String {
        let files = [("plant.yaml".to_owned(), text.to_owned())];
        let (plant, findings) = parse(&files);
        let plant = plant.unwrap_or_else(|| panic!("{findings:?}"));
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let audit = audit(&plant, &Circuit::of(&plant), now).unwrap();
        let audited = Audited { plant: &plant, files: &files, audit: &audit, now };
        html(&audited, &audit.findings.iter().collect::<Vec<_>>(), None)
    }

    const DOUBLED: &str = "blackstart: 1
name: 'two feeds <&>'
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
servers: { stream-1: { power: { any: [pdu-a, pdu-a] }, claims: 2N } }
services: { plex: { on: stream-1 } }
customers: { acme: { uses: [plex] }, globex: { uses: [plex] } }
";

    #[test]
    fn each_weakness_is_told_with_its_line_its_way_and_what_to_do() {
        let html = report(DOUBLED);
        for words in [
            "<h1>1 error and ",
            "all cords of <code>stream-1</code> are in <code>pdu-a</code>: claims 2N, is N",
            "plant.yaml:5",
            "move one cord",
            "two feeds &lt;&amp;&gt;",
            ">BS1002: the way from pdu-a to stream-1</title>",
        ] {
            assert!(html.contains(words), "{words} in {html}");
        }
        for name in ["acme", "globex", "plex"] {
            assert!(html.contains(&format!("<td>{name} <span")), "{name} has its row");
        }
    }

    #[test]
    fn it_needs_nothing_from_elsewhere() {
        let html = report(DOUBLED);
        for foreign in ["<script", "<link", " src=", "href=\"http", "url(", "@import"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_empty_plant_has_a_report_that_says_what_was_looked_for() {
        let html = report("blackstart: 1\nname: nothing yet\n");
        assert!(html.contains("Nothing that was looked for was found"), "{html}");
        assert!(RULES.iter().all(|rule| html.contains(rule.code)));
    }

    #[test]
    fn the_same_plant_gives_the_same_bytes() {
        assert_eq!(report(DOUBLED), report(DOUBLED));
    }
}
