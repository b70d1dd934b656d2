//! Whatever another system says it knows (its name in the first line, as `discover --from` has it): it is read or
//! refused, and the plant made of it is one that the checker takes.
#![no_main]

use blackstart_discover::{Plant, ansible, here, libvirt, lldp, proxmox, table};
use blackstart_model::finding::Severity;
use blackstart_model::plantfile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((source, text)) = text.split_once('\n') else { return };
    let (by, of) = ("a file", Some("me"));
    let report = match source {
        "csv" => table::read(text, by),
        "ansible" => ansible::read(text, by),
        "lldp" => lldp::read(text, by, of),
        "libvirt" => libvirt::read(text, by, of),
        "proxmox" => proxmox::read(text, by),
        _ => return,
    };
    let Ok(report) = report else { return };
    // Beside a machine that is called as one of the text may be.
    let empty = blackstart_discover::Host::read(std::path::Path::new("/nonexistent"));
    let reports = [here(&empty), report];
    for reports in [&reports[1..], &reports] {
        let looked = Plant::of(reports).unasked();
        let (plant, findings) = plantfile::parse_str(&looked.plant);
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: Vec<_> = errors.collect();
        assert!(plant.is_some(), "{errors:#?}\n{}", looked.plant);
        assert_eq!(looked, Plant::of(reports).unasked());
    }
});
