//! Explorations as a person meets them: what is covered, what is found, and files that find it again.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use assert_cmd::Command;
use pidproof::engine::stage::quiet::{Stillness, Threads};

fn pidproof(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pidproof"))
        .env_remove("CI")
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn the_reference_holds_in_every_order_of_an_end_and_a_start() {
    let (code, text, error) = pidproof(&["explore", "ending-and-starting"]);
    assert_eq!(code, Some(0), "{text}{error}");
    assert!(
        text.contains("every state that any order comes to: none is left"),
        "{text}"
    );
    assert!(text.ends_with("  0 findings\n"), "{text}");
}

/// The number before a word of the line that says what was covered.
fn number(text: &str, word: &str) -> u32 {
    let line = text.lines().find(|line| line.contains(" orders ("));
    let (before, _) = line.unwrap().split_once(word).unwrap();
    before.split_whitespace().last().unwrap().parse().unwrap()
}

/// Steps that are made in thought alone come to what they come to when they are made.
#[test]
fn the_same_is_covered_whether_all_is_run_or_not() {
    let covered = |args: &[&str]| {
        let (code, text, error) = pidproof(&[&["explore", "two-servers-start"], args].concat());
        assert_eq!(code, Some(0), "{text}{error}");
        assert!(text.contains("none is left"), "{text}");
        let thought = number(&text, " steps between them");
        (
            number(&text, " states"),
            number(&text, " orders ("),
            thought,
        )
    };
    let (states, orders, thought) = covered(&[]);
    let (all_states, all_orders, none) = covered(&["--run-all"]);
    assert_eq!(states, all_states);
    assert!(orders < all_orders, "{orders} of {all_orders}");
    assert!(thought > 0 && none == 0, "{thought}, {none}");
}

#[test]
fn the_reference_holds_with_one_switch_between_two_starts() {
    let (code, text, error) = pidproof(&["explore", "two-servers-start", "--preemptions", "1"]);
    assert_eq!(code, Some(0), "{text}{error}");
    assert!(
        text.contains("every order with at most 1 preemptions"),
        "{text}"
    );
}

#[test]
fn the_reference_recovers_from_a_kill_at_any_call() {
    let (code, text, error) = pidproof(&[
        "explore",
        "two-servers-start",
        "--preemptions",
        "0",
        "--kills",
        "1",
    ]);
    assert_eq!(code, Some(0), "{text}{error}");
}

#[test]
fn what_is_found_is_a_file_that_finds_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    let subject = "defect:truncates-before-locking";
    let (code, text, error) = pidproof(&[
        "explore",
        "two-servers-start",
        "--subject",
        subject,
        "--findings",
        "1",
        "--write",
        to,
    ]);
    assert_eq!(code, Some(1), "{text}{error}");
    assert!(
        text.contains(">>>>>  PID-4: two takes the pidfile from one, which lives"),
        "{text}"
    );
    assert!(text.contains("stopped at the findings"), "{text}");
    let file = fs::read_dir(dir.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let file = file.to_str().unwrap();
    let (code, text, error) = pidproof(&["replay", file, "--times", "3"]);
    assert_eq!(code, Some(1), "{text}{error}");
    assert!(
        text.ends_with("3 times: 3 broke a rule, 0 went another way\n"),
        "{text}"
    );
    // The same as a scenario: what is started meanwhile, and nobody's calls in turn.
    let scenario = dir.path().join("scenario.toml");
    let scenario = scenario.to_str().unwrap();
    let (code, text, error) = pidproof(&["replay", file, "--scenario", scenario]);
    assert_eq!(code, Some(1), "{text}{error}");
    assert!(
        text.contains("see it without this order: pidproof run "),
        "{text}"
    );
    let (code, text, error) = pidproof(&["run", scenario, "--subject", subject]);
    assert_eq!(code, Some(1), "{text}{error}");
    assert!(text.contains("PID-4"), "{text}");
    let (code, text, error) = pidproof(&["run", scenario, "--subject", "reference"]);
    assert_eq!(code, Some(0), "{text}{error}");
    // The reference makes another call there, which is told and no pass.
    let (code, text, _) = pidproof(&["replay", file, "--subject", "reference"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("is not as it was"), "{text}");
}

#[test]
fn parts_are_all_together_and_one_that_was_ended_goes_on() {
    let whole = |args: &[&str]| {
        let (code, text, error) = pidproof(&[&["explore", "ending-and-starting"], args].concat());
        assert_eq!(code, Some(0), "{text}{error}");
        assert!(text.contains("none is left"), "{text}");
        text
    };
    let all = number(&whole(&[]), " states");
    let parts = ["1/3", "2/3", "3/3"].map(|part| number(&whole(&["--part", part]), " states"));
    // They overlap: different steps lead to the same states.
    assert!(parts.iter().any(|part| *part < all), "{parts:?} of {all}");
    assert!(parts.iter().sum::<u32>() >= all, "{parts:?} of {all}");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state");
    let state = file.to_str().unwrap();
    // Nothing is known then, which is no pass.
    let (code, first, _) = pidproof(&[
        "explore",
        "ending-and-starting",
        "--state",
        state,
        "--time",
        "0",
    ]);
    assert_eq!(code, Some(3), "{first}");
    assert!(first.contains("what is left is in"), "{first}");
    let (code, _, error) = pidproof(&["explore", "two-servers-start", "--state", state]);
    assert_eq!(code, Some(2), "{error}");
    let last = whole(&["--state", state]);
    assert_eq!(number(&last, " states"), all);
    assert!(!file.exists());
}

/// What was seen by then is not seen anew, and what comes of it all is the same.
#[test]
fn one_that_stopped_at_a_finding_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state");
    let explored = |more: &[&str]| {
        let subject = ["--subject", "defect:never-promoted", "--findings"];
        let args = [&["explore", "ending-and-starting"], &subject[..], more].concat();
        let (code, text, error) = pidproof(&args);
        assert_eq!(code, Some(1), "{text}{error}");
        text
    };
    let all = explored(&["99"]);
    let state = ["--state", file.to_str().unwrap()];
    let first = explored(&[&["1"], &state[..]].concat());
    assert!(first.contains("stopped at the findings"), "{first}");
    assert!(number(&first, " states") < number(&all, " states"));
    let last = explored(&[&["99"], &state[..]].concat());
    assert!(last.contains("none is left"), "{last}");
    assert_eq!(number(&last, " states"), number(&all, " states"));
    let orders = |text: &str| number(text, " orders (");
    assert!(
        orders(&last) - orders(&first) < orders(&all) / 2,
        "{first}{last}"
    );
}

/// With nobody held the same is looked for: at each call, and at the end.
#[test]
fn what_comes_by_itself_is_seen_too() {
    let at_once = |subject: &str, exploration: &str| {
        let args = [
            "explore",
            exploration,
            "--subject",
            subject,
            "--at-once",
            "20",
        ];
        let (code, text, _) = pidproof(&args);
        assert!(text.contains("all at once, and nobody held"), "{text}");
        (code, text)
    };
    for exploration in ["two-servers", "ending-and-uninstall"] {
        let (code, text) = at_once("reference", exploration);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(number(&text, " orders ("), 20);
    }
    let (code, text) = at_once("defect:truncates-before-locking", "two-servers-start");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("PID-4: the pidfile is taken from "), "{text}");
    let (code, text) = at_once("defect:yes-is-taken-for-force", "server-and-uninstall");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("UNI-14: mm removes "), "{text}");
}

#[test]
fn explorations_are_listed_and_unknown_ones_told() {
    let (code, text, _) = pidproof(&["explore"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("explore.two-servers "), "{text}");
    let (code, _, error) = pidproof(&["explore", "four-servers"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("`four-servers`"), "{error}");
    let (code, _, error) = pidproof(&["replay", "no-such-file.toml"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("no-such-file.toml"), "{error}");
}

#[test]
fn mistakes_in_an_exploration_are_told_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.toml");
    let text = "title = \"x\"\nrules = [\"PID-7\"]\n\n[explore]\npidfile = \"${pidfile}\"\nstate = \"${state_dir}\"\n\n\
        [[explore.actor]]\nspawn = \"one\"\nrole = \"server\"\nuntil = \"tired\"\n\n\
        [[step]]\nspawn = \"two\"\nrole = \"server\"\n";
    fs::write(&file, text).unwrap();
    let (code, _, error) = pidproof(&["check", file.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("wrong.toml:11"), "{error}");
    assert!(error.contains("valid: answered, terminated"), "{error}");
    assert!(error.contains("two or three actors"), "{error}");
    assert!(error.contains("wrong.toml:13"), "{error}");
    assert!(
        error.contains("change files and do nothing else"),
        "{error}"
    );
}

/// A process whose threads hand a token round stands still only when they have all gone home.
#[test]
fn a_process_that_hands_a_token_round_never_stands_still() {
    let mut looks = 0;
    while looks < 2000 {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_pidproof"))
            .args(["role", "token", "--rounds", "300"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let mut threads = Threads::default();
        while let Stillness::Runs = threads.look(pid, &[]) {
            looks += 1;
        }
        // It says so before it sleeps for good: were it not at rest, this would not be there yet.
        let mut stdout = child.stdout.take().unwrap();
        let ready = is_readable(&stdout);
        assert!(
            ready,
            "after {looks} looks: it was said to stand still, and the token goes round"
        );
        drop(child.stdin.take());
        let mut said = String::new();
        stdout.read_to_string(&mut said).unwrap();
        assert_eq!(said, "done\n");
        assert!(child.wait().unwrap().success());
    }
}

/// On a core that another keeps busy, a thread that was woken has not run for a while, and does not sleep any more.
#[test]
fn who_was_woken_and_waits_for_a_core_does_not_stand_still() {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    let mine = sched_getaffinity(Pid::this()).unwrap();
    let core = (0..CpuSet::count()).find(|at| mine.is_set(*at).unwrap());
    let mut core_only = CpuSet::new();
    core_only.set(core.unwrap()).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            sched_setaffinity(Pid::from_raw(0), &core_only).unwrap();
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let mut child = std::process::Command::new("nice")
            .args(["-n", "19", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        sched_setaffinity(Pid::from_raw(pid), &core_only).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut threads = Threads::default();
        // Before it is woken, and after.
        let seen = [(); 20].map(|()| {
            while let Stillness::Runs = threads.look(pid, &[]) {}
            let before = threads.are_as_before(0);
            stdin.write_all(b"wake up\n").unwrap();
            (before, threads.are_as_before(0))
        });
        over.store(true, Ordering::Relaxed);
        drop(stdin);
        assert!(child.wait().unwrap().success());
        assert_eq!(seen, [(true, false); 20]);
    });
}

/// Whether there is something to be read.
fn is_readable(from: &impl std::os::fd::AsFd) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap() == 1
}
