//! Whoever takes JSON.

use crate::world::{Answer, Server, courier, message, run};
use blackstart_delivery::Matter;
use blackstart_model::plant::{Leads, Secret, Webhook};
use blackstart_model::record::Delivery;
use blackstart_model::time::Duration;

fn hook(server: &Server, token: Option<&str>) -> Webhook {
    Webhook {
        name: "chat".into(),
        url: format!("http://{}/hook", server.at).into(),
        token: token.map(|name| Secret(name.into())),
        leads: Leads::Untold,
    }
}

#[test]
fn a_repeat_has_the_same_key_and_says_that_it_is_one() {
    let server = Server::start(|_| Answer::Says(204, ""));
    let first = message(Matter::Lasts, None);
    let mut again = first;
    again.repeat = true;
    for message in [&first, &again] {
        let result = run(courier().webhook(&hook(&server, Some("chat-token")), message));
        assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    }
    let [first, again] = &server.seen()[..] else { panic!("two requests") };
    assert_eq!(first.headers["authorization"], "Bearer CHAT-TOKEN");
    assert_eq!(first.headers["idempotency-key"], again.headers["idempotency-key"]);
    assert_eq!((&first.body["repeat"], &again.body["repeat"]), (&false.into(), &true.into()));
    assert_eq!(first.body["incident"], "I7");
}

#[test]
fn who_asks_to_be_left_alone_says_for_how_long() {
    let later = |head: &'static str, answer: &'static str, words: &str, after: u64| {
        let server = Server::start(move |_| Answer::SaysWith(head, answer));
        let result = run(courier().webhook(&hook(&server, None), &message(Matter::Lasts, None)));
        let after = Duration::from_secs(after);
        assert_eq!(result, Delivery::Later { words: words.to_owned(), after }, "{head}");
    };
    later("429 X\r\nRetry-After: 90", "slow down", "429 slow down (asks for 1 min 30 s)", 90);
    let date = "503 X\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                Retry-After: Sun, 06 Nov 1994 08:51:37 GMT";
    later(date, "", "503 (asks for 2 min 00 s)", 120);
    later("502 X\r\nRetry-After: 99999999", "", "502 (asks for 1 d 00 h)", 86_400);
    for (head, expected) in [
        ("429 X\r\nRetry-After: soon", Delivery::Failed("429 ".to_owned())),
        (
            "503 X\r\nRetry-After: Sun, 06 Nov 1994 08:51:37 GMT",
            Delivery::Failed("503 ".to_owned()),
        ),
        ("403 X\r\nRetry-After: 90", Delivery::Refused("403 ".to_owned())),
    ] {
        let server = Server::start(move |_| Answer::SaysWith(head, ""));
        let result = run(courier().webhook(&hook(&server, None), &message(Matter::Lasts, None)));
        assert_eq!(result, expected, "{head}");
    }
}

#[test]
fn what_the_other_side_may_have_taken_is_in_flight() {
    let server = Server::start(|_| Answer::Nothing);
    let result = run(courier().webhook(&hook(&server, None), &message(Matter::Lasts, None)));
    assert!(matches!(result, Delivery::InFlight(_)), "{result:?}");
}

#[test]
fn a_secret_without_a_value_is_no_attempt() {
    let server = Server::start(|_| Answer::Says(204, ""));
    let result =
        run(courier().webhook(&hook(&server, Some("lost")), &message(Matter::Lasts, None)));
    assert_eq!(result, Delivery::Failed("the secret `lost` is not set".to_owned()));
    assert!(server.seen().is_empty());
}
