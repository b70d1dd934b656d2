//! Whatever text a source is: it is read or refused, and what is read becomes a plant that the checker takes.

use crate::Machine;
use crate::sources::plant;
use blackstart_discover::seen::Report;
use blackstart_discover::{ansible, here, libvirt, lldp, proxmox, table};
use proptest::prelude::*;

/// Every source that takes this text.
fn read(text: &str) -> Vec<Report> {
    let by = "some text";
    [
        table::read(text, by).ok(),
        ansible::read(text, by).ok(),
        lldp::read(text, by, Some("own")).ok(),
        libvirt::read(text, by, Some("own")).ok(),
        proxmox::read(text, by).ok(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const SEEDS: [&str; 9] = [
    include_str!("../../../../examples/hosts.csv"),
    include_str!("../recorded/ansible/hosts.ini"),
    include_str!("../recorded/ansible/list.json"),
    include_str!("../recorded/ansible/list.yaml"),
    include_str!("../recorded/lldp/host-a.json"),
    include_str!("../recorded/lldp/host-c.json0"),
    include_str!("../recorded/libvirt/domains.xml"),
    include_str!("../recorded/proxmox/cluster.json"),
    "name,kind,on,in,power,network,needs,checks,address,rack,provides,covers,prefers,can_take_down\n\
     internet,upstream,internet,a,b or b,internet,internet,icmp,::1,internet,internet,x,y,z\n\
     a,site,b,a.b,c and c,2 of a,a,x: y,192.0.2.1,a,,,,\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Texts that were right once: with a part cut out, doubled or replaced.
    #[test]
    fn a_text_that_was_right_once_is_read_or_refused(
        seed in 0..SEEDS.len(),
        other in 0..SEEDS.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[ -~\\n]{0,6}"), 1..5),
    ) {
        let mut text: Vec<char> = SEEDS[seed].chars().collect();
        for (at, length, instead) in cuts {
            let at = at.index(text.len().max(1)).min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, instead.chars());
        }
        let text: String = text.into_iter().collect();
        let mut reports = read(&text);
        reports.extend(read(SEEDS[other]));
        if !reports.is_empty() {
            plant(&reports);
        }
    }

    #[test]
    fn a_table_of_anything_is_a_plant(
        rows in prop::collection::vec(prop::collection::vec("[a-c1 .:/|,;\\-]{0,8}|a or b|2 of a, b, c|internet|[\\PC]{0,5}", 0..9), 1..8),
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = "name,kind,in,power,network,on,needs,uses,address,draw,checks,provides,rack,site\n".to_owned();
        for row in &rows {
            text += &row.iter().map(quoted).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        if let Ok(report) = table::read(&text, "t.csv") {
            plant(&[report]);
        }
    }
}

#[test]
fn every_seed_is_read_by_whoever_it_is_for() {
    for seed in SEEDS {
        assert!(!read(seed).is_empty(), "{seed}");
    }
    // All at once, some of them twice.
    let all: Vec<Report> = SEEDS.iter().chain(&SEEDS[..4]).flat_map(|seed| read(seed)).collect();
    plant(&all);
}

#[test]
fn texts_without_end_are_bounded() {
    for text in
        ["{".repeat(100_000), "[".repeat(100_000), "<a>".repeat(100_000), "a: {".repeat(10_000)]
    {
        assert!(read(&text).is_empty(), "{}", &text[..10]);
    }
    let wide = format!("name{}\nx\n", ",a".repeat(1_000));
    assert!(table::read(&wide, "t").is_err());
}

#[test]
fn the_seeds_of_the_fuzzer_are_read_or_refused() {
    let seeds = |target: &str| {
        let folder = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let seeds = std::fs::read_dir(folder).expect("a folder of seeds");
        let text = |seed: std::io::Result<std::fs::DirEntry>| {
            std::fs::read(seed.expect("a seed").path()).expect("it can be read")
        };
        seeds.map(text).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    for seed in seeds("sources").collect::<Vec<_>>() {
        let (_, text) = seed.split_once('\n').expect("the source stands in the first line");
        let reports = read(text);
        if !reports.is_empty() {
            plant(&reports);
        }
    }
    for seed in seeds("machine") {
        let machine = Machine::named("seed");
        for file in seed.split("== ").skip(1) {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            match content.trim_end().strip_prefix("-> ") {
                Some(to) => machine.link(path, to),
                None => machine.put(path, content),
            }
        }
        plant(&[here(&machine.host())]);
    }
}
