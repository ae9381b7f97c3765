//! Small programs, every order of which can be tried: what is left out must be nothing.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::world::{Call, Truth, VIEW, World, call, wait};
use super::{
    Access, Choice, Effect, End, Graph, Limits, Past, Ran, Rest, Seen, Step, Task, Unit, digest,
    together, ways,
};

/// A step that changes something, as it is judged: who made it, what it was, and the view before and after it.
type Judged = (u8, String, u64, u64);

/// What was seen in all orders that were run.
#[derive(Debug, Default)]
struct Came {
    orders: usize,
    judged: BTreeSet<Judged>,
    ends: BTreeSet<Truth>,
    /// What the world was, by what stands for it.
    truths: BTreeMap<u64, Truth>,
    /// Each state, with who made the last step.
    states: BTreeMap<(u64, Option<u8>), (Past, Option<Unit>)>,
    graph: Graph,
}

impl Came {
    /// Runs an order as a worker does.
    fn run(&mut self, programs: &[&[Call]], task: &Task) -> Ran {
        let mut world = World::new(programs);
        let mut ran = Ran::broken(String::new());
        ran.places = vec![VIEW.to_owned()];
        let mut past = Past::default();
        loop {
            let choices = world.choices();
            ran.choices.extend_from_slice(&choices);
            let truth = self.truths.entry(past.state());
            let truth = truth.or_insert_with(|| world.truth());
            assert_eq!(
                *truth,
                world.truth(),
                "what stands for two states is the same"
            );
            let last = ran.steps.last().map(|step: &Step| step.unit);
            let state = (past.state(), last.map(|last| last.actor));
            self.states.insert(state, (past.clone(), last));
            let rest = |actor: u8| Rest {
                choices: choices
                    .iter()
                    .filter(|choice| choice.unit.actor == actor)
                    .map(digest)
                    .collect(),
                locks: Vec::new(),
            };
            let mut seen = Seen {
                actors: (0u8..).take(programs.len()).map(rest).collect(),
                view: world.view(),
                ..Seen::default()
            };
            if choices.is_empty() {
                ran.seen.push(seen);
                ran.end = End::Finished;
                self.orders += 1;
                self.ends.insert(world.truth());
                return ran;
            }
            let wanted = task.prefix.get(ran.steps.len());
            let chosen = match wanted {
                Some(step) => choices.iter().position(|c| c.unit == step.unit).unwrap(),
                None => ways(last, &choices, 0, Limits::default())[0].chosen,
            };
            seen.chosen = Some(chosen);
            for Choice { unit, text, label } in together(&choices, chosen).into_iter().cloned() {
                let before = world.view();
                world.step(unit.actor);
                let effect = Effect {
                    values: world.values(&label),
                    done: world.done(unit.actor),
                };
                if label.changes() {
                    let step = (unit.actor, text.clone(), before, world.view());
                    self.judged.insert(step);
                }
                past.push(unit, past.event(unit, &text, &label), &effect);
                seen.effects.push(effect);
                ran.steps.push(Step { unit, text });
            }
            if ran.steps.len() > task.known {
                ran.seen.push(seen);
            }
        }
    }
}

/// Each program with the next that is the same.
fn alike(programs: &[&[Call]]) -> Vec<(u8, u8)> {
    let same = |at: u8, next: u8| {
        std::ptr::eq(programs[usize::from(at)], programs[usize::from(next)]).then_some((at, next))
    };
    let many = u8::try_from(programs.len()).unwrap();
    let next = |at: u8| (at + 1..many).find_map(|next| same(at, next));
    (0..many).filter_map(next).collect()
}

fn explore(programs: &[&[Call]], limits: Limits) -> Came {
    let actors = u8::try_from(programs.len()).unwrap();
    let mut came = Came::default();
    let mut graph = Graph::new(limits, actors, &alike(programs));
    let first = came.run(programs, &Task::default());
    graph.hear(&first.choices);
    let mut left = graph.take(None, &first);
    while let Some(edge) = left.pop() {
        if let Some(later) = graph.think(edge) {
            left.extend(later);
            continue;
        }
        let ran = came.run(programs, &graph.task(edge));
        graph.hear(&ran.choices);
        left.extend(graph.take(Some(edge), &ran));
    }
    assert_eq!(*graph.odd(), BTreeMap::new());
    came.graph = graph;
    came
}

const FULL: Limits = Limits {
    preemptions: None,
    kills: 0,
    full: true,
    alike: false,
    run_all: true,
};
const REDUCED: Limits = Limits {
    full: false,
    run_all: false,
    ..FULL
};

const ALIKE: Limits = Limits {
    alike: true,
    ..REDUCED
};

const A: &[Call] = &[
    call("x", Access::Read),
    call("y", Access::Write),
    call("x", Access::Write),
];
const B: &[Call] = &[
    call("y", Access::Read),
    call("z", Access::Write),
    call("x", Access::Write),
];
const C: &[Call] = &[call("z", Access::Share), call("x", Access::Read)];
/// Whoever finds `x` taken leaves `y` alone.
const D: &[Call] = &[
    call("w", Access::Read),
    Call {
        name: "x",
        access: Access::Write,
        value: 7,
        skips_at: Some(2),
        makes: false,
        waits: false,
    },
    Call {
        value: 3,
        ..call("y", Access::Write)
    },
    call("z", Access::Read),
];

/// Two make a directory, and look at what the other has left.
const E: &[Call] = &[
    call("w", Access::Write),
    Call {
        makes: true,
        ..call("x", Access::Write)
    },
    call("y", Access::Read),
    Call {
        makes: true,
        ..call("y", Access::Write)
    },
    call("x", Access::Read),
];

/// One waits for what another writes, which waits for a third or for nobody.
const F: &[Call] = &[
    call("w", Access::Write),
    wait("x"),
    call("y", Access::Write),
    call("z", Access::Read),
];
const G: &[Call] = &[
    call("y", Access::Read),
    call("x", Access::Write),
    call("w", Access::Read),
];
const H: &[Call] = &[
    wait("y"),
    call("x", Access::Write),
    call("z", Access::Write),
];

const CASES: &[&[&[Call]]] = &[
    &[A, D],
    &[B, E],
    &[F, G],
    &[F, H],
    &[F, F],
    &[F, H, G],
    &[F, F, G],
    &[F, H, H],
    &[A, B],
    &[A, A],
    &[B, C],
    &[A, B, C],
    &[C, C, C],
    &[A, B, B],
    &[D, D],
    &[D, D, C],
    &[D, A, D],
    &[E, E],
    &[E, E, C],
    &[A, A, A],
    &[D, D, D],
];

/// What was seen is all that there is to be seen.
fn is_all(all: &Came, few: &Came) {
    assert_eq!(all.judged, few.judged);
    assert_eq!(all.ends, few.ends);
    assert!(few.orders <= all.orders);
    let mut states = all.states.values();
    assert!(states.all(|(past, last)| few.graph.knows(past, *last)));
}

/// The same, but for which of those that are alike is which.
fn is_all_but_for_names(programs: &[&[Call]], all: &Came, few: &Came) {
    let names = names(programs);
    let renamed = |judged: &BTreeSet<Judged>| -> BTreeSet<Judged> {
        let by = |(actor, text, before, after): &Judged| {
            let (actor, text) = (*actor, text.clone());
            let step =
                move |names: &Vec<u8>| (names[usize::from(actor)], text.clone(), *before, *after);
            names.iter().map(step).collect::<Vec<_>>()
        };
        judged.iter().flat_map(by).collect()
    };
    assert_eq!(renamed(&all.judged), renamed(&few.judged));
    let ends = |came: &Came| -> BTreeSet<Truth> {
        let by = |end: &Truth| {
            names
                .iter()
                .map(|names| end.renamed(names))
                .collect::<Vec<_>>()
        };
        came.ends.iter().flat_map(by).collect()
    };
    assert_eq!(ends(all), ends(few));
}

/// Each way in which programs that are the same can have each other's names.
fn names(programs: &[&[Call]]) -> Vec<Vec<u8>> {
    let many = u8::try_from(programs.len()).unwrap();
    let mut all: Vec<Vec<u8>> = vec![Vec::new()];
    for at in 0..many {
        let fits =
            |name: &u8| std::ptr::eq(programs[usize::from(at)], programs[usize::from(*name)]);
        all = all
            .iter()
            .flat_map(|known| {
                let free = (0..many).filter(fits).filter(|name| !known.contains(name));
                free.map(|name| [known.as_slice(), &[name]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

fn nothing_is_lost(programs: &[&[Call]]) -> (Came, Came) {
    let all = explore(programs, FULL);
    let few = explore(programs, REDUCED);
    is_all(&all, &few);
    // And no other state is known.
    assert_eq!(all.truths.len(), few.graph.states());
    let run = Limits {
        run_all: true,
        ..REDUCED
    };
    let run = explore(programs, run);
    is_all(&all, &run);
    assert_eq!(run.graph.states(), few.graph.states());
    is_all_but_for_names(programs, &all, &explore(programs, ALIKE));
    (all, few)
}

#[test]
fn every_state_step_and_end_is_known() {
    let (mut all, mut few) = (0, 0);
    for programs in CASES {
        let (every, some) = nothing_is_lost(programs);
        all += every.orders;
        few += some.orders;
    }
    assert!(few * 10 < all, "{few} of {all}");
}

#[test]
fn all_interleavings_are_as_many_as_there_are() {
    assert_eq!(explore(&[A, B], FULL).orders, 20);
    assert_eq!(explore(&[A, B, C], FULL).orders, 560);
}

/// What was otherwise once, with nothing to show for it, is told and not relied on.
#[test]
fn what_is_not_always_so_is_told() {
    let programs: &[&[Call]] = &[A, B];
    let mut came = Came::default();
    let mut graph = Graph::new(REDUCED, 2, &[]);
    let ran = came.run(programs, &Task::default());
    graph.hear(&ran.choices);
    let edges = graph.take(None, &ran);
    assert_eq!(*graph.odd(), BTreeMap::new());
    let edge = edges[0];
    let mut other = came.run(programs, &graph.task(edge));
    graph.hear(&other.choices);
    let before = graph.states();
    other.seen[0].actors[1].choices.clear();
    graph.take(Some(edge), &other);
    assert!(!graph.odd().is_empty());
    assert!(graph.states() > before);
}

fn any_call() -> impl Strategy<Value = Call> {
    let name = prop::sample::select(vec!["x", "y", "z"]);
    let access = prop::sample::select(vec![
        Access::Read,
        Access::Share,
        Access::Set,
        Access::Write,
    ]);
    let skips_at = prop::option::of(1..3u64);
    (name, access, 1..5u64, skips_at, 0..6).prop_map(|(name, access, value, skips_at, kind)| {
        match kind {
            0 | 1 => wait(name),
            2 => Call {
                makes: true,
                value,
                ..call(name, Access::Write)
            },
            // Who finds out nothing cannot go by it.
            _ if !access.tells() => Call {
                value: if access == Access::Share { 1 } else { value },
                ..call(name, access)
            },
            _ => Call {
                value,
                skips_at,
                ..call(name, access)
            },
        }
    })
}

fn any_program(most: usize) -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(any_call(), 1..=most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_of_two_is_lost(one in any_program(5), other in any_program(5)) {
        nothing_is_lost(&[&one, &other]);
        nothing_is_lost(&[&one, &one]);
    }

    #[test]
    fn nothing_of_three_is_lost(one in any_program(3), other in any_program(3), third in any_program(2)) {
        nothing_is_lost(&[&one, &other, &third]);
        nothing_is_lost(&[&one, &other, &other]);
    }

    #[test]
    fn nothing_within_a_bound_is_lost(one in any_program(4), other in any_program(4), third in any_program(2), most in 0..4u32) {
        let programs: &[&[Call]] = &[&one, &other, &third];
        let within = |limits: Limits| Limits { preemptions: Some(most), ..limits };
        is_all(&explore(programs, within(FULL)), &explore(programs, within(REDUCED)));
        let programs: &[&[Call]] = &[&one, &one, &third];
        let all = explore(programs, within(FULL));
        is_all_but_for_names(programs, &all, &explore(programs, within(ALIKE)));
    }
}

#[test]
fn a_bound_tries_all_within_it() {
    let within = |n| {
        let limits = Limits {
            preemptions: Some(n),
            ..FULL
        };
        explore(&[A, B], limits).orders
    };
    // One after the other, both ways; then each place to switch once.
    assert_eq!(within(0), 2);
    assert_eq!(within(1), 6);
    assert_eq!(within(9), 20);
}
