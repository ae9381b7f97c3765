use super::*;

const GOOD: &str = r#"
[[deviation]]
cases    = ["leg.*", "home.one"]
check    = "LEG-7"
step     = "expect-fs:${pidfile}"
versions = ">=0.1.24, <0.1.26"
found    = "absent"
kind     = "bug"
reason   = "mended in the next release"
link     = "tracker#1"
expires  = "2030-01-31"
"#;

fn read(source: &str, version: &str, strict: bool) -> Result<Deviations, BadFile> {
    let version = version.parse().ok();
    Deviations::parse("d.toml", source, version.as_ref(), strict)
}

fn mistakes(source: &str) -> String {
    read(source, "0.1.25", true).unwrap_err().to_string()
}

#[test]
fn an_entry_is_read_and_is_of_its_cases_rule_and_releases() {
    let read = read(GOOD, "0.1.25", true).unwrap();
    let rules = ["LEG-7".to_owned()];
    let first = read.of("leg.x:a=b", &rules).next().unwrap();
    assert_eq!(first.place, "d.toml:2");
    assert_eq!(first.kind.word(), "bug");
    assert_eq!(first.expires.unwrap().to_string(), "2030-01-31");
    assert!(read.of("home.one", &rules).next().is_some());
    assert!(read.of("home.ones", &rules).next().is_none());
    assert!(read.of("home.one", &["LEG-1".to_owned()]).next().is_none());
    let later = super::tests::read(GOOD, "0.1.26", true).unwrap();
    assert!(later.of("home.one", &rules).next().is_none());
    let either = GOOD.replace("\">=0.1.24, <0.1.26\"", "[\"0.1.24\", \"0.1.26\"]");
    let either = super::tests::read(&either, "0.1.26", true).unwrap();
    assert!(either.of("home.one", &rules).next().is_some());
}

#[test]
fn all_mistakes_are_told_each_with_its_line() {
    let text = mistakes(
        "[[deviation]]\ncases = []\nchek = \"X\"\nfound = \"x\"\nkind = \"bugs\"\nreason = \"so\"\n\
         versions = \"~1\"\nexpires = \"soon\"\n[[deviations]]\n",
    );
    for part in [
        "an entry for no case",
        "did you mean `check`?",
        "d.toml:3:1",
        "unknown kind `bugs`",
        "did you mean `bug`?",
        "`~1` is no version",
        "`soon` is no date",
        "unknown key of a deviations file `deviations`",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_reason_that_gives_none_is_a_warning_or_an_error() {
    for reason in ["", " ", "TODO", "todo: ask", "...", "(FIXME)", "?"] {
        let source = GOOD.replace("mended in the next release", reason);
        let text = mistakes(&source);
        assert!(text.contains("gives no reason"), "{reason}: {text}");
        assert!(text.contains("d.toml:9"), "{text}");
        assert_eq!(read(&source, "0.1.25", false).unwrap().warnings().len(), 1);
    }
    let without = GOOD.replace("reason   = \"mended in the next release\"\n", "");
    assert!(mistakes(&without).contains("gives no reason"));
    let todos = GOOD.replace("mended in", "todos of");
    assert!(read(&todos, "0.1.25", true).unwrap().warnings().is_empty());
}

#[test]
fn releases_of_a_subject_that_has_none_are_refused() {
    let error = Deviations::parse("d.toml", GOOD, None, true).unwrap_err();
    assert!(error.to_string().contains("no releases to tell apart"));
}

#[test]
fn every_key_of_its_shape_is_read() {
    for (key, pairs) in crate::scenario::shape::tests::one_for_each_key(&shape::DEVIATIONS) {
        let told = Deviations::parse("d.toml", &pairs.join("\n"), None, true)
            .err()
            .map_or_else(String::new, |bad| bad.to_string());
        assert!(!told.contains("unknown key"), "{key}: {told}");
    }
}
