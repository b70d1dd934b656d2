//! What `ansible-inventory --list` writes: groups with hosts and children, and every host's variables, as Ansible
//! itself has them after all its files and plugins.

use super::{Inventory, Vars};
use crate::seen::Unreadable;
use serde_json::Value;

pub(super) fn read(text: &str) -> Result<Inventory, Unreadable> {
    let json: Value = serde_json::from_str(text)
        .map_err(|error| Unreadable(format!("it is no inventory in JSON: {error}")))?;
    let groups = json.as_object().ok_or(Unreadable::new("it is no inventory: no object"))?;
    let mut inventory = Inventory::default();
    for (name, group) in groups.iter().filter(|(name, _)| *name != "_meta") {
        // Scripts may write a bare list of hosts.
        let hosts = group.get("hosts").unwrap_or(group);
        for host in texts(hosts) {
            inventory.host(name, host, "");
        }
        let children: Vec<String> =
            group.get("children").into_iter().flat_map(texts).map(str::to_owned).collect();
        let own = group.get("vars").map(vars).unwrap_or_default();
        let Some(group) = inventory.group(name) else { break };
        group.children.extend(children);
        group.vars.extend(own);
    }
    let hostvars = json.pointer("/_meta/hostvars").and_then(Value::as_object);
    for (name, of) in hostvars.into_iter().flatten() {
        if inventory.host("all", name, "")
            && let Some(host) = inventory.hosts.get_mut(name)
        {
            host.vars.extend(vars(of));
        }
    }
    Ok(inventory)
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn vars(value: &Value) -> Vars {
    let mut vars = Vars::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        if let Some(value) = written(value) {
            Inventory::var(&mut vars, name, value);
        }
    }
    vars
}

/// A value as a table's cell would have it; `None` for what no cell holds.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => {
            let values: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            values.map(|values| values.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}
