//! Domains as `virsh dumpxml` of libvirt 9.0 writes them, by its driver for tests.

use crate::sources::{bare, plant};
use blackstart_discover::libvirt::read;
use expect_test::expect_file;

const DOMAINS: &str = include_str!("../recorded/libvirt/domains.xml");

#[test]
fn guests_run_on_their_host_and_need_the_storage_that_comes_over_the_network() {
    let looked = plant(&[read(DOMAINS, "domains.xml", Some("kvm-1")).unwrap()]);
    expect_file!["../recorded/libvirt/plant.yaml"].assert_eq(&looked.plant);
}

#[test]
fn without_a_host_it_is_asked_for_and_not_made_up() {
    let looked = plant(&[read(DOMAINS, "domains.xml", None).unwrap()]);
    assert!(!bare(&looked).contains("on:"), "{}", looked.plant);
    assert!(looked.questions[0].contains("`libvirt@NAME=domains.xml`"), "{:?}", looked.questions);
}

#[test]
fn what_is_no_domain_is_refused_and_nothing_else_is_read() {
    for text in [
        "",
        "<domain>",
        "<domains/>",
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><domain><name>&a;</name></domain>",
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><domain><name>&b;</name></domain>",
    ] {
        assert!(read(text, "x", None).is_err(), "{text}");
    }
    let odd = "<?xml version='1.0'?>\n<domain type='lxc'><name>a\nb</name><devices>\
        <disk type='vhostuser'><source/></disk><disk type='network'><source/></disk>\
        <interface type='user'/></devices></domain><domain><name> </name></domain>";
    let looked = plant(&[read(odd, "odd.xml", Some("kvm-1")).unwrap()]);
    assert!(bare(&looked).contains("containers:\n"), "{}", looked.plant);
}
