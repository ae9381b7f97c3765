//! What is done at the system calls of a process: that a scenario's mistakes are told, and that what it asks for
//! is what happens. The servers are shell scripts that run programs of their own.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;

/// The answers without which nothing is started.
const ANSWERS: &str = r#"while read -r line; do
    case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":1,"result":{}}' ;;
    *tools/list*) echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}' ;;
    esac
done
"#;

const START: &str = "[[step]]\nspawn = \"s\"\nrole = \"server\"\n[[step]]\nhandshake = \"s\"\n\
     [[step]]\nclose-stdin = \"s\"\n[[step]]\nwait = \"s\"\n";

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a scenario of these steps on a server that does `body` before it answers. With `source`, that C program
/// is beside it, as `$prog`.
fn run(body: &str, source: Option<&str>, steps: &str, args: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let prog = dir.path().join("prog");
    match source {
        Some(source) => {
            let c = dir.path().join("prog.c");
            fs::write(&c, source).unwrap();
            Command::new("gcc")
                .arg("-o")
                .args([&prog, &c])
                .assert()
                .success();
        }
        None => write_program(&prog, "#!/bin/sh\n"),
    }
    let server = format!("#!/bin/sh\nprog={}\n{body}\n{ANSWERS}", prog.display());
    write_program(&dir.path().join("server"), &server);
    let profile = dir.path().join("subject.toml");
    fs::write(
        &profile,
        "server = [\"./server\"]\ncli = [\"./server\"]\nshown = [\"prog\"]\n",
    )
    .unwrap();
    let scenarios = dir.path().join("scenarios");
    fs::create_dir(&scenarios).unwrap();
    fs::write(
        scenarios.join("it.toml"),
        format!("title = \"a trial\"\nrules = [\"PID-1\"]\n{steps}"),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .arg("run")
        .arg("--scenarios")
        .arg(&scenarios)
        .arg("--subject")
        .arg(&profile)
        .args(args)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text + &errors)
}

/// Expects this exit status and these words.
fn comes_to(body: &str, steps: &str, code: i32, words: &[&str]) {
    compiled_comes_to(body, None, steps, code, words);
}

fn compiled_comes_to(body: &str, source: Option<&str>, steps: &str, code: i32, words: &[&str]) {
    let (found, text) = run(body, source, steps, &[]);
    assert_eq!(found, Some(code), "{text}");
    for part in words {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

fn refused(step: &str, words: &[&str]) {
    comes_to("", &format!("[[step]]\n{step}\n{START}"), 2, words);
}

fn calls(keys: &str) -> String {
    format!("[[step]]\nexpect-calls = \"s\"\n{keys}\n")
}

fn file(path: &str, keys: &str) -> String {
    format!("[[step]]\nexpect-fs = \"{path}\"\n{keys}\n")
}

#[test]
fn mistakes_in_an_injection_are_told() {
    let fail = |keys: &str| format!("fail = \"f\"\n{keys}");
    refused(
        &fail("of = \"t\"\ncall = \"mkdir\"\nerrno = \"EIO\""),
        &["unknown process `t`", "`s`"],
    );
    refused(
        &fail("of = \"s\"\ncall = \"mkdri\"\nerrno = \"EIO\""),
        &["unknown call `mkdri`", "did you mean `mkdir`?"],
    );
    // Not told of: it would never come about.
    refused(
        &fail("of = \"s\"\ncall = \"read\"\nerrno = \"EIO\""),
        &["unknown call `read`"],
    );
    refused(
        &fail("of = \"s\"\ncall = \"mkdir\"\nerrno = \"EWRONG\""),
        &["unknown errno `EWRONG`", "EIO"],
    );
    refused(
        &fail("of = \"s\"\ncall = \"mkdir\"\nerrno = \"EIO\"\nnth = 0"),
        &["there is no call number 0", "nth = 0", "the first is 1"],
    );
    refused(
        &fail("of = \"s\"\ncall = \"mkdir\""),
        &["`errno` is missing"],
    );
    refused(
        &fail("of = \"s\"\ncall = \"mkdir\"\nerrno = \"EIO\"\nms = 3"),
        &["unknown key", "`ms`"],
    );
    refused(
        "delay = \"d\"\nof = \"s\"\ncall = \"mkdir\"\nms = -1",
        &["out of range"],
    );
    refused(
        "pause = \"p\"\nof = \"s\"\ncall = \"mkdir\"\ndo = []\nfrom-then-on = true",
        &["unknown key", "`from-then-on`"],
    );
}

#[test]
fn a_moment_that_cannot_be_is_told() {
    let strike = |keys: &str| format!("strike = \"k\"\nof = \"s\"\ncall = \"mkdir\"\n{keys}");
    refused(
        &strike("send = \"TERM\"\nwhen = \"before\""),
        &["only KILL comes before a call"],
    );
    refused(
        &strike("send = \"KILL\"\nwhen = \"within\""),
        &["only a write can be cut in the middle"],
    );
    refused(
        &strike("send = \"KILL\"\nwhen = \"during\""),
        &["unknown when `during`", "before, after, within"],
    );
}

#[test]
fn a_mistake_in_what_a_pause_does_has_its_line() {
    refused(
        "pause = \"p\"\nof = \"s\"\ncall = \"mkdir\"\ndo = [\n    { mkdir = \"${cwd}/a\" },\n    { symlnk = \"${cwd}/b\" },\n]",
        &[
            "unknown verb `symlnk`",
            "it.toml:9:",
            "did you mean `symlink`?",
        ],
    );
    refused(
        "pause = \"p\"\nof = \"s\"\ncall = \"mkdir\"\ndo = []",
        &["does nothing"],
    );
    refused(
        "pause = \"p\"\nof = \"s\"\ncall = \"mkdir\"",
        &["`do` is missing"],
    );
}

#[test]
fn a_handle_is_taken_once() {
    refused(
        "fail = \"f\"\nof = \"s\"\ncall = \"mkdir\"\nerrno = \"EIO\"\n\
         [[step]]\ndelay = \"f\"\nof = \"s\"\ncall = \"mkdir\"\nms = 1",
        &["`f` was taken by an earlier injection"],
    );
}

#[test]
fn what_is_asked_of_calls_is_one_thing() {
    for (keys, word) in [
        (
            "call = \"mkdir\"\nnever = true\ntimes = 1",
            "exclude each other",
        ),
        (
            "call = \"mkdir\"\nbefore = { call = \"mkdri\" }",
            "unknown call `mkdri`",
        ),
        (
            "call = \"mkdir\"\nbefore = { calls = \"mkdir\" }",
            "unknown key",
        ),
    ] {
        comes_to("", &format!("{START}{}", calls(keys)), 2, &[word]);
    }
}

#[test]
fn a_path_outside_the_world_is_the_suites_fault() {
    let step = "[[step]]\nfail = \"f\"\nof = \"s\"\ncall = \"open\"\npath = \"/etc/passwd\"\nerrno = \"EIO\"\n";
    comes_to(
        "",
        &format!("{step}{START}"),
        3,
        &["/etc/passwd is no path of the world"],
    );
}

const MKDIR: &str =
    "[[step]]\nfail = \"f\"\nof = \"s\"\ncall = \"mkdir\"\npath = \"${cwd}/d\"\nerrno = \"EIO\"\n";

#[test]
fn a_fault_that_never_comes_about_is_the_suites() {
    comes_to(
        "mkdir other",
        &format!("{MKDIR}{START}"),
        3,
        &[
            "BROKEN it",
            "with nothing done at any call: `f` never came about: s made 0 of 1 calls of mkdir ${cwd}/d",
        ],
    );
}

#[test]
fn what_is_for_others_is_skipped_by_name_and_not_where_nothing_may_be() {
    let steps = format!("{MKDIR}if-called = true\n{START}");
    let words = "`f` is not for this subject: s never calls mkdir ${cwd}/d";
    let (code, text) = run("mkdir other", None, &steps, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(text.contains("0 passed, 0 failed, 1 skipped"), "{text}");
    let (code, text) = run("mkdir other", None, &steps, &["--must-run"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains(words), "{text}");
    let (code, text) = run(
        "mkdir other",
        None,
        &steps,
        &["--must-run", "--may-skip", "it"],
    );
    assert_eq!(code, Some(0), "{text}");
    // Where it is made, it is no matter of taste.
    comes_to("mkdir d", &steps, 0, &["1 passed"]);
}

#[test]
fn a_subject_that_fails_undisturbed_is_told_so() {
    comes_to(
        "mkdir d; [ ! \"$ILL\" ] || exit 3",
        &format!(
            "{MKDIR}[[step]]\nspawn = \"s\"\nrole = \"server\"\nenv = {{ ILL = \"yes\" }}\n\
             [[step]]\nhandshake = \"s\"\n"
        ),
        1,
        &["FAIL it", "with nothing done at any call", "exit status 3"],
    );
}

#[test]
fn a_call_fails_once_or_from_then_on() {
    let body = "mkdir d || mkdir d || mkdir d; mkdir d2 || mkdir d2";
    let exists = |name: &str, keys: &str| file(&format!("${{cwd}}/{name}"), keys);
    let there = "type = \"directory\"";
    let fail = |keys: &str| MKDIR.replace("errno", &format!("{keys}\nerrno"));
    comes_to(
        body,
        &format!(
            "{}{START}{}{}",
            fail("nth = 1"),
            exists("d", there),
            calls("call = \"mkdir\"\npath = \"${cwd}/d\"\ntimes = 2")
        ),
        0,
        &[],
    );
    comes_to(
        body,
        &format!(
            "{}{START}{}{}",
            fail("from-then-on = true"),
            exists("d", "type = \"absent\""),
            exists("d2", there)
        ),
        0,
        &[],
    );
}

#[test]
fn steps_are_done_exactly_while_a_call_is_held() {
    // Before it: the name is not there. Within the call nothing else of the process happens. After it: both.
    let pause = "[[step]]\npause = \"p\"\nof = \"s\"\ncall = \"mkdir\"\npath = \"${cwd}/b\"\ndo = [\n\
         { expect-fs = \"${cwd}/a\", type = \"directory\" },\n\
         { expect-fs = \"${cwd}/b\", type = \"absent\" },\n\
         { expect-fs = \"${cwd}/c\", type = \"absent\" },\n\
         { write = \"${cwd}/b\", content = \"first\" },\n]\n";
    comes_to(
        "mkdir a; mkdir b; mkdir c",
        &format!(
            "{pause}{START}{}{}",
            file("${cwd}/b", "content = \"first\""),
            file("${cwd}/c", "type = \"directory\"")
        ),
        0,
        &[],
    );
    // And what is not so while it is held fails the case.
    comes_to(
        "mkdir a; mkdir b; mkdir c",
        &format!(
            "{}{START}",
            pause.replace(
                "${cwd}/c\", type = \"absent\"",
                "${cwd}/c\", type = \"file\""
            )
        ),
        1,
        &["FAIL it", "a call is held"],
    );
}

/// Writes eight bytes by one call.
const WRITER: &str = r#"#include <fcntl.h>
#include <unistd.h>
int main(void) {
    int fd = open("it", O_WRONLY | O_CREAT, 0600);
    write(fd, "abcdefgh", 8);
    write(fd, "more", 4);
    return 0;
}
"#;

#[test]
fn a_strike_comes_before_after_or_within_a_write() {
    for (send, when, content) in [
        ("KILL", "before", ""),
        ("KILL", "within", "abcd"),
        ("KILL", "after", "abcdefgh"),
        ("TERM", "after", "abcdefgh"),
    ] {
        // Such a server answers nobody: elsewhere it does not write.
        let steps = format!(
            "[[step]]\nstrike = \"k\"\nof = \"s\"\ncall = \"write\"\npath = \"${{cwd}}/it\"\n\
             send = \"{send}\"\nwhen = \"{when}\"\n[[step]]\nspawn = \"s\"\nrole = \"server\"\n\
             env = {{ GO = \"1\" }}\n[[step]]\nwait = \"s\"\n{}",
            file("${cwd}/it", &format!("content = \"{content}\""))
        );
        compiled_comes_to(
            "[ ! \"$GO\" ] || exec $prog",
            Some(WRITER),
            &steps,
            0,
            &["1 passed"],
        );
    }
}

/// Asks for an io_uring, then makes a directory the old way.
const RING: &str = r#"#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    char params[256];
    memset(params, 0, sizeof params);
    long ring = syscall(SYS_io_uring_setup, 4, params);
    mkdir(ring < 0 && errno == ENOSYS ? "refused" : "ring", 0700);
    return 0;
}
"#;

/// Makes a directory by the interface of 32-bit programs. Its path has to lie below 4 GiB.
const OLD_WAY: &str = r#"#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
int main(void) {
    char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) return 1;
    strcpy(low, "slipped");
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(39L), "b"((long)low), "c"(0700L) : "memory");
    return 0;
}
"#;

#[test]
fn nothing_slips_by() {
    let steps = format!(
        "{START}{}{}{}",
        calls("call = \"mkdir\"\npath = \"${cwd}/refused\"\ntimes = 1"),
        calls("call = \"create\"\npath = \"${cwd}/ring\"\nnever = true"),
        file("${cwd}", "entries = [\"refused\"]")
    );
    compiled_comes_to("$prog", Some(RING), &steps, 0, &[]);
    // It is ended in the act, and whoever started it sees that.
    let steps = format!(
        "{START}{}{}",
        calls("call = \"create\"\npath = \"${cwd}/slipped\"\nnever = true"),
        file("${cwd}", "entries = [\"ended\"]")
    );
    compiled_comes_to("$prog || mkdir ended", Some(OLD_WAY), &steps, 0, &[]);
}

/// Makes a file without a name, and gives it one.
const UNNAMED: &str = r#"#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    char name[64];
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    write(fd, "abcd", 4);
    sprintf(name, "/proc/self/fd/%d", fd);
    linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW);
    return 0;
}
"#;

#[test]
fn a_file_without_a_name_is_called_so() {
    let asked: String = [
        ("create", "(unnamed)"),
        ("open", "(unnamed)"),
        ("write", "(unnamed)"),
        ("link", "(unnamed)"),
        ("create", "named"),
    ]
    .map(|(call, name)| {
        calls(&format!(
            "id = \"{call} {name}\"\ncall = \"{call}\"\npath = \"${{cwd}}/{name}\"\ntimes = 1"
        ))
    })
    .concat();
    compiled_comes_to("$prog", Some(UNNAMED), &format!("{START}{asked}"), 0, &[]);
}

/// Children by vfork and posix_spawn, and a child of a child.
const FAMILY: &str = r#"#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void) {
    char *a[] = {"mkdir", "by-vfork", 0};
    char *b[] = {"mkdir", "by-spawn", 0};
    char *c[] = {"sh", "-c", "sh -c 'mkdir by-grandchild; :'; :", 0};
    pid_t child = vfork();
    if (child == 0) { execvp(a[0], a); _exit(1); }
    waitpid(child, 0, 0);
    posix_spawnp(&child, b[0], 0, 0, b, environ);
    waitpid(child, 0, 0);
    posix_spawnp(&child, c[0], 0, 0, c, environ);
    waitpid(child, 0, 0);
    return 0;
}
"#;

#[test]
fn children_of_any_kind_are_told() {
    let told: String = ["by-vfork", "by-spawn", "by-grandchild"]
        .map(|name| {
            calls(&format!(
                "call = \"mkdir\"\npath = \"${{cwd}}/{name}\"\ntimes = 1"
            ))
        })
        .concat();
    let order = calls(
        "id = \"order\"\ncall = \"mkdir\"\npath = \"${cwd}/by-vfork\"\n\
         before = { call = \"mkdir\", path = \"${cwd}/by-grandchild\" }",
    );
    compiled_comes_to(
        "$prog",
        Some(FAMILY),
        &format!("{START}{told}{order}"),
        0,
        &[],
    );
    let wrong = calls(
        "id = \"order\"\ncall = \"mkdir\"\npath = \"${cwd}/by-grandchild\"\n\
         before = { call = \"mkdir\", path = \"${cwd}/by-vfork\" }",
    );
    compiled_comes_to(
        "$prog",
        Some(FAMILY),
        &format!("{START}{wrong}"),
        1,
        &["FAIL it", "by-vfork"],
    );
}
