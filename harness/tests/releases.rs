//! Releases of a package: set up several at once, and searched for the one that changed something. The registry is a
//! directory of tiny wheels that each test makes; nothing is asked of any network.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::fs;

use registry_kit::{Place, lines_have};

mod registry_kit;

fn bisect(place: &Place, status: i32, what: &str, more: &[&str]) -> String {
    let case = format!("it:what={what}");
    let args = [
        "bisect",
        &case,
        "--scenarios",
        "scenarios",
        "--subject",
        "tiny.toml",
    ];
    place.says(status, &[&args, more].concat())
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
    // One that is set up on another interpreter than the one that is named is not meant.
    let other = place.on_python("python3.99", &["provision", "tiny.toml@0.3"]);
    assert_eq!(other.status.code(), Some(3), "{other:?}");
    let said = String::from_utf8(other.stdout).unwrap();
    lines_have(&said, &["tiny.toml@0.3: cannot tell", "none was found"]);
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
    lines_have(&place.says(0, &run), &["judging tiny.toml@0.5 with 1 case"]);
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
    let said = bisect(place, 0, "late", &ends);
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
    let said = bisect(place, 3, "around", &ends);
    lines_have(
        &said,
        &[
            "0.4  cannot tell  cannot set up tiny 0.4",
            "the first bad release is one of these, and which cannot be told: 0.4 0.5",
        ],
    );

    // What comes and goes is seen where each is looked at.
    let said = bisect(
        place,
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
    let said = bisect(
        place,
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
