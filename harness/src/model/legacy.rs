//! The legacy pidfile: who holds it, what becomes of it, and old servers.

use super::action::Form;
use super::script::Step;
use super::state::{LEGACY, Legacy, Old, Server, StateDir};
use super::walk::Walk;

impl Walk {
    /// Somebody holds the legacy pidfile, in whatever way keeps an old server out.
    pub(super) fn legacy_is_held(&mut self, rule: &'static str) {
        if let Legacy::Planted(content) = self.state.legacy() {
            let step = Step::new("expect-fs", LEGACY).rule("LEG-5");
            self.push(step.set("content", content));
        }
        let name = format!("try-{}", self.number());
        self.spawn(&name, "hold-lock", Form::Xdg, |step| {
            step.set("args", vec![LEGACY]).set("stdin", "null")
        });
        let step = Step::new("expect", &name).rule(rule).set("exit", 1);
        self.push(step.set("stderr.contains", vec!["flock"]));
    }

    /// What becomes of the legacy pidfile when a server has ended.
    pub(super) fn legacy_after(&mut self, server: &Server, orderly: bool, since: &str) {
        if !server.holds_legacy {
            return;
        }
        if self.state.legacy_holders() > 0 {
            self.unchanged(LEGACY, "LEG-10", since);
            self.legacy_is_held("LEG-4");
            return;
        }
        let judged = !self.state.someone_may_hold_legacy();
        match (self.state.legacy(), orderly) {
            (Legacy::Made, true) if judged => {
                self.absent(LEGACY, "LEG-10");
                self.state.set_legacy(Legacy::Absent);
            }
            (Legacy::Planted(content), _) => {
                let step = Step::new("expect-fs", LEGACY).rule("LEG-5");
                self.push(step.set("content", content));
                if judged {
                    self.unlocked(LEGACY, "LEG-6");
                }
            }
            (Legacy::Made | Legacy::Unknown, true) => {
                self.clear(LEGACY);
                self.state.set_legacy(Legacy::Absent);
            }
            (Legacy::Made | Legacy::Unknown, false) => {
                self.state.set_legacy(Legacy::Unknown);
                if judged {
                    self.unlocked(LEGACY, "LEG-6");
                }
            }
            (Legacy::Absent | Legacy::Odd(_), _) => {}
        }
    }

    pub(super) fn start_old(&mut self) -> Option<()> {
        let unsure = self.state.home.is_some()
            && !self.state.legacy_is_locked()
            && self.state.someone_may_hold_legacy();
        if self.state.old.is_some() || unsure || matches!(self.state.legacy(), Legacy::Odd(_)) {
            return None;
        }
        let owns = !self.state.legacy_is_locked();
        let name = self.name("old");
        self.spawn(&name, "old-server", Form::Xdg, |step| step);
        self.push(Step::new("handshake", &name).rule("LEG-4"));
        if owns {
            self.locked_by(LEGACY, &name, "LEG-1", false);
        } else {
            let said = format!("another instance is already running (pid file: {LEGACY})");
            let step = Step::new("await", &name).rule("LEG-4");
            self.push(step.set("stderr", said));
        }
        let home = self.state.home.get_or_insert(StateDir {
            legacy: Legacy::Unknown,
            database: None,
            config: false,
            memories: false,
        });
        // It has truncated the file, whether it got the lock or not.
        home.legacy = Legacy::Unknown;
        self.state.old = Some(Old { name, owns });
        Some(())
    }

    pub(super) fn end_old(&mut self, kill: bool) -> Option<()> {
        let Old { name, owns } = self.state.old.take()?;
        if kill {
            self.push(Step::new("signal", &name).set("send", "KILL"));
            self.push(Step::new("wait", &name));
        } else {
            self.push(Step::new("close-stdin", &name));
            self.push(Step::new("wait", &name));
            if owns {
                self.state.set_legacy(Legacy::Absent);
            }
        }
        Some(())
    }
}
