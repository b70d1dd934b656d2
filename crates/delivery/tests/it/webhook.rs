//! Whoever takes JSON.

use crate::world::{Answer, Server, courier, message, run};
use blackstart_delivery::Matter;
use blackstart_model::plant::{Leads, Secret, Webhook};
use blackstart_model::record::Delivery;

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
