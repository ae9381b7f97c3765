//! What a script needs before its first step: the world, and the few functions that its steps use.

/// A function of the script, and how a call of it looks.
struct Helper {
    name: &'static str,
    text: &'static str,
}

/// Those that every script has: how it ends.
pub(super) const ALWAYS: &str = r#"failed=0 left_out=0 other_pid=0 unbegun=0 started= readers=
ok() { printf 'ok: %s\n' "$1"; }
not() {
  # After a step that was left out nothing more can be said against the subject.
  [ "$left_out$other_pid" = 00 ] || { printf 'CANNOT TELL: %s\n' "$1"; return; }
  printf 'NOT AS EXPECTED: %s\n' "$1"; failed=1
}
# What ends with 126 or 127 was not begun: a shell, the kernel or the loader of libraries could not.
begun() { case $1 in 126|127) unbegun=1;; esac; }
# Ends the processes that this script has started, and nothing else.
stop() {
  for pid in $started; do
    # env and setpriv, which begin the programs, close their output before they end with 127.
    case $(cat "/proc/$pid/comm" 2>/dev/null) in
    env|setpriv) [ -L "/proc/$pid/fd/1" ] || unbegun=1;;
    esac
    kill -s KILL "$pid" 2>/dev/null
    status=0; wait "$pid" 2>/dev/null || status=$?
    begun "$status"
  done
  for pid in $readers; do kill -s TERM "$pid" 2>/dev/null; done
  started= readers=
  wait
}
trap 'stop; chmod -R u+rwX "$world"; rm -rf "$world"' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
finish() {
  stop
  at_the_end
  if [ "$failed" = 1 ] || [ "$unbegun" = 1 ]; then
    for said in "$sh"/*.err; do
      [ ! -s "$said" ] || { printf '%s:\n' "${said##*/}"; sed 's/^/    /' "$said"; }
    done
  fi
  [ "$unbegun" = 0 ] || { echo 'cannot tell: a program could not be started (exit status 126 or 127)' >&2; exit 2; }
  [ "$failed" = 0 ] || exit 1
  [ "$left_out$other_pid" = 00 ] || { echo 'cannot tell: steps were left out that no shell can do' >&2; exit 2; }
  exit 0
}
# A step that could not be done: before the first process the script's fault, then the subject's.
stuck() {
  [ -n "$started" ] || { echo "cannot tell: $1 failed" >&2; exit 2; }
  # Whether a file can be written hangs on no pid.
  other_pid=0
  not "$1 is done"
  finish
}
"#;

const HELPERS: [Helper; 12] = [
    Helper {
        name: "own",
        text: r#"# What root makes here belongs to the subject's uid.
own() { [ "$(id -u)" != 0 ] || chown -h "$uid:$gid" "$1"; }
"#,
    },
    Helper {
        name: "answer",
        text: r#"# The next answer of a server, read from descriptor $2 line by line. Fails at the end of its output, or in time.
answer() {
  answer=$(timeout --foreground "$patience" sh -c 'while read -r line; do
    printf "%s\n" "$line" >>"$1"
    case $line in *\"result\"*|*\"error\"*) printf "%s\n" "$line"; exit 0;; esac
  done; exit 1' sh "$sh/$1.out" <&"$2")
}
"#,
    },
    Helper {
        name: "hears",
        text: r#"# Reads descriptor $2 until a line holds $3.
hears() {
  case $(cat "$sh/$1.out") in *"$3"*) return 0;; esac
  timeout --foreground "$patience" sh -c 'while read -r line; do
    printf "%s\n" "$line" >>"$1"
    case $line in *"$2"*) exit 0;; esac
  done; exit 1' sh "$sh/$1.out" "$3" <&"$2"
}
"#,
    },
    Helper {
        name: "ended",
        text: r#"# Waits for the end of process $2, which the end of its standard output tells: that of descriptor $3, or of its reader $4.
ended() {
  [ ! -e "$sh/$1.status" ] || return 0
  [ ! -e "$sh/$1.late" ] || return 1
  if [ "$3" != - ]; then
    timeout --foreground "$patience" cat <&"$3" >>"$sh/$1.out"
  else
    wait "$4"
  fi || { : >"$sh/$1.late"; return 1; }
  status=0; wait "$2" 2>/dev/null || status=$?
  echo "$status" >"$sh/$1.status"; begun "$status"
  # What has ended is not this script's to end any more: its pid may be another's.
  others=; for pid in $started; do [ "$pid" = "$2" ] || others="$others $pid"; done
  started=$others
}
"#,
    },
    Helper {
        name: "holds",
        text: r#"# Whether the text of file $1 holds $2.
holds() { case $(cat "$1") in *"$2"*) return 0;; esac; return 1; }
"#,
    },
    Helper {
        name: "once",
        text: r#"# Whether the text of file $1 holds $2 exactly once.
once() {
  text=$(cat "$1"); rest=${text#*"$2"}
  [ "$rest" != "$text" ] || return 1
  case $rest in *"$2"*) return 1;; esac
}
"#,
    },
    Helper {
        name: "lives",
        text: r#"# Whether process $1 runs; one that has ended and was not waited for does not.
lives() { case $(cat "/proc/$1/stat" 2>/dev/null) in ''|*') Z '*) return 1;; esac; }
"#,
    },
    Helper {
        name: "locked",
        text: r#"# Whether file $2 is locked so that a lock of kind $1 (-s or -x) is not to be had.
locked() { [ -e "$2" ] && ! ( flock -n "$1" 9 ) 9<"$2"; }
"#,
    },
    Helper {
        name: "holder",
        text: r#"# Whether process $1 holds a lock on file $2, as the kernel lists it.
holder() { grep -q "FLOCK .* $1 [0-9a-f]*:[0-9a-f]*:$(stat -Lc %i "$2") " /proc/locks; }
"#,
    },
    Helper {
        name: "look",
        text: r#"# All files of the world: type, inode, mode, owner, size, target, times of change, content.
look() {
  find "$world/home" "$world/run" "$world/tmp" "$world/work" \
    \( -type d -printf '%p\t%y %i %m %U:%G\t%T@\n' \) -o -printf '%p\t%y %i %m %U:%G %s %l\t%T@ %C@\n'
  find "$world/home" "$world/run" "$world/tmp" "$world/work" -type f -exec sh -c '
    for f; do printf "%s\t%s\tcontent\n" "$f" "$(cksum <"$f")"; done' sh {} +
}
"#,
    },
    Helper {
        name: "same",
        text: r#"# Compares the world with what it was, at $2 and below, but for the paths of $3, a line each.
same() {
  for side in "$sh/before.$1" "$sh/now"; do
    ROOT=$2 EXCEPT=$3 awk -F '\t' '
      BEGIN { root = ENVIRON["ROOT"]; n = split(ENVIRON["EXCEPT"], except, "\n") }
      { if (root != "" && $1 != root && index($1, root "/") != 1) next
        for (i = 1; i <= n; i++) {
          if ($1 == except[i] || index($1, except[i] "/") == 1) next
          above = except[i]; sub("/[^/]*$", "", above); if ($1 == above) $3 = ""
        }
        print }' "$side" | sort >"$side.judged"
  done
  diff "$sh/before.$1.judged" "$sh/now.judged"
}
"#,
    },
    Helper {
        name: "soon",
        text: r#"# Tries until it is so: a shell cannot wait for a file or a lock in another way.
soon() {
  tries=$((patience * 10))
  while ! "$@"; do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}
"#,
    },
];

/// The functions that these steps use, and those that they use themselves.
pub(super) fn helpers(steps: &str) -> String {
    let mut out = String::new();
    for helper in HELPERS {
        let used = |text: &str| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .any(|word| word == helper.name)
        };
        let code: String = steps
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        if used(&code) {
            out.push_str(helper.text);
        }
    }
    out
}
