//! `man`: the manual pages of this version, one for each verb, made of what `--help` says.

use crate::exit::{CODES, Exit};
use anyhow::Context as _;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use std::fs;
use std::path::{Path, PathBuf};

/// What the environment says to every verb, or to those that ask a server.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("BLACKSTART_LOG", "How much the log says: error, warn, info, debug or trace."),
    ("BLACKSTART_SERVER", "The console that status, incident and observe ask."),
    ("BLACKSTART_LOGIN", "name:password, where that console demands one."),
    (
        "BLACKSTART_SECRET_NAME",
        "The value of the secret called name; it goes before the file of secrets.",
    ),
    ("NO_COLOR", "When set, nothing is coloured."),
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to write them to, made when it is not there; man(1) finds them in `.../share/man/man1`.
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, command: Command) -> anyhow::Result<Exit> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    // With `help` each verb would have a page that says how to be helped with it.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    write(&command, folder)?;
    Ok(Exit::Fine)
}

/// Writes the page of a command, and those of all below it.
fn write(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let page = page(command).context("could not put a page together")?;
    let path = folder.join(format!("{}.1", name(command)));
    fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    command.get_subcommands().try_for_each(|below| write(below, folder))
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let source = concat!("blackstart ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual("Blackstart");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let codes = CODES.map(|(code, meaning)| (code.to_string(), meaning));
    let mut rest = Roff::new();
    list(&mut rest, "EXIT STATUS", codes.iter().map(|(code, meaning)| (&**code, *meaning)));
    list(&mut rest, "ENVIRONMENT", ENVIRONMENT.into_iter());
    rest.control("SH", ["SEE ALSO"]);
    rest.text(see_also(command));
    rest.to_writer(&mut page)?;
    Ok(page)
}

fn list<'a>(page: &mut Roff, heading: &str, all: impl Iterator<Item = (&'a str, &'a str)>) {
    page.control("SH", [heading]);
    for (term, meaning) in all {
        page.control("TP", []);
        page.text([bold(term)]);
        page.text([roman(meaning)]);
    }
}

fn see_also(command: &Command) -> Vec<Inline> {
    let whole = name(command) == "blackstart";
    let others: &[&str] =
        if whole { &["blackstart-agent"] } else { &["blackstart", "blackstart-agent"] };
    let mut words = Vec::new();
    for (place, other) in others.iter().enumerate() {
        words.push(roman(if place == 0 { "" } else { ", " }));
        words.extend([bold(*other), roman("(1)")]);
    }
    words
}

/// `blackstart-import-netbox`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}
