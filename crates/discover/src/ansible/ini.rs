//! An inventory in INI: `[group]`, `[group:children]`, `[group:vars]`, and hosts with variables behind them.
//!
//! As Ansible's own plugin reads it (docs.ansible.com, `ansible.builtin.ini`): ranges `web[01:50]` and `db[a:f]`, a
//! port behind a name, values in quotes. What it does not know is a doubt with its line.

use super::{Inventory, Vars};
use crate::seen::{THINGS_MAX, Unreadable, shown};

/// What the lines below a heading are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Hosts,
    Children,
    Vars,
}

pub(super) fn read(text: &str) -> Result<Inventory, Unreadable> {
    let mut inventory = Inventory::default();
    let mut group = "ungrouped".to_owned();
    let mut part = Part::Hosts;
    for (line, number) in text.lines().zip(1..) {
        let at = format!("line {number}");
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[').and_then(|it| it.split_once(']')) {
            // A range in front is a host, not a heading.
            if heading.1.trim().is_empty() || heading.1.trim_start().starts_with('#') {
                let (name, of) = heading.0.split_once(':').unwrap_or((heading.0, "hosts"));
                group = name.trim().to_owned();
                part = match of.trim() {
                    "hosts" => Part::Hosts,
                    "children" => Part::Children,
                    "vars" => Part::Vars,
                    other => {
                        return Err(Unreadable(format!(
                            "{at}: a heading `[…:{}]` has no meaning in an inventory",
                            shown(other)
                        )));
                    }
                };
                inventory.group(&group);
                continue;
            }
        }
        match part {
            Part::Hosts => hosts(&mut inventory, &group, line, &at),
            Part::Children => {
                let child = line.split([' ', '\t', '#']).next().unwrap_or_default().to_owned();
                inventory.group(&child);
                if let Some(group) = inventory.group(&group) {
                    group.children.insert(child);
                }
            }
            Part::Vars => match line.split_once('=') {
                Some((name, value)) => {
                    let value = literal(value.trim());
                    if let Some(group) = inventory.group(&group) {
                        Inventory::var(&mut group.vars, name.trim(), value);
                    }
                }
                None => inventory.doubts.push((at, "a variable without a value".to_owned())),
            },
        }
    }
    Ok(inventory)
}

fn hosts(inventory: &mut Inventory, group: &str, line: &str, at: &str) {
    let words = match words(line) {
        Ok(words) => words,
        Err(why) => {
            inventory.doubts.push((at.to_owned(), why));
            return;
        }
    };
    let Some((pattern, variables)) = words.split_first() else { return };
    let mut vars = Vars::new();
    for variable in variables {
        match variable.split_once('=') {
            Some((name, value)) => Inventory::var(&mut vars, name, literal(value)),
            None => {
                let words = format!("`{}` is no variable", shown(variable));
                inventory.doubts.push((at.to_owned(), words));
            }
        }
    }
    let (pattern, port) = port(pattern);
    if let Some(port) = port {
        vars.entry("ansible_port".to_owned()).or_insert_with(|| port.to_owned());
    }
    match spread(pattern) {
        // A dash of YAML, a brace of JSON: this is no inventory in INI, or not here.
        Ok(names) if !names.iter().all(|name| name.contains(char::is_alphanumeric)) => {
            inventory.doubts.push((at.to_owned(), format!("`{}` is no host", shown(pattern))));
        }
        Ok(names) => {
            for name in names {
                if inventory.host(group, &name, at)
                    && let Some(host) = inventory.hosts.get_mut(&name)
                {
                    host.vars.extend(vars.clone());
                }
            }
        }
        Err(why) => inventory.doubts.push((at.to_owned(), why)),
    }
}

/// A port behind a name: `db1:2222`, and not the last part of an address.
fn port(pattern: &str) -> (&str, Option<&str>) {
    match pattern.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty()
                && name.matches('[').count() == name.matches(']').count()
                && (!name.contains(':') || name.contains('[') || name.ends_with(']'))
                && port.parse::<u16>().is_ok() =>
        {
            (name, Some(port))
        }
        Some(_) | None => (pattern, None),
    }
}

/// The words of a line, as a shell would part them; a comment ends it.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(end), letter) if letter == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, '#') if word.is_none() => break,
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is never closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

/// A value without its quotes, and a list as a table's cell has it.
fn literal(value: &str) -> String {
    let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    match value.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        Some(list) => {
            let parts: Vec<String> =
                list.split(',').map(bare).filter(|it| !it.is_empty()).collect();
            parts.join(", ")
        }
        None => bare(value),
    }
}

/// The names that a pattern with ranges stands for.
pub(super) fn spread(pattern: &str) -> Result<Vec<String>, String> {
    let mut done = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        let unreadable = || format!("`{}` is no range of hosts", shown(pattern));
        let (range, behind) = after.split_once(']').ok_or_else(unreadable)?;
        let between = between(range).ok_or_else(unreadable)?;
        if done.len().saturating_mul(between.len()) > THINGS_MAX {
            return Err(format!("`{}` stands for more than {THINGS_MAX} hosts", shown(pattern)));
        }
        done = done
            .iter()
            .flat_map(|begun| between.iter().map(move |it| format!("{begun}{before}{it}")))
            .collect();
        rest = behind;
    }
    for one in &mut done {
        one.push_str(rest);
    }
    let is_name = |name: &String| {
        let fits = |it: char| it.is_alphanumeric() || "-_.:".contains(it);
        !name.is_empty() && name.len() <= 255 && name.chars().all(fits)
    };
    if !done.iter().all(is_name) {
        return Err(format!("`{}` is no name of a host", shown(pattern)));
    }
    Ok(done)
}

/// What `01:50`, `1:9:2` or `a:f` stands for; `None` where it is no range.
fn between(range: &str) -> Option<Vec<String>> {
    let mut parts = range.split(':');
    let (first, last) = (parts.next()?, parts.next()?);
    let step: usize = parts.next().map_or(Some(1), |step| step.parse().ok())?;
    if step == 0 || parts.next().is_some() {
        return None;
    }
    let first = if first.is_empty() { "0" } else { first };
    if let (Ok(from), Ok(to)) = (first.parse::<usize>(), last.parse::<usize>()) {
        let width = if first.starts_with('0') { first.len() } else { 0 };
        if from > to || (to - from) / step >= THINGS_MAX || width > 20 {
            return None;
        }
        return Some((from..=to).step_by(step).map(|it| format!("{it:0width$}")).collect());
    }
    let letter = |text: &str| match text.as_bytes() {
        [only] if only.is_ascii_alphabetic() => Some(*only),
        _ => None,
    };
    let (from, to) = (letter(first)?, letter(last)?);
    (from <= to).then(|| (from..=to).step_by(step).map(|it| char::from(it).to_string()).collect())
}
