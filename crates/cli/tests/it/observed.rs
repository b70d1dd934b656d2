//! What people see and do, by command and on the console.

use crate::blackstart::{Site, run, text, wait};

/// Two switches in a row, nothing between them that asks, and nothing behind them that answers.
const IN_A_ROW: &str = "blackstart: 1
name: p
timezone: Europe/Amsterdam
switches: { core: {}, upper: { network: core }, lower: { network: upper } }
here: { at: core }
services:
  shop: { network: lower, checks: [ { tcp: '127.0.0.1:1', every: 1s, deadline: 500ms } ] }
";

#[test]
fn an_answer_by_command_says_what_who_how_sure_and_when() {
    let site = Site::new(IN_A_ROW);
    let serving = site.serve();
    let say = |more: &[&str]| {
        let mut arguments = vec!["observe", "--server", &serving.console];
        arguments.extend(more);
        run(&arguments)
    };
    let page = || serving.request("GET /plant/upper", "", "").1;
    assert!(say(&["upper", "flapping", "lamps go and come", "--trust", "70"]).status.success());
    assert!(page().contains("local says it is flapping (trusted 70 %)"), "{}", page());
    assert!(page().contains("lamps go and come"), "{}", page());
    assert!(say(&["upper", "--did", "rebooted", "by its console"]).status.success());
    assert!(page().contains("local rebooted it"), "{}", page());
    assert!(say(&["lower", "broken", "--at", "2026-01-02 03:04"]).status.success());
    let (_, lower) = serving.request("GET /plant/lower", "", "");
    assert!(lower.contains("Fri 2026-01-02 03:04:00 +01:00"), "{lower}");

    for (wrong, words) in [
        (&["upper", "fine"][..], "`fine` is none of works, broken"),
        (&["upper"][..], "say how it is"),
        (&["upper", "works", "--did", "kicked"][..], "rolled-back"),
        (&["upper", "works", "--trust", "0"][..], "1..=100"),
    ] {
        let output = say(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
    let ambiguous = say(&["upper", "works", "--at", "2026-10-25 02:30"]);
    assert_eq!(ambiguous.status.code(), Some(2));
    assert!(text(&ambiguous.stderr).contains("exists twice"), "{}", text(&ambiguous.stderr));
}

#[test]
fn the_incident_asks_what_to_look_at_and_takes_the_answer_without_javascript() {
    let site = Site::new(IN_A_ROW);
    let serving = site.serve();
    wait("an open incident", || (serving.api("/incidents/I1")["state"] == "open").then_some(()));
    let (_, page) = serving.request("GET /incidents/I1", "", "");
    assert!(page.contains("What to look at next"), "{page}");
    assert!(page.contains("name=\"component\" value=\"shop\""), "{page}");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = "component=shop&incident=I1&trust=90&note=it+runs&saw=up";
    let (head, _) = serving.request("POST /observe", form, answer);
    assert!(head.contains(" 303 ") && head.contains("location: /incidents/I1"), "{head}");
    wait("the question to be gone", || {
        let (_, page) = serving.request("GET /incidents/I1", "", "");
        (!page.contains("name=\"component\" value=\"shop\"")).then_some(())
    });
    let (_, page) = serving.request("GET /timeline", "", "");
    assert!(page.contains("saw that shop is up (trusted 90 %)"), "{page}");
    let (head, _) = serving.request("POST /observe", form, "component=shop&saw=perhaps");
    assert!(head.contains(" 400 "), "{head}");
    let (head, _) = serving.request("POST /observe", form, "saw=up");
    assert!(head.contains(" 400 "), "{head}");
    let (head, _) = serving.request("POST /observe", form, "component=nobody&saw=up");
    assert!(head.contains(" 409 "), "{head}");
}
