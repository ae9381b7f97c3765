//! What shells complete words with that only pidproof knows: cases, rules and subjects. The scripts of the shells stay small and
//! ask for it with the words so far.

use std::io::Write;

use clap::{Arg, CommandFactory};
use clap_complete::Shell;

use super::args::Args;
use crate::scenario::load::Library;
use crate::scenario::rules::Rules;
use crate::subject;

/// The first word of a command line that a shell's script asks with.
const ASKED: &str = "__complete";

/// The commands whose words are cases.
const OF_CASES: [&str; 5] = ["run", "list", "baseline", "repro", "shell"];

/// The words of a command line so far, the last of them begun, if a shell asks what could stand there.
pub(super) fn asked() -> Option<Vec<String>> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != ASKED {
        return None;
    }
    let words = words.map(|word| word.to_string_lossy().into_owned());
    Some(words.skip_while(|word| word == "--").collect())
}

/// Prints what could stand there, a line each; nothing where pidproof does not know more than its shell.
pub(super) fn complete(words: &[String]) {
    let mut text = candidates(words).join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    // A shell that has gone away wants nothing.
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn candidates(words: &[String]) -> Vec<String> {
    let Some((word, before)) = words.split_last() else {
        return Vec::new();
    };
    let Some(command) = before.first() else {
        return Vec::new();
    };
    // `--subject=x` in one word.
    let (said, word) = match word.split_once('=') {
        Some((option, rest)) if option.starts_with("--") => (Some(option), rest),
        _ => (None, word.as_str()),
    };
    let option = said.or_else(|| before.last().map(String::as_str));
    let mut all = match option {
        Some("--subject") => subject::known::subjects(),
        Some("--rule") => rules(),
        Some("--family") => families(),
        Some(option) if takes_value(command, option) => return Vec::new(),
        _ if word.starts_with('-') || before.iter().any(|word| word == "--") => return Vec::new(),
        _ => match command.as_str() {
            of if OF_CASES.contains(&of) => cases(word),
            "explain" => rules(),
            "self-test" => pidproof_defects::ALL
                .iter()
                .map(|defect| defect.name.to_owned())
                .collect(),
            of => words_of(of),
        },
    };
    all.retain(|candidate| candidate.starts_with(word));
    if let Some(option) = said {
        all.iter_mut()
            .for_each(|one| *one = format!("{option}={one}"));
    }
    all
}

fn takes_value(command: &str, option: &str) -> bool {
    let Some(long) = option.strip_prefix("--") else {
        return matches!(option, "-j");
    };
    let all = Args::command();
    let command = all.find_subcommand(command);
    let found = command.and_then(|c| c.get_arguments().find(|arg| arg.get_long() == Some(long)));
    found.is_some_and(|arg| arg.get_action().takes_values())
}

/// The words that a command takes: not every shell's script knows them.
fn words_of(command: &str) -> Vec<String> {
    let all = Args::command();
    let positional = all
        .find_subcommand(command)
        .and_then(|c| c.get_positionals().next());
    let values = positional.into_iter().flat_map(Arg::get_possible_values);
    values.map(|value| value.get_name().to_owned()).collect()
}

/// Scenarios, and the cases of the one that the word has come to: there are thousands in all.
fn cases(word: &str) -> Vec<String> {
    let mut names = Library::names();
    let scenario = word.split(':').next().unwrap_or(word);
    names.retain(|name| name.starts_with(scenario));
    if let [only] = names.as_slice()
        && let Ok(library) = Library::of_case(only, &Vec::new(), subject::programs())
    {
        let cases: Vec<String> = library.cases().map(|case| case.id.clone()).collect();
        return cases;
    }
    if let Some(exact) = names.iter().find(|name| *name == scenario).cloned()
        && let Ok(library) = Library::of_case(&exact, &Vec::new(), subject::programs())
    {
        names.extend(library.cases().map(|case| case.id.clone()));
    }
    names
}

fn rules() -> Vec<String> {
    known().ids().into_iter().map(str::to_owned).collect()
}

fn families() -> Vec<String> {
    let mut all: Vec<String> = known()
        .iter()
        .map(|rule| rule.family().to_owned())
        .collect();
    all.dedup();
    all
}

fn known() -> Rules {
    Library::of_case("", &Vec::new(), subject::programs())
        .map_or_else(|_| Rules::default(), |l| l.rules)
}

/// The script of a shell that asks; what it gets no answer to is left to the script that knows options only.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "for other shells nobody has written one"
)]
pub(super) fn live(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}\n{BASH}"),
        Shell::Zsh => zsh(script),
        Shell::Fish => format!("{script}\n{FISH}"),
        _ => script.to_owned(),
    }
}

/// Bash ends words at `:`, `=` and `@` too, which ids have in them: what stands before the last of these is there already.
const BASH: &str = r#"_pidproof_live() {
    local line=${COMP_LINE:0:COMP_POINT} found there ends=
    local word=${line##*[[:space:]]}
    local -a said
    read -ra said <<<"${line%"$word"}"
    found=$("${said[0]}" __complete -- "${said[@]:1}" "$word" 2>/dev/null)
    if [[ -z $found ]]; then
        _pidproof "$@"
        return
    fi
    mapfile -t COMPREPLY <<<"$found"
    for there in : = @; do
        [[ $COMP_WORDBREAKS == *"$there"* ]] && ends+=$there
    done
    if [[ -n $ends && $word == *["$ends"]* ]]; then
        there=${word%"${word##*["$ends"]}"}
        COMPREPLY=("${COMPREPLY[@]#"$there"}")
    fi
}
complete -F _pidproof_live -o nosort -o bashdefault -o default pidproof
"#;

/// Fish asks an option's own completions for its value, and no others.
const FISH: &str = r#"function __fish_pidproof_live
    pidproof __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null
end
complete -c pidproof -n 'test -n "$(__fish_pidproof_live)"' -f -a '(__fish_pidproof_live)'
for option in subject rule family
    complete -c pidproof -n 'not __fish_pidproof_needs_command' -l $option -x -a '(__fish_pidproof_live)'
end
"#;

const ZSH: &str = r#"_pidproof_live() {
    local -a found
    found=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then
        compadd -- "${found[@]}"
    else
        _pidproof "$@"
    fi
}
"#;

/// The script ends with how it is begun, as a function that is loaded or as a file that is read.
fn zsh(script: &str) -> String {
    let Some((body, end)) = script.rsplit_once("if [ \"$funcstack[1]\"") else {
        return script.to_owned();
    };
    let end = end
        .replace(
            "_pidproof \"$@\"",
            "compdef _pidproof_live pidproof\n    _pidproof_live \"$@\"",
        )
        .replace(
            "compdef _pidproof pidproof",
            "compdef _pidproof_live pidproof",
        );
    format!("{body}{ZSH}\nif [ \"$funcstack[1]\"{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        candidates(&words)
    }

    #[test]
    fn cases_come_in_two_steps() {
        let first = found("run leg.old-server-st");
        assert!(
            first.iter().all(|id| !id.contains(':')) && first.len() > 1,
            "{first:?}"
        );
        let scenario = "pid.killed-server-leaves-no-lock";
        let second = found(&format!("repro {scenario}"));
        assert!(
            second
                .iter()
                .any(|id| id.starts_with(&format!("{scenario}:"))),
            "{second:?}"
        );
        assert_eq!(
            found(&format!("shell {scenario}:form=xd")),
            [format!("{scenario}:form=xdg")]
        );
        assert!(found("run explore.").is_empty());
    }

    #[test]
    fn options_say_what_their_word_is() {
        assert!(found("run --subject defect:never").contains(&"defect:never-locks".to_owned()));
        assert!(found("run --subject mem").contains(&"memtomem@".to_owned()));
        assert_eq!(found("run --subject=refer"), ["--subject=reference"]);
        assert!(found("run --rule PID-1").contains(&"PID-10".to_owned()));
        assert_eq!(found("list --family LE"), ["LEG"]);
        assert_eq!(found("explain leg").len(), 0);
        assert_eq!(found("explain LEG-10"), ["LEG-10"]);
        assert_eq!(found("schema scen"), ["scenario"]);
        for nothing in [
            "run --json le",
            "run --js",
            "diff le",
            "le",
            "run -- le",
            "run -j le",
        ] {
            assert!(found(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn the_script_of_zsh_ends_as_it_is_known_to() {
        let mut text = Vec::new();
        clap_complete::generate(Shell::Zsh, &mut Args::command(), "pidproof", &mut text);
        let text = live(Shell::Zsh, &String::from_utf8(text).unwrap());
        assert!(text.contains("compdef _pidproof_live pidproof"), "{text}");
        assert!(!text.contains("compdef _pidproof pidproof"));
    }
}
