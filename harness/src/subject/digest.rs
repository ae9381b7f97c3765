//! What a subject is by its bytes: its programs, and what its profile names.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Subject;
use super::profile::{DIR, Profile, fill};

/// What stands in a directory and is no part of a program: made anew by building, running and looking.
const LEFT_OUT: [&str; 2] = ["__pycache__", "target"];

/// The parts of a subject, each with a digest. `except` is a file that may lie among them and is none.
///
/// # Errors
/// What cannot be read.
pub fn parts(subject: &Subject, except: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut parts = BTreeMap::new();
    let except = fs::canonicalize(except).unwrap_or_else(|_| except.to_path_buf());
    let (path, text) = &subject.reach.profile;
    if !text.is_empty() {
        parts.insert("profile".to_owned(), named(Sha256::digest(text)));
    }
    for (role, words) in [
        ("server", &subject.commands.server),
        ("cli", &subject.commands.cli),
    ] {
        let mut said = Sha256::new();
        for (at, word) in words.iter().enumerate() {
            let file = match word.as_str() {
                "@self" => std::env::current_exe()?,
                word => PathBuf::from(word),
            };
            let name = match at {
                0 => role.to_owned(),
                at => format!("argument {at} of {role}"),
            };
            if at > 0 && !file.is_file() {
                // With its length, so that no words can look like others.
                said.update(format!("{} {word}\n", word.len()));
            }
            let installed = subject.version.is_some() && at == 0;
            match environment(&file).filter(|_| installed) {
                // The program is a few lines that name the place of the cache: what it starts is told by the record.
                Some(root) => parts.insert("installed".to_owned(), record(&root)?),
                None if at == 0 || file.is_file() => parts.insert(name, of_file(&file)?),
                None => None,
            };
        }
        if words.len() > 1 {
            parts.insert(format!("words of {role}"), named(said.finalize()));
        }
    }
    if let Ok(profile) = Profile::parse(path, text)
        && let Some(dir) = Path::new(path).parent().and_then(Path::to_str)
    {
        for word in &profile.shown {
            let at = Path::new(dir).join(fill(word, &[(DIR, dir)]));
            let Ok(at) = fs::canonicalize(at) else {
                // What is filled in for a release is part of its environment.
                continue;
            };
            let digest = if at.is_dir() {
                let mut hash = Sha256::new();
                tree(&at, &at, &except, &mut hash)?;
                named(hash.finalize())
            } else {
                of_file(&at)?
            };
            parts.insert(format!("shown {word}"), digest);
        }
    }
    Ok(parts)
}

fn named(hash: impl AsRef<[u8]>) -> String {
    let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

fn of_file(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    feed(path, &mut hash)?;
    Ok(named(hash.finalize()))
}

fn feed(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let told = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let mut file = File::open(path).map_err(told)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(told)? {
            0 => return Ok(()),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// The files at and below a directory: name, whether it can be run, and bytes, or where a link points. What begins with a
/// dot is no part of a program, and neither is [`LEFT_OUT`].
fn tree(root: &Path, dir: &Path, except: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default();
        let is_odd = name.as_bytes().starts_with(b".") || LEFT_OUT.iter().any(|odd| name == *odd);
        if is_odd || path == except {
            continue;
        }
        let facts = fs::symlink_metadata(&path)?;
        let below = path.strip_prefix(root).unwrap_or(&path).as_os_str();
        // With its length, so that no name can look like two.
        let mut head = |kind: &str, len: u64| {
            hash.update(format!("{kind} {} {len}\n", below.len()));
            hash.update(below.as_bytes());
        };
        if facts.is_dir() {
            head("dir", 0);
            tree(root, &path, except, hash)?;
        } else if facts.is_symlink() {
            let target = fs::read_link(&path)?;
            head("link", target.as_os_str().len() as u64);
            hash.update(target.as_os_str().as_bytes());
        } else if facts.is_file() {
            let runs = facts.permissions().mode() & 0o111 != 0;
            head(if runs { "program" } else { "file" }, facts.len());
            feed(&path, hash)?;
        }
    }
    Ok(())
}

/// The virtual environment of a program in its `bin`.
fn environment(program: &Path) -> Option<PathBuf> {
    let root = program.parent()?.parent()?;
    root.join("pyvenv.cfg")
        .is_file()
        .then(|| root.to_path_buf())
}

/// What is installed in an environment: the lines of its packages' records, each a file with its digest. Left out is what
/// depends on where the environment lies, and what an interpreter writes there.
fn record(root: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for python in directories(&root.join("lib"))? {
        for package in directories(&python.join("site-packages"))? {
            let Ok(text) = fs::read_to_string(package.join("RECORD")) else {
                continue;
            };
            let stays = |line: &&str| {
                let outside = line.starts_with("../");
                let own = line.contains(".dist-info/RECORD,") || line.contains("__pycache__");
                !outside && !own && !line.contains("direct_url.json")
            };
            lines.extend(text.lines().filter(stays).map(str::to_owned));
        }
    }
    if lines.is_empty() {
        let why = format!("{}: no record of what is installed", root.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    lines.sort();
    Ok(named(Sha256::digest(lines.join("\n"))))
}

fn directories(at: &Path) -> io::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(at) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dir: &Path, except: &str) -> String {
        let mut hash = Sha256::new();
        tree(dir, dir, &dir.join(except), &mut hash).unwrap();
        named(hash.finalize())
    }

    #[test]
    fn a_tree_is_its_names_and_bytes_and_not_what_lies_about() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
        write("a.py", "one");
        fs::create_dir(root.path().join("lib")).unwrap();
        write("lib/b.py", "two");
        let before = of(root.path(), "claim.json");
        fs::create_dir(root.path().join("lib/__pycache__")).unwrap();
        write("lib/__pycache__/b.pyc", "made");
        write(".hidden", "x");
        write("claim.json", "{}");
        assert_eq!(of(root.path(), "claim.json"), before);
        assert_ne!(of(root.path(), "other.json"), before);
        write("lib/b.py", "tow");
        assert_ne!(of(root.path(), "claim.json"), before);
    }

    #[test]
    fn an_environment_is_the_same_wherever_it_lies() {
        let make = |script: &str, module: &str| {
            let root = tempfile::tempdir().unwrap();
            let info = root
                .path()
                .join("lib/python3.12/site-packages/x-1.dist-info");
            fs::create_dir_all(&info).unwrap();
            let text = format!(
                "../../../bin/x,sha256={script},9\nx/m.py,sha256={module},3\nx/__pycache__/m.pyc,,\n"
            );
            fs::write(info.join("RECORD"), text).unwrap();
            record(root.path()).unwrap()
        };
        assert_eq!(make("one", "m"), make("another", "m"));
        assert_ne!(make("one", "m"), make("one", "n"));
        assert!(record(Path::new("/nonexistent")).is_err());
    }
}
