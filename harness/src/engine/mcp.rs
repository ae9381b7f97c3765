//! Speaking MCP with a subject in raw JSON lines: a strict client would hide faults.

use serde_json::{Value, json};

use super::{Done, Engine, Stop};
use crate::judge::{Gap, quote};
use crate::scenario::model::{Action, Call, Step};
use crate::sys::pidfd::End;

/// A conversation with one server.
#[derive(Debug, Default)]
pub(super) struct Session {
    last_id: u64,
}

/// What came instead of an answer.
enum NoAnswer {
    Ended,
    Deadline,
    Wrong(String),
}

impl Engine<'_> {
    pub(super) fn handshake(&mut self, step: &Step, who: &str, refused: bool) -> Done {
        if let Some(ready) = self.ready.get(self.called(who)).cloned() {
            return self.readiness(step, who, &ready, refused);
        }
        let initialize = json!({
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "clientInfo": {"name": "pidproof", "version": env!("CARGO_PKG_VERSION")},
        });
        let first = self.request(who, "initialize", initialize);
        if refused {
            return self.judge_refusal(step, who, first?);
        }
        self.need_answer(step, who, "initialize", first?)?;
        self.say(
            who,
            &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        )?;
        let second = self.request(who, "tools/list", json!({}))?;
        self.need_answer(step, who, "tools/list", second)?;
        self.note(format!("{who}: handshake answered"));
        Ok(())
    }

    /// A start under conditions in which it may fail: served, or ended by itself with a status that says so
    /// and a word on why. A hang, a crash and a silent end are neither.
    pub(super) fn handshake_or_failure(&mut self, step: &Step, who: &str) -> Done {
        let before = self.mismatches.len();
        let answered = self.handshake(step, who, false);
        if answered.is_ok() {
            self.served.insert(who.to_owned(), true);
            return Ok(());
        }
        if !matches!(answered, Err(Stop::Subject)) {
            return answered;
        }
        let child = self.child(who)?;
        let spoke = !child.stderr().trim_ascii().is_empty();
        match child.end {
            Some(End::Code(code)) if code != 0 && spoke => {
                self.mismatches.truncate(before);
                self.note(format!("{who}: failed in order, exit status {code}"));
                self.served.insert(who.to_owned(), false);
                Ok(())
            }
            Some(_) | None => {
                for mismatch in self.mismatches.iter_mut().skip(before) {
                    mismatch.expected += ", or fails with another exit status than 0 and says why";
                }
                answered
            }
        }
    }

    pub(super) fn call(&mut self, step: &Step, call: &Call) -> Done {
        let params = json!({"name": call.tool, "arguments": call.arguments});
        let answer = self.request(&call.who, "tools/call", params)?;
        let answer = self.need_answer(step, &call.who, &call.tool, answer)?;
        let failed = answer.pointer("/result/isError") == Some(&Value::Bool(true))
            || answer.get("error").is_some();
        let text = answer
            .pointer("/result/content")
            .or_else(|| answer.pointer("/error/message"))
            .map(texts)
            .unwrap_or_default();
        let how = if failed { " with an error" } else { "" };
        self.note(format!("{}: {} answered{how}", call.who, call.tool));
        self.answered.insert(step.label.clone(), !failed);
        let either = call.or_fails && !self.job.control;
        if failed == call.ok && !either {
            let wanted = if call.ok { "succeeds" } else { "fails" };
            let gap = Gap::new(
                format!("{} {wanted}", call.tool),
                quote(answer.to_string().as_bytes()),
            );
            self.mismatch(step, gap, false);
        }
        for part in self.fill_all(&call.contains)? {
            if !text.contains(&*String::from_utf8_lossy(&part)) {
                let gap = Gap::new(
                    format!("{}'s answer contains \"{}\"", call.tool, quote(&part)),
                    quote(text.as_bytes()),
                );
                self.mismatch(step, gap, false);
            }
        }
        Ok(())
    }

    fn say(&mut self, who: &str, message: &Value) -> Done {
        let line = format!("{message}\n");
        self.child(who)?.send(line.as_bytes());
        Ok(())
    }

    /// Sends a request and waits for its answer, the end of the server's output, or the deadline.
    fn request(
        &mut self,
        who: &str,
        method: &str,
        params: Value,
    ) -> Result<Result<Value, NoAnswer>, Stop> {
        let handle = self.called(who).to_owned();
        let session = self.sessions.entry(handle).or_default();
        session.last_id += 1;
        let id = session.last_id;
        self.say(
            who,
            &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}),
        )?;
        let mut found = None;
        let in_time = self.wait_until(|engine| {
            let child = engine.child(who)?;
            found = answer(child.stdout(), id);
            Ok(found.is_some() || child.stdout_ended() || child.end.is_some())
        })?;
        Ok(match found {
            Some(Ok(value)) => Ok(value),
            Some(Err(line)) => Err(NoAnswer::Wrong(line)),
            None if in_time => Err(NoAnswer::Ended),
            None => Err(NoAnswer::Deadline),
        })
    }

    fn need_answer(
        &mut self,
        step: &Step,
        who: &str,
        what: &str,
        answer: Result<Value, NoAnswer>,
    ) -> Result<Value, Stop> {
        // An error is an answer to a call, and the check says whether it is the right one.
        let is_call = matches!(step.action, Action::Call(_));
        let why = match answer {
            Ok(value)
                if value.get("result").is_some() || (is_call && value.get("error").is_some()) =>
            {
                return Ok(value);
            }
            Ok(value) => NoAnswer::Wrong(value.to_string()),
            Err(why) => why,
        };
        let timed_out = matches!(why, NoAnswer::Deadline);
        if matches!(why, NoAnswer::Ended) {
            // Its exit status tells more than the end of a pipe.
            self.wait_for_end(who)?;
        }
        let child = self.child(who)?;
        let state = crate::judge::process::say(child.end);
        let found = match why {
            NoAnswer::Ended => format!("no answer; {state}; stderr: {}", quote(child.stderr())),
            NoAnswer::Deadline => format!(
                "no answer in time; {state}; stderr: {}",
                quote(child.stderr())
            ),
            NoAnswer::Wrong(line) => format!("on stdout: {}", quote(line.as_bytes())),
        };
        let expected = format!("{who} answers {what}");
        self.mismatch(step, Gap::new(expected, found), timed_out);
        Err(Stop::Subject)
    }

    fn judge_refusal(&mut self, step: &Step, who: &str, answer: Result<Value, NoAnswer>) -> Done {
        let found = match answer {
            Err(NoAnswer::Ended) => return Ok(()),
            Err(NoAnswer::Deadline) => ("no answer, and no end either".to_owned(), true),
            Ok(value) => (
                format!("it answered: {}", quote(value.to_string().as_bytes())),
                false,
            ),
            Err(NoAnswer::Wrong(line)) => (format!("on stdout: {}", quote(line.as_bytes())), false),
        };
        let expected = format!("{who} ends without answering the handshake");
        self.mismatch(step, Gap::new(expected, found.0), found.1);
        self.wait_a_little_for_end(who)
    }

    pub(super) fn wait_a_little_for_end(&mut self, who: &str) -> Done {
        // Most likely it serves on, and each later check on its end would wait out all patience to learn
        // that it has none. A tenth of it is long for a server that is about to end.
        let patience = self.job.patience / 10;
        let ended = self.wait_at_most(patience, |engine| Ok(engine.child(who)?.end.is_some()))?;
        self.child(who)?.overdue = !ended;
        Ok(())
    }
}

/// The answer to request `id`, or the first line that is no JSON at all: stdout belongs to the protocol.
fn answer(stdout: &[u8], id: u64) -> Option<Result<Value, String>> {
    let complete = stdout.iter().rposition(|b| *b == b'\n')?;
    for line in stdout[..complete].split(|b| *b == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Value>(line) {
            Ok(value) if value.get("id").and_then(Value::as_u64) == Some(id) => {
                return Some(Ok(value));
            }
            Ok(_) => {}
            Err(_) => return Some(Err(String::from_utf8_lossy(line).into_owned())),
        }
    }
    None
}

/// All text of an answer's content.
fn texts(content: &Value) -> String {
    match content {
        Value::String(s) => s.clone(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.get("text").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_by_its_id_and_noise_is_told() {
        let text = b"{\"id\":1}\n{\"method\":\"x\"}\n{\"id\":2,\"result\":{}}\n{\"id\":3";
        assert!(answer(text, 2).is_some_and(|a| a.is_ok()));
        assert!(answer(text, 3).is_none());
        assert!(answer(b"hello\n", 1).is_some_and(|a| a.is_err()));
    }
}
