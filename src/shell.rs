//! Paths in messages: what a person reads ([`printable`]) and what a person pastes ([`removal`]).
//!
//! A path is bytes. It may hold an escape sequence that rewrites the terminal, a newline, or bytes
//! that are no UTF-8; none of these may reach the terminal as they are (DIR-15), and yet the
//! command in a refusal must name exactly that path (DIR-14).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Characters that steer a terminal or reorder a line instead of showing themselves.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The path as text for a terminal.
///
/// A harmless path comes back as it is. In any other, each control character and each byte that is
/// no UTF-8 becomes an escape such as `\x1b` or `\u{202e}`, and a backslash is doubled, so that no
/// two paths look alike. Serves DIR-15.
pub fn printable(path: &Path) -> Cow<'_, str> {
    let bytes = path.as_os_str().as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_hostile) => Cow::Borrowed(text),
        Ok(_) | Err(_) => Cow::Owned(escaped(bytes, |_| false)),
    }
}

/// Text from elsewhere (a parser, a database) made fit for a terminal; newlines and tabs stay.
pub fn printable_text(text: &str) -> Cow<'_, str> {
    let layout = |c| matches!(c, '\n' | '\t');
    if text.contains(|c| is_hostile(c) && !layout(c)) {
        Cow::Owned(escaped(text.as_bytes(), layout))
    } else {
        Cow::Borrowed(text)
    }
}

fn escaped(bytes: &[u8], keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' {
                out.push_str("\\\\");
            } else if !is_hostile(c) || keep(c) {
                out.push(c);
            } else if c.is_ascii() {
                push_fmt(&mut out, format_args!("\\x{:02x}", u32::from(c)));
            } else {
                push_fmt(&mut out, format_args!("\\u{{{:x}}}", u32::from(c)));
            }
        }
        for byte in chunk.invalid() {
            push_fmt(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out
}

fn push_fmt(out: &mut String, args: std::fmt::Arguments<'_>) {
    // Writing to a `String` has no way to fail.
    let _infallible = out.write_fmt(args);
}

/// What is to be removed, which decides between `rm -f` and `rm -rf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Anything `unlink` removes: a file, a link, a fifo, a socket.
    Entry,
    /// A directory with all it holds.
    Directory,
}

/// The command that removes `path`, ready to be pasted into any POSIX shell.
///
/// It begins with `rm -f` or `rm -rf` and the path, which stands bare where it needs no quoting
/// (DIR-9). It holds printable ASCII and harmless UTF-8 only: other bytes are made by `printf`
/// inside the command (DIR-14, DIR-15). One path cannot be written that way, the one that ends in a
/// newline, because `$(...)` drops it; that one is handed to a `sh -c` as an argument with a dot
/// behind it.
///
/// ```
/// use pidkeep::shell::{Target, removal};
/// use std::path::Path;
///
/// assert_eq!(removal(Path::new("/tmp/app-7"), Target::Directory), "rm -rf /tmp/app-7");
/// assert_eq!(removal(Path::new("/tmp/a b"), Target::Entry), "rm -f '/tmp/a b'");
/// ```
pub fn removal(path: &Path, target: Target) -> String {
    let verb = match target {
        Target::Entry => "rm -f",
        Target::Directory => "rm -rf",
    };
    // A relative path that begins with a dash would be read as an option.
    let path: Cow<'_, Path> = if path.as_os_str().as_bytes().starts_with(b"-") {
        Cow::Owned(Path::new(".").join(path))
    } else {
        Cow::Borrowed(path)
    };
    let bytes = path.as_os_str().as_bytes();
    if let Some(word) = plain_word(bytes) {
        format!("{verb} {word}")
    } else if bytes.ends_with(b"\n") {
        let dotted = printf_format(bytes);
        format!("sh -c '{verb} \"${{1%.}}\"' sh \"$(printf '{dotted}.')\"")
    } else {
        format!("{verb} \"$(printf '{}')\"", printf_format(bytes))
    }
}

/// The bytes as one quoted shell word, where quoting alone keeps them harmless on a terminal.
fn plain_word(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains(is_hostile) {
        return None;
    }
    // Fails on a NUL byte only, which is a control character and was turned away above.
    shlex::try_quote(text).ok()
}

/// The bytes as a `printf` format: what has a meaning to `printf`, to the shell or to its history
/// expansion is written in octal.
fn printf_format(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-+=,@:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_fmt(&mut out, format_args!("\\{byte:03o}"));
        }
    }
    out
}
