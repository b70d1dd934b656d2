//! `availability`: a table to decide by, and the same for a script.

use crate::blackstart::{Site, run, text};
use expect_test::expect;

const PLANT: &str = "blackstart: 1
name: small
timezone: UTC
feeds: { feed-a: {}, feed-b: { condition: { known_failed: 'blown' } } }
switches: { sw: { power: { any: [feed-a, feed-b] }, failures_per_year: 0.1..0.2, repair: 1..2 h } }
servers: { srv: { power: { any: [feed-a, feed-b] }, network: sw } }
services: { web: { on: srv, used_from: sw } }
customers: { acme: { uses: web } }
";

fn availability(arguments: &[&str]) -> (Option<i32>, String) {
    let site = Site::new(PLANT);
    let path = site.plant();
    let mut all = vec!["availability", path.to_str().expect("text")];
    all.extend(arguments);
    let output = run(&all);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (output.status.code(), text(&output.stdout))
}

#[test]
fn downtime_is_a_range_with_its_causes_and_what_it_assumes() {
    let (code, words) = availability(&["acme"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        small: expected downtime in a year; figures: 1 of the plant's own, 4 by kind

        acme (customer): 17 min to 37 h in 1.2 to 13 outages
              web (service): 6.0 min to 24 h, 36 to 64 %
              srv (server): 4.8 min to 13 h, 29 to 35 %
              sw (switch): 6.0 min to 24 min, 1 to 36 %

        WHAT TO BUY FIRST: what all customers together would not lose in a year if it never failed
           1. web (service): 6.0 min to 24 h, 36 to 64 %
           2. srv (server): 4.8 min to 13 h, 29 to 35 %
           3. sw (switch): 6.0 min to 24 min, 1 to 36 %
           4. feed-a (feed): under 0.001 s to 26 s, below 1 %
           5. feed-b (feed): under 0.001 s to 26 s, below 1 %

        Failed or off today, and counted as repaired (`--as-today` does not): feed-b

        To compare by, and no promise:
          - failures are independent
          - nothing breaks but what the plant file contains
          - batteries, and standbys that have to take over, are not counted
          - every figure lies in its range; most are by kind and not of this plant
    "#]]
    .assert_eq(&words);
}

#[test]
fn programs_read_both_ends() {
    let (code, words) = availability(&["--format", "json", "--as-today"]);
    assert_eq!(code, Some(0));
    let told: serde_json::Value = serde_json::from_str(&words).expect("JSON");
    assert_eq!((&told["over"], &told["figures"]["own"]), (&"customers".into(), &1.into()));
    let acme = &told["of"][1];
    assert_eq!((&acme["component"], &acme["exact"]), (&"acme".into(), &true.into()));
    let end = |end: &str| acme["hours_per_year"][end].as_f64().expect("a number");
    assert!(0.0 < end("min") && end("min") < end("max"), "{acme}");
    assert_eq!(told["counted_as_repaired"], serde_json::json!([]));
    assert_eq!(acme["causes"].as_array().map(Vec::len), Some(3));
}
