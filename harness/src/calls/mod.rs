//! System calls of subjects, seen from outside.

pub mod table;
