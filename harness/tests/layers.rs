//! Imports run one way (docs/design.md): what judges starts no process, and no lower layer knows a higher one.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each layer and what it may use. `scenario` is data that everybody may read.
const LAYERS: [(&str, &[&str]); 19] = [
    ("sys", &[]),
    ("process", &["sys"]),
    // Names of system calls and what was seen of them: plain data.
    ("calls", &[]),
    ("scenario", &["calls"]),
    // Orders of calls: what conflicts and what is left to be tried, as plain data.
    ("orders", &[]),
    ("supervise", &["calls", "process", "sys"]),
    // Calls that were seen become scenarios: text from data.
    ("sweep", &["calls", "scenario"]),
    ("world", &["scenario", "sys"]),
    ("observe", &["scenario"]),
    // Facts are plain data: how a process ended, what a lock probe saw.
    ("judge", &["calls", "observe", "scenario", "sys"]),
    (
        "engine",
        &[
            "calls",
            "judge",
            "observe",
            "orders",
            "process",
            "scenario",
            "supervise",
            "sys",
            "world",
        ],
    ),
    (
        "suite",
        &[
            "calls",
            "engine",
            "judge",
            "orders",
            "scenario",
            "supervise",
            "sweep",
            "sys",
            "world",
        ],
    ),
    ("explore", &["engine", "orders", "scenario", "suite"]),
    // A hidden role is what the engine tries telling calls on.
    ("roles", &["engine", "suite"]),
    // It writes scenarios and has them run; nothing of a subject is known to it but the contract.
    ("model", &["engine", "judge", "scenario", "suite", "world"]),
    ("report", &["judge", "scenario", "suite"]),
    // A case as a shell script: text from data.
    ("repro", &["engine", "scenario", "world"]),
    (
        "selftest",
        &["engine", "judge", "scenario", "suite", "world"],
    ),
    ("subject", &["engine", "roles", "scenario", "suite"]),
];

#[test]
fn imports_run_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (layer, allowed) in LAYERS {
        let used = used_layers(&src, layer);
        for other in used {
            if other != layer && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{layer} uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_layer_is_named_here() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules: BTreeSet<&str> = lib
        .lines()
        .filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let mut named: BTreeSet<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    // The top may use everything.
    named.insert("cli");
    assert_eq!(modules, named);
}

#[test]
fn what_judges_starts_no_process_and_touches_no_file() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (layer, text) in ["judge"]
        .iter()
        .flat_map(|l| sources(&src, l).into_iter().map(move |t| (l, t)))
    {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [
            "std::fs::",
            "fs::read",
            "File::",
            "Command",
            "sys::fork",
            "use nix::",
        ] {
            assert!(!code.contains(word), "{layer} has `{word}`");
        }
    }
}

fn used_layers(src: &Path, layer: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for text in sources(src, layer) {
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if !name.is_empty() {
                used.insert(name);
            }
        }
    }
    used
}

fn sources(src: &Path, layer: &str) -> Vec<String> {
    let file = src.join(format!("{layer}.rs"));
    if file.exists() {
        return vec![fs::read_to_string(file).unwrap()];
    }
    let texts = beneath(&src.join(layer));
    assert!(!texts.is_empty(), "no source of layer {layer}");
    texts
}

/// The texts of a folder and of those in it.
fn beneath(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            texts.extend(beneath(&path));
        } else {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}
