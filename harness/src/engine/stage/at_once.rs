//! All at once, and nobody is held: what comes about by itself, with the same eyes on it.

use std::time::{Duration, Instant};

use super::actor::Parked;
use super::judge::number;
use super::look::Look;
use super::quiet::Stillness;
use super::{Order, Stop};
use crate::calls::Call;
use crate::orders::{Ask, End, Line, Step, Unit, What};

/// How long nobody calls before it is asked whether all have come to rest.
const SOON: Duration = Duration::from_millis(1);

/// A process of which it is known only that it goes on.
#[derive(Debug, Default)]
struct Going {
    /// Its last call that changes something, with how things were before it, and how many it had told by then.
    last: Option<(Call, Look, u64)>,
    /// It had made that call when all was looked at last, and none since.
    is_calm: bool,
}

impl Order<'_, '_> {
    /// All go on from their first calls, until nobody has anything left to do.
    pub(super) fn go_at_once(&mut self) -> Result<End, Stop> {
        let deadline = Instant::now() + self.stage.engine.job.patience;
        let mut going: Vec<Going> = Vec::new();
        going.resize_with(self.actors.len(), Going::default);
        loop {
            for at in 0..self.actors.len() {
                while let Some(parked) = self.actors[at].parked.pop() {
                    self.pass(at, &parked, &mut going)?;
                }
            }
            self.ask_all_to_end()?;
            let at_rest = !self.listen(SOON)?
                && self.all_rest()
                && self.all_rest()
                // One that was held meanwhile sleeps too, but not for ever.
                && !self.listen(Duration::ZERO)?;
            if at_rest && !self.ask_all_to_end()? {
                break;
            }
            // One that never comes to rest is told with the end, as it has not come to the end of its part.
            if Instant::now() > deadline {
                break;
            }
        }
        self.see(&mut going)?;
        self.judge_the_end()?;
        Ok(End::Finished)
    }

    /// Asks those to end who have answered; false where there are none.
    fn ask_all_to_end(&mut self) -> Result<bool, Stop> {
        let mut asked = false;
        for at in 0..self.actors.len() {
            self.hear(at)?;
            asked |= self.ask_to_end(at)?;
        }
        Ok(asked)
    }

    /// Lets a call be made, and sees how things are before it.
    fn pass(&mut self, at: usize, parked: &Parked, going: &mut [Going]) -> Result<(), Stop> {
        let unit = Unit {
            actor: number(at),
            what: What::Thread(parked.thread),
        };
        let text = parked.call.text();
        self.steps.push(Step {
            unit,
            text: text.clone(),
        });
        self.lines.push(Line {
            actor: unit.actor,
            after: self.steps.len(),
            is_step: true,
            text,
            place: parked.place.clone(),
        });
        if parked.label.changes() {
            self.see(going)?;
            going[at] = Going {
                last: Some((parked.call.clone(), self.seen.clone(), self.actors[at].told)),
                is_calm: false,
            };
        }
        self.let_go(at, parked)
    }

    /// Looks at all, and at what the calls have come to that were made since.
    fn see(&mut self, going: &mut [Going]) -> Result<(), Stop> {
        self.files.forget();
        let before = self.seen.clone();
        self.look()?;
        for (at, going) in going.iter_mut().enumerate() {
            // What it gives up itself nobody takes.
            if going.is_calm && !self.actors[at].told_to_end && self.has_lost(at, &before) {
                let (name, now) = (self.actors[at].name().to_owned(), self.seen.say());
                let what = format!("the pidfile is taken from {name}, which lives: {now}");
                self.find("PID-4", what, Ask::Primary(number(at)));
            }
            let is_made = |(_, _, told): &mut (Call, Look, u64)| {
                self.actors[at].told > *told || !self.actors[at].is_alive()
            };
            if let Some((call, before, _)) = going.last.take_if(is_made) {
                self.judge_call(at, &call, &before);
            }
            going.is_calm = going.last.is_none();
        }
        Ok(())
    }

    /// Whether nobody does anything, and nobody who has something left to do will wake by its time. One that was seen to
    /// sleep may have been woken by another that was looked at later, so this is asked twice.
    fn all_rest(&mut self) -> bool {
        (0..self.actors.len()).all(|at| {
            if !self.actors[at].is_alive() {
                return true;
            }
            let Stillness::Waits { wakes } = self.stillness(at) else {
                return false;
            };
            self.actors[at].sleeps(wakes);
            !self.actors[at].may_wake()
        })
    }
}
