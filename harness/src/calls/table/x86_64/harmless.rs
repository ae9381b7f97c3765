//! Calls that are let through, and those that are refused: by group, each with the reason.

use super::super::Group;
use super::{name_of, numbers};

macro_rules! groups {
    ($($reason:literal: $($number:ident)*;)*) => {
        &[$(Group {
            reason: $reason,
            calls: &[$((numbers::$number, name_of!($number))),*],
        }),*]
    };
}

pub(in super::super) static REFUSED: &[Group] = groups! {
    "io_uring: does what it is told by a queue in memory, without a further call":
        SYS_io_uring_setup SYS_io_uring_enter SYS_io_uring_register;
    "aio: reads, writes and syncs as told by a list in memory":
        SYS_io_setup SYS_io_destroy SYS_io_submit SYS_io_cancel SYS_io_getevents SYS_io_pgetevents;
};

pub(in super::super) static HARMLESS: &[Group] = groups! {
    "mappings: what is written to a shared one is written without a call, so it is seen in the file and never here":
        SYS_mmap SYS_munmap SYS_mremap SYS_msync SYS_remap_file_pages;
    "memory of no file":
        SYS_brk SYS_mprotect SYS_mincore SYS_madvise SYS_process_madvise SYS_mlock SYS_mlock2 SYS_munlock SYS_mlockall SYS_munlockall
        SYS_mbind SYS_set_mempolicy SYS_set_mempolicy_home_node SYS_get_mempolicy SYS_migrate_pages SYS_move_pages SYS_pkey_mprotect
        SYS_pkey_alloc SYS_pkey_free SYS_membarrier SYS_memfd_create SYS_memfd_secret SYS_map_shadow_stack SYS_mseal SYS_userfaultfd;
    "programs: names a file and changes none; the new program is watched as the old one was":
        SYS_execve SYS_execveat;
    "processes: makes some and waits for them; all that come of it are watched too":
        SYS_clone SYS_clone3 SYS_fork SYS_vfork SYS_wait4 SYS_waitid SYS_set_tid_address SYS_set_robust_list SYS_get_robust_list
        SYS_process_mrelease;
    "other processes: looks into them or steers them, and those that can be reached are watched themselves":
        SYS_ptrace SYS_process_vm_readv SYS_process_vm_writev SYS_kcmp;
    "what the process is and may: shows in what it makes afterwards":
        SYS_getpid SYS_gettid SYS_getppid SYS_getpgid SYS_getpgrp SYS_getsid SYS_setpgid SYS_setsid SYS_getuid SYS_geteuid SYS_getresuid
        SYS_setuid SYS_setreuid SYS_setresuid SYS_setfsuid SYS_getgid SYS_getegid SYS_getresgid SYS_setgid SYS_setregid SYS_setresgid
        SYS_setfsgid SYS_getgroups SYS_setgroups SYS_capget SYS_capset SYS_umask SYS_personality SYS_prctl SYS_arch_prctl SYS_getrlimit
        SYS_setrlimit SYS_prlimit64 SYS_getrusage SYS_times SYS_modify_ldt SYS_rseq SYS_rseq_slice_yield;
    "traps that the kernel itself has put into the program":
        SYS_uretprobe SYS_uprobe;
    "security: rules that the process puts on itself":
        SYS_seccomp SYS_landlock_create_ruleset SYS_landlock_add_rule SYS_landlock_restrict_self SYS_lsm_get_self_attr
        SYS_lsm_set_self_attr SYS_lsm_list_modules;
    "scheduling":
        SYS_sched_yield SYS_sched_setparam SYS_sched_getparam SYS_sched_setscheduler SYS_sched_getscheduler SYS_sched_get_priority_max
        SYS_sched_get_priority_min SYS_sched_rr_get_interval SYS_sched_setaffinity SYS_sched_getaffinity SYS_sched_setattr
        SYS_sched_getattr SYS_getpriority SYS_setpriority SYS_ioprio_set SYS_ioprio_get SYS_getcpu;
    "waiting":
        SYS_poll SYS_ppoll SYS_select SYS_pselect6 SYS_epoll_ctl SYS_epoll_wait SYS_epoll_pwait SYS_epoll_pwait2 SYS_pause SYS_nanosleep
        SYS_clock_nanosleep SYS_restart_syscall SYS_futex SYS_futex_waitv SYS_futex_wake SYS_futex_wait SYS_futex_requeue;
    "signals that the process takes, and timers of its own":
        SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigreturn SYS_rt_sigpending SYS_rt_sigtimedwait SYS_rt_sigsuspend SYS_sigaltstack
        SYS_alarm SYS_getitimer SYS_setitimer SYS_timer_create SYS_timer_settime SYS_timer_gettime SYS_timer_getoverrun
        SYS_timer_delete SYS_timerfd_settime SYS_timerfd_gettime;
    "time of day":
        SYS_gettimeofday SYS_settimeofday SYS_time SYS_adjtimex SYS_clock_adjtime SYS_clock_settime SYS_clock_gettime SYS_clock_getres;
    "new descriptors of what has no name; one that stands for a file is seen when it is used":
        SYS_pipe SYS_pipe2 SYS_socket SYS_socketpair SYS_eventfd SYS_eventfd2 SYS_signalfd SYS_signalfd4 SYS_timerfd_create
        SYS_epoll_create SYS_epoll_create1 SYS_inotify_init SYS_inotify_init1 SYS_inotify_rm_watch SYS_fanotify_init SYS_pidfd_open
        SYS_pidfd_getfd;
    "open files: place and cache, no content":
        SYS_lseek SYS_fadvise64 SYS_readahead SYS_cachestat;
    "pipes: from one to another, or out of memory":
        SYS_tee SYS_vmsplice;
    "open sockets: a file that is sent to is there already, and a descriptor that is received is seen when it is used":
        SYS_listen SYS_accept SYS_accept4 SYS_sendto SYS_sendmsg SYS_sendmmsg SYS_recvfrom SYS_recvmsg SYS_recvmmsg SYS_shutdown
        SYS_getsockname SYS_getpeername SYS_setsockopt SYS_getsockopt;
    "queues, semaphores and shared memory with names that are no paths":
        SYS_shmget SYS_shmat SYS_shmctl SYS_shmdt SYS_semget SYS_semop SYS_semctl SYS_semtimedop SYS_msgget SYS_msgsnd SYS_msgrcv
        SYS_msgctl SYS_mq_open SYS_mq_unlink SYS_mq_timedsend SYS_mq_timedreceive SYS_mq_notify SYS_mq_getsetattr;
    "keys":
        SYS_add_key SYS_request_key SYS_keyctl;
    "questions about the system that name no file":
        SYS_uname SYS_sysinfo SYS_getrandom SYS_getcwd SYS_sysfs SYS_ustat SYS_statmount SYS_listmount SYS_listns SYS_syslog;
    "the machine itself, for root: no file of a tree (what bpf pins goes into a file system of its own)":
        SYS_reboot SYS_kexec_load SYS_kexec_file_load SYS_init_module SYS_finit_module SYS_delete_module SYS_iopl SYS_ioperm
        SYS_sethostname SYS_setdomainname SYS_vhangup SYS_bpf SYS_perf_event_open;
    "numbers that do nothing on x86_64 any more":
        SYS_create_module SYS_get_kernel_syms SYS_query_module SYS_nfsservctl SYS_getpmsg SYS_putpmsg SYS_afs_syscall SYS_tuxcall
        SYS_security SYS_vserver SYS__sysctl SYS_lookup_dcookie SYS_epoll_ctl_old SYS_epoll_wait_old SYS_set_thread_area
        SYS_get_thread_area;
};
