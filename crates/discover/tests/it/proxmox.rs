//! Documents in the form of Proxmox VE's API, as `pvesh` writes them and as it answers; none was recorded from a
//! cluster.

use crate::sources::{bare, plant};
use blackstart_discover::proxmox::{live, read};
use expect_test::expect_file;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const CLUSTER: &str = include_str!("../recorded/proxmox/cluster.json");

#[test]
fn a_cluster_is_a_plant_and_what_its_documents_do_not_say_is_asked() {
    let looked = plant(&[read(CLUSTER, "cluster.json").unwrap()]);
    expect_file!["../recorded/proxmox/plant.yaml"].assert_eq(&looked.plant);
}

#[test]
fn what_is_no_cluster_is_refused() {
    for text in
        ["", "[]", "{}", "[{\"type\":\"storage\",\"storage\":\"a\"}]", "[{\"type\":", "3 \"x\""]
    {
        assert!(read(text, "x").is_err(), "{text}");
    }
}

#[test]
fn numbers_as_texts_rules_instead_of_groups_and_nonsense_are_read_as_far_as_they_go() {
    let text = r#"{"data":[{"type":"node","node":"a"},{"type":"node","node":"b"},{"type":"node","node":"a..b\n/x"},
        {"type":"qemu","id":"qemu/7","vmid":"7","name":"db","node":"a","template":"0"},
        {"type":"qemu","name":"nobody"},{"type":"lxc","vmid":-1,"id":"lxc/x"},{"type":7},[],null,
        {"rule":"keep","type":"node-affinity","resources":"vm:7,vm:x","nodes":"b:1,a","strict":1}]}
        {"vmid":7,"config":{"scsi0":"nfs1:vm-7-disk-0,size=8G","ide2":"none,media=cdrom","net0":"virtio=AA,bridge=vmbr0"}}
        [{"storage":"nfs1","type":"nfs","server":"nas.example"}]"#;
    let looked = plant(&[read(text, "x").unwrap()]);
    let text = bare(&looked);
    assert!(
        text.contains("on: { any: [a, { standby: b, takes: 2..10 min, by: itself }] }"),
        "{text}"
    );
    assert!(text.contains("needs: { all: ["), "{text}");
}

/// A cluster of the test's own: what it answers to a path below `/api2/json/`.
fn cluster(
    answer: impl Fn(&str) -> (u16, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("this machine gives it");
    let base = format!("http://{}", listener.local_addr().expect("this machine gives it"));
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("this machine gives it");
            let lines = BufReader::new(stream.try_clone().expect("this machine gives it")).lines();
            let head: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
            seen.lock().expect("this machine gives it").push(head.join("\n"));
            let (status, body) = answer(path.trim_start_matches("/api2/json/"));
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
        }
    });
    (base, heads)
}

fn document(nth: usize) -> String {
    let documents: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(CLUSTER).into_iter().map(Result::unwrap).collect();
    serde_json::json!({ "data": documents[nth] }).to_string()
}

#[test]
fn the_live_api_says_the_same_and_knows_where_the_disks_are() {
    let (base, heads) = cluster(|path| {
        match path {
        "cluster/resources" => (200, document(0)),
        "cluster/status" => (200, document(1)),
        "cluster/ha/resources" => (200, document(2)),
        "cluster/ha/groups" => (200, document(3)),
        "cluster/ha/rules" => (501, String::new()),
        "storage" => (200, document(4)),
        "nodes/pve1/qemu/100/config" => (
            200,
            r#"{"data":{"scsi0":"ceph-vm:vm-100-disk-0,size=32G","net0":"virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=5","onboot":1}}"#
                .to_owned(),
        ),
        "nodes/pve1/lxc/103/config" => {
            (200, r#"{"data":{"rootfs":"local-lvm:vm-103-disk-0,size=8G"}}"#.to_owned())
        }
        _ => (403, String::new()),
    }
    });
    let token = "audit@pve!blackstart=0123-4567";
    let looked = plant(&[live::read(&base, token, "ams1").unwrap()]);
    let text = bare(&looked);
    assert!(
        text.contains("on: { any: [pve1, { standby: pve2, takes: 2..10 min, by: itself }] }"),
        "{text}"
    );
    assert!(text.contains("needs: { all: [ceph-vm, ams1-quorum] }"), "{text}");
    let asked = |words: &str| looked.questions.iter().any(|it| it.contains(words));
    assert!(
        asked("dns-1 is kept highly available, and has a disk that only pve1 reaches"),
        "{:?}",
        looked.questions
    );
    assert!(
        asked("the configurations of 2 guests are not shown to this token"),
        "{:?}",
        looked.questions
    );
    let heads = heads.lock().unwrap();
    assert!(heads.iter().all(|head| head.starts_with("GET ")
        && head.contains(&format!("authorization: PVEAPIToken={token}"))));
    assert!(!format!("{looked:?}").contains("0123-4567"), "the token is written nowhere");
}

#[test]
fn a_cluster_that_does_not_answer_as_one_is_an_error_without_the_token() {
    for (status, body) in [(401, ""), (200, "<html>"), (200, "{\"data\":[]}"), (302, ""), (403, "")]
    {
        let (base, _) = cluster(move |_| (status, body.to_owned()));
        let error = live::read(&base, "a@pve!b=secret", "x").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    for url in ["http://192.0.2.1:8006", "pve1", "ftp://x", "https://a@b", ""] {
        let error = live::read(url, "a@pve!b=secret", "x").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
