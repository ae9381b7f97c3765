//! Ports that cargo builds and npm installs, each from a registry that the test makes.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use assert_cmd::Command;
use registry_kit::{Place, lines_have};

mod registry_kit;

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
