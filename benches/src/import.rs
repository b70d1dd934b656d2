//! What an import from NetBox costs, by size.
//!
//! Question: how long does `blackstart import netbox` take, and how much memory, from a dump to a checked plant
//! file, at 1,000 to 100,000 devices; and how much of that is reading the JSON at all? The peer reads the same
//! file with Python's own `json` and does nothing with it, which is less than any script against a dump does.
//!
//! Method: dumps are made here, always the same: racks of 36 servers with two cords and two network cables
//! each, two switches, two PDUs and two feeds, a virtual machine on each server, two core routers. Time is CPU of
//! the child, user and system; memory its greatest resident size, `VmHWM` of `/proc`. Rounds are interleaved, medians of five
//! are told. Run `cargo build --release --bins && cargo run --release -p blackstart-benches --bin import`; a
//! number as argument is the greatest size, a path is a dump to take instead.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program prints a table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark waits")]

use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Rounds of each size.
const ROUNDS: usize = 5;

/// Devices of one rack: two switches, two PDUs, and servers.
const OF_RACK: usize = 40;

/// Ticks of `/proc/self/stat` in one second (proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

fn main() -> Result<()> {
    let wanted = std::env::args().nth(1);
    let folder = tempfile::tempdir()?;
    let own = std::env::current_exe()?.with_file_name("blackstart");
    ensure!(own.exists(), "{} is not built", own.display());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.split(' ').next().unwrap_or("?"));
    println!(
        "| devices | dump | import, CPU | memory | reading only (python3 json), CPU | memory |"
    );
    println!("|---|---|---|---|---|---|");
    let most = wanted.as_deref().map_or(Some(100_000), |word| word.parse().ok());
    let sizes: Vec<(String, PathBuf)> = match most {
        Some(most) => [1_000, 10_000, 100_000]
            .into_iter()
            .filter(|devices| *devices <= most)
            .map(|devices| {
                let path = folder.path().join(format!("{devices}.json"));
                write(&path, devices).map(|()| (devices.to_string(), path))
            })
            .collect::<Result<_>>()?,
        None => {
            let path = PathBuf::from(wanted.context("a path")?);
            vec![("as given".to_owned(), path)]
        }
    };
    for (devices, path) in sizes {
        let out = folder.path().join("plant.yaml");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut import = Command::new(&own);
            import
                .args(["import", "netbox", "--force", "--dump"])
                .arg(&path)
                .arg("--out")
                .arg(&out);
            ours.push(run(&mut import)?);
            let mut read = Command::new("python3");
            let words = "import gzip,json,sys;p=sys.argv[1];json.load((gzip.open if p.endswith('gz') else open)(p))";
            read.args(["-c", words]).arg(&path);
            theirs.push(run(&mut read)?);
        }
        let (own_s, own_mib) = medians(&ours);
        let (their_s, their_mib) = medians(&theirs);
        let size = std::fs::metadata(&path)?.len() as f64 / 1e6;
        println!(
            "| {devices} | {size:.1} MB | {own_s:.2} s | {own_mib:.0} MiB | {their_s:.2} s | {their_mib:.0} MiB |"
        );
    }
    Ok(())
}

/// CPU seconds and greatest resident MiB of a child.
fn run(command: &mut Command) -> Result<(f64, f64)> {
    let before = children()?;
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("spawn")?;
    let status = format!("/proc/{}/status", child.id());
    let mut kib = 0_u64;
    let ended = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kib = kib.max(now.unwrap_or(0));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    ensure!(ended.success(), "{command:?} ended with {ended}");
    Ok((children()? - before, kib as f64 / 1024.0))
}

/// CPU seconds of all children that have ended.
fn children() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit_once(')').context("a stat line")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // cutime and cstime: fields 16 and 17 of proc(5), of which two stand before the name's end.
    let ticks: u64 = fields[13..15].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

fn medians(of: &[(f64, f64)]) -> (f64, f64) {
    let median = |pick: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = of.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (median(|one| one.0), median(|one| one.1))
}

/// A dump being written.
struct Dump {
    out: BufWriter<std::fs::File>,
    next: usize,
    cable: usize,
}

impl Dump {
    fn put(&mut self, model: &str, id: usize, fields: &str) -> Result<()> {
        let comma = if self.next == 0 { "[\n" } else { ",\n" };
        self.next += 1;
        // What every object of a real dump carries besides.
        let rest = "\"created\": \"2024-01-01T00:00:00Z\", \"last_updated\": \"2024-01-01T00:00:00Z\", \"custom_field_data\": {}, \"description\": \"\"";
        write!(
            self.out,
            "{comma}{{\"model\": \"{model}\", \"pk\": {id}, \"fields\": {{{rest}, {fields}}}}}"
        )?;
        Ok(())
    }

    fn cable(&mut self, a: (&str, usize), b: (&str, usize)) -> Result<()> {
        self.cable += 1;
        let cable = self.cable;
        self.put(
            "dcim.cable",
            cable,
            "\"type\": \"\", \"status\": \"connected\", \"label\": \"\"",
        )?;
        for (nth, (side, (kind, id))) in [("A", a), ("B", b)].into_iter().enumerate() {
            let fields = format!(
                "\"cable\": {cable}, \"cable_end\": \"{side}\", \"termination_type\": [\"dcim\", \"{kind}\"], \"termination_id\": {id}"
            );
            self.put("dcim.cabletermination", 2 * cable + nth, &fields)?;
        }
        Ok(())
    }
}

/// Writes a dump of so many devices, and what belongs to them.
fn write(path: &Path, devices: usize) -> Result<()> {
    let out = BufWriter::new(std::fs::File::create(path)?);
    let mut dump = Dump { out, next: 0, cable: 0 };
    dump.put("dcim.site", 1, "\"name\": \"ams1\", \"slug\": \"ams1\", \"status\": \"active\"")?;
    for (id, name) in ["Server", "Switch", "PDU", "Router"].iter().enumerate() {
        dump.put("dcim.devicerole", id + 1, &format!("\"name\": \"{name}\", \"slug\": \"\""))?;
    }
    for (id, name) in [(1, "panel-a"), (2, "panel-b")] {
        dump.put("dcim.powerpanel", id, &format!("\"name\": \"{name}\", \"site\": 1"))?;
    }
    dump.put("circuits.provider", 1, "\"name\": \"Carrier\"")?;
    dump.put("circuits.circuittype", 1, "\"name\": \"Internet\"")?;
    let mut interface = 0;
    let mut port = 0;
    let mut outlet = 0;
    let racks = devices.div_ceil(OF_RACK);
    // The core: each router with an interface for each switch.
    for core in 0..2 {
        let id = devices + 1 + core;
        put_device(&mut dump, id, &format!("core-{core}"), 4, "null")?;
        dump.put(
            "circuits.circuit",
            core + 1,
            &format!("\"cid\": \"T-{core}\", \"provider\": 1, \"type\": 1, \"status\": \"active\""),
        )?;
        dump.put(
            "circuits.circuittermination",
            core + 1,
            &format!("\"circuit\": {}, \"term_side\": \"Z\", \"site\": 1", core + 1),
        )?;
        interface += 1;
        put_interface(&mut dump, interface, id, true)?;
        dump.cable += 1;
        let cable = dump.cable;
        dump.put("dcim.cable", cable, "\"status\": \"connected\"")?;
        for (nth, side, app, kind, end) in [
            (0, "A", "dcim", "interface", interface),
            (1, "B", "circuits", "circuittermination", core + 1),
        ] {
            let fields = format!(
                "\"cable\": {cable}, \"cable_end\": \"{side}\", \"termination_type\": [\"{app}\", \"{kind}\"], \"termination_id\": {end}"
            );
            dump.put("dcim.cabletermination", 2 * cable + nth, &fields)?;
        }
    }
    for rack in 1..=racks {
        dump.put(
            "dcim.rack",
            rack,
            &format!("\"name\": \"R{rack}\", \"site\": 1, \"status\": \"active\""),
        )?;
        dump.put(
            "virtualization.cluster",
            rack,
            &format!("\"name\": \"cluster-{rack}\", \"status\": \"active\""),
        )?;
        let first = (rack - 1) * OF_RACK + 1;
        let mut switch_ports = Vec::new();
        let mut outlets = Vec::new();
        for side in 0..2 {
            let (pdu, switch) = (first + side, first + 2 + side);
            let at = rack.to_string();
            put_device(&mut dump, pdu, &format!("r{rack}-pdu-{side}"), 3, &at)?;
            port += 1;
            put_power_port(&mut dump, port, pdu)?;
            let feed = 2 * rack + side;
            let fields = format!(
                "\"name\": \"r{rack}-{side}\", \"power_panel\": {}, \"rack\": {rack}, \"status\": \"active\", \"voltage\": 230, \"amperage\": 32, \"max_utilization\": 80, \"phase\": \"single-phase\"",
                side + 1
            );
            dump.put("dcim.powerfeed", feed, &fields)?;
            dump.cable(("powerport", port), ("powerfeed", feed))?;
            let mut own = Vec::new();
            for _ in 0..OF_RACK {
                outlet += 1;
                dump.put("dcim.poweroutlet", outlet, &format!("\"device\": {pdu}, \"name\": \"{outlet}\", \"power_port\": {port}, \"feed_leg\": \"\""))?;
                own.push(outlet);
            }
            outlets.push(own);
            put_device(&mut dump, switch, &format!("r{rack}-sw-{side}"), 2, &at)?;
            for core in 0..2 {
                interface += 2;
                put_interface(&mut dump, interface - 1, switch, true)?;
                put_interface(&mut dump, interface, devices + 1 + core, true)?;
                dump.cable(("interface", interface - 1), ("interface", interface))?;
            }
            let mut own = Vec::new();
            for _ in 0..OF_RACK {
                interface += 1;
                put_interface(&mut dump, interface, switch, true)?;
                own.push(interface);
            }
            switch_ports.push(own);
        }
        for nth in 4..OF_RACK {
            let server = first + nth;
            if server > devices {
                break;
            }
            put_device(&mut dump, server, &format!("r{rack}-srv-{nth:02}"), 1, &rack.to_string())?;
            for side in 0..2 {
                port += 1;
                put_power_port(&mut dump, port, server)?;
                dump.cable(("powerport", port), ("poweroutlet", outlets[side][nth]))?;
                interface += 2;
                put_interface(&mut dump, interface - 1, server, true)?;
                put_interface(&mut dump, interface, server, false)?;
                dump.cable(("interface", interface - 1), ("interface", switch_ports[side][nth]))?;
            }
            dump.put("virtualization.virtualmachine", server, &format!("\"name\": \"vm-{server}\", \"status\": \"active\", \"cluster\": {rack}, \"device\": {server}"))?;
        }
    }
    dump.out.write_all(b"\n]\n")?;
    dump.out.flush()?;
    Ok(())
}

fn put_device(dump: &mut Dump, id: usize, name: &str, role: usize, rack: &str) -> Result<()> {
    let mut fields = String::new();
    write!(
        fields,
        "\"name\": \"{name}\", \"role\": {role}, \"device_type\": 1, \"site\": 1, \"location\": null, \"rack\": {rack}, \"status\": \"active\", \"tenant\": null, \"platform\": null, \"primary_ip4\": null, \"cluster\": null, \"virtual_chassis\": null"
    )?;
    dump.put("dcim.device", id, &fields)
}

fn put_power_port(dump: &mut Dump, id: usize, device: usize) -> Result<()> {
    dump.put("dcim.powerport", id, &format!("\"device\": {device}, \"name\": \"psu {id}\", \"maximum_draw\": 500, \"allocated_draw\": 180, \"mark_connected\": false"))
}

fn put_interface(dump: &mut Dump, id: usize, device: usize, cabled: bool) -> Result<()> {
    let cable = if cabled { "1" } else { "null" };
    dump.put("dcim.interface", id, &format!("\"device\": {device}, \"name\": \"eth{id}\", \"enabled\": true, \"mgmt_only\": false, \"cable\": {cable}"))
}
