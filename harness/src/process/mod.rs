//! Processes of a case: started, drained from the first moment, waited for by events with a deadline.

mod child;
mod pump;

pub use child::{Child, Wiring};
pub use pump::{Ready, pump};
