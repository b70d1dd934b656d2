//! Who talks to whom, and who does not.

use crate::world::{Home, Identity, Server};
use blackstart_probe::wire::v1::{FromAgent, FromServer, PROTOCOL, Refused, Welcome};

#[tokio::test]
async fn it_says_who_it_is_and_then_that_it_is_there() {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::enrolled(&server, &identity);
    let _agent = home.start();
    let mut peer = server.welcomed(0).await;
    assert_eq!(peer.hello.protocol, PROTOCOL);
    assert_eq!(peer.hello.agent, "probe-fra");
    assert_eq!(peer.hello.token.0, "0123abcd");
    assert_eq!(peer.hello.allowed, ["tcp", "dns"]);
    assert_eq!(peer.hello.newest, 0);
    assert!(matches!(peer.heard().await, FromAgent::Alive(_)));
}

#[tokio::test]
async fn another_certificate_is_not_the_server() {
    let (identity, other) = (Identity::new(), Identity::new());
    let server = Server::start(&other).await;
    let home = Home::enrolled(&server, &identity);
    let mut agent = home.start();
    assert!(server.greeted().await.is_none(), "it says nothing to a stranger");
    agent.logs("this is not the server: its certificate has another fingerprint").await;
}

#[tokio::test]
async fn the_right_certificate_without_its_key_is_not_the_server() {
    let identity = Identity::new();
    let server = Server::start(&identity.stolen()).await;
    let home = Home::enrolled(&server, &identity);
    let mut agent = home.start();
    assert!(server.greeted().await.is_none(), "it says nothing to a thief");
    agent.logs("this is not the server: it does not hold its certificate's key").await;
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason() {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::enrolled(&server, &identity);
    let mut agent = home.start();
    let mut peer = server.greeted().await.expect("it takes us for its server");
    let (program, why) = ("test".to_owned(), "no vantage names it".to_owned());
    peer.say(FromServer::Refused(Refused { protocol: PROTOCOL, program, why })).await;
    agent.logs("the server refuses this agent: no vantage names it").await;
}

#[tokio::test]
async fn a_server_of_another_protocol_is_told_as_such() {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::enrolled(&server, &identity);
    let mut agent = home.start();
    let mut peer = server.greeted().await.expect("it takes us for its server");
    peer.say(FromServer::Welcome(Welcome {
        protocol: 9,
        program: "9.9".to_owned(),
        vantage: "outside".to_owned(),
        alive_every_ms: 1_000,
        taken: 0,
        answers_alive: false,
    }))
    .await;
    agent.logs("the server speaks protocol 9 (version 9.9), this agent speaks 1").await;
}

#[tokio::test]
async fn told_to_end_it_ends_well() {
    let identity = Identity::new();
    let server = Server::start(&identity).await;
    let home = Home::enrolled(&server, &identity);
    let mut agent = home.start();
    let _peer = server.welcomed(0).await;
    agent.logs("connected to").await;
    agent.terminate();
    let (code, _) = agent.ends().await;
    assert_eq!(code, Some(0));
}
