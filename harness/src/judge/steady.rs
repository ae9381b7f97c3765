//! What of an observation stays the same from run to run, so that it can be pinned.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What differs from run to run, and what stands in its place. In this order: what a later one would take
/// apart is replaced by then. docs/subjects.md tells of each.
const DIFFERS: [(&str, &str); 22] = [
    // Columns that are as wide as what was in them.
    (r" {2,}", " "),
    // Where in a Python program: lines that move from release to release, marked as each Python does.
    (
        r"(Traceback \(most recent call last\):)\n(?: [^\n]*\n)+",
        "$1 <frames>\n",
    ),
    // An answer where none should be: that it came is what counts, and not all that a server says of itself in it.
    (
        r"(?s)(\bit answered: )\{\x22id\x22:\d+,\x22jsonrpc\x22:\x222\.0\x22,\x22result\x22:.*",
        "$1<result>",
    ),
    // The content of a database, which may hold quotes itself.
    (
        r"(\d bytes) \x22[^\n]*\\x[0-9a-f]{2}[^\n]*\x22",
        "$1 <bytes>",
    ),
    // Other bytes, and where the shown part of a text ends, within a number perhaps.
    (r" \x22[^\x22\n]*\\x[0-9a-f]{2}[^\x22\n]*\x22", " <bytes>"),
    (r"[\dT:.-]*\.\.\.\x22", "...\""),
    // A world of tier `plain` lies below a directory of its own; in a private one these are whole paths.
    (
        r"[^\s'\x22`(=]*/pidproof-[A-Za-z0-9]{6}/(home|run|tmp|work)\b",
        "/$1",
    ),
    // Where a release was installed.
    (
        r"[^\s'\x22`(=]*/subjects/[^/\s]+-py[0-9.]+-[0-9a-f]+(?:/venv)?\b",
        "$${venv}",
    ),
    // Names that mktemp, Python and Rust make up.
    (
        r"/tmp(?:\.[A-Za-z0-9]{6,10}|[a-z0-9_]{8})\b",
        "/<temporary>",
    ),
    (r"/\.tmp[A-Za-z0-9]{6}\b", "/<temporary>"),
    (r"\b\d{4}-\d\d-\d\dT", "<date> "),
    (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (r"\b\d{1,2}/\d{1,2}/\d{2,4}\b", "<date>"),
    (
        r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:Z\b|[+-]\d\d:?\d\d\b)?",
        "<time>",
    ),
    // A logger that says when only where it is another second than on the line before.
    (
        r"(?m)(^|: )(?:\[<date> <time>\] | )(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b",
        "$1$2",
    ),
    (
        r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|sec|seconds?)\b",
        "<duration>",
    ),
    // Not what follows the name of a file.
    (
        r"(?i)(^|[^./\w-])(p?pid[ :=#(\x22']{1,3})\d+\b",
        "${1}${2}<n>",
    ),
    (r"\b(\w+)\[\d+\]:", "${1}[<n>]:"),
    (r"\binode \d+", "inode <n>"),
    // The content of a pidfile.
    (r"\b\d+ bytes \x22\d+((?:\\n)?)\x22", "<n> bytes \"<n>$1\""),
    (
        r"\b(?i)(port\W{1,2}|127\.0\.0\.1:|localhost:|0\.0\.0\.0:|\[::1?\]:)\d+\b",
        "${1}<n>",
    ),
    (r"\b0x[0-9a-f]{6,}\b", "<address>"),
];

static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    DIFFERS
        .iter()
        // That each is a good pattern is what the tests below see to.
        .filter_map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, *instead)))
        .collect()
});

/// An observation without what differs from run to run. What comes of it stays as it is when this is done again.
pub fn steady(found: &str) -> String {
    let lines: Vec<&str> = found.trim().lines().map(str::trim_end).collect();
    let mut text = lines.join("\n");
    // Once is enough but for what one of them has brought together.
    for _ in 0..4 {
        let before = text.clone();
        for (pattern, instead) in PATTERNS.iter() {
            if let Cow::Owned(replaced) = pattern.replace_all(&text, *instead) {
                text = replaced;
            }
        }
        if text == before {
            break;
        }
    }
    text
}

/// A step without its line, as `verb:value`; what is no such step stays as it is.
pub fn step_label(step: &str) -> String {
    let told = step.split_once('=').and_then(|(verb, value)| {
        let value = value.trim();
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(format!("{}:{inner}", verb.trim()))
    });
    told.unwrap_or_else(|| step.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced_and_the_rest_stays() {
        assert_eq!(PATTERNS.len(), DIFFERS.len());
        for (found, pinned) in [
            (
                "a probe says shared, the kernel lists pid 7 shared, pid 12 shared",
                "a probe says shared, the kernel lists pid <n> shared, pid <n> shared",
            ),
            (
                r#"file      0600 uid 1000 inode 812 3 bytes "42\n""#,
                r#"file 0600 uid 1000 inode <n> <n> bytes "<n>\n""#,
            ),
            ("created after 12.3ms", "created after <duration>"),
            (
                "stderr: [11/23/26 14:18:15] WARNING y\n[11/23/26 14:18:16] INFO x  ",
                "stderr: WARNING y\nINFO x",
            ),
            (
                "stderr: [11/23/26 14:18:15] WARNING y\n                    INFO x  ",
                "stderr: WARNING y\nINFO x",
            ),
            ("at 2026-11-23T14:18:15.123Z: no", "at <date> <time>: no"),
            (
                "cannot open /var/tmp/pidproof-aB3dE6/run/user/1000/m/server.pid",
                "cannot open /run/user/1000/m/server.pid",
            ),
            ("(PID: 7) on 127.0.0.1:3000", "(PID: <n>) on 127.0.0.1:<n>"),
            ("server[812]: gone", "server[<n>]: gone"),
            (
                "File \"/c/subjects/m-0.1.25-py3.13.0-3fa9/venv/lib/a.py\", line 7",
                "File \"${venv}/lib/a.py\", line 7",
            ),
            ("/tmp/tmpab12cd_4/x", "/tmp/<temporary>/x"),
            (
                r#"file 0600 4096 bytes "SQLite format 3\x00\x10\x00...""#,
                "file 0600 4096 bytes <bytes>",
            ),
            (
                r#"file 0600 32768 bytes "\x18\xe2-"+\x06D/" (another content)"#,
                "file 0600 32768 bytes <bytes> (another content)",
            ),
            (
                r#"86 bytes "created: 2026-11-23T1...""#,
                r#"86 bytes "created: ...""#,
            ),
            (
                "{\"pid\": 7, \"ppid\":8} pid=9",
                "{\"pid\": <n>, \"ppid\":<n>} pid=<n>",
            ),
            ("server.pid      0 B", "server.pid 0 B"),
            (
                "stderr: Traceback (most recent call last):\n  File \"/x/a.py\", line 7, in main\n    \
                 go()\n    ~~^^\nOSError: [Errno 5] no\nTraceback lost",
                "stderr: Traceback (most recent call last): <frames>\nOSError: [Errno 5] no\nTraceback lost",
            ),
            (
                "it answered: {\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"x\":\"a\nb\"}} more",
                "it answered: <result>",
            ),
            (
                r#"it answered: {"error":{"code":1},"id":1,"jsonrpc":"2.0"}"#,
                r#"it answered: {"error":{"code":1},"id":1,"jsonrpc":"2.0"}"#,
            ),
            // These are what a rule is about.
            ("exit status 2", "exit status 2"),
            ("mode 0644", "mode 0644"),
            ("unsafe permissions 0o755", "unsafe permissions 0o755"),
            ("owned by uid 1001", "owned by uid 1001"),
            ("3 times: x", "3 times: x"),
            (r#"file 0600 4 bytes "ab\n""#, r#"file 0600 4 bytes "ab\n""#),
        ] {
            assert_eq!(steady(found), pinned);
            assert_eq!(steady(pinned), pinned, "again");
        }
    }

    #[test]
    fn a_step_is_its_verb_and_value() {
        assert_eq!(
            step_label(r#"expect-fs = "${pidfile}""#),
            "expect-fs:${pidfile}"
        );
        assert_eq!(step_label("expect = 'new'"), "expect:new");
        assert_eq!(step_label("unchanged = true"), "unchanged = true");
    }
}
