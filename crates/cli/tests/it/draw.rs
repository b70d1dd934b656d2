//! `draw` and the audit's report: files for people to look at.

use crate::blackstart::{Site, run, text};

const PLANT: &str = "blackstart: 1
name: doubled
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
servers: { stream-1: { power: { any: [pdu-a, pdu-a] }, claims: 2N } }
services: { plex: { on: stream-1 } }
customers: { acme: { uses: [plex] } }
";

fn draw(arguments: &[&str]) -> (Option<i32>, String, String) {
    let site = Site::new(PLANT);
    let path = site.plant();
    let output = run(&[&["draw", path.to_str().expect("text")], arguments].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_plant_is_drawn_to_standard_output() {
    let (code, svg, _) = draw(&[]);
    assert_eq!(code, Some(0));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{svg}");
    assert!(svg.contains("7 components drawn"), "{svg}");
    assert_eq!(draw(&[]).1, svg, "the same plant, the same bytes");
}

#[test]
fn what_is_down_without_a_feed_is_drawn_and_the_other_side_is_not() {
    let (_, svg, _) = draw(&["--off", "feed-a"]);
    assert!(svg.contains("<title>acme: down, customer</title>"), "{svg}");
    assert!(!svg.contains("feed-b"), "{svg}");
}

#[test]
fn a_component_is_drawn_with_what_it_stands_on() {
    let (_, svg, _) = draw(&["--about", "pdu-b"]);
    assert!(svg.contains("feed-b") && !svg.contains("acme"), "{svg}");
}

#[test]
fn boxes_are_closed_and_what_is_not_there_is_said() {
    let (_, svg, _) = draw(&["--close", "stream-1"]);
    assert!(svg.contains("server, 1 inside"), "{svg}");
    for wrong in [&["--open", "nobody"][..], &["--off", "nobody"], &["--about", "nobody"]] {
        let (code, svg, why) = draw(wrong);
        assert_eq!(code, Some(2), "{wrong:?}");
        assert!(svg.is_empty() && why.contains("nobody"), "{why}");
    }
}

#[test]
fn the_report_of_the_audit_is_one_file() {
    let site = Site::new(PLANT);
    let (plant, file) = (site.plant(), site.path("audit.html"));
    let path = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let output = run(&["audit", &path(&plant), "--html", &path(&file)]);
    assert_eq!(output.status.code(), Some(12), "{}", text(&output.stderr));
    let html = std::fs::read_to_string(file).expect("it was written");
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    assert!(html.contains("claims 2N, is N") && html.contains("<svg"));
}
