//! What holds for every input of the parser, the templates and the matrix.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use pidproof::scenario::diag::{BadFile, Diags};
use pidproof::scenario::file::{self, Frame, Scenario, Shared};
use pidproof::scenario::load::Library;
use pidproof::scenario::model::Case;
use pidproof::scenario::rules::Rules;
use pidproof::scenario::template::{Names, Place, Scope, Template, WorldVar};
use proptest::prelude::*;
use proptest::sample::Index;

struct Real {
    rules: Rules,
    shared: Shared,
    files: Vec<String>,
}

static REAL: LazyLock<Real> = LazyLock::new(|| {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let mut files = Vec::new();
    for area in fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()) {
        if area.is_dir() {
            let inside = fs::read_dir(area).unwrap();
            files.extend(inside.map(|e| read(&e.unwrap().path())));
        }
    }
    files.sort();
    Real {
        rules: Rules::parse("rules.toml", &read(&dir.join("rules.toml"))).unwrap(),
        shared: Shared::parse("names.toml", &read(&dir.join("names.toml"))).unwrap(),
        files,
    }
});

fn parse(text: &str) -> Result<Scenario, BadFile> {
    let frame = Frame {
        rules: &REAL.rules,
        shared: &REAL.shared,
        parameters: &REAL.shared.parameters,
        programs: pidproof::subject::programs(),
    };
    file::parse("it", "it.toml", text, &frame)
}

/// A file is read, or it is told where it is wrong.
fn read_or_told(text: &str) -> Result<(), TestCaseError> {
    let Err(bad) = parse(text) else {
        return Ok(());
    };
    prop_assert!(!bad.diags.is_empty());
    for diag in &bad.diags {
        let span = &diag.span;
        prop_assert!(
            span.start <= span.end && span.end <= text.len().max(1),
            "{diag:?}"
        );
        prop_assert!(
            text.is_char_boundary(span.start.min(text.len())),
            "{diag:?}"
        );
        prop_assert!(
            !diag.message.is_empty() && !diag.label.is_empty(),
            "{diag:?}"
        );
        prop_assert!(!diag.message.contains("defect of pidproof"), "{diag:?}");
    }
    prop_assert!(bad.render().contains("it.toml:"), "{}", bad.render());
    Ok(())
}

/// One thing done to the lines of a file.
#[derive(Debug, Clone)]
enum Mutation {
    Delete(Index),
    Double(Index),
    Swap(Index, Index),
    Value(Index, String),
    Key(Index, String),
    Cut(Index),
    Insert(Index, String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let value = prop_oneof![
        Just("\"server\"".to_owned()),
        Just("\"${nobody.pid}\"".to_owned()),
        Just("\"${byte.00}\"".to_owned()),
        Just("\"${matrix.\"".to_owned()),
        Just("[\"a\", 1, false, {}]".to_owned()),
        Just("{ a = { b = [] } }".to_owned()),
        Just("99999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("1.5".to_owned()),
        Just("false".to_owned()),
        "\\PC{0,12}",
    ];
    let keys = prop::sample::select(vec![
        "spawn",
        "expect",
        "expect-fs",
        "expect-lock",
        "hold",
        "rule",
        "mode",
        "uid",
        "exit",
        "by",
        "env",
        "matrix",
        "step",
        "title",
        "unchanged-since",
        "wirte",
        "stderr.contains",
        "",
    ]);
    prop_oneof![
        at().prop_map(Mutation::Delete),
        at().prop_map(Mutation::Double),
        (at(), at()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (at(), value).prop_map(|(a, v)| Mutation::Value(a, v)),
        (at(), keys).prop_map(|(a, k)| Mutation::Key(a, k.to_owned())),
        at().prop_map(Mutation::Cut),
        (at(), "\\PC{0,20}").prop_map(|(a, s)| Mutation::Insert(a, s)),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for mutation in mutations {
        let count = lines.len();
        if count == 0 {
            break;
        }
        match mutation {
            Mutation::Delete(at) => drop(lines.remove(at.index(count))),
            Mutation::Double(at) => {
                let at = at.index(count);
                lines.insert(at, lines[at].clone());
            }
            Mutation::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
            Mutation::Value(at, value) => {
                let line = &mut lines[at.index(count)];
                if let Some((key, _)) = line.split_once('=') {
                    *line = format!("{key}= {value}");
                }
            }
            Mutation::Key(at, key) => {
                let line = &mut lines[at.index(count)];
                if let Some((_, value)) = line.split_once('=') {
                    *line = format!("{key} ={value}");
                }
            }
            Mutation::Cut(at) => {
                let line = &mut lines[at.index(count)];
                let middle = line.char_indices().nth(line.chars().count() / 2);
                line.truncate(middle.map_or(0, |(byte, _)| byte));
            }
            Mutation::Insert(at, text) => lines.insert(at.index(count), text.clone()),
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_or_told_where_it_is_wrong(text in "(\\PC|\n|\t|\"|=|\\[|\\]){0,120}") {
        read_or_told(&text)?;
    }

    #[test]
    fn a_changed_scenario_is_read_or_told_where_it_is_wrong(
        which in any::<Index>(),
        mutations in prop::collection::vec(mutation(), 1..5),
    ) {
        read_or_told(&mutate(&REAL.files[which.index(REAL.files.len())], &mutations))?;
    }

    #[test]
    fn any_names_and_rules_are_read_or_told_where_they_are_wrong(
        text in "(\\[names\\]\n|\\[A-1\\]\n|a = \"\\$\\{(a|b|home)\\}\"\n|\\PC|\n){0,30}",
    ) {
        for result in [Shared::parse("n.toml", &text).map(drop), Rules::parse("n.toml", &text).map(drop)] {
            if let Err(bad) = result {
                prop_assert!(!bad.diags.is_empty());
                prop_assert!(bad.diags.iter().all(|d| d.span.end <= text.len().max(1)));
                prop_assert!(!bad.render().is_empty());
            }
        }
    }
}

/// A piece of a template, and what it must come to.
#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Byte(u8),
    Home,
    Pid,
    Name,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        "[^$]{1,6}".prop_map(Piece::Text),
        Just(Piece::Text("$".into())),
        (1..=255u8).prop_map(Piece::Byte),
        Just(Piece::Home),
        Just(Piece::Pid),
        Just(Piece::Name),
    ]
}

proptest! {
    #[test]
    fn a_template_says_what_its_pieces_say(
        pieces in prop::collection::vec(piece(), 0..8),
        home in prop::collection::vec(1..=255u8, 0..12),
    ) {
        let mut text = String::new();
        let mut wanted: Vec<u8> = Vec::new();
        // What is filled in is never looked at again, whatever it holds.
        let home = [b"${home}".as_slice(), &home].concat();
        for piece in &pieces {
            match piece {
                // Two pieces of text must not make a place between them.
                Piece::Text(part) if text.ends_with('$') && part.starts_with('{') => {}
                Piece::Text(part) => {
                    text.push_str(part);
                    wanted.extend(part.bytes());
                }
                Piece::Byte(byte) => {
                    text.push_str(&format!("${{byte.{byte:02x}}}"));
                    wanted.push(*byte);
                }
                Piece::Home => {
                    text.push_str("${home}");
                    wanted.extend(&home);
                }
                Piece::Pid => {
                    text.push_str("${server.pid}");
                    wanted.extend(b"42");
                }
                Piece::Name => {
                    text.push_str("${dir}");
                    wanted.extend(&home);
                    wanted.extend(b"/x");
                }
            }
        }
        let scope = Scope { names: ["dir"].into(), handles: ["server"].into() };
        let mut diags = Diags::default();
        let dir = Template::parse("${home}/x", &(0..0), &scope, &mut diags).unwrap();
        let names: Names = [("dir".to_owned(), dir)].into();
        let template = Template::parse(&text, &(0..0), &scope, &mut diags);
        prop_assert!(diags.is_empty());
        let filled = template.unwrap().fill(&names, &mut |place| match place {
            Place::World(WorldVar::Home) => Ok(home.clone()),
            Place::Pid(_) => Ok(b"42".to_vec()),
            Place::World(_) | Place::Stderr(_) | Place::Name(_) | Place::Byte(_) => Err(()),
        });
        prop_assert_eq!(filled, Ok(wanted));
    }

    #[test]
    fn a_matrix_makes_the_product_of_its_axes_and_each_id_once(
        axes in prop::collection::vec((any::<bool>(), 1..4usize), 0..4),
    ) {
        let mut text = "title = \"t\"\nrules = [\"PID-1\"]\n".to_owned();
        let mut path = String::new();
        for (axis, (tables, points)) in axes.iter().enumerate() {
            if *tables {
                text.push_str(&format!("[matrix.a{axis}]\n"));
                for point in 0..*points {
                    text.push_str(&format!("l{point} = {{ v = \"v{point}\" }}\n"));
                }
                path.push_str(&format!("/${{matrix.a{axis}.v}}"));
            }
        }
        // Arrays belong to [matrix] itself, which may follow its tables.
        text.push_str("[matrix]\n");
        for (axis, (_, points)) in axes.iter().enumerate().filter(|(_, (tables, _))| !tables) {
            let values: Vec<String> = (0..*points).map(|p| format!("\"v{p}\"")).collect();
            text.push_str(&format!("a{axis} = [{}]\n", values.join(", ")));
            path.push_str(&format!("/${{matrix.a{axis}}}"));
        }
        text.push_str(&format!("[[step]]\nexpect-fs = \"${{cwd}}{path}\"\ntype = \"absent\"\n"));
        let scenario = parse(&text);
        prop_assert!(scenario.is_ok(), "{}", scenario.unwrap_err());
        let cases = scenario.unwrap().cases;
        let product: usize = axes.iter().map(|(_, points)| points).product();
        prop_assert_eq!(cases.len(), product);
        let ids: BTreeSet<&str> = cases.iter().map(|c| c.id.as_str()).collect();
        prop_assert_eq!(ids.len(), product);
        let steps: BTreeSet<String> = cases.iter().map(|c| format!("{:?}", c.steps)).collect();
        prop_assert_eq!(steps.len(), product, "each point has values of its own");
    }

    #[test]
    fn a_case_comes_to_its_guard_as_it_was(which in any::<Index>()) {
        for case in parse(&REAL.files[which.index(REAL.files.len())]).unwrap().cases {
            let sent = serde_json::to_vec(&case).unwrap();
            let come: Case = serde_json::from_slice(&sent).unwrap();
            prop_assert_eq!(format!("{case:?}"), format!("{come:?}"));
        }
    }
}

/// What the others rest on: the files as they are can be read.
#[test]
fn the_files_are_good() {
    assert!(REAL.files.len() > 100);
    for text in &REAL.files {
        assert!(parse(text).is_ok());
    }
    assert!(Library::load(None, &Vec::new(), pidproof::subject::programs()).is_ok());
}
