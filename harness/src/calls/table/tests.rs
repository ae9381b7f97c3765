//! What the table says of itself, on any machine.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_family_is_found_by_its_word() {
    let words: BTreeSet<&str> = Family::ALL.iter().map(|f| f.word()).collect();
    assert_eq!(words.len(), Family::ALL.len(), "a word twice");
    for family in Family::ALL {
        assert_eq!(Family::of_word(family.word()), Some(*family));
        let written = serde_json::to_string(family).unwrap();
        assert_eq!(written, format!("\"{}\"", family.word()));
        assert_eq!(serde_json::from_str::<Family>(&written).unwrap(), *family);
    }
    assert_eq!(Family::of_word("openat"), None);
}

#[test]
fn a_link_at_the_end_of_a_path_is_followed_or_not() {
    let flag = |bits: libc::c_int| u64::try_from(bits).unwrap();
    assert!(Last::AsOpen.follows(flag(libc::O_RDWR | libc::O_CREAT)));
    assert!(!Last::AsOpen.follows(flag(libc::O_RDWR | libc::O_NOFOLLOW)));
    assert!(!Last::AsOpen.follows(flag(libc::O_RDWR | libc::O_CREAT | libc::O_EXCL)));
    // Without O_CREAT, O_EXCL says nothing.
    assert!(Last::AsOpen.follows(flag(libc::O_RDWR | libc::O_EXCL)));
    assert!(Last::Unless(0x100).follows(0x1000) && !Last::Unless(0x100).follows(0x1100));
    assert!(Last::Only(0x400).follows(0x400) && !Last::Only(0x400).follows(0x100));
    assert!(Last::Follow.follows(u64::MAX) && !Last::Stay.follows(0));
}

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod x86_64 {
    use super::*;

    fn named(name: &str) -> &'static Call {
        watched()
            .find(|c| c.name == name)
            .unwrap_or_else(|| panic!("{name} is not watched"))
    }

    fn flag(bits: libc::c_int) -> u64 {
        u64::try_from(bits).unwrap()
    }

    #[test]
    fn watched_calls_come_by_number_and_are_found() {
        assert!(watched().is_sorted_by(|a, b| a.number < b.number));
        for known in watched() {
            assert_eq!(call(known.number), Some(known));
            assert_eq!(standing(known.number), Some(Standing::Watched(known)));
        }
        assert_eq!(call(libc::SYS_mmap), None);
        assert_eq!(standing(HIGHEST + 1), None);
        assert_eq!(standing(-1), None);
    }

    #[test]
    fn every_family_has_a_call() {
        let used: BTreeSet<Family> = watched().map(|c| c.family).collect();
        let unused: Vec<&Family> = Family::ALL.iter().filter(|f| !used.contains(f)).collect();
        assert!(unused.is_empty(), "no call is a {unused:?}");
    }

    #[test]
    fn no_number_stands_twice() {
        let mut all: Vec<(i64, &str)> = watched().map(|c| (c.number, c.name)).collect();
        for group in refused().chain(harmless()) {
            all.extend(group.calls);
        }
        all.sort_unstable();
        for pair in all.windows(2) {
            assert_ne!(pair[0].0, pair[1].0, "{} and {}", pair[0].1, pair[1].1);
        }
    }

    #[test]
    fn every_number_up_to_the_highest_has_a_standing() {
        let without: Vec<i64> = (0..=HIGHEST)
            .filter(|n| standing(*n).is_none() && !UNUSED.contains(n))
            .collect();
        assert!(without.is_empty(), "{without:?}");
        assert!(UNUSED.into_iter().all(|n| standing(n).is_none()));
        assert!(standing(HIGHEST).is_some());
    }

    #[test]
    fn arguments_are_among_the_six_and_stand_for_one_thing() {
        for call in watched() {
            let mut used: Vec<u8> = call.mode.into_iter().collect();
            for place in call.places {
                match *place {
                    Place::Path(a, _)
                    | Place::Fd(a)
                    | Place::Text(a)
                    | Place::Pid(a)
                    | Place::Pidfd(a) => used.push(a),
                    Place::At(a, b, _) | Place::Range(a, b) | Place::Address(a, b) => {
                        used.extend([a, b]);
                    }
                }
            }
            match call.flags {
                Flags::None | Flags::Fixed(_) => {}
                Flags::Open(a)
                | Flags::OpenHow(a)
                | Flags::At(a)
                | Flags::Lock(a)
                | Flags::Command(a)
                | Flags::Request(a)
                | Flags::Signal(a)
                | Flags::Own(a) => used.push(a),
            }
            let distinct: BTreeSet<u8> = used.iter().copied().collect();
            assert_eq!(distinct.len(), used.len(), "{}: {used:?}", call.name);
            assert!(used.iter().all(|a| *a < 6), "{}: {used:?}", call.name);
        }
    }

    /// A rule about flags needs flags to look at.
    #[test]
    fn what_depends_on_flags_has_flags() {
        for call in watched() {
            for place in call.places {
                let (Place::Path(_, last) | Place::At(_, _, last)) = place else {
                    continue;
                };
                if !matches!(last, Last::Follow | Last::Stay) {
                    assert!(
                        !matches!(call.flags, Flags::None | Flags::Fixed(_)),
                        "{}",
                        call.name
                    );
                }
            }
        }
    }

    #[test]
    fn flags_say_what_a_call_does() {
        let unlinkat = named("unlinkat");
        assert_eq!(unlinkat.family_with(0), Family::Unlink);
        assert_eq!(
            unlinkat.family_with(flag(libc::AT_REMOVEDIR)),
            Family::Rmdir
        );

        let fcntl = named("fcntl");
        for (command, family, class) in [
            (libc::F_SETLK, Family::Lock, Class::Change),
            (libc::F_OFD_SETLKW, Family::Lock, Class::Change),
            (libc::F_GETLK, Family::Lock, Class::Look),
            (libc::F_DUPFD_CLOEXEC, Family::Dup, Class::Descriptor),
            (libc::F_SETFD, Family::Fcntl, Class::Descriptor),
            (libc::F_GETFL, Family::Fcntl, Class::Look),
            // What is not known counts as a change.
            (7777, Family::Fcntl, Class::Change),
        ] {
            assert_eq!(fcntl.family_with(flag(command)), family, "{command}");
            assert_eq!(fcntl.class_with(flag(command)), class, "{command}");
        }

        // Only the lock call's own flags are told apart; another's of the same value are not.
        assert_eq!(
            named("openat").family_with(flag(libc::AT_REMOVEDIR)),
            Family::Open
        );
        assert_eq!(
            named("fchownat").family_with(flag(libc::AT_REMOVEDIR)),
            Family::Chown
        );
    }

    #[test]
    fn an_open_that_changes_nothing_only_looks() {
        for name in ["open", "openat", "openat2"] {
            let open = named(name);
            for looks in [
                libc::O_RDONLY,
                libc::O_RDONLY | libc::O_CLOEXEC | libc::O_DIRECTORY,
                libc::O_PATH | libc::O_RDWR,
            ] {
                assert_eq!(
                    open.class_with(flag(looks)),
                    Class::Look,
                    "{name} {looks:#o}"
                );
            }
            for changes in [
                libc::O_WRONLY,
                libc::O_RDWR,
                libc::O_RDONLY | libc::O_CREAT,
                libc::O_RDONLY | libc::O_TRUNC,
                libc::O_TMPFILE | libc::O_RDWR,
            ] {
                assert_eq!(
                    open.class_with(flag(changes)),
                    Class::Change,
                    "{name} {changes:#o}"
                );
            }
        }
        // It has flags of open, and is none.
        assert_eq!(
            named("dup3").class_with(flag(libc::O_CLOEXEC)),
            Class::Descriptor
        );
        assert_eq!(named("creat").class_with(0), Class::Change);
    }

    #[test]
    fn a_request_to_a_terminal_changes_no_file() {
        let ioctl = named("ioctl");
        assert_eq!(ioctl.class_with(libc::TCGETS), Class::Look);
        assert_eq!(ioctl.class_with(libc::FIONBIO), Class::Look);
        assert_eq!(ioctl.class_with(libc::SIOCGIFCONF), Class::Look);
        assert_eq!(ioctl.class_with(libc::FICLONE), Class::Change);
        assert_eq!(ioctl.class_with(libc::FS_IOC_SETFLAGS), Class::Change);
    }

    /// The page is for people who want to know what they can rely on; it is checked so that it stays true.
    #[test]
    fn the_page_has_all_of_it() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/system-calls.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut missing = Vec::new();
        for family in Family::ALL {
            for class in [Class::Change, Class::Look, Class::Read, Class::Descriptor] {
                let calls: BTreeSet<String> = watched()
                    .filter(|c| c.family == *family && c.class == class)
                    .map(|c| format!("`{}`", c.name))
                    .collect();
                let class = serde_json::to_string(&class).unwrap();
                let row = format!("| {} | {} | ", family.word(), class.trim_matches('"'));
                let told: BTreeSet<String> = page
                    .lines()
                    .filter_map(|line| line.strip_prefix(&row)?.strip_suffix(" |"))
                    .flat_map(|calls| calls.split(", ").map(str::to_owned))
                    .collect();
                if calls != told {
                    missing.push(format!("{row}{}", Vec::from_iter(calls).join(", ")));
                }
            }
        }
        for group in refused().chain(harmless()) {
            let row = format!("| {} | `{}`", group.reason, group.calls[0].1);
            if !page.contains(&row) {
                missing.push(row);
            }
        }
        assert!(
            missing.is_empty(),
            "docs/system-calls.md should have\n{}",
            missing.join("\n")
        );
    }
}
