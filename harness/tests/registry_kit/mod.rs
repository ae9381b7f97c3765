//! A place with a registry of its own: a directory of tiny wheels. Nothing is asked of any network.

use std::fs;
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
pub(crate) struct Place(pub(crate) tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn pidproof(&self, args: &[&str]) -> Output {
        self.on_python("python3", args)
    }

    /// With an interpreter that is named.
    pub(crate) fn on_python(&self, python: &str, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .env_remove("CI")
            .env_remove("GITHUB_ACTIONS")
            .env("PIDPROOF_PYTHON", python)
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
    pub(crate) fn says(&self, status: i32, args: &[&str]) -> String {
        let output = self.pidproof(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}\n{out}{err}");
        out
    }

    /// What it says where it ends without doing anything.
    pub(crate) fn refuses(&self, status: i32, args: &[&str]) -> String {
        let output = self.pidproof(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}\n{out}{err}");
        err
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn lines_have(text: &str, wanted: &[&str]) {
    for part in wanted {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}
