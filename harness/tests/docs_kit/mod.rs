//! The commands of documents, and a reader who types them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that speaks MCP and keeps no pidfile.
const SERVER: &str = r#"#!/bin/sh
while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#;

/// README.md, CONTRIBUTING.md and docs/, each by its name.
pub(crate) fn documents() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    let pages = fs::read_dir(root().join("docs")).unwrap();
    paths.extend(pages.map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A command line of ours in a document.
#[derive(Debug)]
pub(crate) struct Typed {
    /// From 1.
    pub(crate) line: usize,
    /// As it stands there, with its comment; a line that is continued is one.
    pub(crate) text: String,
    /// In the middle of a sentence, where it may lack what it needs.
    pub(crate) in_prose: bool,
    /// A reader types it: it is neither in a sentence nor in a workflow.
    pub(crate) is_run: bool,
}

impl Typed {
    /// The words after the command's name, up to where the shell does something else.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = shlex::split(&self.text).unwrap_or_else(|| panic!("{}: quotes", self.text));
        let begin = words
            .iter()
            .position(|word| word == "pidproof" || word == "proof");
        // A reader has several results by then.
        let words = words.into_iter().flat_map(|word| match word.as_str() {
            "*.jsonl" => vec!["before.jsonl".to_owned(), "after.jsonl".to_owned()],
            _ => vec![word],
        });
        let is_ours = |word: &String| {
            !matches!(word.as_str(), "|" | "&&" | "||" | ";") && !word.contains('>')
        };
        let ours = words.skip(begin.unwrap() + 1).take_while(is_ours);
        ours.collect()
    }
}

/// All of them: lines that are indented by four or fenced, and code in sentences.
pub(crate) fn typed_in(text: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut fence = None;
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() {
                None
            } else {
                Some(language)
            };
            continue;
        }
        let is_code = match fence {
            // What a machine reads has commands of its own: a workflow's are looked for all the same.
            Some(language) => !matches!(language, "toml" | "diff" | "rust"),
            None => line.starts_with("    "),
        };
        if is_code {
            let line = line
                .trim()
                .trim_start_matches("- ")
                .trim_start_matches("run: ");
            let text = line.trim_end_matches('\\');
            if goes_on {
                typed.last_mut().unwrap().text.push_str(text);
            } else if is_ours(line) {
                let (line, text) = (at + 1, text.to_owned());
                typed.push(Typed {
                    line,
                    text,
                    in_prose: false,
                    is_run: fence != Some("yaml"),
                });
            } else {
                continue;
            }
            goes_on = line.ends_with('\\');
        } else if fence.is_none() {
            let spans = line.split('`').skip(1).step_by(2);
            let ours = spans.filter(|span| is_ours(span) && span.contains(' '));
            typed.extend(ours.map(|span| Typed {
                line: at + 1,
                text: span.to_owned(),
                in_prose: true,
                is_run: false,
            }));
        }
    }
    typed
}

/// A command line of ours, after variables that are set for it.
fn is_ours(line: &str) -> bool {
    let mut words = line.split(' ').skip_while(|word| {
        let name = word.split('=').next().unwrap_or_default();
        word.contains('=') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    match (words.next(), words.next()) {
        // Not in a drawing.
        (Some("pidproof"), Some(word)) => {
            word.starts_with(|c: char| c.is_ascii_lowercase()) && !line.contains('─')
        }
        (Some("cargo"), Some("proof")) => true,
        _ => false,
    }
}

/// Somebody with a directory, who reads one document from its beginning.
pub(crate) struct Reader {
    dir: tempfile::TempDir,
}

impl Reader {
    /// With the files that its commands speak of.
    pub(crate) fn of(document: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let reader = Self { dir };
        reader.program("server", SERVER);
        reader.program("mm", "#!/bin/sh\necho Nothing to remove.\n");
        reader.program("mm-go", SERVER);
        fs::create_dir(reader.at("own")).unwrap();
        for shell in [
            ".local/share/bash-completion/completions",
            ".config/fish/completions",
        ] {
            fs::create_dir_all(reader.at(shell)).unwrap();
        }
        fs::write(
            reader.at("own/mine.toml"),
            "server = [\"../server\"]\ncli = [\"../mm\"]\n",
        )
        .unwrap();
        if document == "porting.md" {
            let port = root().join("fixtures/port/first");
            for file in ["memtomem-server", "mm", "pidfile.py", "store.py"] {
                fs::copy(port.join(file), reader.at(file)).unwrap();
            }
        }
        if document == "writing-scenarios.md" {
            reader.writes_what_it_shows(document);
        }
        let text = documents()
            .into_iter()
            .find(|(name, _)| name == document)
            .unwrap()
            .1;
        if text.contains(".jsonl") {
            reader.run(
                "pidproof run --subject reference home.handshake leg.without --json before.jsonl",
            );
            for name in ["after", "0.1.24", "0.1.25", "reference", "first", "last"] {
                fs::copy(
                    reader.at("before.jsonl"),
                    reader.at(&format!("{name}.jsonl")),
                )
                .unwrap();
            }
        }
        reader
    }

    /// A file is shown as a block whose first line is its name.
    fn writes_what_it_shows(&self, document: &str) {
        let text = fs::read_to_string(root().join("docs").join(document)).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let name = block
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("# "));
            let path = self.at(name.expect("a block begins with its file's name"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, block).unwrap();
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Types it: the exit status, and all that was said.
    pub(crate) fn types(&self, typed: &Typed) -> (Option<i32>, String) {
        self.run(&typed.text)
    }

    fn run(&self, line: &str) -> (Option<i32>, String) {
        let ours = Path::new(env!("CARGO_BIN_EXE_pidproof")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", ours.display()))
            .env("HOME", self.dir.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }
}
