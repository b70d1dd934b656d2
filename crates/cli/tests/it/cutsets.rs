//! `cutsets`: what an operator reads, and what a program sees.

use crate::blackstart::{Site, run, text};
use expect_test::expect;
use serde_json::{Value, json};
use std::path::PathBuf;

const PLANT: &str = "blackstart: 1\nname: small\ntimezone: UTC\n\
    feeds: { feed-a: {}, feed-b: {} }\n\
    pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }\n\
    servers: { web: { power: { any: [pdu-a, pdu-b] } } }\n";

const MODEL: &str = r#"<opsa-mef>
  <define-fault-tree name="cooling">
    <define-gate name="hot">
      <or> <gate name="both"/> <basic-event name="valve"/> </or>
    </define-gate>
    <define-gate name="both">
      <and> <basic-event name="pump-1"/> <basic-event name="pump-2"/> </and>
    </define-gate>
    <define-basic-event name="pump-1"> <float value="0.1"/> </define-basic-event>
    <define-basic-event name="pump-2"> <float value="0.2"/> </define-basic-event>
    <define-basic-event name="valve"> <float value="0.001"/> </define-basic-event>
  </define-fault-tree>
</opsa-mef>
"#;

/// A site with an Open-PSA file.
fn model(text: &str) -> (Site, PathBuf) {
    let site = Site::new("");
    let path = site.path("model.xml");
    std::fs::write(&path, text).expect("a file");
    (site, path)
}

fn cutsets(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&["cutsets"], arguments].concat());
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (output.status.code(), text(&output.stdout))
}

fn in_json(arguments: &[&str]) -> Value {
    let (code, words) = cutsets(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code, Some(0), "{words}");
    serde_json::from_str(&words).expect("JSON")
}

#[test]
fn a_component_is_told_by_what_brings_it_down() {
    let site = Site::new(PLANT);
    let (code, words) = cutsets(&[site.plant().to_str().expect("text"), "web", "--works"]);
    assert_eq!(code, Some(0));
    let answer = words.split_once("web down").expect("the answer").1;
    // The figures of kinds are another page's.
    let (probability, answer): (Vec<&str>, Vec<&str>) =
        answer.lines().partition(|line| line.starts_with("probability"));
    assert!(probability[0].ends_with("of 5 events only a range is known; see `availability`"));
    let answer = answer.join("\n") + "\n";
    expect![[r#"
         (small): 4 gates, 5 basic events, 4 modules
        5 minimal cut sets; complete
          order   1                    1
          order   2                    4
        the first sets:
          web
          feed-a, feed-b
          feed-a, pdu-b
          feed-b, pdu-a
          pdu-a, pdu-b
    "#]]
    .assert_eq(&answer);
}

#[test]
fn a_model_is_told_with_its_probability_and_what_matters_most() {
    let (_site, path) = model(MODEL);
    let (code, words) = cutsets(&[path.to_str().expect("text"), "--importance"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        hot (cooling): 2 gates, 3 basic events, 2 modules
        2 minimal cut sets; complete
          order   1                    1
          order   2                    1
        probability 2.098000e-2, exact
        the first sets:
          valve
          pump-1, pump-2
        event       Birnbaum Fussell-Vesely          RAW          RRW
        pump-1     1.9980e-1       0.952336       9.5710      20.9800
        pump-2     9.9900e-2       0.952336       4.8093      20.9800
        valve      9.8000e-1       0.046711      47.6644       1.0490
    "#]]
    .assert_eq(&words);
}

#[test]
fn programs_read_what_is_complete_and_what_is_not() {
    let (_site, path) = model(MODEL);
    let path = path.to_str().expect("text");
    let whole = in_json(&[path]);
    assert_eq!(whole["complete"], json!(true));
    assert_eq!(whole["count"], json!(2));
    assert_eq!(whole["orders"], json!({ "1": 1, "2": 1 }));
    assert_eq!(whole["kind"], json!("minimal cut sets"));
    assert!((whole["probability"].as_f64().expect("a number") - 0.02098).abs() < 1e-12);
    let part = in_json(&[path, "--order", "1"]);
    assert_eq!(part["complete"], json!(false));
    assert_eq!(part["count"], Value::Null);
    assert_eq!((&part["counted"], &part["orders_complete_to"]), (&json!(1), &json!(1)));
}

#[test]
fn a_number_too_large_for_json_is_text() {
    let gates: String = (0..20)
        .map(|gate| {
            let events: String =
                (0..10).map(|at| format!("<basic-event name=\"e{gate}-{at}\"/>")).collect();
            format!("<or>{events}</or>")
        })
        .collect();
    let events: String = (0..200)
        .map(|at| {
            let (gate, own) = (at / 10, at % 10);
            format!("<define-basic-event name=\"e{gate}-{own}\"><float value=\"0.1\"/></define-basic-event>")
        })
        .collect();
    let (_site, path) = model(&format!(
        "<opsa-mef><define-fault-tree name=\"t\"><define-gate name=\"top\"><and>{gates}</and></define-gate>{events}\
         </define-fault-tree></opsa-mef>"
    ));
    let answer = in_json(&[path.to_str().expect("text")]);
    assert_eq!(answer["count"], json!("100000000000000000000"));
}

#[test]
fn a_missing_probability_leaves_the_sets_and_no_number() {
    let (_site, path) = model(&MODEL.replace("<float value=\"0.2\"/>", ""));
    let answer = in_json(&[path.to_str().expect("text"), "--importance"]);
    assert_eq!((&answer["count"], &answer["probability"]), (&json!(2), &Value::Null));
    assert_eq!(answer["probability_at_least"], json!(0.001));
    assert_eq!(answer["importance"], Value::Null);
    assert_eq!(answer["findings"][0]["code"], json!("BS0512"));
    assert!(answer["probability_unknown"].as_str().expect("why").contains("pump-2"), "{answer}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_the_line() {
    let (_site, path) = model(&MODEL.replace("name=\"both\"/>", "name=\"bolth\"/>"));
    let (code, words) = cutsets(&[path.to_str().expect("text")]);
    assert_eq!(code, Some(12));
    assert!(words.contains("BS0505") && words.contains("model.xml:4:"), "{words}");
    let (code, words) = cutsets(&[path.to_str().expect("text"), "--format", "json"]);
    assert_eq!(code, Some(12));
    let told: Value = serde_json::from_str(&words).expect("JSON");
    assert_eq!(told["findings"][0]["places"][0]["line"], json!(4));
    std::fs::write(&path, [0xff, 0xfe, 0x00, 0x80]).expect("a file");
    let (code, words) = cutsets(&[path.to_str().expect("text")]);
    assert!(code == Some(12) && words.contains("is not UTF-8"), "{words}");
}

#[test]
fn one_of_several_tops_has_to_be_named() {
    let other = "<define-gate name=\"other\"> <basic-event name=\"valve\"/> </define-gate>";
    let (_site, path) =
        model(&MODEL.replace("  </define-fault-tree>", &format!("{other}</define-fault-tree>")));
    let path = path.to_str().expect("text");
    let (code, words) = cutsets(&[path]);
    assert_eq!(code, Some(12));
    assert!(words.contains("BS0516") && words.contains("hot, other"), "{words}");
    assert_eq!(in_json(&[path, "--top", "other"])["count"], json!(1));
    assert_eq!(in_json(&[path, "--top", "both"])["count"], json!(1));
}

#[test]
fn what_is_exported_gives_the_same_answer() {
    let site = Site::new(PLANT);
    let plant = site.plant();
    let export = site.path("web.xml");
    let [plant, export] = [&plant, &export].map(|path| path.to_str().expect("text"));
    let direct = in_json(&[plant, "web", "--export", export]);
    let read = in_json(&[export]);
    assert_eq!(direct["orders"], read["orders"]);
    assert_eq!(direct["sets"], read["sets"]);
}

#[test]
fn a_plant_is_asked_about_a_component_that_it_has() {
    let site = Site::new(PLANT);
    let path = site.plant();
    let path = path.to_str().expect("text");
    assert_eq!(run(&["cutsets", path]).status.code(), Some(2));
    let output = run(&["cutsets", path, "wbe"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("wbe"), "{}", text(&output.stderr));
}
