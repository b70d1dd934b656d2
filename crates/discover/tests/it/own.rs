//! What a machine knows of its units, containers, certificates and of the way out: machines made of files.

use crate::{Machine, loopback};
use blackstart_discover::{Host, Looked, compare, here, lldp};
use rcgen::{CertificateParams, KeyPair};
use std::net::TcpListener;
use std::sync::Arc;

/// The plant, of which nothing is asked.
fn plant(host: &Host) -> Looked {
    crate::sources::plant(&[here(host)])
}

fn asks(looked: &Looked, words: &str) -> bool {
    looked.questions.iter().any(|question| question.contains(words))
}

#[test]
fn of_units_it_is_asked_what_would_not_come_back_and_what_does_not_run() {
    let machine = Machine::named("web1");
    machine.put("run/systemd/system/x", "");
    let service = "[Service]\nExecStart=/usr/sbin/x\n[Install]\nWantedBy=multi-user.target\n";
    for unit in ["nginx", "ssh", "cron", "postgresql", "motd", "hw"] {
        machine.put(&format!("lib/systemd/system/{unit}.service"), service);
    }
    machine
        .put("lib/systemd/system/motd.service", "[Service]\nType=oneshot\n[Install]\nWantedBy=x\n");
    machine.put("lib/systemd/system/hw.service", "[Unit]\nConditionPathExists=/dev/x\n[Install]\n");
    for unit in ["ssh", "cron", "motd", "hw", "gone"] {
        let path = format!("etc/systemd/system/multi-user.target.wants/{unit}.service");
        machine.link(&path, &format!("/lib/systemd/system/{unit}.service"));
    }
    machine.listens(&[
        ("00000000", 80, "nginx", "/system.slice/nginx.service"),
        ("00000000", 22, "sshd", "/system.slice/ssh.service"),
        ("00000000", 9000, "by-hand", "/user.slice/user-0.slice/session-3.scope"),
    ]);
    let looked = plant(&machine.host());
    assert!(asks(&looked, "the unit nginx runs and is not enabled"), "{:?}", looked.questions);
    assert!(asks(&looked, "the unit cron is enabled and does not run"), "{:?}", looked.questions);
    assert!(asks(&looked, "by-hand listen and belong to no unit"), "{:?}", looked.questions);
    let all = looked.questions.join("\n");
    assert!(
        !all.contains("unit ssh") && !all.contains("unit motd") && !all.contains("unit hw"),
        "{all}"
    );
    assert!(!all.contains("unit gone"), "a link to nothing starts nothing: {all}");
}

#[test]
fn where_systemd_does_not_run_nothing_is_said_of_units() {
    let machine = Machine::named("web1");
    machine.link("etc/systemd/system/multi-user.target.wants/cron.service", "/lib/x");
    machine.put("lib/systemd/system/cron.service", "[Install]\n");
    machine.listens(&[("00000000", 80, "nginx", "/")]);
    let looked = plant(&machine.host());
    assert!(!asks(&looked, "unit cron") && !asks(&looked, "no unit"), "{:?}", looked.questions);
}

#[test]
fn containers_have_the_names_that_their_makers_give_them() {
    let machine = Machine::named("docker1");
    let (web, db) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
    let docker = |id: &str| format!("var/lib/docker/containers/{id}");
    machine.put(
        &format!("{}/config.v2.json", docker(&web)),
        r#"{"Name":"/shop-web","Config":{"Image":"nginx:1.25"},"NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}"#,
    );
    machine.put(&format!("{}/hostconfig.json", docker(&web)), r#"{"RestartPolicy":{"Name":"no"}}"#);
    machine.put(
        "var/lib/containers/storage/overlay-containers/containers.json",
        &format!(r#"[{{"id":"{db}","names":["shop-db"]}}]"#),
    );
    machine.put("etc/pve/lxc/101.conf", "arch: amd64\nhostname: dns-1\nonboot: 1\n");
    machine.listens(&[("00000000", 8080, "docker-proxy", "/system.slice/docker.service")]);
    machine.put(
        "proc/100/cmdline",
        &"docker-proxy -proto tcp -host-port 8080 -container-ip 172.17.0.2 -container-port 80 "
            .replace(' ', "\0"),
    );
    for (process, group) in [
        (200, format!("/system.slice/docker-{web}.scope")),
        (201, format!("/machine.slice/libpod-{db}.scope")),
        (202, "/lxc/101/ns/init.scope".to_owned()),
        (203, "/lxc.payload.old/system.slice/cron.service".to_owned()),
        (204, "/system.slice/cron.service".to_owned()),
    ] {
        machine.put(&format!("proc/{process}/cgroup"), &format!("0::{group}\n"));
    }
    let looked = plant(&machine.host());
    for name in ["dns-1", "old", "shop-db", "shop-web"] {
        assert!(looked.plant.contains(&format!("\n  {name}:")), "{name}: {}", looked.plant);
    }
    assert!(
        looked.plant.contains("{ tcp: \"127.0.0.1:8080\" }"),
        "its published port: {}",
        looked.plant
    );
    assert!(asks(&looked, "shop-web runs and would not start with this machine"));
}

/// A certificate for a name until the end of this year, with its key.
fn certificate(name: &str, begins: i32, ends: i32) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let mut wanted = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    wanted.not_before = rcgen::date_time_ymd(begins, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(ends, 1, 1);
    (wanted.self_signed(&key).expect("signed"), key)
}

/// A service that presents this certificate until the test ends.
fn presents(certificate: &rcgen::Certificate, key: &KeyPair) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a pair");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut server = rustls::ServerConnection::new(Arc::clone(&config)).expect("a server");
            while server.is_handshaking() && server.complete_io(&mut stream).is_ok() {}
        }
    });
    port
}

#[test]
fn a_certificate_that_is_newer_on_disk_than_served_is_a_forgotten_reload() {
    let (old, key) = certificate("shop.example", 2020, 2089);
    let (new, _) = certificate("shop.example", 2021, 2090);
    let port = presents(&old, &key);
    let machine = Machine::named("web1");
    machine.put("etc/nginx/sites-available/off", "ssl_certificate /etc/ssl/off.pem;");
    machine.put(
        "etc/nginx/sites-enabled/shop",
        "server {\n  # ssl_certificate /etc/ssl/commented.pem;\n  ssl_certificate /etc/ssl/shop.pem;\n  \
         ssl_certificate_key /etc/ssl/shop.key;\n}\n",
    );
    machine.put("etc/ssl/shop.pem", &new.pem());
    machine.put("etc/postfix/main.cf", "smtpd_tls_cert_file = /etc/ssl/mail.pem\n");
    machine.put("etc/ssl/mail.pem", &certificate("mail.example", 2020, 2088).0.pem());
    machine.listens(&[(&loopback(), port, "nginx", "/system.slice/nginx.service")]);
    let mut host = machine.host();
    assert_eq!(host.certificates.len(), 2, "{:?}", host.certificates);
    compare(&mut host).expect("a runtime");
    let looked = plant(&host);
    assert!(asks(&looked, "was a reload of nginx forgotten?"), "{:?}", looked.questions);
    assert!(asks(&looked, "postfix names /etc/ssl/mail.pem, and does not listen"));
    assert!(
        looked.plant.contains("expires: \"2089-01-01T00:00:00Z\""),
        "the end that counts: {}",
        looked.plant
    );
    assert!(looked.plant.contains("    covers: nginx\n"), "{}", looked.plant);
    machine.put("etc/ssl/shop.pem", &old.pem());
    let mut host = machine.host();
    compare(&mut host).expect("a runtime");
    assert!(!asks(&plant(&host), "reload"), "what is served is what lies there");
}

#[test]
fn a_bond_and_what_is_seen_on_its_ports_are_one_way_out() {
    let machine = Machine::named("host-a");
    let gateway = format!("{:08X}", u32::from_ne_bytes([10, 9, 0, 254]));
    machine.put(
        "proc/net/route",
        &format!("Iface Destination Gateway\nbond0 00000000 {gateway} 0003 0 0 0 00000000 0 0 0\n"),
    );
    machine.put("sys/class/net/bond0/lower_va/x", "");
    machine.put("sys/class/net/bond0/operstate", "up\n");
    machine.put(
        "proc/net/arp",
        "IP address HW type Flags HW address Mask Device\n10.9.0.254 0x1 0x2 00:00:5E:00:01:07 * bond0\n",
    );
    let host = machine.host();
    assert_eq!(host.ways_out, ["bond0", "va"]);
    let alone = plant(&host);
    assert!(alone.plant.contains("vips:\n  gateway:"), "{}", alone.plant);
    assert!(asks(&alone, "which routers hold 10.9.0.254 in turn (VRRP or CARP)"));
    let seen = include_str!("../recorded/lldp/host-a.json");
    let seen = lldp::read(seen, "a.json", None).expect("recorded");
    let looked = crate::sources::plant(&[here(&host), seen]);
    let text = crate::sources::bare(&looked);
    assert!(
        text.contains("  host-a:\n    network: host-b\n"),
        "the switch is before the gateway: {text}"
    );
    assert!(text.contains("  host-b:\n    network: gateway\n"), "{text}");
}
