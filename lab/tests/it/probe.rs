//! Goal: who scraped blackbox_exporter scrapes `/probe` instead and finds the same names; and nobody has us
//! ask whom the plant does not name.
//!
//! Drawing: one host with a web server, a name server, a web server that sends elsewhere, the real exporter and
//! ours beside each other, over loopback.
//!
//! Method: both are scraped for the same targets and modules, and the names they tell are compared.

use blackstart_lab::{Daemon, Host, Lab, Listen, Server, certificate, is_possible, wait};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

const EXPORTER: &str = "prometheus-blackbox-exporter";

const OURS: &str = "127.0.0.1:8480";

const THEIRS: &str = "127.0.0.1:9115";

/// The modules that the exporter of Debian does not have by itself.
const MODULES: &str = "\
modules:
  http_2xx: { prober: http }
  tcp_connect: { prober: tcp }
  icmp: { prober: icmp }
  tls: { prober: tcp, tcp: { tls: true } }
  greeted:
    prober: tcp
    tcp: { query_response: [ { expect: '^220 ([^ ]+)', send: \"EHLO ${1}\\r\" }, { expect: '^250 ' } ] }
  soa: { prober: dns, dns: { query_name: www.example.net, query_type: A } }
";

/// The status and the body of a scrape.
fn scrape(host: &Host, at: &str, query: &str, header: &str) -> (u16, String) {
    let at: SocketAddr = at.parse().expect("an address");
    host.inside(move || {
        let mut stream = TcpStream::connect(at).expect("it listens");
        let request = format!("GET /probe?{query} HTTP/1.0\r\nHost: {at}\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        (status, body.to_owned())
    })
}

/// The names of metrics, with the labels whose values are part of what they mean.
fn names(told: &str) -> BTreeSet<String> {
    let samples = told.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    samples
        .map(|line| {
            let name = line.rsplit_once(' ').expect("a name and a value").0;
            let labels = name.split_once('{').filter(|(_, labels)| labels.starts_with("phase="));
            match labels {
                Some(_) => name.to_owned(),
                None => name.split('{').next().unwrap_or_default().to_owned(),
            }
        })
        .collect()
}

fn value<'t>(told: &'t str, name: &str) -> &'t str {
    let found = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {name} in {told}"))
}

/// A web server that sends to these places, one after the other.
fn sends_to(host: &Host, at: &'static str, places: &'static [&'static str]) {
    let listener = host.inside(|| TcpListener::bind(at).expect("an address that is free"));
    std::thread::spawn(move || {
        for place in places {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n";
            let _ = stream.write_all(format!("{head}Location: {place}\r\n\r\n").as_bytes());
        }
    });
}

/// A server that greets so, says `250` to who names it in an `EHLO`, and closes.
fn greets(host: &Host, at: &'static str, says: &'static str) {
    let listener = host.inside(|| TcpListener::bind(at).expect("an address that is free"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(says.as_bytes());
            if says.starts_with("554") {
                continue;
            }
            let mut heard = [0; 64];
            let read = stream.read(&mut heard).unwrap_or(0);
            if &heard[..read] == b"EHLO mail.example.net\r\n" {
                let _ = stream.write_all(b"250 well met\r\n");
            }
        }
    });
}

fn plant(host: &Host, probe: &str) -> PathBuf {
    let path = host.folder().join("plant.yaml");
    let text = format!(
        "blackstart: 1\nname: scraped\ntimezone: UTC\n{probe}services:\n  web: {{ checks: [ {{ \
         name: page, http: \"http://127.0.0.1/\", body: {{ contains: hello }}, every: 1s }} ] }}\n"
    );
    std::fs::write(&path, text).expect("a plant");
    path
}

#[test]
fn the_same_scrape_finds_the_same_names() {
    if !is_possible(&["ip", "nginx", "unbound", EXPORTER]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("scraped");
    host.etc("hosts", "127.0.0.1 localhost www.example.net\n");
    let certificate = certificate(lab.folder(), ["www.example.net".to_owned()]);
    host.set("SSL_CERT_FILE", &certificate.0);
    let listen = |port, tls| Listen { address: "127.0.0.1".to_owned(), port, tls };
    let _web = Daemon::web(&host, "web", &[listen(80, false), listen(443, true)], &certificate);
    let _names = Daemon::unbound(&host, "127.0.0.1", "www.example.net", "192.0.2.7");
    let modules = host.folder().join("modules.yaml");
    std::fs::write(&modules, MODULES).expect("modules");
    let exporter = host
        .command(Path::new("/usr/bin").join(EXPORTER).as_path())
        .arg(format!("--config.file={}", modules.display()))
        .arg(format!("--web.listen-address={THEIRS}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    host.keep(exporter.expect("the exporter starts"));
    let at: SocketAddr = THEIRS.parse().expect("an address");
    wait("the exporter", || host.inside(|| TcpStream::connect(at).ok()));
    let probe = "probe:\n  targets: [plant, www.example.net]\n  modules: { soa: { dns: target, query: \
                 www.example.net A }, tls: { talk: \"target:443\", tls: true }, greeted: { talk: \
                 \"target:25\", steps: [ { expect: \"^220 ([^ ]+)\", send: \"EHLO ${1}\" }, { \
                 expect: \"^250 \" } ] }, labelled: { talk: \"target:25\", steps: [ { expect: \"^220 \
                 ([^ ]+)\", labels: [ { name: host, value: \"${1}\" }, { name: as, value: \"a b\" } ] } ] }, bytes: { talk: \
                 \"target:25\", steps: { expect_bytes: \"220 \" } } }\n";
    for (at, says) in
        [("127.0.0.1:2525", "220 mail.example.net\r\n"), ("127.0.0.1:2526", "554 no\n")]
    {
        greets(&host, at, says);
    }
    let _server = Server::start(&host, &plant(&host, probe), &[]);

    for (query, success) in [
        ("module=http_2xx&target=http://127.0.0.1/", "1"),
        ("target=127.0.0.1", "1"),
        ("module=http_2xx&target=https://www.example.net/", "1"),
        ("module=http_2xx&target=http://127.0.0.1:81/", "0"),
        ("module=tcp_connect&target=127.0.0.1:80", "1"),
        ("module=tcp_connect&target=127.0.0.1:81", "0"),
        ("module=icmp&target=127.0.0.1", "1"),
        ("module=soa&target=127.0.0.1", "1"),
        ("module=tls&target=www.example.net:443", "1"),
        ("module=tls&target=127.0.0.1:80", "0"),
        ("module=greeted&target=127.0.0.1:2525", "1"),
        ("module=greeted&target=127.0.0.1:2526", "0"),
    ] {
        let (status, theirs) = scrape(&host, THEIRS, query, "");
        assert_eq!(status, 200, "{query}: {theirs}");
        let (status, ours) = scrape(&host, OURS, query, "");
        assert_eq!(status, 200, "{query}: {ours}");
        assert_eq!(names(&ours), names(&theirs), "{query}");
        for same in ["probe_success", "probe_ip_protocol", "probe_ip_addr_hash"] {
            let theirs: f64 = value(&theirs, same).parse().expect("a number");
            let ours: f64 = value(&ours, same).parse().expect("a number");
            assert!((ours - theirs).abs() < f64::EPSILON, "{query}: {same} {ours}, {theirs}");
        }
        assert_eq!(value(&ours, "probe_success"), success, "{query}: {ours}");
    }
    let (_, told) = scrape(&host, OURS, "module=labelled&target=127.0.0.1:2525", "");
    let labelled = "probe_expect_info{host=\"mail.example.net\",as=\"a b\"}";
    assert_eq!(value(&told, labelled), "1", "{told}");
    for (port, other, success) in [(2525, "0", "1"), (2526, "1", "0")] {
        let query = format!("module=bytes&target=127.0.0.1:{port}");
        let (_, told) = scrape(&host, OURS, &query, "");
        assert_eq!(value(&told, "probe_failed_due_to_bytes"), other, "{told}");
        assert_eq!(value(&told, "probe_failed_due_to_regex"), "0", "{told}");
        assert_eq!(value(&told, "probe_success"), success, "{told}");
    }
    let (_, told) = scrape(&host, OURS, "target=https://www.example.net/", "");
    assert_eq!(value(&told, "probe_http_status_code"), "200");
    assert_eq!(value(&told, "probe_ssl_earliest_cert_expiry"), "4102444800");
    let (_, theirs) = scrape(&host, THEIRS, "target=https://www.example.net/", "");
    let version = |told: &str| {
        let line = told.lines().find(|line| line.starts_with("probe_tls_version_info{"));
        line.map(str::to_owned)
    };
    assert!(version(&told).is_some() && version(&told) == version(&theirs), "{told}");
}

#[test]
fn nobody_is_asked_whom_the_plant_does_not_name() {
    if !is_possible(&["ip", "nginx"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("guarded");
    let _web = Daemon::nginx(&host, "127.0.0.1", &[80]);
    sends_to(&host, "127.0.0.1:8090", &["/again", "http://127.0.0.1/"]);
    sends_to(&host, "127.0.0.1:8091", &["http://169.254.169.254/latest/meta-data"]);
    let mute = host.inside(|| TcpListener::bind("127.0.0.1:8092").expect("an address"));
    let path = plant(&host, "");
    let _server = Server::start(&host, &path, &[]);
    let ask = |query: &str| scrape(&host, OURS, query, "");
    let (status, why) = ask("target=127.0.0.1");
    assert_eq!((status, why.contains("probe: { targets: [plant] }")), (403, true), "{why}");

    assert_eq!(plant(&host, "probe: { targets: [plant] }\n"), path);
    wait("the changed plant", || (ask("target=127.0.0.1").0 == 200).then_some(()));
    let refused = [
        ("target=http://127.0.0.2/", 403, "`127.0.0.2` may not be asked"),
        ("target=localhost", 403, "`localhost` may not be asked"),
        ("target=http://user:secret@127.0.0.1/", 400, "would be a secret written out"),
        ("target=gopher://127.0.0.1/", 400, "cannot be asked"),
        ("module=icmp&target=169.254.169.254", 403, "may not be asked"),
        ("module=nothing&target=127.0.0.1", 400, "there are: http_2xx, tcp_connect, icmp, dns"),
        ("module=tcp_connect&target=127.0.0.1", 400, "no `host:port`"),
        ("module=check&target=web/other", 400, "no check `web/other`"),
        ("module=http_2xx", 400, "`target` is missing"),
        // What a hop names is asked as little as what a scrape names.
        ("target=127.0.0.1:8091", 403, "`169.254.169.254` may not be asked"),
    ];
    for (query, status, why) in refused {
        let told = ask(query);
        assert!(told.0 == status && told.1.contains(why), "{query}: {told:?}");
    }
    let (status, told) = scrape(&host, OURS, "target=127.0.0.1", "Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(status, 403, "a page of another site: {told}");

    let (_, told) = ask("target=127.0.0.1:8090/old");
    assert_eq!(value(&told, "probe_success"), "1", "{told}");
    assert_eq!(value(&told, "probe_http_redirects"), "2", "{told}");
    let (_, told) = ask("module=check&target=web/page");
    assert!(told.contains("\nprobe_success 1\n") && told.starts_with("# up\n"), "{told}");
    let in_a_second = "X-Prometheus-Scrape-Timeout-Seconds: 1\r\n";
    let (_, told) = scrape(&host, OURS, "target=127.0.0.1:8092", in_a_second);
    assert!(told.starts_with("# down(answer-timeout: no whole answer)\n"), "{told}");
    let took: f64 = value(&told, "probe_duration_seconds").parse().expect("a number");
    assert!((0.5..9.0).contains(&took), "half a second is left for the way back: {told}");
    drop(mute);
}

/// A web server that sends everybody to this place, and the heads that it heard.
fn listens(host: &Host, at: &'static str, place: &'static str) -> Arc<Mutex<Vec<String>>> {
    let listener = host.inside(|| TcpListener::bind(at).expect("an address that is free"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            hears.lock().expect("nobody panics with it").push(head);
            let answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n";
            let _ = stream.write_all(format!("{answer}Location: {place}\r\n\r\n").as_bytes());
        }
    });
    heard
}

#[test]
fn a_secret_is_told_to_whom_its_module_names_and_to_nobody_else() {
    if !is_possible(&["ip", "redis-server"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("secretive");
    let _cache = Daemon::redis(&host, "127.0.0.1", 6381, &["--requirepass", "s3cret-word"]);
    let named = listens(&host, "127.0.0.1:8094", "http://127.0.0.3:8094/inside");
    let lured = listens(&host, "127.0.0.3:8094", "/");
    let others = ["127.0.0.1:8095", "127.0.0.2:8094"].map(|at| listens(&host, at, "/"));
    let secrets = host.folder().join("secrets");
    std::fs::write(&secrets, "cache = s3cret-word\nold = gu3ss-word\n").expect("secrets");
    let own = PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secrets, own).expect("they are ours");
    let module = |name: &str, secret: &str| {
        format!(
            "    {name}: {{ redis: \"target:6381\", password: {{ secret: {secret} }}, role: master, \
             targets: 127.0.0.1 }}\n"
        )
    };
    let modules = [module("cache", "cache"), module("old", "old"), module("lost", "lost")].concat();
    let probe = format!(
        "probe:\n  targets: [plant, 127.0.0.0/8]\n  modules:\n{modules}    token: {{ http: \
         \"http://target:8094/inside\", status: 200, headers: {{ authorization: {{ secret: cache }} }}, \
         targets: [127.0.0.1, 127.0.0.3] }}\n"
    );
    let file = secrets.to_string_lossy().into_owned();
    let server = Server::start(&host, &plant(&host, &probe), &["--secrets", &file]);
    let ask = |query: &str| scrape(&host, OURS, query, "");
    let (status, told) = ask("module=cache&target=127.0.0.1");
    assert!(status == 200 && told.starts_with("# up\n"), "{told}");
    let (_, told) = ask("module=old&target=127.0.0.1");
    assert!(told.starts_with("# down(wrong-login: WRONGPASS"), "{told}");
    let (status, told) = ask("module=lost&target=127.0.0.1");
    assert!(status == 503 && told.contains("the secret `lost`"), "{told}");

    let refused = [
        ("module=cache&target=127.0.0.2", 403, "the module's own `targets` do not name it"),
        ("module=cache&target=127.0.0.1:6382", 400, "its own port and path alone"),
        ("module=token&target=127.0.0.2", 403, "the module's own `targets`"),
        ("module=token&target=127.0.0.1:8095", 400, "its own port and path alone"),
        ("module=token&target=http://127.0.0.1:8095/inside", 400, "its own port"),
        ("module=token&target=127.0.0.1/elsewhere", 400, "its own port and path"),
        ("module=token&target=https://127.0.0.1:8094/inside", 400, "its own port and path"),
    ];
    for (query, status, why) in refused {
        let told = ask(query);
        assert!(told.0 == status && told.1.contains(why), "{query}: {told:?}");
    }
    // Where it sends us may be told too, but not because an answer says so.
    let (_, token) = ask("module=token&target=127.0.0.1");
    assert!(token.starts_with("# down(wrong-status: 302"), "{token}");
    let heard = named.lock().expect("nobody panics with it").clone();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].contains("authorization: s3cret-word\r\n"), "{heard:?}");
    for heard in others.iter().chain([&lured]) {
        assert_eq!(*heard.lock().expect("nobody panics with it"), Vec::<String>::new());
    }

    let metrics = server.console.get("/metrics").expect("they are told").0;
    let mut all = vec![told.into_bytes(), token.into_bytes(), metrics.into_bytes()];
    let files = std::fs::read_dir(server.data()).expect("its folder");
    let files = files.map(|file| file.expect("a file").path());
    let read = |file| std::fs::read(file).expect("readable");
    all.extend(files.chain([host.folder().join("serve.log")]).map(read));
    for bytes in all {
        for secret in ["s3cret-word", "gu3ss-word"] {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "a secret is kept or told");
        }
    }
}
