//! What is typed on a process's terminal, and what is waited for in its output.

use std::fs;
use std::time::{Duration, Instant};

use super::{Done, Engine, Stop};
use crate::judge::{Gap, quote};
use crate::scenario::model::Step;
use crate::scenario::template::Template;

impl Engine<'_> {
    pub(super) fn type_text(&mut self, who: &str, text: &Template) -> Done {
        let text = self.fill(text)?;
        self.wait_for_sleep(who)?;
        self.note(format!("{who}: typed \"{}\"", quote(&text)));
        let child = self.child(who)?;
        child.send(&text);
        // At once, so that it is there before whatever the next step does.
        Ok(child.look()?)
    }

    /// Waits until the process waits for somebody itself, as a person does who sees the question stand: between
    /// a question and the read of the answer, an interpreter may lose a Ctrl-C until the next key.
    ///
    /// Falling asleep is no event, so this looks each millisecond. One that never sleeps is typed to as well.
    fn wait_for_sleep(&mut self, who: &str) -> Done {
        let pid = self.child(who)?.pid;
        let deadline = Instant::now() + self.job.patience;
        while Instant::now() < deadline && self.child(who)?.end.is_none() && !is_asleep(pid) {
            self.wait_at_most(Duration::from_millis(1), |_| Ok(false))?;
        }
        Ok(())
    }

    /// Waits until the output holds each of these, of standard output, standard error and all of it.
    pub(super) fn wait_for_text(
        &mut self,
        step: &Step,
        who: &str,
        parts: [Option<&Template>; 3],
    ) -> Done {
        let [stdout, stderr, output] = parts.map(|part| part.map(|t| self.fill(t)).transpose());
        let (stdout, stderr, output) = (stdout?, stderr?, output?);
        let holds = |text: &[u8], part: &Option<Vec<u8>>| {
            part.as_ref()
                .is_none_or(|p| text.windows(p.len().max(1)).any(|w| w == p.as_slice()))
        };
        let mut there = false;
        self.wait_until(|engine| {
            let child = engine.child(who)?;
            there = holds(child.stdout(), &stdout)
                && holds(child.stderr(), &stderr)
                && holds(&child.output(), &output);
            Ok(there || child.end.is_some())
        })?;
        if there {
            return Ok(());
        }
        let child = self.child(who)?;
        let timed_out = child.end.is_none();
        let found = format!(
            "{}; stdout: {} stderr: {} terminal: {}",
            crate::judge::process::say(child.end),
            quote(child.stdout()),
            quote(child.stderr()),
            quote(child.terminal())
        );
        let wanted = stdout.or(stderr).or(output).unwrap_or_default();
        let expected = format!("{who} says \"{}\"", quote(&wanted));
        self.mismatch(step, Gap::new(expected, found), timed_out);
        Err(Stop::Subject)
    }
}

/// Whether every thread of a process sleeps. One that is gone does.
fn is_asleep(pid: i32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The second field is a name in parentheses, which may hold anything; the state comes next.
        let state = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().next());
        state.is_none_or(|state| state == "S")
    })
}
