//! Which containers run on this machine, and what they are called: by the names of control groups, and the files of
//! Docker, Podman and Proxmox.
//!
//! Reads `config.v2.json` and `hostconfig.json` of Docker, `containers.json` of Podman's storage, and `/etc/pve/lxc`.
//! A port that Docker publishes is held by its proxy: whose it is the proxy's own words say. Nothing is run.

use super::{plain, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Containers whose files are read, at most.
const CONTAINERS_MAX: usize = 2_000;

/// A container that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Container {
    /// Its name, else the beginning of its number.
    pub name: String,
    /// What it was made of, where that is known.
    pub image: Option<String>,
    /// Whether it is started again with the machine, where that is known.
    pub restarts: Option<bool>,
}

/// What is known of containers by their whole numbers, and by their addresses.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_id: BTreeMap<String, Container>,
    by_address: BTreeMap<String, String>,
}

impl Known {
    pub(super) fn read(root: &Path) -> Self {
        let mut known = Self::default();
        let docker = "var/lib/docker/containers";
        let entries = fs::read_dir(root.join(docker)).into_iter().flatten().flatten();
        for entry in entries.take(CONTAINERS_MAX) {
            let id = entry.file_name().to_string_lossy().into_owned();
            let json = |file: &str| json(root, &format!("{docker}/{id}/{file}"));
            known.docker(&id, &json("config.v2.json"), &json("hostconfig.json"));
        }
        for folder in ["overlay-containers", "vfs-containers"] {
            let list = json(root, &format!("var/lib/containers/storage/{folder}/containers.json"));
            for one in list.as_array().into_iter().flatten().take(CONTAINERS_MAX) {
                let of = |key: &str| one.get(key).and_then(Value::as_str);
                let name = one.pointer("/names/0").and_then(Value::as_str);
                if let (Some(id), Some(name)) = (of("id"), name) {
                    let container = Container { name: plain(name), image: None, restarts: None };
                    known.by_id.insert(id.to_owned(), container);
                }
            }
        }
        known
    }

    fn docker(&mut self, id: &str, config: &Value, host: &Value) {
        let Some(name) = config.get("Name").and_then(Value::as_str) else { return };
        let image = config.pointer("/Config/Image").and_then(Value::as_str).map(plain);
        let policy = host.pointer("/RestartPolicy/Name").and_then(Value::as_str);
        let restarts =
            policy.map(|policy| matches!(policy, "always" | "unless-stopped" | "on-failure"));
        let name = plain(name.trim_start_matches('/'));
        let networks = config.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
        for network in networks.into_iter().flat_map(|networks| networks.values()) {
            if let Some(address) = network.get("IPAddress").and_then(Value::as_str)
                && !address.is_empty()
            {
                self.by_address.insert(address.to_owned(), id.to_owned());
            }
        }
        self.by_id.insert(id.to_owned(), Container { name, image, restarts });
    }

    /// The container of this number, or name, as a control group has it.
    pub(super) fn of(&self, root: &Path, id: &str) -> Container {
        if let Some(known) = self.by_id.get(id) {
            return known.clone();
        }
        // Proxmox calls its containers by number; their host names stand in their configuration.
        let is_number = !id.is_empty() && id.len() < 10 && id.bytes().all(|it| it.is_ascii_digit());
        let config =
            if is_number { text(root, &format!("etc/pve/lxc/{id}.conf")) } else { String::new() };
        let hostname = config.lines().find_map(|line| line.strip_prefix("hostname:"));
        let is_hash = id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let short = if is_hash { &id[..12] } else { id };
        let name = hostname.map_or_else(|| plain(short), |name| plain(name.trim()));
        let onboot = config.lines().find_map(|line| line.strip_prefix("onboot:"));
        let restarts = is_number.then(|| onboot.is_some_and(|it| it.trim() == "1"));
        Container { name, image: None, restarts: restarts.filter(|_| !config.is_empty()) }
    }

    /// The container that Docker's proxy speaks for, by the words it was started with.
    pub(super) fn behind(&self, words: &str) -> Option<&str> {
        let mut words = words.split('\0');
        words.find(|word| *word == "-container-ip")?;
        self.by_address.get(words.next()?).map(String::as_str)
    }
}

/// The number or name of the container that a control group is of.
pub(super) fn of_group(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    for (nth, part) in parts.iter().enumerate() {
        let bare = part.strip_suffix(".scope").unwrap_or(part);
        let id = bare.rsplit_once('-').map_or(bare, |(_, id)| id);
        if id.len() == 64 && id.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Some(id.to_owned());
        }
        if let Some(name) = part.strip_prefix("lxc.payload.") {
            return Some(name.to_owned());
        }
        if *part == "lxc" {
            return parts.get(nth + 1).map(|name| (*name).to_owned());
        }
        let nspawn =
            part.strip_prefix("systemd-nspawn@").and_then(|it| it.strip_suffix(".service"));
        if let Some(name) = nspawn {
            return Some(name.to_owned());
        }
    }
    None
}

fn json(root: &Path, path: &str) -> Value {
    serde_json::from_str(&text(root, path)).unwrap_or(Value::Null)
}
