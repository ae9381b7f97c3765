//! What the columns are called.

/// Profiles are mostly called alike and lie in directories side by side: of their paths only that is shown which
/// tells them apart. What is no path stays as it is.
pub(super) fn short(subjects: &[&str]) -> Vec<String> {
    let split = |path: &&str| -> Vec<String> { path.split('/').map(str::to_owned).collect() };
    let paths: Vec<Vec<String>> = (subjects.iter())
        .filter(|name| is_path(name))
        .map(split)
        .collect();
    let of_all = |part: &dyn Fn(&Vec<String>) -> Option<String>| {
        let first = paths.first().and_then(part);
        first.is_some() && paths.iter().all(|path| part(path) == first)
    };
    let before = (0..).take_while(|at| of_all(&|path| path.get(*at).cloned()));
    let after = (0..).take_while(|at| of_all(&|path| path.iter().rev().nth(*at).cloned()));
    let (before, after) = (before.count(), after.count());
    // The same path everywhere: nothing tells them apart.
    let fits = paths.iter().all(|path| before + after < path.len());
    let shortened = |name: &&str| match is_path(name) && fits {
        true => {
            let parts: Vec<&str> = name.split('/').collect();
            parts[before..parts.len() - after].join("/")
        }
        false => (*name).to_owned(),
    };
    subjects.iter().map(shortened).collect()
}

fn is_path(name: &str) -> bool {
    name.ends_with(".toml")
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn paths_are_told_apart_by_what_differs() {
        let port = ["port/first/pidproof.toml", "port/last/pidproof.toml"];
        assert_eq!(short(&port), ["first", "last"]);
        let deep = ["a/x/y/p.toml", "a/z/p.toml", "reference"];
        assert_eq!(short(&deep), ["x/y", "z", "reference"]);
        assert_eq!(
            short(&["own/mine.toml", "own/mine.toml"])[0],
            "own/mine.toml"
        );
        assert_eq!(
            short(&["a/one.toml", "a/two.toml"]),
            ["one.toml", "two.toml"]
        );
        assert_eq!(short(&["own/mine.toml", "x@1"]), ["own/mine.toml", "x@1"]);
        assert_eq!(short(&["p.toml", "last/p.toml"]), ["p.toml", "last/p.toml"]);
    }
}
