//! How long a thread will sleep that waits in the kernel, by the call that it sleeps in.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::supervise::memory;

/// For how long at most the thread waits whose `/proc/TID/syscall` this is: nothing, if for ever. What cannot be told
/// counts as no time.
pub(super) fn left(tid: i32, syscall: &File) -> Option<Duration> {
    let mut text = [0; 256];
    let read = syscall.read_at(&mut text, 0).unwrap_or_default();
    let text = std::str::from_utf8(text.get(..read).unwrap_or_default()).unwrap_or_default();
    let mut words = text.split_whitespace();
    let number: Option<i64> = words.next().and_then(|word| word.parse().ok());
    let args: Vec<u64> = words
        .filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok())
        .collect();
    let arg = |at: usize| args.get(at).copied().unwrap_or_default();
    match number {
        Some(libc::SYS_nanosleep) => span(tid, arg(0), 1),
        Some(libc::SYS_clock_nanosleep) => {
            let is_absolute = arg(1) & flag(libc::TIMER_ABSTIME) != 0;
            let clock = is_absolute.then(|| ClockId::from_raw(clock_of(arg(0))));
            until(clock, span(tid, arg(2), 1))
        }
        Some(libc::SYS_futex) => {
            let is_absolute = arg(1) & flag(libc::FUTEX_CMD_MASK) == flag(libc::FUTEX_WAIT_BITSET);
            let is_real = arg(1) & flag(libc::FUTEX_CLOCK_REALTIME) != 0;
            let clock = if is_real {
                ClockId::CLOCK_REALTIME
            } else {
                ClockId::CLOCK_MONOTONIC
            };
            until(is_absolute.then_some(clock), span(tid, arg(3), 1))
        }
        Some(libc::SYS_ppoll | libc::SYS_rt_sigtimedwait) => span(tid, arg(2), 1),
        Some(libc::SYS_epoll_pwait2) => span(tid, arg(3), 1),
        Some(libc::SYS_pselect6) => span(tid, arg(4), 1),
        // Microseconds, where the others have a thousandth of them.
        Some(libc::SYS_select) => span(tid, arg(4), 1000),
        Some(libc::SYS_poll) => milliseconds(arg(2)),
        Some(libc::SYS_epoll_wait | libc::SYS_epoll_pwait) => milliseconds(arg(3)),
        Some(_) | None => None,
    }
}

fn flag(flag: i32) -> u64 {
    u64::from(flag.cast_unsigned())
}

#[expect(clippy::cast_possible_truncation, reason = "the kernel does so too")]
fn clock_of(arg: u64) -> libc::clockid_t {
    (arg as u32).cast_signed()
}

/// Less than zero is for ever.
#[expect(clippy::cast_possible_truncation, reason = "the kernel does so too")]
fn milliseconds(arg: u64) -> Option<Duration> {
    let time = (arg as u32).cast_signed();
    u64::try_from(time).ok().map(Duration::from_millis)
}

/// The time that a thread's memory holds there: seconds, and so many nanoseconds. No place is no time: for ever.
fn span(tid: i32, at: u64, nanoseconds: u64) -> Option<Duration> {
    if at == 0 {
        return None;
    }
    let read = memory(tid, at, 16).unwrap_or_default();
    let word = |at: usize| -> Option<u64> {
        let bytes = read.get(at..at + 8)?.try_into().ok()?;
        u64::try_from(i64::from_ne_bytes(bytes)).ok()
    };
    let span = word(0).zip(word(8)).map(|(seconds, rest)| {
        Duration::from_secs(seconds) + Duration::from_nanos(rest.saturating_mul(nanoseconds))
    });
    Some(span.unwrap_or_default())
}

/// From now to a time by a clock; without one it is a span already.
fn until(clock: Option<ClockId>, time: Option<Duration>) -> Option<Duration> {
    let now = clock.and_then(|clock| clock_gettime(clock).ok());
    let now = now.map_or(Duration::ZERO, Duration::from);
    time.map(|time| time.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::time::{ClockNanosleepFlags, clock_nanosleep};
    use std::os::fd::AsFd;
    use std::sync::mpsc::channel;

    /// How long a thread will sleep that does this, once it is in this call; then it is woken.
    fn seen(
        call: i64,
        sleep: impl FnOnce() + Send + 'static,
        wake: impl FnOnce(),
    ) -> Option<Duration> {
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            tell.send(nix::unistd::gettid().as_raw()).unwrap();
            sleep();
        });
        let tid = told.recv().unwrap();
        let path = format!("/proc/{tid}/syscall");
        let syscall = File::open(&path).unwrap();
        let call = format!("{call} ");
        while !std::fs::read_to_string(&path).unwrap().starts_with(&call) {
            std::thread::yield_now();
        }
        let left = left(tid, &syscall);
        wake();
        thread.join().unwrap();
        left
    }

    fn in_a_futex(time: Option<Duration>) -> Option<Duration> {
        let (wake, woken) = channel::<()>();
        let sleep = move || match time {
            Some(time) => drop(woken.recv_timeout(time)),
            None => drop(woken.recv()),
        };
        seen(libc::SYS_futex, sleep, || drop(wake))
    }

    fn in_a_poll(time: PollTimeout) -> Option<Duration> {
        let (read, write) = nix::unistd::pipe().unwrap();
        let sleep = move || {
            let mut fds = [PollFd::new(read.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, time).unwrap();
        };
        seen(libc::SYS_poll, sleep, || drop(write))
    }

    #[test]
    fn how_long_a_thread_sleeps_is_read_from_it() {
        let hour = Duration::from_secs(3600);
        let left = in_a_futex(Some(hour)).unwrap();
        assert!(left <= hour && left > hour / 2, "{left:?}");
        assert_eq!(in_a_futex(None), None);
        let minute = PollTimeout::from(60_000u16);
        assert_eq!(in_a_poll(minute), Some(Duration::from_secs(60)));
        assert_eq!(in_a_poll(PollTimeout::NONE), None);
        let moment = Duration::from_millis(200);
        let end = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap() + moment.into();
        let sleep = move || {
            let flags = ClockNanosleepFlags::TIMER_ABSTIME;
            clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &end).unwrap();
        };
        let left = seen(libc::SYS_clock_nanosleep, sleep, || ()).unwrap();
        assert!(left <= moment, "{left:?}");
    }
}
