//! Machines made of files, and what really listens on this one.

mod ansible;
mod hostile;
mod libvirt;
mod lldp;
mod proxmox;
mod own;
mod sources;
mod table;

use blackstart_discover::{Host, Looked, Plant, here};
use blackstart_model::finding::Severity;
use blackstart_model::plantfile;
use expect_test::expect;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;
use tempfile::TempDir;

/// A machine of files.
pub(crate) struct Machine(TempDir);

impl Machine {
    pub(crate) fn named(name: &str) -> Self {
        let machine = Self(TempDir::new().expect("a folder"));
        machine.put("proc/sys/kernel/hostname", &format!("{name}\n"));
        machine.put("etc/timezone", "Europe/Amsterdam\n");
        machine
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Something listens: by the address as the kernel prints it, the port, and who.
    pub(crate) fn listens(&self, sockets: &[(&str, u16, &str, &str)]) {
        let mut table = "  sl  local_address rem_address   st\n".to_owned();
        for (inode, (address, port, program, group)) in sockets.iter().enumerate() {
            table +=
                &format!("   0: {address}:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 {inode} 1\n");
            if program.is_empty() {
                continue;
            }
            let process = 100 + inode;
            self.put(&format!("proc/{process}/comm"), &format!("{program}\n"));
            self.put(&format!("proc/{process}/cgroup"), &format!("0::{group}\n"));
            let files = self.0.path().join(format!("proc/{process}/fd"));
            fs::create_dir_all(&files).expect("a folder");
            symlink(format!("socket:[{inode}]"), files.join("3")).expect("a link");
        }
        self.put("proc/net/tcp", &table);
    }

    pub(crate) fn link(&self, path: &str, to: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        symlink(to, path).expect("a link");
    }

    pub(crate) fn host(&self) -> Host {
        Host::read(self.0.path())
    }

    pub(crate) fn look(&self) -> Looked {
        let looked = Plant::of(&[here(&self.host())]).look().expect("a runtime");
        let (plant, findings) = plantfile::parse_str(&looked.plant);
        assert!(plant.is_some(), "{findings:#?}\n{}", looked.plant);
        assert!(
            findings.iter().all(|finding| finding.severity < Severity::Warning),
            "{findings:#?}"
        );
        looked
    }
}

/// 127.0.0.1 as the kernel prints it here.
pub(crate) fn loopback() -> String {
    format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]))
}

/// A web server that gives everybody this status, until the test ends.
pub(crate) fn web(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked);
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    });
    port
}

#[test]
fn a_machine_is_read_from_its_files() {
    let machine = Machine::named("web1.example.net");
    machine.put("sys/class/net/lo/operstate", "unknown\n");
    machine.put("sys/class/net/eth0/operstate", "up\n");
    let gateway = format!("{:08X}", u32::from_ne_bytes([192, 0, 2, 1]));
    let route =
        format!("Iface Destination Gateway\neth0 00000000 {gateway} 0003 0 0 0 00000000 0 0 0\n");
    machine.put("proc/net/route", &route);
    machine.put(
        "etc/resolv.conf",
        "search example.net\nnameserver 192.0.2.53\nnameserver 127.0.0.53\n",
    );
    machine.put(
        "proc/self/mountinfo",
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n36 22 0:5 / /srv/mail rw shared:1 - nfs4 filer:/mail rw\n",
    );
    let id = "0123456789abcdef".repeat(4);
    machine.listens(&[
        ("00000000", 443, "nginx", "/system.slice/nginx.service"),
        ("00000000", 5432, "postgres", &format!("/system.slice/docker-{id}.scope")),
        ("00000000", 2024, "", ""),
    ]);
    expect![[r#"
        Host {
            name: "web1",
            timezone: Some(
                "Europe/Amsterdam",
            ),
            interfaces: [
                (
                    "eth0",
                    true,
                ),
            ],
            gateways: [
                192.0.2.1,
            ],
            ways_out: [
                "eth0",
            ],
            resolvers: [
                192.0.2.53,
                127.0.0.53,
            ],
            mounts: [
                Mount {
                    at: "/srv/mail",
                    source: "filer:/mail",
                    kind: "nfs4",
                },
            ],
            listening: [
                Listening {
                    port: 443,
                    address: 0.0.0.0,
                    program: Some(
                        "nginx",
                    ),
                    unit: Some(
                        "nginx",
                    ),
                    container: None,
                },
                Listening {
                    port: 2024,
                    address: 0.0.0.0,
                    program: None,
                    unit: None,
                    container: None,
                },
                Listening {
                    port: 5432,
                    address: 0.0.0.0,
                    program: Some(
                        "postgres",
                    ),
                    unit: None,
                    container: Some(
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                    ),
                },
            ],
            gateway_hardware: {},
            containers: {
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": Container {
                    name: "0123456789ab",
                    image: None,
                    restarts: None,
                },
            },
            has_systemd: false,
            idle_units: [],
            unwanted_units: [],
            certificates: [],
            unseen: [
                "who listens on port 2024: another user, or a container with processes of its own; root sees more",
            ],
        }
    "#]]
    .assert_debug_eq(&machine.host());
}

#[test]
fn each_is_asked_what_it_answers_best() {
    let (open, closed) = (web("200 OK"), web("403 Forbidden"));
    let machine = Machine::named("web1");
    let address = loopback();
    machine.listens(&[
        (&address, open, "nginx", "/a.service"),
        (&address, closed, "apache2", "/b.service"),
    ]);
    let looked = machine.look();
    let a =
        format!("a:  # this machine: nginx listens on {open}, unit a\n    on: web1\n    checks:\n");
    assert!(looked.plant.contains(&a), "{}", looked.plant);
    let asked = format!("- {{ http: \"http://127.0.0.1:{open}/\", every: 5 s }}");
    assert!(looked.plant.contains(&asked), "{}", looked.plant);
    let asked =
        format!("- {{ http: \"http://127.0.0.1:{closed}/\", status: 200..499, every: 5 s }}");
    assert!(looked.plant.contains(&asked), "what it hides is not down: {}", looked.plant);
}

/// A server that greets everybody with this and closes, until the test ends.
fn greets(words: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(words.as_bytes());
        }
    });
    port
}

#[test]
fn what_speaks_in_lines_is_asked_in_its_own_words_and_else_whether_it_is_there() {
    let (shell, other) = (greets("SSH-2.0-Own\r\n"), greets("who are you?\r\n"));
    let machine = Machine::named("web1");
    let address = loopback();
    machine.listens(&[
        (&address, shell, "sshd", "/ssh.service"),
        (&address, other, "redis-server", "/redis.service"),
    ]);
    let looked = machine.look();
    let asked = format!("- {{ ssh: \"127.0.0.1:{shell}\", every: 5 s }}");
    assert!(looked.plant.contains(&asked), "{}", looked.plant);
    let asked = format!("- {{ tcp: \"127.0.0.1:{other}\", every: 5 s }}");
    assert!(looked.plant.contains(&asked), "{}", looked.plant);
}

/// A server that says these in turn, each when it has heard something; what is empty it says unasked. Until the test
/// ends.
fn converses(says: &'static [&'static [u8]]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            for (words, at) in says.iter().zip(0..) {
                let heard = at == 0 || stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0);
                if !heard || stream.write_all(words).is_err() {
                    break;
                }
            }
        }
    });
    port
}

#[test]
fn a_database_that_asks_who_we_are_speaks_its_protocol_and_nobody_signs_in() {
    // No TLS; then AuthenticationCleartextPassword (PostgreSQL, 55.7).
    let postgres = converses(&[b"", b"N", b"R\0\0\0\x08\0\0\0\x03"]);
    // Protocol::HandshakeV10 with the flags of a server of today; then an error packet, 1045 (MariaDB, connecting).
    let mariadb = converses(&[
        b"\x53\0\0\0\x0a10.11.6-MariaDB\0\x01\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0\
          abcdefghijkl\0mysql_native_password\0",
        b"\x16\0\0\x02\xff\x15\x04#28000Access denied",
    ]);
    let other = greets("who are you?\r\n");
    let machine = Machine::named("db1");
    let address = loopback();
    machine.listens(&[
        (&address, postgres, "postgres", "/postgresql.service"),
        (&address, mariadb, "mariadbd", "/mariadb.service"),
        (&address, other, "mysqld", "/other.service"),
    ]);
    let looked = machine.look();
    for asked in [
        format!("- {{ postgres: \"127.0.0.1:{postgres}\", every: 5 s }}"),
        format!("- {{ mariadb: \"127.0.0.1:{mariadb}\", every: 5 s }}"),
        format!("- {{ tcp: \"127.0.0.1:{other}\", every: 5 s }}"),
    ] {
        assert!(looked.plant.contains(&asked), "{asked}\n{}", looked.plant);
    }
}

#[test]
fn what_does_not_answer_is_a_question_and_no_check() {
    // A port that was free a moment ago: nobody listens, whatever the file says.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let machine = Machine::named("web1");
    machine.listens(&[(&loopback(), port, "exim4", "/exim4.service")]);
    let looked = machine.look();
    assert!(!looked.plant.contains("checks:"), "{}", looked.plant);
    let asks = |question: &String| question.starts_with("exim4 (this machine: exim4 listens on");
    assert!(looked.questions.iter().any(asks), "{:?}", looked.questions);
}

#[test]
fn an_empty_machine_and_one_full_of_rubbish_are_plants_too() {
    let machine = Machine(TempDir::new().expect("a folder"));
    assert!(machine.look().plant.contains("servers:\n  this-machine: {}  # this machine\n"));
    let machine = Machine::named("---7 %$\u{fffd}");
    for path in ["proc/net/tcp", "proc/net/tcp6", "proc/net/route", "proc/net/ipv6_route"] {
        machine
            .put(path, "head\n0: zz:zz 0 0A\n\0\0\n 1: 00000000:99999 x 0A 0 0 0 0 0 x\n:::::\n");
    }
    machine.put("etc/resolv.conf", "nameserver\nnameserver nonsense\n");
    machine.put("proc/self/mountinfo", "a - b\n - nfs\n");
    machine.put("etc/timezone", "Nowhere/At all\nname: x\n");
    assert!(machine.look().plant.contains("name: 7\n"));
    // A process may name itself as it likes.
    let port = web("200 OK");
    machine.listens(&[(&loopback(), port, "x\nservers: { evil: {} }", "/y: [\r.service")]);
    let looked = machine.look();
    assert!(!looked.plant.contains("\nservers: { evil"), "{}", looked.plant);
}

#[test]
fn an_interface_that_the_kernel_made_by_itself_is_not_missed() {
    let machine = Machine::named("web1");
    for name in ["eth0", "eth1", "bond0", "ifb0", "sit0"] {
        machine.put(&format!("sys/class/net/{name}/operstate"), "down\n");
    }
    machine.put("sys/class/net/eth0/operstate", "up\n");
    machine.put("sys/class/net/eth1/device/vendor", "0x1af4\n");
    machine.put("sys/class/net/bond0/uevent", "DEVTYPE=bond\nINTERFACE=bond0\n");
    machine.put("sys/class/net/ifb0/uevent", "INTERFACE=ifb0\n");
    let told = |name: &str, up| (name.to_owned(), up);
    let expected = [told("bond0", false), told("eth0", true), told("eth1", false)];
    assert_eq!(machine.host().interfaces, expected);
}

#[test]
fn root_is_not_told_that_root_sees_more() {
    let machine = Machine::named("web1");
    machine.listens(&[("00000000", 2024, "", "")]);
    for (uid, sees_more) in [("0\t0\t0\t0", false), ("1000\t1000\t0\t0", true)] {
        machine.put("proc/self/status", &format!("Name:\tx\nUid:\t{uid}\nGid:\t0\n"));
        let unseen = machine.host().unseen.join("; ");
        assert!(unseen.starts_with("who listens on port 2024: "), "{unseen}");
        assert_eq!(unseen.contains("root sees more"), sees_more, "{unseen}");
    }
}

#[test]
fn this_very_machine_can_be_looked_at() {
    let host = Host::read(Path::new("/"));
    assert!(!host.name.is_empty());
}
