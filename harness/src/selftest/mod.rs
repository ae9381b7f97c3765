//! Judging the suite: does it catch servers that are known to be wrong?
//!
//! [`hunt()`] runs each wrong server against scenarios and notes which check of which rule caught it; [`score()`]
//! says what is still wrong with the suite: a defect that survives, a rule that nothing defends, a scenario that
//! never catches anything.

mod hunt;
mod score;

pub use hunt::{Effort, Ground, Hunt, Prey, hunt};
pub use score::{Asked, Complaint, Score, score};
