//! What is said of an exploration when it is through.

use std::collections::BTreeSet;

use crate::explore::{By, How, Summary};
use crate::orders::Graph;
use crate::scenario::model::Case;
use crate::suite::Interrupt;

/// What was covered, and no more.
pub(super) fn told(summary: &Summary, how: &How, interrupt: &Interrupt) -> String {
    let Summary {
        orders,
        mirrored,
        graph,
        steps,
        longest,
        looks,
        again,
        took,
        ..
    } = summary;
    let rate = *orders as f64 / took.as_secs_f64();
    let covered = if let By::Nobody(_) = how.by {
        "all at once, and nobody held: what came by itself".to_owned()
    } else if let By::Chance(random) = how.by {
        let priorities = random.changes.map(|changes| {
            let times = if changes == 1 { "time" } else { "times" };
            format!(", by priorities that change {changes} {times}")
        });
        format!(
            "by chance, seed {}{}",
            random.seed,
            priorities.unwrap_or_default()
        )
    } else if !summary.is_whole() {
        let why = if interrupt.asked() {
            "interrupted"
        } else if summary.found.len() >= how.findings {
            "stopped at the findings"
        } else {
            "stopped"
        };
        format!("{why}: {} orders were known to be left", summary.left)
    } else if let Some(most) = how.limits.preemptions {
        format!("every order with at most {most} preemptions, or one that comes to the same")
    } else {
        "every state that any order comes to: none is left".to_owned()
    };
    let covered = match how.part {
        Some((part, of)) => format!("part {} of {of}: {covered}", part + 1),
        None => covered,
    };
    let by: Vec<String> = summary
        .by_preemptions
        .iter()
        .map(|(preemptions, orders)| format!("{orders} with {preemptions}"))
        .collect();
    let mut text = format!(
        "  {orders} orders ({}), {} states, {} steps between them made in thought alone, {} with changed places; {covered}\n  {steps} steps, at most {longest} an order; {looks} looks whether a process stands still; \
         {again} begun anew; {:.1} s, {rate:.0} orders a second\n  {} findings",
        by.join(", "),
        graph.states(),
        graph.thought(),
        mirrored + graph.mirrored(),
        took.as_secs_f64(),
        summary.found.len()
    );
    text += &odd(graph);
    for lost in &summary.lost {
        text += &format!("\n  never came about again, so nothing is known of it: {lost}");
    }
    text
}

/// What was not as before: nobody can say then that all was seen.
pub(super) fn odd(graph: &Graph) -> String {
    let line = |(odd, times): (&String, &u64)| {
        format!(
            "\n  not as before, for no reason that is seen, so something may be left out ({times} times): {odd}"
        )
    };
    graph.odd().iter().map(line).collect()
}

/// Which actors are alike, and what of that: a claim of all orders has to say so.
pub(super) fn alike(case: &Case, names: &[String]) -> Option<String> {
    let pairs = case.explore.as_ref()?.alike();
    let mut of: BTreeSet<u8> = BTreeSet::new();
    of.extend(pairs.iter().flat_map(|(first, second)| [first, second]));
    let of: Vec<&str> = of
        .iter()
        .filter_map(|at| names.get(usize::from(*at)).map(String::as_str))
        .collect();
    let (last, others) = of.split_last()?;
    let others = others.join(", ");
    Some(format!(
        "  {others} and {last} are alike: of what differs only in which of them is which, one is tried"
    ))
}
