//! Processes of a case: started, drained from the first moment, waited for by events with a deadline.

mod child;
mod gate;
mod pump;

pub use child::{Child, Wiring};
pub use gate::{Attend, Gate};
pub use pump::{Ready, pump};
