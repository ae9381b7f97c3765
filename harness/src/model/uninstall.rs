//! `mm uninstall`: when it must refuse, when it must clean, and when it may do either.

use toml::Value;

use super::action::{Flags, Form, Odd};
use super::script::Step;
use super::state::{Dir, Entry, LEGACY, Legacy, STATE, StateDir, dir_path, pidfile_path};
use super::walk::Walk;

const REFUSED: &str = "${param.uninstall_refused_exit}";

impl Walk {
    /// The rule by which a live server is seen, if one is to be seen.
    fn live(&self, own: Form) -> Option<&'static str> {
        let locked =
            |place| self.state.pidfile(place) == Entry::File && self.state.is_locked(place);
        let open = self.state.home.and_then(|home| home.database);
        let open = open.is_some() && self.state.servers.iter().any(|s| s.database == open);
        if locked(own) {
            Some("UNI-1")
        } else if self.state.legacy_is_locked() {
            Some("UNI-2")
        } else if Form::ALL.into_iter().any(locked) {
            Some("UNI-15")
        } else {
            open.then_some("UNI-14")
        }
    }

    /// What it cannot judge and has to take for alive.
    fn cannot_judge(&self) -> bool {
        let odd = |place| {
            let safe = matches!(self.state.dir(place), Dir::Real(real) if real.is_safe());
            let trusted = place == Form::Temp || !self.state.xdg_loose;
            let odd = matches!(
                self.state.pidfile(place),
                Entry::Odd(Odd::Fifo | Odd::Other)
            );
            safe && trusted && odd
        };
        let legacy = matches!(self.state.legacy(), Legacy::Odd(Odd::Fifo | Odd::Other));
        legacy || Form::ALL.into_iter().any(odd)
    }

    /// Something stands there of which the contract says only that it stays, or somebody lives whom no lock
    /// shows.
    fn is_odd(&self) -> bool {
        let odd = |place| match self.state.dir(place) {
            Dir::Absent => false,
            Dir::Odd(_) => true,
            Dir::Real(real) => !real.is_safe() || matches!(real.pidfile, Entry::Odd(_)),
        };
        let legacy = matches!(self.state.legacy(), Legacy::Odd(_));
        legacy || Form::ALL.into_iter().any(odd) || !self.state.servers.is_empty()
    }

    pub(super) fn uninstall(&mut self, env: Form, flags: Flags) -> Option<()> {
        let own = self.state.place_of(env);
        let name = self.name("mm");
        let mut args = vec!["uninstall", "-y"];
        let words = [
            (flags.keep_config, "--keep-config"),
            (flags.keep_data, "--keep-data"),
            (flags.force, "--force"),
        ];
        args.extend(words.iter().filter(|(is, _)| *is).map(|(_, word)| *word));
        if flags.force {
            self.may_force(own)?;
        }
        self.spawn(&name, "cli", env, |step| step.set("args", args.clone()));
        let live = self.live(own);
        if flags.force {
            self.cleans(own, &name, flags, "UNI-9");
        } else if let Some(rule) = live {
            self.refuses(own, &name, rule);
        } else if self.cannot_judge() {
            self.refuses(own, &name, "UNI-16");
        } else if self.is_odd() {
            self.either(&name);
        } else {
            self.cleans(own, &name, flags, "UNI-5");
        }
        Some(())
    }

    /// Only where it is told what goes: nothing odd, nobody at the other place, and nobody who would be left
    /// waiting for a file without a name.
    fn may_force(&self, own: Form) -> Option<()> {
        let fine = |place| match self.state.dir(place) {
            Dir::Absent => true,
            Dir::Odd(_) => false,
            Dir::Real(real) => real.is_safe() && !matches!(real.pidfile, Entry::Odd(_)),
        };
        let alone = |place| place == own || !self.state.is_locked(place);
        let legacy = matches!(self.state.legacy(), Legacy::Odd(_));
        let simple = !legacy
            && !self.state.xdg_loose
            && self.state.hold.is_none()
            && self.state.old.is_none()
            && self.state.may_lose_name(own)
            && Form::ALL.into_iter().all(|p| fine(p) && alone(p));
        simple.then_some(())
    }

    fn refuses(&mut self, own: Form, name: &str, rule: &'static str) {
        self.push(Step::new("expect", name).rule(rule).set("exit", REFUSED));
        let since = format!("spawn:{name}");
        let primaries: Vec<String> = Form::ALL
            .into_iter()
            .filter_map(|place| self.state.primary(place))
            .map(|server| server.name.clone())
            .collect();
        if rule == "UNI-1"
            && self.state.hold.is_none()
            && let [primary] = primaries.as_slice()
        {
            let pid = format!("${{{primary}.pid}}");
            let step = Step::new("expect", name).rule("UNI-1");
            self.push(step.set("output.contains", vec![pid]));
        }
        self.all_unchanged("UNI-4", &since, &[]);
        if let Some(primary) = self.state.primary(own) {
            let primary = primary.name.clone();
            self.locked_by(pidfile_path(own), &primary, "UNI-4", false);
        }
        if self.state.legacy_holders() > 0 {
            self.legacy_is_held("UNI-4");
        }
    }

    /// It refuses or cleans; neither touches what is odd.
    fn either(&mut self, name: &str) {
        let since = format!("spawn:{name}");
        let statuses = Value::Array(vec![Value::from(0), Value::from(REFUSED)]);
        let step = Step::new("expect", name).rule("UNI-16");
        self.push(step.set("exit", statuses));
        self.unchanged("${cwd}", "UNI-13", &since);
        for place in Form::ALL {
            match self.state.dir(place) {
                Dir::Odd(_) => self.unchanged(dir_path(place), "UNI-13", &since),
                Dir::Real(real) if !real.is_safe() => {
                    self.unchanged(dir_path(place), "UNI-13", &since);
                }
                Dir::Absent | Dir::Real(_) => self.clear_stale(place),
            }
        }
        self.clear(STATE);
        self.state.lose_legacy();
        self.state.home = None;
    }

    /// A stale pidfile, and then the runtime dir, may be gone.
    fn clear_stale(&mut self, place: Form) {
        let Dir::Real(real) = self.state.dir(place) else {
            return;
        };
        if real.litter && !(place == Form::Xdg && self.state.xdg_loose) {
            self.clear(pidfile_path(place));
            self.state.set_pidfile(place, Entry::Absent);
        } else {
            self.clear_dir(place);
        }
    }

    /// It removes what there is, and says so with its status.
    fn cleans(&mut self, own: Form, name: &str, flags: Flags, rule: &'static str) {
        let since = format!("spawn:{name}");
        let dirs = Form::ALL.map(|place| self.state.dir(place));
        let nothing = self.state.home.is_none() && dirs == [Dir::Absent; 2];
        let rule = if nothing { "UNI-11" } else { rule };
        self.push(Step::new("expect", name).rule(rule).set("exit", 0));
        if nothing {
            self.all_unchanged("UNI-11", &since, &[]);
            return;
        }
        self.state.lose_name(own);
        self.state.lose_legacy();
        self.cleans_dir(own, &since, rule);
        for place in Form::ALL.into_iter().filter(|p| *p != own) {
            self.clear_stale(place);
        }
        if let Some(home) = self.state.home {
            self.absent(LEGACY, rule);
            self.cleans_home(home, flags, &since, rule);
        }
    }

    fn cleans_dir(&mut self, own: Form, since: &str, rule: &'static str) {
        let Dir::Real(real) = self.state.dir(own) else {
            return;
        };
        let path = dir_path(own);
        self.absent(pidfile_path(own), rule);
        self.state.set_pidfile(own, Entry::Absent);
        if real.litter {
            self.unchanged(&format!("{path}/other"), "UNI-7", since);
        } else if real.pidfile == Entry::Absent {
            // It was empty before: nobody says whether it goes.
            self.clear_dir(own);
        } else {
            self.absent(path, "UNI-6");
            self.state.set_dir(own, Dir::Absent);
        }
    }

    fn cleans_home(&mut self, home: StateDir, flags: Flags, since: &str, rule: &'static str) {
        let data = home.database.is_some();
        let parts = [
            ("${state_dir}/config.json", home.config, flags.keep_config),
            ("${state_dir}/memories", home.memories, flags.keep_data),
            ("${database}", data, flags.keep_data),
            ("${database}-wal", data, flags.keep_data),
        ];
        for (path, there, kept) in parts {
            if there && kept {
                self.unchanged(path, "UNI-10", since);
            } else if there {
                self.absent(path, rule);
            }
        }
        let left = StateDir {
            legacy: Legacy::Absent,
            database: home.database.filter(|_| flags.keep_data),
            config: home.config && flags.keep_config,
            memories: home.memories && flags.keep_data,
        };
        let kept = left.config || left.memories || left.database.is_some();
        if kept {
            self.state.home = Some(left);
        } else {
            self.clear(STATE);
            self.state.home = None;
        }
    }
}
