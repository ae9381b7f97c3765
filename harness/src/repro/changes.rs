//! The steps that change the world's files.

use super::Script;
use super::word::{path, printed, quoted, word};
use crate::scenario::model::{Change, ChangeKind};
use crate::world::{OTHER_UID, SUBJECT_UID};

impl Script<'_> {
    pub(super) fn change(&mut self, change: &Change) {
        let at = path(self.case, &change.path);
        let mode = |default: u32| format!("{:04o}", change.mode.unwrap_or(default));
        let named = |template| word(self.case, template);
        let command = match &change.how {
            ChangeKind::Write { content, repeat } => {
                let bytes = printed(self.case, content);
                let bytes = match repeat {
                    1 => bytes,
                    n => {
                        format!("{{ n=0; while [ $n -lt {n} ]; do {bytes}; n=$((n + 1)); done; }}")
                    }
                };
                let after = match change.mode {
                    Some(mode) => format!(" && chmod {mode:04o} {at}"),
                    None => String::new(),
                };
                format!(
                    "{{ [ -e {at} ] || {{ command : >{at} && own {at} && chmod 0600 {at}; }}; }} && {bytes} >{at}{after}"
                )
            }
            ChangeKind::Mkdir => format!("mkdir {at} && own {at} && chmod {} {at}", mode(0o700)),
            ChangeKind::Symlink { to } => format!("ln -s -- {} {at} && own {at}", named(to)),
            ChangeKind::Hardlink { to } => format!("ln -- {} {at}", path(self.case, to)),
            ChangeKind::Mkfifo => format!("mkfifo -m {} {at} && own {at}", mode(0o600)),
            ChangeKind::Mksock => return self.leave_out("no shell makes a socket"),
            ChangeKind::Chmod => format!("chmod {} {at}", mode(0o600)),
            ChangeKind::Chown => ":".to_owned(),
            ChangeKind::Remove { if_there: true } => format!("rm -rf {at}"),
            ChangeKind::Remove { if_there: false } => format!("rm -r {at}"),
            ChangeKind::Rename { to, if_there } => {
                let to = path(self.case, to);
                let if_there = if *if_there {
                    format!("[ ! -e {at} ] || ")
                } else {
                    String::new()
                };
                format!("{if_there}mv -fT {at} {to}")
            }
            ChangeKind::Touch { time } => format!("touch -h -d @{time} {at}"),
        };
        let owner = match change.uid.filter(|uid| *uid != SUBJECT_UID) {
            None => String::new(),
            Some(uid) => {
                self.comment("Files of somebody else are root's to make.");
                let uid = match uid {
                    OTHER_UID => "\"$other_uid\"".to_owned(),
                    uid => uid.to_string(),
                };
                format!(" && chown -h {uid} {at}")
            }
        };
        let verb = command.split(' ').next().unwrap_or_default();
        let verb = if matches!(change.how, ChangeKind::Write { .. }) {
            "writing a file"
        } else {
            verb
        };
        self.say(format!("{command}{owner} || stuck {}", quoted(verb)));
    }
}
