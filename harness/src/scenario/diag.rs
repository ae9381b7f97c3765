//! What is wrong with a file, and where: every mistake at once, each with a caret.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diag {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// What is wrong, in a line.
    pub message: String,
    /// The few words beside the caret.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The mistakes found in one file so far.
#[derive(Debug, Default)]
pub struct Diags {
    list: Vec<Diag>,
}

impl Diags {
    /// Notes a mistake. The same one found again (in another point of a matrix) counts once.
    pub fn push(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.add(Diag {
            span,
            message: message.into(),
            label: label.into(),
            help: None,
        });
    }

    /// Notes a mistake with advice.
    pub fn push_help(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Diag {
            span,
            message: message.into(),
            label: label.into(),
            help: Some(help.into()),
        });
    }

    /// Notes a name that is none of `valid`, with the nearest of them.
    pub fn unknown(&mut self, span: Range<usize>, what: &str, found: &str, valid: &[&str]) {
        let mut help = format!("valid: {}", valid.join(", "));
        if let Some(near) = nearest(found, valid) {
            help = format!("did you mean `{near}`? {help}");
        }
        self.push_help(
            span,
            format!("unknown {what} `{found}`"),
            format!("no {what} has this name"),
            help,
        );
    }

    fn add(&mut self, diag: Diag) {
        if !self.list.contains(&diag) {
            self.list.push(diag);
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes in the order of the file.
    pub fn into_sorted(mut self) -> Vec<Diag> {
        self.list.sort_by_key(|d| (d.span.start, d.span.end));
        self.list
    }
}

/// The name in `valid` that a mistyped `found` most likely meant.
pub fn nearest<'a>(found: &str, valid: &[&'a str]) -> Option<&'a str> {
    valid
        .iter()
        .map(|v| (strsim::damerau_levenshtein(found, v), *v))
        .filter(|(distance, v)| *distance <= 1 + v.len() / 4)
        .min()
        .map(|(_, v)| v)
}

/// A file that could not be accepted, with all its mistakes.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.render())]
pub struct BadFile {
    /// The name to print.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its mistakes, in order.
    pub diags: Vec<Diag>,
}

impl BadFile {
    /// The mistakes as text, with the lines they are in.
    pub fn render(&self) -> String {
        let renderer = Renderer::plain();
        let rendered: Vec<String> = self
            .diags
            .iter()
            .map(|d| {
                let end = d.span.end.min(self.text.len());
                let start = d.span.start.min(end);
                let mut group = Level::ERROR.primary_title(d.message.as_str()).element(
                    Snippet::source(&self.text).path(&self.path).annotation(
                        AnnotationKind::Primary
                            .span(start..end)
                            .label(d.label.as_str()),
                    ),
                );
                if let Some(help) = &d.help {
                    group = group.element(Level::HELP.message(help.as_str()));
                }
                renderer.render(&[group])
            })
            .collect();
        rendered.join("\n\n")
    }
}

/// The line of a byte offset, counted from 1.
pub fn line_of(source: &str, offset: usize) -> usize {
    source
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("umaks", &["umask", "uid"]), Some("umask"));
        assert_eq!(nearest("frobnicate", &["umask", "uid"]), None);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!(line_of("a\nb\nc", 0), 1);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}
