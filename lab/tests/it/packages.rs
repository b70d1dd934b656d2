//! Goal: a package can be lived with. What an operator has made theirs outlives upgrades and removal, and after a purge
//! nothing is left.
//!
//! Method: the packages of `cargo xtask dist` on a bare Debian, which has no systemd: dpkg, and what it leaves.

use crate::first_minute::made;
use blackstart_lab::{Bare, Lab, is_possible};
use std::path::Path;

/// The same package under a later version; its path in the bare Debian.
fn later(bare: &Bare, deb: &Path) -> String {
    let name = deb.file_name().expect("a file has a name").to_string_lossy();
    let there = format!("/root/later-{name}");
    bare.run(&format!("dpkg-deb --raw-extract {name} raw"));
    let control = bare.read("root/raw/DEBIAN/control").expect("it has a control file");
    let version =
        control.lines().find(|line| line.starts_with("Version: ")).expect("it has a version");
    bare.write("root/raw/DEBIAN/control", &control.replace(version, "Version: 999"));
    bare.run(&format!("dpkg-deb --build raw {there} && rm -r raw"));
    there
}

#[test]
fn what_is_the_operators_outlives_upgrade_and_removal_and_a_purge_leaves_nothing() {
    let debs = made(".deb");
    if debs.is_empty() || !is_possible(&["mmdebstrap", "unshare"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("bare");
    let bare = Bare::unpacked(&lab, &host);
    // systemd's, where dynamic users have their folders.
    bare.run("mkdir -p /var/lib/private");
    let before = bare.files();
    for deb in &debs {
        bare.give(deb, "root");
        bare.run(&format!("dpkg --install {}", deb.file_name().expect("a name").to_string_lossy()));
    }
    assert!(bare.run("blackstart --version").starts_with("blackstart "));
    assert!(bare.run("blackstart-agent --version").starts_with("blackstart-agent "));
    let wanted = |name: &str| {
        bare.path(&format!("etc/systemd/system/multi-user.target.wants/{name}.service"))
    };
    assert!(wanted("blackstart").is_symlink() && wanted("blackstart-agent").is_symlink());
    assert_eq!(
        bare.read("etc/blackstart/plant.yaml"),
        None,
        "the plant is for its machine to write"
    );

    // Root enrols beside a server that has a user of its own, who is to read it.
    bare.run("install -d -m 700 -o 4711 -g 4711 /var/tmp/data");
    bare.run("blackstart enroll probe-x --data /var/tmp/data");
    assert_eq!(bare.run("stat -c %u:%a /var/tmp/data/agents.*"), "4711:600\n4711:600\n");
    bare.run("rm -r /var/tmp/data");

    let theirs = [
        "etc/blackstart/plant.yaml",
        "etc/default/blackstart",
        "var/lib/private/blackstart/journal.db",
    ];
    let mine =
        || theirs.map(|path| bare.read(path)) == theirs.map(|path| Some(format!("mine: {path}")));
    theirs.iter().for_each(|path| bare.write(path, &format!("mine: {path}")));
    // What `systemctl disable` does, which is not there.
    std::fs::remove_file(wanted("blackstart")).expect("it is a link");
    for deb in &debs {
        let later = later(&bare, deb);
        bare.run(&format!("dpkg --install {later}"));
    }
    assert!(mine(), "an upgrade wrote over what is the operator's");
    assert!(
        !wanted("blackstart").is_symlink(),
        "an upgrade enabled what its operator had disabled"
    );
    assert!(wanted("blackstart-agent").is_symlink());

    bare.run("dpkg --remove blackstart blackstart-agent");
    assert!(mine(), "removing took what is the operator's");
    assert!(!bare.path("usr/bin/blackstart").exists());
    bare.run("dpkg --purge blackstart blackstart-agent");
    let after = bare.files();
    let left: Vec<&String> =
        after.difference(&before).filter(|path| !path.starts_with("root/")).collect();
    assert!(left.is_empty(), "purged, and this is left: {left:?}");
}
