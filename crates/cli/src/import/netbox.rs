//! `import netbox`: what NetBox says, as a plant file, and what it does not say, as questions.

use crate::exit::{Exit, WrongUsage};
use crate::{Format, findings, output};
use anyhow::{Context as _, bail, ensure};
use blackstart_model::netbox::facts::Facts;
use blackstart_model::netbox::{
    About, Answers, Import, Layout, LeftOut, Question, Summary, import_with,
};
use blackstart_server::netbox::dump;
use blackstart_server::netbox::live::{
    Source,
    secrets::{self, SecretStore, Secrets as _},
};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Questions of one sort that are shown; all of them stand in the file and in the JSON.
const SHOWN_MAX: usize = 3;

/// The finding about a name that is nowhere.
const DANGLING: &str = "BS0201";

/// The deadline of all of a live import: an hour, for some four thousand pages.
const WHOLE: std::time::Duration = std::time::Duration::from_secs(3_600);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A dump of NetBox's database, as `manage.py dumpdata` writes it; `.gz` or not.
    #[arg(long, required_unless_present = "url")]
    dump: Option<PathBuf>,
    /// The address of a NetBox, `https://…`, to be asked by its API.
    #[arg(long, conflicts_with = "dump")]
    url: Option<String>,
    /// A file with nothing but the API token, readable by its owner only. Else the token is the secret
    /// `netbox-token`: the environment's `BLACKSTART_SECRET_NETBOX_TOKEN`, or a line of --secrets.
    #[arg(long, requires = "url")]
    token_file: Option<PathBuf>,
    /// A file of `name = value` lines, readable by its owner only.
    #[arg(long, requires = "url", conflicts_with = "token_file")]
    secrets: Option<PathBuf>,
    /// Only what stands at the site of this name or slug.
    #[arg(long)]
    site: Option<String>,
    /// What NetBox cannot hold: a file like a plant file, whose fields take the place of the imported ones.
    #[arg(long)]
    answers: Option<PathBuf>,
    /// Where the plant is written: a file `….yaml`, or a folder for several; else it is printed.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write over files that are there.
    #[arg(long, requires = "out")]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let place = arguments.out.as_deref().map(Place::of).transpose()?;
    let layout = match &place {
        Some(Place::Folder(_)) => Layout::Folder,
        Some(Place::File(_)) | None => Layout::OneFile,
    };
    if let Some(place) = &place {
        place.refuse_what_is_there(arguments.force)?;
    }
    let mut facts = read(arguments)?;
    if let Some(site) = &arguments.site {
        facts.only_site(site).context("could not import")?;
    }
    let answers = arguments.answers.as_deref().map(answers).transpose()?;
    let made = import_with(&facts, layout, answers.as_ref().unwrap_or(&Answers::default()));
    drop(facts);
    let errors: Vec<_> = made.errors().cloned().collect();
    // Answers may name what stands in a file beside the import.
    let (beside, mistakes): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| answers.is_some() && error.code == DANGLING);
    if !mistakes.is_empty() && answers.is_some() {
        output::aside(&findings::render(&made.files, &mistakes));
        bail!("could not make a plant of it: the checker refuses it with these answers");
    }
    if !mistakes.is_empty() {
        output::aside(&findings::render(&made.files, &mistakes));
        bail!(
            "could not make a plant of it: the checker refuses what the importer wrote; this is a mistake of the importer"
        );
    }
    let written = match &place {
        Some(place) => place.write(&made, arguments.force)?,
        None => Vec::new(),
    };
    if !beside.is_empty() {
        let words = "the answers name what is not imported; `blackstart check` it with the file that has it";
        output::aside(&format!("{}{words}\n", findings::render(&made.files, &beside)));
    }
    match (format, &place) {
        (Format::Json, _) => output::say(&json(&made, &written)?),
        (Format::Human, Some(_)) => output::say(&in_words(&made, &written)),
        (Format::Human, None) => {
            output::aside(&in_words(&made, &written));
            for (_, text) in &made.files {
                output::say(text);
            }
        }
    }
    Ok(Exit::Fine)
}

fn read(arguments: &Arguments) -> anyhow::Result<Facts> {
    if let Some(path) = &arguments.dump {
        let file = std::fs::File::open(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        return dump::read(file).with_context(|| format!("could not import {}", path.display()));
    }
    let url = arguments.url.as_deref().unwrap_or_default();
    let source = Source::new(url, &token(arguments)?).context("could not import")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut tell = |part: &str, count: usize| output::progress(&format!("{part} {count}"));
    let reading = async { tokio::time::timeout(WHOLE, source.read(&mut tell)).await };
    let read = runtime.block_on(reading);
    output::progress("");
    match read {
        Ok(read) => read.with_context(|| format!("could not import from {url}")),
        Err(_) => bail!("could not import from {url}: it is not read after {WHOLE:?}"),
    }
}

/// The answers in a file.
fn answers(path: &Path) -> anyhow::Result<Answers> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("could not read {}", path.display()))?;
    Answers::read(&text).map_err(|wrong| {
        output::aside(&findings::render(&[(path.display().to_string(), text)], &wrong));
        anyhow::anyhow!("could not read {} as answers", path.display())
    })
}

/// The API token, from a file of its own or as a secret.
fn token(arguments: &Arguments) -> anyhow::Result<String> {
    match &arguments.token_file {
        Some(path) => secrets::private(path)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("could not read the token from {}", path.display())),
        None => SecretStore { file: arguments.secrets.clone() }
            .value("netbox-token")
            .map_err(|why| WrongUsage(format!("{why}; or name its own file with --token-file")))
            .context("could not ask NetBox without a token"),
    }
}

/// Where the plant is written.
enum Place {
    File(PathBuf),
    Folder(PathBuf),
}

impl Place {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if path.is_dir() {
            Ok(Self::Folder(path.to_owned()))
        } else if is_yaml {
            Ok(Self::File(path.to_owned()))
        } else {
            ensure!(
                !path.exists(),
                WrongUsage(format!(
                    "could not write {}: neither a folder nor a `.yaml` file",
                    path.display()
                ))
            );
            Ok(Self::Folder(path.to_owned()))
        }
    }

    /// Before anything long is begun: files that stand in the way.
    fn refuse_what_is_there(&self, force: bool) -> anyhow::Result<()> {
        let there: Vec<PathBuf> = match self {
            Self::File(path) => [path.clone()].into_iter().filter(|path| path.exists()).collect(),
            Self::Folder(folder) => {
                let names = blackstart_model::netbox::FILES.iter();
                names.map(|name| folder.join(name)).filter(|path| path.exists()).collect()
            }
        };
        if let Some(first) = there.first().filter(|_| !force) {
            bail!(
                "could not write {}: it is there already; --force writes over it",
                first.display()
            );
        }
        Ok(())
    }

    fn write(&self, made: &Import, force: bool) -> anyhow::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        for (name, text) in &made.files {
            let path = match self {
                Self::File(path) => path.clone(),
                Self::Folder(folder) => {
                    std::fs::create_dir_all(folder)
                        .with_context(|| format!("could not make {}", folder.display()))?;
                    folder.join(name)
                }
            };
            put(&path, text, force)
                .with_context(|| format!("could not write {}", path.display()))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// Writes a file whole or not at all.
fn put(path: &Path, text: &str, force: bool) -> std::io::Result<()> {
    if !force {
        let mut file = std::fs::File::create_new(path)?;
        return file.write_all(text.as_bytes());
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

fn in_words(made: &Import, written: &[PathBuf]) -> String {
    let Import { files: _, summary, questions, left_out, plant, findings } = made;
    let mut text = String::new();
    let components: usize = summary.components.iter().map(|(_, count)| count).sum();
    let _ = writeln!(text, "{components} components:");
    for (kind, count) in &summary.components {
        let _ = writeln!(text, "  {count:>6}  {}", kind.section());
    }
    let Summary { devices, devices_in_plant, power_ports, power_ports_cabled, .. } = summary;
    let _ = writeln!(
        text,
        "{devices_in_plant} of {devices} devices are in the plant; {power_ports_cabled} of their {power_ports} power ports are plugged in"
    );
    if !left_out.is_empty() {
        text.push_str("\nnot in the plant:\n");
    }
    for LeftOut { what, why, names } in left_out {
        let _ = writeln!(text, "  {:>6}  {what}: {why}", names.len());
    }
    if !questions.is_empty() {
        let _ = writeln!(
            text,
            "\n{} things NetBox does not say (`# ?` in the plant file):",
            questions.len()
        );
    }
    for (about, count) in &summary.questions {
        let _ = writeln!(text, "  {count:>6}  {}", about.title());
        for question in of(questions, *about).take(SHOWN_MAX) {
            let _ = writeln!(text, "            {}", question.words);
        }
        if *count > SHOWN_MAX {
            let _ = writeln!(text, "            and {} more", count - SHOWN_MAX);
        }
    }
    let warnings = findings.len();
    let checked = match warnings {
        _ if plant.is_none() => "the plant is not whole without the files beside it".to_owned(),
        0 => "the plant is checked: no findings".to_owned(),
        1 => "the plant is checked: 1 finding, no error".to_owned(),
        _ => format!("the plant is checked: {warnings} findings, no error"),
    };
    let _ = writeln!(text, "\n{checked}");
    for path in written {
        let _ = writeln!(text, "written: {}", path.display());
    }
    text
}

fn of(questions: &[Question], about: About) -> impl Iterator<Item = &Question> {
    questions.iter().filter(move |question| question.about == about)
}

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    components: serde_json::Map<String, serde_json::Value>,
    devices: Count,
    power_ports: Count,
    questions: Vec<Asked<'a>>,
    left_out: Vec<Left<'a>>,
    findings: usize,
    written: Vec<String>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Count {
    known: usize,
    taken: usize,
}

#[derive(Serialize)]
struct Asked<'a> {
    component: Option<&'a str>,
    about: &'a str,
    question: &'a str,
}

#[derive(Serialize)]
struct Left<'a> {
    what: &'a str,
    why: &'a str,
    names: &'a [String],
}

#[derive(Serialize)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

fn json(made: &Import, written: &[PathBuf]) -> anyhow::Result<String> {
    let Import { files, summary, questions, left_out, plant: _, findings } = made;
    let Summary {
        components,
        questions: _,
        devices,
        devices_in_plant,
        power_ports,
        power_ports_cabled,
    } = summary;
    let asked = questions.iter().map(|Question { component, about, words }| Asked {
        component: component.as_deref(),
        about: about.as_str(),
        question: words,
    });
    let left = left_out.iter().map(|LeftOut { what, why, names }| Left { what, why, names });
    // What is in files already is not told twice.
    let told = if written.is_empty() { files.as_slice() } else { &[] };
    let told = Json {
        version: 1,
        components: components
            .iter()
            .map(|(kind, count)| (kind.section().to_owned(), (*count).into()))
            .collect(),
        devices: Count { known: *devices, taken: *devices_in_plant },
        power_ports: Count { known: *power_ports, taken: *power_ports_cabled },
        questions: asked.collect(),
        left_out: left.collect(),
        findings: findings.len(),
        written: written.iter().map(|path| path.display().to_string()).collect(),
        files: told.iter().map(|(name, text)| File { name, text }).collect(),
    };
    Ok(serde_json::to_string_pretty(&told)? + "\n")
}
