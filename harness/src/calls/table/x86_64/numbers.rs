//! Numbers of system calls on x86_64: those of `libc`, and those that it does not have yet.
//!
//! From the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` as of Linux 7.0. A name here goes before the same name in `libc`, so
//! that nothing is to be done when that catches up.

#![expect(non_upper_case_globals, reason = "named as in libc")]

pub(super) use libc::*;

pub(super) const SYS_create_module: c_long = 174;
pub(super) const SYS_get_kernel_syms: c_long = 177;
pub(super) const SYS_query_module: c_long = 178;
pub(super) const SYS_io_pgetevents: c_long = 333;
pub(super) const SYS_uretprobe: c_long = 335;
pub(super) const SYS_uprobe: c_long = 336;
pub(super) const SYS_cachestat: c_long = 451;
pub(super) const SYS_map_shadow_stack: c_long = 453;
pub(super) const SYS_futex_wake: c_long = 454;
pub(super) const SYS_futex_wait: c_long = 455;
pub(super) const SYS_futex_requeue: c_long = 456;
pub(super) const SYS_statmount: c_long = 457;
pub(super) const SYS_listmount: c_long = 458;
pub(super) const SYS_lsm_get_self_attr: c_long = 459;
pub(super) const SYS_lsm_set_self_attr: c_long = 460;
pub(super) const SYS_lsm_list_modules: c_long = 461;
pub(super) const SYS_setxattrat: c_long = 463;
pub(super) const SYS_getxattrat: c_long = 464;
pub(super) const SYS_listxattrat: c_long = 465;
pub(super) const SYS_removexattrat: c_long = 466;
pub(super) const SYS_open_tree_attr: c_long = 467;
pub(super) const SYS_file_getattr: c_long = 468;
pub(super) const SYS_file_setattr: c_long = 469;
pub(super) const SYS_listns: c_long = 470;
pub(super) const SYS_rseq_slice_yield: c_long = 471;
