//! Whether the calls of a process can be told here: found by having one told.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::calls::table;
use crate::process::{Child, Ready, Wiring, pump};
use crate::supervise::{Places, Scope, Supervisor, filter, stay_on_this_core};
use crate::sys::birth::Birth;
use crate::sys::fork::Plan;
use crate::world::World;

/// What the program of a trial looks at. It need not be there.
const LOOKED_AT: &str = "/pidproof-looks-at-this";
/// As long as a start of this executable could take on the slowest host.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program of a trial: it looks at a path.
pub fn looks() {
    // Whether anything is there is not what is asked.
    drop(Path::new(LOOKED_AT).symlink_metadata());
}

/// Starts `program`, a role of this executable that calls [`looks`], as a subject would be, and has its calls told.
///
/// # Errors
/// Why that cannot be done here, for a person.
pub fn calls_are_told(world: &World, program: &[&str]) -> Result<(), String> {
    if table::HIGHEST < 0 {
        return Err("the calls of this architecture are not known".to_owned());
    }
    let log = one_run(world, program).map_err(|e| e.to_string())?;
    if log.counts().next().is_none() {
        return Err("no call of a process was told".to_owned());
    }
    let read = |call: &crate::calls::Call| call.path.as_deref() == Some(LOOKED_AT);
    if !log.log().iter().any(read) {
        return Err("what a call names cannot be read (process_vm_readv)".to_owned());
    }
    Ok(())
}

fn one_run(world: &World, program: &[&str]) -> io::Result<Supervisor> {
    stay_on_this_core()?;
    let text = |bytes: &[u8]| CString::new(bytes).map_err(io::Error::other);
    let mut argv = vec![text(world.exe.as_os_str().as_bytes())?];
    for arg in program {
        argv.push(text(arg.as_bytes())?);
    }
    let plan = Plan {
        argv,
        env: Vec::new(),
        cwd: text(b"/")?,
        umask: 0o022,
        ids: world.drops_ids.then_some((world.uid, world.gid)),
        limits: Vec::new(),
        birth: Birth::default(),
        filter: Some(Rc::new(filter(Scope::Everything))),
    };
    let wiring = Wiring {
        stdin: false,
        terminal: [false; 3],
    };
    let start = Instant::now();
    let places = Places::new(vec![(LOOKED_AT.into(), LOOKED_AT.to_owned())]);
    let mut supervisor = Supervisor::new(places, start);
    let mut child = Child::spawn(&plan, wiring).map_err(io::Error::other)?;
    if let Some(gate) = child.take_gate() {
        supervisor.add("", child.pid, gate);
    }
    let outcome = until_it_ends(&mut child, &mut supervisor, start + PATIENCE);
    child.kill()?;
    outcome?;
    Ok(supervisor)
}

fn until_it_ends(
    child: &mut Child,
    supervisor: &mut Supervisor,
    deadline: Instant,
) -> io::Result<()> {
    while child.end.is_none() {
        let ready = pump(std::iter::once(&mut *child), None, supervisor, deadline)?;
        if ready == Ready::Deadline {
            return Err(io::Error::other(
                "a process whose calls are told stands still",
            ));
        }
    }
    Ok(())
}
