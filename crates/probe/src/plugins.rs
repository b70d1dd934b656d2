//! Which commands this host runs as plugins: a file of its own, and nothing else.
//!
//! ```text
//! # the name a check says = the program and its arguments
//! disk-root = /usr/lib/nagios/plugins/check_disk -w 10% -c 5% -p /
//! tls       = /usr/lib/nagios/plugins/check_http -S -H {host} -C 14
//! ```
//!
//! A check brings a name and, for the places in braces, words that can be neither options nor paths. Neither a plant
//! file nor a server can make this host run anything else: that is decided by who may write here, which is root or the
//! user we run as. No shell reads a line: words are parted by blanks, quotes keep blanks in a word, and nothing is
//! expanded. The file is read at each use, so a changed one counts at once. Tested on texts.

use blackstart_model::check::PluginQuestion;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The longest file, bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// Commands of one file at most.
const COMMANDS_MAX: usize = 2_000;

/// So much of a script is looked at by Linux for its interpreter (`BINPRM_BUF_SIZE`, execve(2)).
const SCRIPT_HEAD_BYTES: u64 = 256;

/// Words of one command at most.
const WORDS_MAX: usize = 64;

/// Where commands come from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PluginStore {
    /// The file; without one no plugin is run.
    pub file: Option<PathBuf>,
}

/// Why there is no command.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoCommand {
    /// This host's configuration does not name it, or not with these words.
    #[error("{0}")]
    NotAllowed(String),
    /// The configuration, or what it names, is not in order.
    #[error("{0}")]
    NotEquipped(String),
}

/// A command with places left open.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Command(Vec<Vec<Piece>>);

/// A part of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Place(String),
}

impl PluginStore {
    /// The program and arguments that this question stands for here.
    ///
    /// # Errors
    /// When this host does not run it, or its configuration is not in order.
    pub(crate) fn command(&self, question: &PluginQuestion) -> Result<Vec<String>, NoCommand> {
        let PluginQuestion { plugin, with } = question;
        let Some(path) = &self.file else {
            let why = "this vantage runs no plugins: its configuration names no file of them";
            return Err(NoCommand::NotAllowed(why.to_owned()));
        };
        let commands = commands(path).map_err(|complaints| {
            let first = complaints.first().cloned().unwrap_or_default();
            NoCommand::NotEquipped(format!("{}: {first}", path.display()))
        })?;
        let Some(command) = commands.get(&**plugin) else {
            let why = format!("{} names no plugin `{plugin}`", path.display());
            return Err(NoCommand::NotAllowed(why));
        };
        let words = command.with(with).map_err(NoCommand::NotAllowed)?;
        let program = Path::new(&words[0]);
        belongs_here(program).map_err(|why| {
            NoCommand::NotEquipped(format!("`{plugin}`: {} {why}", program.display()))
        })?;
        Ok(words)
    }

    /// Whether this host would run something for this question. Nothing is run.
    ///
    /// # Errors
    /// When it would not, or its configuration is not in order.
    pub fn fits(&self, question: &PluginQuestion) -> Result<(), NoCommand> {
        self.command(question).map(drop)
    }

    /// Every name of the file with its program; none without a file.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn programs(&self) -> Result<BTreeMap<String, PathBuf>, Vec<String>> {
        let commands = self.file.as_deref().map_or_else(|| Ok(BTreeMap::new()), commands)?;
        Ok(commands.into_iter().map(|(name, command)| (name, command.program())).collect())
    }

    /// Everything that is wrong with the file, to be told at the start.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let complaints = self.file.as_deref().map(commands);
        complaints.and_then(Result::err).unwrap_or_default()
    }
}

/// Whether this program could be started by the user we run as. It is not started.
///
/// # Errors
/// What is in its way.
pub fn can_start(program: &Path) -> Result<(), String> {
    belongs_here(program)?;
    let may_run = |path: &Path| rustix::fs::access(path, rustix::fs::Access::EXEC_OK);
    may_run(program).map_err(|_| "may not be run by the user we run as".to_owned())?;
    let Some(interpreter) = interpreter(program) else { return Ok(()) };
    may_run(&interpreter)
        .map_err(|error| format!("is run by {}, which cannot be: {error}", interpreter.display()))
}

/// Whose script this is: the first word after `#!` in its first line (execve(2)).
fn interpreter(program: &Path) -> Option<PathBuf> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(program).ok()?.take(SCRIPT_HEAD_BYTES).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let word = line.trim_ascii_start().split(u8::is_ascii_whitespace).next()?;
    Some(PathBuf::from(OsStr::from_bytes(word)))
}

/// Whether nobody but root and we ourselves can change what this file does.
fn belongs_here(path: &Path) -> Result<(), String> {
    let found = std::fs::metadata(path).map_err(|error| format!("cannot be used: {error}"))?;
    let us = rustix::process::geteuid().as_raw();
    if !found.is_file() {
        return Err("is no file".to_owned());
    }
    if found.uid() != 0 && found.uid() != us {
        return Err("belongs to another user than root or the one we run as".to_owned());
    }
    if found.mode() & 0o022 != 0 {
        let mode = found.mode() & 0o7777;
        return Err(format!("can be changed by others (mode {mode:o}): chmod go-w"));
    }
    Ok(())
}

/// The commands of a file, by their names; or everything that is wrong with it.
fn commands(path: &Path) -> Result<BTreeMap<String, Command>, Vec<String>> {
    use std::io::Read as _;
    belongs_here(path).map_err(|why| vec![format!("it {why}")])?;
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > FILE_BYTES_MAX => {
            Err(vec![format!("it is longer than {FILE_BYTES_MAX} bytes")])
        }
        Ok(_) => parse(&text),
        Err(error) => Err(vec![format!("it cannot be read: {error}")]),
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, Command>, Vec<String>> {
    let mut made = BTreeMap::new();
    let mut complaints = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut complain = |why: String| complaints.push(format!("line {}: {why}", at + 1));
        let Some((name, command)) = line.split_once('=') else {
            complain("not of the form `name = program arguments`".to_owned());
            continue;
        };
        let name = name.trim();
        if !PluginQuestion::is_name(name) {
            complain(format!("`{}` cannot be a name", name.escape_debug()));
            continue;
        }
        match Command::parse(command) {
            Err(why) => complain(format!("`{name}`: {why}")),
            Ok(_) if made.len() == COMMANDS_MAX => {
                complain(format!("more than {COMMANDS_MAX} plugins"));
                break;
            }
            Ok(command) => {
                if made.insert(name.to_owned(), command).is_some() {
                    complain(format!("`{name}` stands twice"));
                }
            }
        }
    }
    if complaints.is_empty() { Ok(made) } else { Err(complaints) }
}

impl Command {
    /// Parts a line into words: at blanks that no quote holds together. Quotes are not nested, and a backslash is a
    /// letter like any other.
    fn parse(line: &str) -> Result<Self, String> {
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        for letter in line.chars() {
            match quote {
                Some(open) if letter == open => quote = None,
                Some(_) => word.get_or_insert_default().push(letter),
                None if letter == '"' || letter == '\'' => {
                    quote = Some(letter);
                    word.get_or_insert_default();
                }
                None if letter.is_whitespace() => words.extend(word.take()),
                None => word.get_or_insert_default().push(letter),
            }
        }
        words.extend(word);
        if let Some(open) = quote {
            return Err(format!("a {open} is not closed"));
        }
        if words.len() > WORDS_MAX {
            return Err(format!("more than {WORDS_MAX} words"));
        }
        let words: Vec<Vec<Piece>> =
            words.iter().map(|word| pieces(word)).collect::<Result<_, _>>()?;
        match words.first().map(Vec::as_slice) {
            Some([Piece::Text(program)]) if program.starts_with('/') => Ok(Self(words)),
            Some(_) => Err("the program has to be a whole path, with no place in it".to_owned()),
            None => Err("no program is named".to_owned()),
        }
    }

    /// What is run: the first word, which has no places.
    fn program(&self) -> PathBuf {
        let pieces = self.0[0].iter();
        let text = pieces.map(|(Piece::Text(text) | Piece::Place(text))| text.as_str());
        PathBuf::from(text.collect::<String>())
    }

    /// The words, with these in their places.
    fn with(&self, words: &[(Box<str>, Box<str>)]) -> Result<Vec<String>, String> {
        let places = || {
            self.0.iter().flatten().filter_map(|piece| match piece {
                Piece::Place(name) => Some(name.as_str()),
                Piece::Text(_) => None,
            })
        };
        if let Some((name, _)) =
            words.iter().find(|(name, _)| places().all(|place| place != &**name))
        {
            return Err(format!("the command has no place `{name}`"));
        }
        let filled = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Place(place) => {
                let word = words.iter().find(|(name, _)| **name == **place);
                let (_, word) =
                    word.ok_or_else(|| format!("the command needs a word for `{place}`"))?;
                if !PluginQuestion::is_word(word) {
                    return Err(format!("`{}` cannot stand for `{place}`", word.escape_debug()));
                }
                Ok(word.to_string())
            }
        };
        self.0.iter().map(|word| word.iter().map(filled).collect()).collect()
    }
}

/// The pieces of a word: `{name}` is a place; `{{` and `}}` are braces.
fn pieces(word: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(brace) {
            text.push_str(brace);
            rest = &rest[1..];
            continue;
        }
        let place = if brace == "{" { rest.split_once('}') } else { None };
        let Some((name, after)) = place.filter(|(name, _)| PluginQuestion::is_name(name)) else {
            return Err(format!(
                "`{}` has a brace that is no place; write it twice",
                word.escape_debug()
            ));
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Place(name.to_owned()));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    fn words(line: &str, with: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let with: Vec<_> =
            with.iter().map(|(name, word)| ((*name).into(), (*word).into())).collect();
        Command::parse(line)?.with(&with)
    }

    #[test]
    fn a_command_is_parted_at_blanks_and_nothing_else_happens_to_it() {
        let line = "/bin/check  -w 10% 'two words' \"\" -e'$HOME;*' a\\ b {{x}}";
        assert_eq!(
            words(line, &[]).unwrap(),
            ["/bin/check", "-w", "10%", "two words", "", "-e$HOME;*", "a\\", "b", "{x}"]
        );
    }

    #[test]
    fn words_come_into_their_places_and_nowhere_else() {
        let line = "/bin/check -H {host} -u https://{host}:{port}/";
        assert_eq!(
            words(line, &[("host", "web-1.example"), ("port", "443")]).unwrap(),
            ["/bin/check", "-H", "web-1.example", "-u", "https://web-1.example:443/"]
        );
        let refused = |with: &[(&str, &str)]| words(line, with).expect_err("refused");
        assert_eq!(refused(&[("host", "a")]), "the command needs a word for `port`");
        assert!(refused(&[("host", "a"), ("port", "1"), ("x", "1")]).contains("no place `x`"));
        for word in ["-c", "/etc/shadow", "..", "a b", "$(id)", "`id`", "a;b", "a\nb", "", "{host}"]
        {
            let why = refused(&[("host", word), ("port", "1")]);
            assert!(why.contains("cannot stand for `host`"), "{word}: {why}");
        }
    }

    #[test]
    fn all_that_is_wrong_with_the_file_is_told_at_once() {
        let text = "# ours\nfine = /bin/true\nnoise\nbad name = /bin/true\nrelative = true\nempty =\n\
            open = /bin/true 'x\nfine = /bin/false\nopen-place = {program} x\nbrace = /bin/true {\n";
        let told = parse(text).expect_err("it is wrong");
        for words in [
            "line 3: not of the form",
            "line 4: `bad name` cannot be a name",
            "line 5: `relative`: the program has to be a whole path",
            "line 6: `empty`: no program",
            "line 7: `open`: a ' is not closed",
            "line 8: `fine` stands twice",
            "line 9: `open-place`: the program has to be a whole path",
            "line 10: `brace`: `{` has a brace",
        ] {
            assert!(told.iter().any(|told| told.contains(words)), "{words}: {told:?}");
        }
        assert_eq!(told.len(), 8);
    }

    #[test]
    fn a_file_that_others_may_change_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugins");
        std::fs::write(&path, "yes = /bin/true\n").unwrap();
        let store = PluginStore { file: Some(path.clone()) };
        let asked =
            |name: &str| store.command(&PluginQuestion { plugin: name.into(), with: Vec::new() });
        let set = |mode| std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        set(0o664);
        let refused = asked("yes").unwrap_err().to_string();
        assert!(refused.contains("(mode 664): chmod go-w"), "{refused}");
        assert_eq!(store.complaints().len(), 1);
        set(0o644);
        assert_eq!(asked("yes").unwrap(), ["/bin/true"]);
        assert!(matches!(asked("no"), Err(NoCommand::NotAllowed(_))));
        let none = PluginStore::default();
        let question = PluginQuestion { plugin: "yes".into(), with: Vec::new() };
        assert!(matches!(none.command(&question), Err(NoCommand::NotAllowed(_))));
    }

    #[test]
    fn a_program_that_others_may_change_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("check");
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o777)).unwrap();
        let file = folder.path().join("plugins");
        std::fs::write(&file, format!("open = {}\n", program.display())).unwrap();
        let store = PluginStore { file: Some(file) };
        let question = PluginQuestion { plugin: "open".into(), with: Vec::new() };
        let refused = store.command(&question).unwrap_err().to_string();
        assert!(refused.contains("can be changed by others"), "{refused}");
    }
}
