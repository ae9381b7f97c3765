//! A scenario that stands for many: a few processes, in every order of their calls.

use serde::{Deserialize, Serialize};

use super::diag::Diags;
use super::fields::{Fields, list};
use super::model::{Action, Role, Spawn};
use super::shape::ACTOR;
use super::spawn::spawn;
use super::step::Context;
use super::template::Template;

/// Who takes part, and what must hold whatever the order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explore {
    /// The processes, all started at once.
    pub actors: Vec<Actor>,
    /// Where the primary's pidfile is.
    pub pidfile: Template,
    /// What an uninstall may not take from under a live server; and a directory of which nothing may be made,
    /// where it is not there at first.
    pub state: Template,
    /// A file that a server may hold a lock on beside its pidfile.
    pub hold: Option<Template>,
}

impl Explore {
    /// Each actor with its next of those that are alike in all but their handles. One that serves already is not alike
    /// another: the first of them is the primary.
    #[must_use]
    pub fn alike(&self) -> Vec<(u8, u8)> {
        let same = |a: &Actor, b: &Actor| {
            let named = Spawn {
                handle: b.spawn.handle.clone(),
                ..a.spawn.clone()
            };
            !a.serves && !b.serves && a.until == b.until && named == b.spawn
        };
        let mut pairs = Vec::new();
        for (at, actor) in (0u8..).zip(&self.actors) {
            let others = (at + 1..).zip(self.actors.iter().skip(usize::from(at) + 1));
            let mut alike = others.filter(|(_, other)| same(actor, other));
            pairs.extend(alike.next().map(|(other, _)| (at, other)));
        }
        pairs
    }
}

/// One of the processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Actor {
    /// How it is started.
    pub spawn: Spawn,
    /// Where its part ends.
    pub until: Until,
    /// Its start is no part of the orders: it serves already.
    pub serves: bool,
}

/// Where the part of an actor ends. Whatever it does after that counts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// It has answered, or has ended before.
    Answered,
    /// It has ended after SIGTERM, which comes when it has answered.
    Terminated,
    /// It has ended after the end of its input, which comes when it has answered.
    Hung,
    /// It has ended by itself.
    Ended,
}

/// The words for them.
pub(super) const UNTIL: [(&str, Until); 4] = [
    ("answered", Until::Answered),
    ("terminated", Until::Terminated),
    ("hung-up", Until::Hung),
    ("ended", Until::Ended),
];

/// `[explore]`.
pub(super) fn read<'a>(
    fields: &mut Fields<'a>,
    cx: &mut Context<'a>,
    diags: &mut Diags,
) -> Option<Explore> {
    let mut inner = fields.table("explore", diags)?;
    let mut actors = Vec::new();
    match inner.take("actor") {
        None => {}
        Some(node) => {
            let nodes = list(node, diags);
            if !(2..=3).contains(&nodes.len()) {
                diags.push(
                    node.span.clone(),
                    "an exploration has two or three actors",
                    "with one there is one order, and with four there is no end of them",
                );
            }
            for node in nodes {
                let Some(entries) = node.entries() else {
                    diags.push(
                        node.span.clone(),
                        "an actor is a table",
                        "`[[explore.actor]]`",
                    );
                    continue;
                };
                let mut fields = Fields::new(entries, node.span.clone(), &ACTOR);
                actors.extend(actor(&mut fields, cx, diags));
                fields.finish(diags);
            }
        }
    }
    let mut path =
        |inner: &mut Fields<'a>, key: &'static str| inner.template(key, &cx.scope, diags);
    let pidfile = path(&mut inner, "pidfile");
    let state = path(&mut inner, "state");
    let hold = path(&mut inner, "hold");
    inner.finish(diags);
    Some(Explore {
        actors,
        pidfile: pidfile?,
        state: state?,
        hold,
    })
}

fn actor<'a>(fields: &mut Fields<'a>, cx: &mut Context<'a>, diags: &mut Diags) -> Option<Actor> {
    let (name, _) = fields.need_text("spawn", diags)?;
    let until = fields.word("until", &UNTIL, diags);
    let serves = fields.flag("serves", diags).unwrap_or(false);
    let Action::Spawn(spawn) = spawn(name, fields, cx, diags)? else {
        return None;
    };
    let default = match spawn.role {
        Role::Server => Until::Answered,
        Role::Cli | Role::Fixture(_) | Role::Tool(_) => Until::Ended,
    };
    Some(Actor {
        spawn,
        until: until.unwrap_or(default),
        serves,
    })
}
