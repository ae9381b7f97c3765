//! Mounts and the network interface of a private world.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// Makes every mount private, so that nothing done here is seen outside.
///
/// # Errors
/// What mount(2) says.
pub fn make_private() -> nix::Result<()> {
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
}

/// A fresh tmpfs.
///
/// # Errors
/// What mount(2) says.
pub fn tmpfs(at: &Path, options: &str) -> nix::Result<()> {
    mount(
        Some("tmpfs"),
        at,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV,
        Some(options),
    )
}

/// Pseudo terminals of its own, which anybody may open.
///
/// # Errors
/// What mount(2) says.
pub fn terminals(at: &Path) -> nix::Result<()> {
    mount(
        Some("devpts"),
        at,
        Some("devpts"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        Some("newinstance,ptmxmode=0666,mode=0620"),
    )
}

/// The processes of this pid namespace.
///
/// # Errors
/// What mount(2) says.
pub fn proc(at: &Path) -> nix::Result<()> {
    mount(
        Some("proc"),
        at,
        Some("proc"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC,
        None::<&str>,
    )
}

/// Shows what `source` has open at `at`, with all mounts below it, read-only where `read_only`.
///
/// By descriptor, so that a source stays reachable after its path is covered by another mount.
///
/// # Errors
/// What mount(2) and mount_setattr(2) say.
pub fn bind(source: &OwnedFd, at: &Path, read_only: bool) -> io::Result<()> {
    let path = format!("/proc/self/fd/{}", source.as_raw_fd());
    mount(
        Some(path.as_str()),
        at,
        None::<&str>,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None::<&str>,
    )?;
    if read_only {
        set_read_only(at)?;
    }
    Ok(())
}

/// Makes a mount read-only, with all below it.
///
/// mount_setattr(2) and not a remount: it keeps the flags that an unprivileged namespace may not drop.
///
/// # Errors
/// What mount_setattr(2) says.
pub fn set_read_only(at: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(at.as_os_str().as_bytes())?;
    let attr = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: path and attr live through the call, and the size is attr's own.
    #[expect(unsafe_code, reason = "no safe wrapper in nix")]
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Makes `root` the root and lets the old one go.
///
/// # Errors
/// What pivot_root(2) and umount2(2) say.
pub fn pivot(root: &Path) -> nix::Result<()> {
    nix::unistd::chdir(root)?;
    nix::unistd::pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    nix::unistd::chdir("/")
}

/// Takes a mount away; who still uses it keeps it.
///
/// # Errors
/// What umount2(2) says.
pub fn detach(at: &Path) -> nix::Result<()> {
    umount2(at, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW)
}

/// Brings the loopback interface of a fresh network namespace up.
///
/// # Errors
/// What socket(2) and ioctl(2) say.
pub fn loopback_up() -> io::Result<()> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let socket = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let mut name = [0; libc::IFNAMSIZ];
    for (to, from) in name.iter_mut().zip(b"lo") {
        *to = (*from).cast_signed();
    }
    let request = libc::ifreq {
        ifr_name: name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_flags: i16::try_from(libc::IFF_UP).unwrap_or_default(),
        },
    };
    // SAFETY: SIOCSIFFLAGS reads one ifreq, which lives through the call.
    #[expect(unsafe_code, reason = "an ioctl")]
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
