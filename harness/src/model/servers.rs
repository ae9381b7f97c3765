//! Servers: starting, storing, ending.

use toml::Value;

use super::action::{End, Form, Odd};
use super::script::Step;
use super::state::{
    Dir, Entry, LEGACY, Legacy, Part, Real, STATE, Server, StateDir, dir_path, pidfile_path,
};
use super::walk::{Loser, Walk};

/// How many servers live at once at most.
const MOST: usize = 4;

/// What a start comes to.
enum Coming {
    /// Kept out by whoever holds the legacy pidfile.
    LegacyHeld,
    /// The legacy pidfile is none.
    LegacyOdd,
    /// The runtime dir is unsafe.
    Unsafe(Dir),
    /// Refused or served, as it likes.
    Either(&'static str),
    /// Somebody else has the lock.
    Loses,
    Wins,
}

impl Walk {
    fn coming(&self, place: Form) -> Coming {
        match self.state.legacy() {
            Legacy::Odd(Odd::Link) => return Coming::Either("LEG-9"),
            Legacy::Odd(Odd::Fifo | Odd::Other) => return Coming::LegacyOdd,
            Legacy::Absent | Legacy::Planted(_) | Legacy::Made | Legacy::Unknown => {}
        }
        if self.state.legacy_is_exclusive() {
            return Coming::LegacyHeld;
        }
        match (self.state.dir(place), self.state.pidfile(place)) {
            (dir @ Dir::Odd(_), _) => Coming::Unsafe(dir),
            (dir @ Dir::Real(real), _) if !real.is_safe() => Coming::Unsafe(dir),
            (_, Entry::Odd(Odd::Link)) => Coming::Either("PID-8"),
            (_, Entry::Odd(Odd::Fifo | Odd::Other)) => Coming::Either("PID-11"),
            _ if self.state.is_locked(place) => Coming::Loses,
            _ => Coming::Wins,
        }
    }

    pub(super) fn start(&mut self, env: Form, umask: &str) -> Option<()> {
        let place = self.state.place_of(env);
        // Who has the legacy pidfile shared is a new server, and an old one may take it for an obstacle.
        let crowded = self.state.servers.len() >= MOST;
        let waiting = self.state.is_held(Some(place)) && self.state.secondaries(place).count() > 0;
        let legacy_shared = self.state.is_held(None) && !self.state.legacy_is_exclusive();
        if crowded || waiting || legacy_shared {
            return None;
        }
        let name = self.name("server");
        let coming = self.coming(place);
        let glance = matches!(coming, Coming::Either(_));
        self.spawn(&name, "server", env, |step| {
            let step = step.set("umask", umask);
            if glance {
                step.set("stdin", "null")
            } else {
                step
            }
        });
        match coming {
            Coming::Either(rule) => self.glance(&name, place, rule),
            Coming::LegacyHeld => {
                self.refused(&name, "LEG-2", ("LEG-1", Value::from(1)));
                let said = format!("another memtomem-server holds a lock at {LEGACY}");
                self.said(&name, "LEG-1", &said);
                self.all_unchanged("LEG-2", &format!("spawn:{name}"), &[]);
            }
            Coming::LegacyOdd => {
                self.refused(&name, "LEG-9", ("LEG-9", Value::from("nonzero")));
                self.said(&name, "LEG-9", LEGACY);
                self.all_unchanged("LEG-9", &format!("spawn:{name}"), &[]);
            }
            Coming::Unsafe(dir) => self.refused_by_dir(&name, place, dir),
            Coming::Loses => self.loses(name.clone(), place),
            Coming::Wins => self.wins(name.clone(), place),
        }
        if self.state.xdg_loose && env == Form::Xdg {
            self.unchanged("${xdg}", "RUN-3", &format!("spawn:{name}"));
        }
        self.no_home();
        Some(())
    }

    /// A start that ends without an answer.
    fn refused(&mut self, name: &str, rule: &'static str, exit: (&'static str, Value)) {
        let step = Step::new("handshake", name).rule(rule);
        self.push(step.set("refused", true));
        let (rule, status) = exit;
        self.push(Step::new("expect", name).rule(rule).set("exit", status));
    }

    fn said(&mut self, name: &str, rule: &'static str, what: &str) {
        let step = Step::new("expect", name).rule(rule);
        self.push(step.set("stderr.contains", vec![what]));
    }

    /// It may be refused or serve; it ends with its input and has done no harm.
    fn glance(&mut self, name: &str, place: Form, rule: &'static str) {
        let since = format!("spawn:{name}");
        self.push(Step::new("wait", name).rule(rule));
        self.unchanged("${cwd}", rule, &since);
        if self.state.is_locked(place) {
            self.unchanged(pidfile_path(place), "PID-4", &since);
        } else if !matches!(self.state.dir(place), Dir::Odd(_)) {
            self.clear(pidfile_path(place));
            self.state.set_pidfile(place, Entry::Absent);
            if self.state.dir(place) == Dir::Absent {
                self.clear_dir(place);
            }
        }
        let unheld = !self.state.legacy_is_locked();
        let unsure = matches!(
            self.state.legacy(),
            Legacy::Absent | Legacy::Made | Legacy::Unknown
        );
        if self.state.home.is_some() && unheld && unsure {
            self.clear(LEGACY);
            self.state.set_legacy(Legacy::Absent);
        }
    }

    fn refused_by_dir(&mut self, name: &str, place: Form, dir: Dir) {
        let since = format!("spawn:{name}");
        let status = Value::from("${param.refused_exit}");
        self.refused(name, "DIR-10", ("DIR-10", status));
        let path = dir_path(place);
        let (rule, what, flag) = match dir {
            Dir::Odd(Odd::Link) => ("DIR-4", "is a symlink; refusing to follow".into(), "-f"),
            Dir::Odd(Odd::Fifo | Odd::Other) => ("DIR-7", "is not a directory".into(), "-f"),
            Dir::Real(Real { mode, .. }) => {
                let mode = mode.trim_start_matches('0');
                ("DIR-6", format!("unsafe permissions 0o{mode}"), "-rf")
            }
            Dir::Absent => return,
        };
        self.said(name, rule, &what);
        let step = Step::new("expect", name).rule("DIR-9");
        self.push(step.set("stderr.ends-with", format!("rm {flag} {path}")));
        // What a refused start took from the legacy pidfile it has given back.
        let unsure = self.state.legacy() == Legacy::Unknown && !self.state.legacy_is_locked();
        if self.state.home.is_none() {
            self.all_unchanged("DIR-8", &since, &[]);
        } else {
            self.all_unchanged("DIR-8", &since, &[LEGACY]);
        }
        if unsure {
            self.clear(LEGACY);
            self.state.set_legacy(Legacy::Absent);
        } else if self.state.home.is_some() && self.state.legacy() == Legacy::Absent {
            self.absent(LEGACY, "LEG-10");
        }
    }

    fn loses(&mut self, name: String, place: Form) {
        let since = format!("spawn:{name}");
        match self.loser {
            Loser::Exits => {
                self.refused(&name, "PID-5", ("PID-5", Value::from("nonzero")));
            }
            Loser::Secondary => {
                self.push(Step::new("handshake", &name).rule("PID-5"));
                let step = Step::new("await", &name).rule("PID-5");
                self.push(step.set("stderr", pidfile_path(place)));
            }
        }
        self.unchanged(pidfile_path(place), "PID-4", &since);
        self.still_primary(place, "PID-4");
        if self.loser == Loser::Secondary {
            self.join(name, place, Part::Secondary);
        }
    }

    fn wins(&mut self, name: String, place: Form) {
        let since = format!("spawn:{name}");
        let (dir, pidfile) = (dir_path(place), pidfile_path(place));
        let stale = self.state.pidfile(place) == Entry::File;
        let rule = match (stale, place) {
            (true, _) => "PID-3",
            (false, Form::Xdg) => "RUN-1",
            (false, Form::Temp) => "RUN-2",
        };
        self.push(Step::new("handshake", &name).rule(rule));
        if let Dir::Real(_) = self.state.dir(place) {
            let step = Step::new("expect-fs", dir).rule("DIR-3");
            let step = step.set("unchanged-since", since.as_str());
            self.push(step.set("except", vec![pidfile]));
        } else {
            let step = Step::new("expect-fs", dir).rule("DIR-2");
            self.push(step.set("type", "directory").set("mode", "0700"));
            self.state.set_dir(place, Dir::Real(Real::empty()));
        }
        self.owns(&name, place, "PID-1", false);
        self.state.set_pidfile(place, Entry::File);
        self.join(name, place, Part::Primary);
    }

    /// This server holds the pidfile, which says so.
    fn owns(&mut self, name: &str, place: Form, rule: &'static str, eventually: bool) {
        let pidfile = pidfile_path(place);
        let step = Step::new("expect-fs", pidfile)
            .rule("PID-2")
            .set("line", format!("${{{name}.pid}}"));
        self.push(if eventually {
            step.set("eventually", true)
        } else {
            step
        });
        self.locked_by(pidfile, name, rule, eventually);
        let step = Step::new("expect-fs", pidfile).rule("PID-9");
        self.push(step.set("mode-lacks", "0022").set("mode-has", "0600"));
    }

    fn still_primary(&mut self, place: Form, rule: &'static str) {
        if let Some(primary) = self.state.primary(place) {
            let name = primary.name.clone();
            self.locked_by(pidfile_path(place), &name, rule, false);
        }
    }

    /// A server lives, and holds the legacy pidfile where there is a state dir.
    fn join(&mut self, name: String, place: Form, part: Part) {
        let holds_legacy = self.state.home.is_some();
        self.state.servers.push(Server {
            name,
            place,
            part,
            holds_legacy,
            database: None,
        });
        if holds_legacy {
            if self.state.legacy() == Legacy::Absent {
                self.state.set_legacy(Legacy::Made);
            }
            self.legacy_is_held("LEG-4");
        }
    }

    pub(super) fn store(&mut self, which: u8) -> Option<()> {
        let count = self.state.servers.len();
        let index = usize::from(which).checked_rem(count)?;
        let server = self.state.servers.get(index)?.clone();
        let legacy_shared = self.state.is_held(None) && !self.state.legacy_is_exclusive();
        let lost = match self.state.home {
            // Its database went with the state dir.
            None => server.database.is_some(),
            Some(home) => {
                matches!(home.legacy, Legacy::Odd(_))
                    || server
                        .database
                        .is_some_and(|mine| home.database != Some(mine) || !server.holds_legacy)
            }
        };
        if legacy_shared || lost {
            return None;
        }
        let id = self.name("store");
        let shut = !server.holds_legacy && self.state.legacy_is_exclusive();
        let mut arguments = toml::Table::new();
        arguments.insert("content".into(), "a memory".into());
        let rule = match (self.state.home, shut) {
            (None, _) => "HOME-3",
            (Some(_), _) => "LEG-7",
        };
        let step = Step::new("call", &server.name)
            .set("id", id.as_str())
            .rule(rule);
        let step = step.set("tool", "mem_add").set("arguments", arguments);
        if shut {
            self.push(step.set("ok", false));
            self.unchanged("${home}", "LEG-7", &id);
            return Some(());
        }
        self.push(step);
        if self.state.home.is_none() {
            let step = Step::new("expect-fs", STATE).rule("HOME-3");
            self.push(step.set("type", "directory"));
        }
        let number = self.number();
        let home = self.state.home.get_or_insert(StateDir {
            legacy: Legacy::Absent,
            database: None,
            config: false,
            memories: false,
        });
        if home.legacy == Legacy::Absent {
            home.legacy = Legacy::Made;
        }
        let database = *home.database.get_or_insert(number);
        if let Some(server) = self.state.servers.get_mut(index) {
            server.database = Some(database);
            server.holds_legacy = true;
        }
        let step = Step::new("expect-fs", "${database}").rule("HOME-3");
        self.push(step.set("type", "file"));
        self.legacy_is_held("LEG-7");
        Some(())
    }

    pub(super) fn end(&mut self, which: u8, how: End) -> Option<()> {
        let count = self.state.servers.len();
        let mut index = usize::from(which).checked_rem(count)?;
        let chosen = self.state.servers.get(index)?;
        // Of several secondaries nobody can say which would follow: then one of them ends.
        if chosen.part == Part::Primary && self.state.secondaries(chosen.place).count() > 1 {
            let place = chosen.place;
            let is = |s: &Server| s.place == place && s.part == Part::Secondary;
            index = self.state.servers.iter().rposition(is)?;
        }
        let server = self.state.servers.remove(index);
        let id = format!("end-{}", server.name);
        let follower = self.state.secondaries(server.place).next().is_some();
        let inode = format!("inode-{}", server.name);
        // With one that follows, the lock of the old inode goes through its hands.
        let alone = server.part == Part::Primary && !follower;
        if alone {
            let step = Step::new("open", &inode);
            self.push(step.set("path", pidfile_path(server.place)));
        }
        self.ends(&server.name, &id, how);
        let orderly = how != End::Kill;
        match server.part {
            Part::Primary if follower => self.promote(server.place),
            Part::Primary if orderly => {
                let rule = match how {
                    End::Input => "END-2",
                    End::Term => "END-1",
                    End::Int | End::Hup | End::Kill => "END-4",
                };
                self.absent(pidfile_path(server.place), rule);
                self.state.set_pidfile(server.place, Entry::Absent);
            }
            Part::Primary => {}
            Part::Secondary => {
                self.unchanged(pidfile_path(server.place), "END-3", &id);
                self.still_primary(server.place, "END-3");
            }
            Part::Adrift => self.unchanged(dir_path(server.place), "END-6", &id),
        }
        if alone {
            self.unlocked(&format!("inode:{inode}"), "PID-6");
        }
        self.legacy_after(&server, orderly, &id);
        self.no_home();
        Some(())
    }

    /// Ends a server and waits for it.
    fn ends(&mut self, name: &str, id: &str, how: End) {
        let (signal, rule, status) = match how {
            End::Input => (None, "END-2", Value::from(0)),
            End::Term => (Some("TERM"), "END-1", Value::from(0)),
            End::Int => (Some("INT"), "END-4", Value::from(vec![0, 130])),
            End::Hup => (Some("HUP"), "END-4", Value::from(vec![0, 129])),
            End::Kill => {
                let step = Step::new("signal", name).set("id", id);
                self.push(step.set("send", "KILL"));
                self.push(Step::new("wait", name));
                return;
            }
        };
        self.push(match signal {
            Some(signal) => Step::new("signal", name).set("id", id).set("send", signal),
            None => Step::new("close-stdin", name).set("id", id),
        });
        self.push(Step::new("expect", name).rule(rule).set("exit", status));
    }

    /// The lock on a pidfile has fallen free: the secondary, if there is one, becomes the primary.
    pub(super) fn promote(&mut self, place: Form) {
        let waits = |s: &&mut Server| s.place == place && s.part == Part::Secondary;
        let Some(server) = self.state.servers.iter_mut().find(waits) else {
            return;
        };
        server.part = Part::Primary;
        let name = server.name.clone();
        self.owns(&name, place, "PID-12", true);
    }
}
