//! The program of the kernel's packet filter that decides which calls are told of.

/// When a call is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Each time.
    Always,
    /// If an argument has one of these bits.
    AnyOf {
        /// The argument.
        arg: u8,
        /// The bits.
        bits: u32,
    },
    /// If an argument is one of these.
    OneOf {
        /// The argument.
        arg: u8,
        /// The values.
        values: &'static [u32],
    },
}

/// Which calls are told of, and which do not exist for the process.
#[derive(Debug, Clone)]
pub struct Filter {
    program: Vec<libc::sock_filter>,
}

const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
/// `AUDIT_ARCH_X86_64`: the one ABI whose numbers the table of calls knows.
const ARCH: u32 = 0xC000_003E;
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;
const ARGS_AT: u32 = 16;

impl Filter {
    /// A filter that tells of `told`, answers ENOSYS to every number above `highest` (those of the x32 ABI
    /// among them) and kills a process that calls through another ABI: nothing slips by.
    pub fn new(told: &[(u32, When)], highest: u32) -> Self {
        let mut program = vec![
            load(ARCH_AT),
            jump(libc::BPF_JEQ, ARCH, 1, 0),
            ret(libc::SECCOMP_RET_KILL_PROCESS),
            load(NUMBER_AT),
            jump(libc::BPF_JGT, highest, 0, 1),
            ret(NO_SUCH_CALL),
        ];
        program.extend(decide(&stretches(told, highest)));
        Self { program }
    }

    pub(super) fn program(&self) -> &[libc::sock_filter] {
        &self.program
    }
}

/// Where numbers begin that are all treated alike, up to the next.
type Stretch = (u32, Option<When>);

fn stretches(told: &[(u32, When)], highest: u32) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for number in 0..=highest {
        let when = told
            .iter()
            .find(|(n, _)| *n == number)
            .map(|(_, when)| *when);
        if all.last().is_none_or(|(_, last)| *last != when) {
            all.push((number, when));
        }
    }
    all
}

/// A tree of comparisons: the kernel runs the program for each number there is when it takes a filter, and a
/// list of a hundred comparisons costs a start as much as seven calls.
fn decide(stretches: &[Stretch]) -> Vec<libc::sock_filter> {
    let (low, high) = stretches.split_at(stretches.len() / 2);
    let (Some(_), Some((from, _))) = (low.first(), high.first()) else {
        return stretches
            .first()
            .map_or_else(Vec::new, |(_, when)| told(*when));
    };
    let (low, high) = (decide(low), decide(high));
    // A conditional jump spans 255 instructions, the other kind any number.
    let choice = match u8::try_from(low.len()) {
        Ok(past) => vec![jump(libc::BPF_JGE, *from, past, 0)],
        Err(_) => vec![
            jump(libc::BPF_JGE, *from, 0, 1),
            instruction(
                libc::BPF_JMP | libc::BPF_JA,
                0,
                0,
                u32::try_from(low.len()).unwrap_or(u32::MAX),
            ),
        ],
    };
    [choice, low, high].concat()
}

fn told(when: Option<When>) -> Vec<libc::sock_filter> {
    match when {
        None => vec![ret(ALLOW)],
        Some(When::Always) => vec![ret(NOTIFY)],
        Some(When::AnyOf { arg, bits }) => vec![
            load(ARGS_AT + 8 * u32::from(arg)),
            jump(libc::BPF_JSET, bits, 0, 1),
            ret(NOTIFY),
            ret(ALLOW),
        ],
        Some(When::OneOf { arg, values }) => {
            let mut all = vec![load(ARGS_AT + 8 * u32::from(arg))];
            for value in values {
                all.extend([jump(libc::BPF_JEQ, *value, 0, 1), ret(NOTIFY)]);
            }
            all.push(ret(ALLOW));
            all
        }
    }
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter {
        // The codes are all below 256.
        code: u16::try_from(code).unwrap_or_default(),
        jt,
        jf,
        k,
    }
}

fn load(at: u32) -> libc::sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at)
}

fn jump(how: u32, value: u32, if_so: u8, if_not: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | how | libc::BPF_K, if_so, if_not, value)
}

fn ret(what: u32) -> libc::sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do: the answer, and after how many instructions.
    fn run(filter: &Filter, number: u32, args: [u32; 6]) -> (u32, usize) {
        let (mut at, mut steps, mut value) = (0usize, 0, 0);
        loop {
            let i = filter.program[at];
            steps += 1;
            at += 1;
            let past = |so: bool| usize::from(if so { i.jt } else { i.jf });
            match u32::from(i.code) & !libc::BPF_K {
                c if c == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                    value = match i.k {
                        NUMBER_AT => number,
                        ARCH_AT => ARCH,
                        at => args[(at as usize - ARGS_AT as usize) / 8],
                    };
                }
                c if c == libc::BPF_JMP | libc::BPF_JA => at += i.k as usize,
                c if c == libc::BPF_JMP | libc::BPF_JEQ => at += past(value == i.k),
                c if c == libc::BPF_JMP | libc::BPF_JGT => at += past(value > i.k),
                c if c == libc::BPF_JMP | libc::BPF_JGE => at += past(value >= i.k),
                c if c == libc::BPF_JMP | libc::BPF_JSET => at += past(value & i.k != 0),
                c if c == libc::BPF_RET => return (i.k, steps),
                c => panic!("what is {c:#x}?"),
            }
        }
    }

    #[test]
    fn each_number_is_told_as_asked_for() {
        const HIGHEST: u32 = 470;
        let told: Vec<(u32, When)> = (0..HIGHEST)
            .filter(|n| n % 3 != 1)
            .map(|n| match n % 5 {
                0 => (n, When::AnyOf { arg: 1, bits: 6 }),
                1 => (
                    n,
                    When::OneOf {
                        arg: 2,
                        values: &[7, 9],
                    },
                ),
                _ => (n, When::Always),
            })
            .collect();
        let filter = Filter::new(&told, HIGHEST);
        for number in 0..HIGHEST + 100 {
            let told = told
                .iter()
                .find(|(n, _)| *n == number)
                .map(|(_, when)| *when);
            for (args, in_bits, in_values) in [
                ([0; 6], false, false),
                ([0, 4, 9, 0, 0, 0], true, true),
                ([0, 1, 8, 0, 0, 0], false, false),
            ] {
                let is_told = match told {
                    None => false,
                    Some(When::Always) => true,
                    Some(When::AnyOf { .. }) => in_bits,
                    Some(When::OneOf { .. }) => in_values,
                };
                let expected = match is_told {
                    _ if number > HIGHEST => NO_SUCH_CALL,
                    true => NOTIFY,
                    false => ALLOW,
                };
                let (answer, steps) = run(&filter, number, args);
                assert_eq!(answer, expected, "{number} {told:?} {args:?}");
                assert!(steps < 25, "{number} takes {steps} steps");
            }
        }
    }
}
