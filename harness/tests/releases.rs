//! Releases of a package: set up several at once, and searched for the one that changed something. The registry is a
//! directory of tiny wheels that each test makes; nothing is asked of any network.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use assert_cmd::Command;

/// Makes a wheel of each release. What a server ends with is in its release's table, by what the case sets.
const WHEELS: &str = r#"
import sys, zipfile

SERVER = '''
import json, os, sys

ENDS = {ends!r}

def main():
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("id") is None:
            continue
        result = {{"tools": []}} if asked["method"] == "tools/list" else {{}}
        print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], "result": result}}), flush=True)
    sys.exit(ENDS.get(os.environ.get("WHAT"), 0))
'''

#            0.1 0.2 0.3  -  0.5
ENDS = {
    "late":   [0,  0,  1, 0,  1],
    "around": [0,  0,  0, 0,  1],
    "often":  [0,  1,  0, 0,  1],
    "mended": [1,  1,  0, 0,  0],
}

for at, version in enumerate(["0.1", "0.2", "0.3", "0.4", "0.5"]):
    name = f"{sys.argv[1]}/tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
    if version == "0.4":
        meta += "Requires-Dist: nowhere-to-be-had\n"
    files = {
        "tiny.py": SERVER.format(ends={what: ends[at] for what, ends in ENDS.items()}),
        f"{info}/METADATA": meta,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ntiny-server = tiny:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
"#;

const PROFILE: &str = r#"
server = ["${venv}/bin/tiny-server"]

[pypi]
package = "tiny"
python  = "3.8"
"#;

const SCENARIO: &str = r#"
title = "the end of the input is an end in order"
rules = ["END-2"]
[matrix]
what = ["late", "around", "often", "mended"]
[env]
WHAT = "${matrix.what}"
[[step]]
spawn = "server"
role = "server"
[[step]]
handshake = "server"
[[step]]
close-stdin = "server"
[[step]]
expect = "server"
exit = 0
"#;

/// A registry, a cache, a profile and a scenario.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for sub in ["wheels", "scenarios"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        fs::write(dir.path().join("tiny.toml"), PROFILE).unwrap();
        fs::write(dir.path().join("scenarios/it.toml"), SCENARIO).unwrap();
        let made = Command::new("python3")
            .args(["-c", WHEELS])
            .arg(dir.path().join("wheels"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self(dir)
    }

    fn pidproof(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .env_remove("CI")
            .env_remove("GITHUB_ACTIONS")
            .env("PIDPROOF_PYTHON", "python3")
            .env("PIDPROOF_CACHE", self.0.path().join("cache"))
            .env("CARGO_HOME", self.0.path().join("cargo-home"))
            .env("npm_config_userconfig", self.0.path().join(".npmrc"))
            .env("npm_config_cache", self.0.path().join("npm-cache"))
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.0.path().join("wheels"))
            .current_dir(self.0.path())
            .args(args)
            .output()
            .unwrap()
    }

    /// What a command says on standard output, once it ended with this status.
    fn says(&self, status: i32, args: &[&str]) -> String {
        let output = self.pidproof(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}\n{out}{err}");
        out
    }

    /// What it says where it ends without doing anything.
    fn refuses(&self, status: i32, args: &[&str]) -> String {
        let output = self.pidproof(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}\n{out}{err}");
        err
    }

    fn bisect(&self, status: i32, what: &str, more: &[&str]) -> String {
        let case = format!("it:what={what}");
        let args = [
            "bisect",
            &case,
            "--scenarios",
            "scenarios",
            "--subject",
            "tiny.toml",
        ];
        self.says(status, &[&args, more].concat())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines_have(text: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

/// One test with one cache: each release that is set up takes seconds.
#[test]
fn releases_are_had_and_searched() {
    let place = Place::new();
    a_release_that_cannot_be_had_is_named_and_stops_no_other(&place);
    the_release_that_lost_or_mended_a_rule_is_found(&place);
    what_searching_refuses(&place);
}

fn a_release_that_cannot_be_had_is_named_and_stops_no_other(place: &Place) {
    let said = place.says(
        3,
        &[
            "provision",
            "tiny.toml@0.2..0.4",
            "tiny.toml@latest",
            "tiny.toml@0.2",
        ],
    );
    lines_have(
        &said,
        &[
            "tiny.toml@0.2: set up in",
            "tiny.toml@0.3: set up in",
            "tiny.toml@0.5: set up in",
            "tiny.toml@0.4: cannot tell: cannot set up tiny 0.4: pip install",
            "nowhere-to-be-had",
            "3 of 4 releases can be started, 0 were there before",
            "cannot be had here: tiny.toml@0.4",
        ],
    );
    // Nor is it a failure of the release where it is judged, and machines are told as people are.
    let run = ["run", "--scenarios", "scenarios", "it:what=late"];
    let reports = ["--json", "none.jsonl", "--junit", "none.xml"];
    let subject = ["--subject", "tiny.toml@0.4"];
    let said = place.refuses(3, &[&run[..], &reports, &subject].concat());
    lines_have(&said, &["pidproof: cannot tell: cannot set up tiny 0.4"]);
    let read = |name| fs::read_to_string(place.0.path().join(name)).unwrap();
    let records: Vec<serde_json::Value> = read("none.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len(), 2, "{records:?}");
    assert_eq!(records[0]["subject"], "tiny.toml@0.4");
    assert_eq!(records[1]["exit"], 3);
    lines_have(
        records[1]["why"].as_str().unwrap(),
        &["cannot set up tiny 0.4", "nowhere-to-be-had"],
    );
    lines_have(
        &read("none.xml"),
        &["errors=\"1\"", "not judged", "cannot set up tiny 0.4"],
    );
    place.says(
        0,
        &[
            &run[..],
            &["--json", "had.jsonl", "--subject", "tiny.toml@0.2"],
        ]
        .concat(),
    );
    let said = place.refuses(0, &["matrix", "had.jsonl", "none.jsonl"]);
    lines_have(
        &said,
        &["tiny.toml@0.4: this run did not judge all: cannot set up tiny 0.4"],
    );
    assert!(!said.contains("not all were asked the same"), "{said}");
    // Once, and the newest by its number.
    let said = place.says(0, &["provision", "tiny.toml@0.3", "tiny.toml@0.5.."]);
    lines_have(
        &said,
        &[
            "tiny.toml@0.3: was there",
            "2 of 2 releases can be started, 2 were there",
        ],
    );
    let said = place.says(0, &["provision", "--list", "tiny.toml"]);
    let kept: Vec<&str> = said.lines().collect();
    assert_eq!(
        kept,
        [
            "tiny.toml@0.1",
            "tiny.toml@0.2  set up",
            "tiny.toml@0.3  set up",
            "tiny.toml@0.4",
            "tiny.toml@0.5  set up",
        ]
    );
    // `latest` is a release with a number wherever it is named.
    let run = [
        "run",
        "--subject",
        "tiny.toml@latest",
        "--scenarios",
        "scenarios",
        "it:what=mended",
    ];
    lines_have(
        &place.says(0, &run),
        &["judging tiny.toml@0.5 with 1 cases"],
    );
    let said = place.refuses(2, &["list", "--subject", "tiny.toml@latest"]);
    lines_have(
        &said,
        &[
            "only the registry knows",
            "provision --list tiny.toml@latest",
        ],
    );
}

#[test]
fn what_names_no_release_is_told_before_anything_is_set_up() {
    let place = Place::new();
    let none = |status, word: &str| place.refuses(status, &["provision", "tiny.toml@0.1", word]);
    lines_have(
        &none(4, "tiny.toml@0.6.."),
        &["no release is meant by `tiny.toml@0.6..`"],
    );
    lines_have(&none(2, "tiny.toml@new"), &["`new` is no version"]);
    lines_have(&none(2, "reference"), &["no releases to choose from"]);
    assert!(!place.0.path().join("cache/subjects").exists());
    // The registry has no such release, so the word was wrong.
    let said = place.says(2, &["provision", "tiny.toml@0.9"]);
    lines_have(&said, &["tiny has no release 0.9", "0.1, 0.2"]);
    // A registry that does not answer is no failure of a subject.
    fs::remove_dir_all(place.0.path().join("wheels")).unwrap();
    let said = place.refuses(3, &["provision", "tiny.toml@latest"]);
    lines_have(
        &said,
        &["which releases tiny has could not be found out", "pip said"],
    );
}

fn the_release_that_lost_or_mended_a_rule_is_found(place: &Place) {
    let ends = ["--good", "0.1", "--bad", "0.5"];
    let said = place.bisect(0, "late", &ends);
    lines_have(
        &said,
        &[
            "0.1  good",
            "0.3  bad          END-2 at expect:server: exit status 1",
            "first bad release: tiny.toml@0.3 (0.2 is good)",
            "1 release was not judged, and taken to be like its neighbours",
            "see it: pidproof run 'it:what=late' --no-deviations --subject tiny.toml@0.3 --scenarios scenarios",
        ],
    );
    assert!(
        !said.contains("0.4"),
        "what need not be judged is not set up:\n{said}"
    );

    // Around one that cannot be had: what is left is a range, which is no answer.
    let said = place.bisect(3, "around", &ends);
    lines_have(
        &said,
        &[
            "0.4  cannot tell  cannot set up tiny 0.4",
            "the first bad release is one of these, and which cannot be told: 0.4 0.5",
        ],
    );

    // What comes and goes is seen where each is looked at.
    let said = place.bisect(
        3,
        "often",
        &[&ends[..], &["--all", "--json", "told.json"]].concat(),
    );
    lines_have(
        &said,
        &[
            "not monotonic: there are 3 changes",
            "0.1 good, 0.2 bad",
            "0.2 bad, 0.3 good",
            "0.3 good, 0.5 bad",
        ],
    );
    let told = fs::read_to_string(place.0.path().join("told.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["changes"][0], serde_json::json!(["0.1", "0.2"]));
    assert_eq!(told["judged"][3]["verdict"], "cannot-tell");

    // A rule over all its cases, and the good one newer than the bad one.
    let said = place.bisect(
        0,
        "mended",
        &["--good", "0.5", "--bad", "0.1", "--rule", "END-2"],
    );
    lines_have(
        &said,
        &[
            "first good release: tiny.toml@0.3 (0.2 is bad)",
            "see it: pidproof run 'it:what=mended' --rule END-2 --no-deviations --subject tiny.toml@0.2",
        ],
    );
}

fn what_searching_refuses(place: &Place) {
    // Both ends are looked at before anything else.
    let told = |status, more: &[&str]| {
        let args = [
            "bisect",
            "it:what=late",
            "--scenarios",
            "scenarios",
            "--subject",
            "tiny.toml",
        ];
        place.refuses(status, &[&args, more].concat())
    };
    let wrong = told(2, &["--good", "0.5", "--bad", "0.1"]);
    lines_have(&wrong, &["the wrong way round: 0.5 is bad and 0.1 is good"]);
    lines_have(
        &told(2, &["--good", "0.1", "--bad", "0.2"]),
        &["0.2 is good: --bad needs another release"],
    );
    lines_have(
        &told(3, &["--good", "0.1", "--bad", "0.4"]),
        &["nothing can be told of 0.4"],
    );
    lines_have(
        &told(2, &["--good", "0.1", "--bad", "0.9"]),
        &["tiny has no release 0.9; it has 0.1"],
    );
    lines_have(
        &told(2, &["--good", "0.1", "--bad", "0.1"]),
        &["both the good and the bad"],
    );
}

#[test]
fn one_case_or_one_rule_is_searched_for() {
    let place = Place::new();
    let ends = [
        "--good",
        "0.1",
        "--bad",
        "0.5",
        "--scenarios",
        "scenarios",
        "--subject",
    ];
    let told = |status, what: &str, subject: &str| {
        place.refuses(status, &[&["bisect", what][..], &ends, &[subject]].concat())
    };
    lines_have(
        &told(2, "it", "tiny.toml"),
        &["one case is meant, and these are 4"],
    );
    lines_have(
        &told(4, "nothing", "tiny.toml"),
        &["no case matches `nothing`"],
    );
    lines_have(&told(2, "it", "reference"), &["no releases to choose from"]);
    // Without a subject, the profile that stands here.
    let said = place.refuses(2, &["bisect", "it", "--good", "0.1", "--bad", "0.5"]);
    lines_have(&said, &["pidproof.toml"]);
}

const PORT: &str = r#"
use std::io::{BufRead, stdin};

fn main() {
    for line in stdin().lock().lines().map_while(Result::ok) {
        if line.contains("\"initialize\"") {
            println!("{}", r#QUOTE{"jsonrpc":"2.0","id":1,"result":{}}QUOTE#);
        } else if line.contains("tools/list") {
            println!("{}", r#QUOTE{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}QUOTE#);
        }
    }
}
"#;

/// A port that cargo builds. Its registry is a directory too, as `cargo vendor` makes them.
#[test]
fn a_port_comes_from_cargo() {
    let place = Place::new();
    let dir = place.0.path();
    let package = dir.join("vendor/tiny-port");
    fs::create_dir_all(package.join("src")).unwrap();
    let manifest = "[package]\nname = \"tiny-port\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::write(package.join("src/main.rs"), PORT.replace("QUOTE", "\"")).unwrap();
    fs::write(package.join(".cargo-checksum.json"), r#"{"files":{}}"#).unwrap();
    let vendor = dir.join("vendor").display().to_string();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"{vendor}\"\n"
    );
    fs::create_dir(dir.join("cargo-home")).unwrap();
    fs::write(dir.join("cargo-home/config.toml"), config).unwrap();
    let profile = |program: &str| {
        format!("server = [\"${{cargo}}/bin/{program}\"]\n[cargo]\npackage = \"tiny-port\"\n")
    };
    fs::write(dir.join("port.toml"), profile("tiny-port")).unwrap();
    fs::write(dir.join("other.toml"), profile("other")).unwrap();

    let said = place.says(3, &["provision", "other.toml@0.1.0"]);
    lines_have(
        &said,
        &["cannot tell: cannot set up tiny-port 0.1.0: the release brings no ${cargo}/bin/other"],
    );
    let said = place.says(0, &["provision", "port.toml@0.1.0"]);
    lines_have(&said, &["port.toml@0.1.0: set up in"]);
    let said = place.says(0, &["provision", "port.toml@0.1.0"]);
    lines_have(&said, &["port.toml@0.1.0: was there"]);
    let run = [
        "run",
        "--subject",
        "port.toml@0.1.0",
        "--scenarios",
        "scenarios",
        "it:what=late",
    ];
    lines_have(&place.says(0, &run), &["1 passed"]);
    let said = place.says(3, &["provision", "port.toml@0.2.0"]);
    lines_have(
        &said,
        &["cannot set up tiny-port 0.2.0: cargo install ended with"],
    );
    let said = place.refuses(3, &["provision", "port.toml"]);
    lines_have(&said, &["cargo has no command that lists them"]);
}

/// As npm's registry would: one package, its description and its archive, over loopback.
fn npm_registry(package: &str, archive: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let description = serde_json::json!({
        "name": package,
        "dist-tags": { "latest": "0.2.0" },
        "versions": { "0.2.0": {
            "name": package,
            "version": "0.2.0",
            "bin": { "tiny-port": "server.js" },
            "dist": { "tarball": format!("http://127.0.0.1:{port}/archive.tgz") },
        } },
    });
    let description = description.to_string().into_bytes();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut head).unwrap();
            // The rest of the question, up to its empty line.
            let rest = reader.lines().map_while(Result::ok);
            rest.take_while(|line| !line.is_empty()).for_each(drop);
            let body = if head.contains("/archive.tgz") {
                &archive
            } else {
                &description
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            )
            .unwrap();
            stream.write_all(body).unwrap();
        }
    });
    port
}

const NPM_PORT: &str = r#"#!/usr/bin/env node
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const asked = JSON.parse(line);
  if (asked.id === undefined) return;
  const result = asked.method === "tools/list" ? { tools: [] } : {};
  console.log(JSON.stringify({ jsonrpc: "2.0", id: asked.id, result }));
});
"#;

const ARCHIVE: &str = r#"
import io, json, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|gz") as archive:
    for name, text, mode in [
        ("package.json", json.dumps({"name": sys.argv[1], "version": "0.2.0", "bin": {"tiny-port": "server.js"}}), 0o644),
        ("server.js", sys.stdin.read(), 0o755),
    ]:
        info = tarfile.TarInfo("package/" + name)
        info.size, info.mode = len(text.encode()), mode
        archive.addfile(info, io.BytesIO(text.encode()))
"#;

/// A port that npm installs, of a scope, from a registry of its own.
#[test]
#[ignore = "needs Node.js and npm"]
fn a_port_comes_from_npm() {
    let place = Place::new();
    let package = "@here/tiny-port";
    let made = Command::new("python3")
        .args(["-c", ARCHIVE, package])
        .write_stdin(NPM_PORT)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = npm_registry(package, made.stdout);
    let profile =
        format!("server = [\"${{npm}}/bin/tiny-port\"]\n[npm]\npackage = \"{package}\"\n");
    fs::write(place.0.path().join("port.toml"), profile).unwrap();
    let registry = format!("registry=http://127.0.0.1:{port}/\n");
    fs::write(place.0.path().join(".npmrc"), registry).unwrap();

    let said = place.says(0, &["provision", "port.toml@latest"]);
    lines_have(&said, &["port.toml@0.2.0: set up in"]);
    let said = place.says(0, &["provision", "--list", "port.toml"]);
    assert_eq!(said.trim(), "port.toml@0.2.0  set up");
    let run = [
        "run",
        "--subject",
        "port.toml@0.2.0",
        "--scenarios",
        "scenarios",
        "it:what=late",
    ];
    lines_have(&place.says(0, &run), &["1 passed, 0 failed"]);
    let said = place.says(2, &["provision", "port.toml@0.9.0"]);
    lines_have(
        &said,
        &["@here/tiny-port has no release 0.9.0; it has 0.2.0"],
    );
}
