//! Small programs, every order of which can be tried: what is left out must be nothing.

mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;

use self::world::{Call, World, call, wait};
use super::{
    Access, Alike, Choice, Class, Limits, Memory, Node, Past, Sight, Step, Task, Why, class, next,
    together,
};

/// What came of all orders.
#[derive(Debug, Default)]
struct Came {
    orders: usize,
    cut: usize,
    foreseen: usize,
    like: usize,
    classes: BTreeSet<Class>,
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

fn waits(programs: &[&[Call]]) -> bool {
    programs.iter().copied().flatten().any(|call| call.waits)
}

fn explore(programs: &[&[Call]], limits: Limits, foresees: bool) -> Came {
    let mut tasks = vec![Task::default()];
    let mut came = Came::default();
    let mut memory = Memory::default();
    let actors = u8::try_from(programs.len()).unwrap();
    let pairs = alike(programs);
    let pruned: &[(u8, u8)] = if limits.alike { &pairs } else { &[] };
    while let Some(task) = tasks.pop() {
        if foresees && let Some(cut) = memory.foresee(&task, (actors, &pairs), limits) {
            match cut.why {
                Why::IsCut => came.foreseen += 1,
                Why::WasRun => came.like += 1,
            }
            tasks.extend(cut.others);
            continue;
        }
        let mut world = World::new(programs);
        let (mut past, mut steps, mut labels) = (Past::default(), Vec::new(), Vec::new());
        let (mut sleep, mut preemptions) = (task.sleep, task.preemptions);
        let mut alike = Alike::new(pruned);
        loop {
            if alike.is_mirrored() {
                came.cut += 1;
                break;
            }
            let choices = world.choices();
            for actor in 0..actors {
                // Programs that wait for nothing come to everything at once; both ways have to hold.
                let at_once = tasks.len() % 2 == 0;
                memory.keep(&Sight::next(actor, &past, &choices, &[], at_once));
            }
            let chosen = if let Some(step) = task.prefix.get(steps.len()) {
                choices.iter().position(|c| c.unit == step.unit).unwrap()
            } else if choices.is_empty() {
                came.orders += 1;
                let class = class(&steps, &labels, &pairs);
                memory.ended(class);
                came.classes.insert(class);
                break;
            } else {
                let node = Node {
                    steps: &steps,
                    sleep: &sleep,
                    preemptions,
                    choices: &choices,
                };
                let Some(way) = next(&node, limits) else {
                    came.cut += 1;
                    break;
                };
                tasks.extend(way.others);
                (sleep, preemptions) = (way.sleep, way.preemptions);
                way.chosen
            };
            for Choice { unit, text, label } in together(&choices, chosen).into_iter().cloned() {
                world.step(unit.actor);
                let event = past.event(unit, &text, &label);
                let values = world.values(&label);
                memory.keep(&Sight::Effect {
                    event,
                    values: values.clone(),
                });
                past.push(unit, event, &values);
                alike.push(unit.actor, &label);
                steps.push(Step { unit, text });
                labels.push(label);
            }
        }
    }
    came
}

const FULL: Limits = Limits {
    preemptions: None,
    kills: 0,
    full: true,
    alike: false,
};
const REDUCED: Limits = Limits {
    full: false,
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
        skips_at: Some(7),
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

#[test]
fn sleep_sets_lose_no_class() {
    for programs in CASES {
        let all = explore(programs, FULL, false);
        let few = explore(programs, REDUCED, false);
        assert_eq!(all.classes, few.classes);
        assert!(few.orders <= all.orders);
        // No class twice, where nobody waits for a time.
        assert!(few.orders == few.classes.len() || !alike(programs).is_empty() || waits(programs));
    }
}

#[test]
fn no_class_is_lost_to_actors_that_are_alike() {
    let mut less = 0;
    for programs in CASES {
        let all = explore(programs, FULL, false);
        for foresees in [false, true] {
            let few = explore(programs, ALIKE, foresees);
            assert_eq!(all.classes, few.classes);
            // Three can go round in a circle, which has no first.
            assert!(few.orders == few.classes.len() || programs.len() > 2 || waits(programs));
            less += explore(programs, REDUCED, false).orders - few.orders;
        }
    }
    assert!(less > 0);
}

#[test]
fn what_is_foreseen_is_what_would_have_been_cut() {
    let mut foreseen = 0;
    for programs in CASES {
        let run = explore(programs, REDUCED, false);
        let thought = explore(programs, REDUCED, true);
        assert_eq!(run.classes, thought.classes);
        // An order that differs from one that was run only in names is like that one.
        assert_eq!(run.orders, thought.orders + thought.like);
        assert!(thought.like == 0 || !alike(programs).is_empty() || waits(programs));
        assert_eq!(run.cut, thought.cut + thought.foreseen);
        foreseen += thought.foreseen;
    }
    assert!(foreseen > 0);
}

/// What is not always the same is not relied on.
#[test]
fn what_was_otherwise_once_is_not_known() {
    let mut memory = Memory::default();
    let past = Past::default();
    let choices = World::new(&[A]).choices();
    let (some, none) = (
        Sight::next(0, &past, &choices, &[], false),
        Sight::next(0, &past, &[], &[], false),
    );
    let asleep = Task {
        sleep: vec![choices[0].unit],
        ..Task::default()
    };
    let foreseen = |memory: &Memory| memory.foresee(&asleep, (1, &[]), REDUCED).is_some();
    assert!(memory.keep(&some));
    assert!(!foreseen(&memory), "once is not enough");
    assert!(memory.keep(&some));
    assert!(foreseen(&memory));
    assert!(!memory.keep(&some), "no news");
    memory.keep(&none);
    assert!(!foreseen(&memory));
}

#[test]
fn all_interleavings_are_as_many_as_there_are() {
    assert_eq!(explore(&[A, B], FULL, false).orders, 20);
    assert_eq!(explore(&[A, B, C], FULL, false).orders, 560);
}

fn any_call() -> impl Strategy<Value = Call> {
    let name = prop::sample::select(vec!["x", "y", "z"]);
    let access = prop::sample::select(vec![Access::Read, Access::Share, Access::Write]);
    let skips_at = prop::option::of(1..3u64);
    (name, access, 1..3u64, skips_at, 0..6).prop_map(|(name, access, value, skips_at, kind)| {
        match kind {
            0 | 1 => wait(name),
            2 => Call {
                makes: true,
                value,
                ..call(name, Access::Write)
            },
            // Two that only add something are in nobody's way if they find out nothing.
            _ if access == Access::Share => call(name, access),
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

fn no_class_is_lost(programs: &[&[Call]]) {
    let all = explore(programs, FULL, false);
    for (limits, foresees) in [(REDUCED, false), (ALIKE, false), (ALIKE, true)] {
        let few = explore(programs, limits, foresees);
        assert_eq!(all.classes, few.classes, "{limits:?} {foresees}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_class_of_two_is_lost(one in any_program(5), other in any_program(5)) {
        no_class_is_lost(&[&one, &other]);
        no_class_is_lost(&[&one, &one]);
    }

    #[test]
    fn no_class_of_three_is_lost(one in any_program(3), other in any_program(3), third in any_program(2)) {
        no_class_is_lost(&[&one, &other, &third]);
        no_class_is_lost(&[&one, &other, &other]);
    }
}

/// Nor a class of those within a bound, though of the orders that are like one that was run most are not.
#[test]
fn within_a_bound_one_of_each_class_is_enough() {
    let mut spared = 0;
    for programs in CASES {
        for (most, limits) in (0..4).flat_map(|n| [(n, REDUCED), (n, ALIKE)]) {
            let limits = Limits {
                preemptions: Some(most),
                ..limits
            };
            let all = explore(programs, limits, false);
            let few = explore(programs, limits, true);
            assert_eq!(all.classes, few.classes);
            assert_eq!(all.orders, few.orders + few.like);
            spared += few.like;
        }
    }
    assert!(spared > 0);
}

#[test]
fn a_bound_tries_all_within_it() {
    let within = |n| {
        let limits = Limits {
            preemptions: Some(n),
            ..REDUCED
        };
        explore(&[A, B], limits, false).orders
    };
    // One after the other, both ways; then each place to switch once.
    assert_eq!(within(0), 2);
    assert_eq!(within(1), 6);
    assert_eq!(within(9), 20);
}
