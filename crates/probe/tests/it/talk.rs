//! Talks: what is waited for, what is found and said back, and how they end.

use crate::asked::{asked, asked_within, at, closed};
use crate::dialogues::{script, told};
use blackstart_model::check::{HostPort, Pattern, Question, Script, Step, TalkQuestion};
use blackstart_model::time::Duration;
use expect_test::expect;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

fn expects(text: &str) -> Step {
    Step::Expect(Pattern::new(text).unwrap())
}

fn sends(text: &str) -> Step {
    Step::Send(text.into())
}

/// A talk that goes through these steps, and ends with this word.
fn talk(steps: Vec<Step>, goodbye: &str) -> impl Fn(HostPort) -> Question {
    let script = Script::new(steps).unwrap();
    let goodbye: Option<Box<str>> = (!goodbye.is_empty()).then(|| goodbye.into());
    move |target| {
        let (script, goodbye) = (script.clone(), goodbye.clone());
        Question::Talk(TalkQuestion { target, connect: None, script, goodbye, slow: None })
    }
}

/// The deadline where a server says nothing any more.
const SHORT: Duration = Duration::from_millis(300);

/// A server that says this, and what it heard until the other side closed.
fn says(words: &'static [u8]) -> (HostPort, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = at(listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(words).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    });
    (address, heard)
}

#[test]
fn what_is_found_is_said_back_and_other_lines_are_passed_over() {
    let steps = vec![
        sends("NICK prober"),
        sends("USER prober prober prober :prober"),
        expects("PING :(?<cookie>[^ ]+)"),
        sends("PONG ${1} ${cookie}"),
        expects("^:[^ ]+ 001"),
        sends("QUIT"),
    ];
    let (address, heard) = says(
        b":irc NOTICE * :*** Looking up your hostname\r\nPING :7f3a\r\n\
          :irc 002 prober :Your host\r\n:irc 001 prober :Welcome\r\n",
    );
    assert_eq!(asked(talk(steps, "")(address)).outcome.to_string(), "up");
    let heard = String::from_utf8(heard.join().unwrap()).unwrap();
    expect![[r#"
        NICK prober
        USER prober prober prober :prober
        PONG 7f3a 7f3a
        QUIT
    "#]]
    .assert_eq(&heard.replace('\r', ""));
}

#[test]
fn who_says_other_things_answers_wrongly_and_hears_a_goodbye() {
    let (address, heard) = says(b"220-hold on\r\n554 go away\r\n");
    let question = talk(vec![expects("^220 "), sends("EHLO x")], "QUIT")(address);
    expect!["down(wrong-answer: nothing of a line with `^220 `; it said `554 go away`)"]
        .assert_eq(&asked_within(question, SHORT).outcome.to_string());
    assert_eq!(heard.join().unwrap(), b"QUIT\r\n");
}

#[test]
fn who_closes_without_an_end_of_line_has_said_its_last_word() {
    // As ZooKeeper answers.
    told(
        script(&["", "imok"]),
        talk(vec![sends("ruok\n"), expects("^imok$")], ""),
        &expect![[r#"
            up
            ruok
        "#]],
    );
    told(
        script(&["", "no"]),
        talk(vec![sends("ruok\n"), expects("^imok$")], ""),
        &expect![[r#"
            down(wrong-answer: before a line with `^imok$` was whole; it said `no`)
            ruok
        "#]],
    );
    told(
        script(&["", ""]),
        talk(vec![sends("ruok"), expects("^imok$")], ""),
        &expect![[r#"
        down(closed: before a line with `^imok$` was whole)
        ruok
    "#]],
    );
}

#[test]
fn a_line_ends_as_it_says_and_else_with_cr_lf() {
    let (address, heard) = says(b"");
    let steps = vec![sends("a"), sends("b\n"), expects("never"), sends("d")];
    let outcome = asked_within(talk(steps, "e")(address), SHORT).outcome;
    assert_eq!(outcome.to_string(), "down(answer-timeout: nothing of a line with `never`)");
    assert_eq!(heard.join().unwrap(), b"a\r\nb\ne\r\n");
}

#[test]
fn nobody_there_is_refused() {
    let closed = closed();
    let outcome = asked(talk(vec![expects("x")], "")(at(closed))).outcome;
    assert_eq!(outcome.to_string(), format!("down(refused: {closed})"));
}
