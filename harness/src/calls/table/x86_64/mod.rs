//! The calls of x86_64.

#[cfg(test)]
mod audit;
mod harmless;
mod numbers;
mod watched;

use std::ops::RangeInclusive;

pub(super) use harmless::{HARMLESS, REFUSED};
pub(super) use watched::WATCHED;

/// As of Linux 7.0.
pub(super) const HIGHEST: i64 = numbers::SYS_rseq_slice_yield;

/// New calls of all machines continue at 424.
pub(super) const UNUSED: RangeInclusive<i64> = 337..=423;

/// A call's name, from that of the constant with its number.
macro_rules! name_of {
    ($number:ident) => {
        stringify!($number).split_at("SYS_".len()).1
    };
}
use name_of;
