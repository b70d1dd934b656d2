//! Goal: on a machine about which nobody has written anything, `serve` alone finds what listens, watches it, and names
//! what stops.
//!
//! Method: nginx and unbound on one host, or PostgreSQL and MariaDB, and no plant. One of them gets SIGKILL.

use blackstart_lab::{Daemon, Lab, Server, is_possible, wait};

#[test]
fn a_machine_without_a_plant_is_watched_and_what_stops_on_it_is_named() {
    if !is_possible(&["ip", "nginx", "unbound"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("alone");
    let nginx = Daemon::nginx(&host, "127.0.0.1", &[80, 8080]);
    let _unbound = Daemon::unbound(&host, "127.0.0.1", "www.example.net", "192.0.2.66");
    let server = Server::start_alone(&host);
    server.console.wait_until_all_up();
    let checks = server.console.api("/checks");
    let keys = checks["checks"].as_array().expect("a list").iter();
    let keys: Vec<&str> = keys.filter_map(|check| check["key"].as_str()).collect();
    assert_eq!(keys, ["nginx/http", "nginx/http-2", "unbound/dns"]);
    nginx.kill();
    let causes = wait("an open incident", || {
        let confirmed = server.console.confirmed();
        let causes = confirmed.first()?["cause"].as_array()?.clone();
        (!causes.is_empty()).then_some(causes)
    });
    assert_eq!(causes[0]["component"], "nginx", "{causes:?}");
    // What it wrote is what it watches from then on.
    assert!(server.data().join("plant.yaml").exists());
}

#[test]
fn databases_are_known_by_what_they_speak_and_asked_without_an_account() {
    if !is_possible(&["ip", "postgres", "mariadbd", "setpriv", "chown"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("stores");
    let folder = |name: &str| host.folder().join(name);
    let _postgres = Daemon::postgres(&host, "127.0.0.1", &folder("postgres"));
    let mariadb = Daemon::mariadb(&host, "127.0.0.1", &folder("mariadb"));
    let server = Server::start_alone(&host);
    server.console.wait_until_all_up();
    let checks = server.console.api("/checks");
    let checks = checks["checks"].as_array().expect("a list").iter();
    let keys: Vec<&str> = checks.filter_map(|check| check["key"].as_str()).collect();
    assert_eq!(keys, ["mariadbd/mariadb", "postgres/postgres"]);
    mariadb.kill();
    let causes = wait("an open incident", || {
        let confirmed = server.console.confirmed();
        let causes = confirmed.first()?["cause"].as_array()?.clone();
        (!causes.is_empty()).then_some(causes)
    });
    assert_eq!(causes[0]["component"], "mariadbd", "{causes:?}");
}
