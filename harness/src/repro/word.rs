//! Templates as words of a shell: what is text is quoted, what is only known when the step is done is a variable.

use crate::scenario::model::Case;
use crate::scenario::template::{Piece, Place, Template, WorldVar};

/// One word of this text.
pub(super) fn quoted(text: &str) -> String {
    match shlex::try_quote(text) {
        Ok(word) => word.into_owned(),
        // A NUL byte, which no word can hold.
        Err(_) => quoted(&text.replace('\0', "")),
    }
}

/// A name that variables may have.
pub(super) fn variable(handle: &str) -> String {
    format!("p_{}", handle.replace('-', "_"))
}

/// One word that a template comes to.
pub(super) fn word(case: &Case, template: &Template) -> String {
    let pieces = template.pieces(&case.names);
    if pieces.is_empty() {
        return "''".to_owned();
    }
    pieces.iter().map(piece).collect()
}

/// One word that is a path: a relative one is below the working directory.
pub(super) fn path(case: &Case, template: &Template) -> String {
    let pieces = template.pieces(&case.names);
    let absolute = match pieces.first() {
        Some(Piece::Text(text)) => text.starts_with('/'),
        Some(Piece::Place(place)) => matches!(place, Place::World(_)),
        None => false,
    };
    let word = word(case, template);
    if absolute {
        word
    } else {
        format!("\"$cwd\"/{word}")
    }
}

fn piece(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Text(text) => quoted(text),
        Piece::Place(Place::World(var)) => format!("\"${}\"", world_variable(*var)),
        Piece::Place(Place::Pid(who)) => format!("\"${}\"", variable(who)),
        Piece::Place(Place::Stderr(who)) => format!("\"$(cat \"$sh\"/{who}.err)\""),
        Piece::Place(Place::Byte(b'\n')) => "\"$nl\"".to_owned(),
        Piece::Place(Place::Byte(byte)) => format!("\"$(printf '\\{byte:03o}')\""),
        Piece::Place(Place::Name(name)) => quoted(&format!("${{{name}}}")),
    }
}

fn world_variable(var: WorldVar) -> &'static str {
    match var {
        WorldVar::Home => "home",
        WorldVar::Xdg => "xdg",
        WorldVar::Tmp => "tmp",
        WorldVar::SystemTmp => "system_tmp",
        WorldVar::Cwd => "cwd",
        WorldVar::Uid => "uid",
        WorldVar::OtherUid => "other_uid",
    }
}

/// Commands that write what a template comes to, whatever bytes it holds.
pub(super) fn printed(case: &Case, template: &Template) -> String {
    let of = |piece_of: &Piece<'_>| match piece_of {
        Piece::Text(text) if text.contains('\0') => {
            let octal = |byte: u8| match byte {
                b'\\' | b'%' | b'\'' | 0..32 | 127.. => format!("\\{byte:03o}"),
                plain => char::from(plain).to_string(),
            };
            let format: String = text.bytes().map(octal).collect();
            format!("printf '{format}'")
        }
        Piece::Place(Place::Byte(byte)) => format!("printf '\\{byte:03o}'"),
        other @ (Piece::Text(_) | Piece::Place(_)) => format!("printf %s {}", piece(other)),
    };
    let pieces = template.pieces(&case.names);
    let simple = pieces.iter().all(|p| match p {
        Piece::Text(text) => !text.contains('\0'),
        Piece::Place(place) => !matches!(place, Place::Byte(_)),
    });
    if simple {
        return format!("printf %s {}", word(case, template));
    }
    let all: Vec<String> = pieces.iter().map(of).collect();
    format!("{{ {}; }}", all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_no_end() {
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("$(x) `y`"), "'$(x) `y`'");
        assert_eq!(quoted(""), "''");
        assert_eq!(variable("new-1"), "p_new_1");
    }
}
