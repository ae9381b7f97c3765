//! Calls that name or change files, directories, locks, modes, owners, mounts and processes: old and new forms together.

use super::super::Flags::{
    At as AtFlags, Command, Fixed, Lock as LockOf, Open as OpenFlags, OpenHow, Own, Request,
    Signal as SignalOf,
};
use super::super::Last::{AsOpen, Follow, Only, Stay, Unless};
use super::super::Place::{Address, At, Fd, Path, Pid, Pidfd, Range, Text};
use super::super::{Call, Class, Family, Flags};
use super::{name_of, numbers};

const NOFOLLOW: u64 = libc::AT_SYMLINK_NOFOLLOW as u64;
const FOLLOW: u64 = libc::AT_SYMLINK_FOLLOW as u64;
const UMOUNT_NOFOLLOW: u64 = libc::UMOUNT_NOFOLLOW as u64;
const FSPICK_NOFOLLOW: u64 = 0x2;
const MOVE_FROM_FOLLOWS: u64 = 0x1;
const MOVE_TO_FOLLOWS: u64 = 0x10;
const IN_NOFOLLOW: u64 = libc::IN_DONT_FOLLOW as u64;
const FAN_NOFOLLOW: u64 = libc::FAN_MARK_DONT_FOLLOW as u64;

/// A section a family and class; a line a call, with what it works on and which arguments say how.
macro_rules! calls {
    ($($family:ident $class:ident {
        $($number:ident [$($place:expr),*] $(, flags $flags:expr)? $(, mode $mode:literal)?;)*
    })*) => {
        &[$($(Call {
            number: numbers::$number,
            name: name_of!($number),
            family: Family::$family,
            class: Class::$class,
            places: &[$($place),*],
            flags: calls!(@or Flags::None $(, $flags)?),
            mode: calls!(@or None $(, Some($mode))?),
        },)*)*]
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

const BY_FAMILY: &[Call] = calls! {
    Open Change {
        SYS_open [Path(0, AsOpen)], flags OpenFlags(1), mode 2;
        SYS_openat [At(0, 1, AsOpen)], flags OpenFlags(2), mode 3;
        SYS_openat2 [At(0, 1, AsOpen)], flags OpenHow(2);
        SYS_creat [Path(0, Follow)], flags Fixed(libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC), mode 1;
        SYS_open_by_handle_at [Fd(0)], flags OpenFlags(2);
    }
    Open Look {
        SYS_uselib [Path(0, Follow)], flags Fixed(libc::O_RDONLY);
    }
    Mkdir Change {
        SYS_mkdir [Path(0, Stay)], mode 1;
        SYS_mkdirat [At(0, 1, Stay)], mode 2;
    }
    Rmdir Change {
        SYS_rmdir [Path(0, Stay)];
    }
    Unlink Change {
        SYS_unlink [Path(0, Stay)];
        SYS_unlinkat [At(0, 1, Stay)], flags AtFlags(2);
    }
    Rename Change {
        SYS_rename [Path(0, Stay), Path(1, Stay)];
        SYS_renameat [At(0, 1, Stay), At(2, 3, Stay)];
        SYS_renameat2 [At(0, 1, Stay), At(2, 3, Stay)], flags Own(4);
    }
    Link Change {
        SYS_link [Path(0, Stay), Path(1, Stay)];
        SYS_linkat [At(0, 1, Only(FOLLOW)), At(2, 3, Stay)], flags AtFlags(4);
    }
    Symlink Change {
        SYS_symlink [Text(0), Path(1, Stay)];
        SYS_symlinkat [Text(0), At(1, 2, Stay)];
    }
    Mknod Change {
        SYS_mknod [Path(0, Stay)], mode 1;
        SYS_mknodat [At(0, 1, Stay)], mode 2;
    }
    Chmod Change {
        SYS_chmod [Path(0, Follow)], mode 1;
        SYS_fchmod [Fd(0)], mode 1;
        SYS_fchmodat [At(0, 1, Follow)], mode 2;
        SYS_fchmodat2 [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(3), mode 2;
    }
    Chown Change {
        SYS_chown [Path(0, Follow)];
        SYS_fchown [Fd(0)];
        SYS_lchown [Path(0, Stay)];
        SYS_fchownat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(4);
    }
    Truncate Change {
        SYS_truncate [Path(0, Follow)];
        SYS_ftruncate [Fd(0)];
    }
    Allocate Change {
        SYS_fallocate [Fd(0)], flags Own(1);
    }
    Lock Change {
        SYS_flock [Fd(0)], flags LockOf(1);
    }
    Fcntl Change {
        SYS_fcntl [Fd(0)], flags Command(1);
    }
    Ioctl Change {
        SYS_ioctl [Fd(0)], flags Request(1);
    }
    Read Read {
        SYS_read [Fd(0)];
        SYS_pread64 [Fd(0)];
        SYS_readv [Fd(0)];
        SYS_preadv [Fd(0)];
        SYS_preadv2 [Fd(0)], flags Own(5);
    }
    Write Change {
        SYS_write [Fd(0)];
        SYS_pwrite64 [Fd(0)];
        SYS_writev [Fd(0)];
        SYS_pwritev [Fd(0)];
        SYS_pwritev2 [Fd(0)], flags Own(5);
        SYS_sendfile [Fd(1), Fd(0)];
        SYS_copy_file_range [Fd(0), Fd(2)], flags Own(5);
        SYS_splice [Fd(0), Fd(2)], flags Own(5);
    }
    Sync Change {
        SYS_fsync [Fd(0)];
        SYS_fdatasync [Fd(0)];
        SYS_sync_file_range [Fd(0)], flags Own(3);
        SYS_syncfs [Fd(0)];
        SYS_sync [];
    }
    Xattr Change {
        SYS_setxattr [Path(0, Follow)], flags Own(4);
        SYS_lsetxattr [Path(0, Stay)], flags Own(4);
        SYS_fsetxattr [Fd(0)], flags Own(4);
        SYS_setxattrat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
        SYS_removexattr [Path(0, Follow)];
        SYS_lremovexattr [Path(0, Stay)];
        SYS_fremovexattr [Fd(0)];
        SYS_removexattrat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
    }
    Xattr Look {
        SYS_getxattr [Path(0, Follow)];
        SYS_lgetxattr [Path(0, Stay)];
        SYS_fgetxattr [Fd(0)];
        SYS_getxattrat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
        SYS_listxattr [Path(0, Follow)];
        SYS_llistxattr [Path(0, Stay)];
        SYS_flistxattr [Fd(0)];
        SYS_listxattrat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
    }
    Attr Change {
        SYS_file_setattr [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(4);
    }
    Attr Look {
        SYS_file_getattr [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(4);
    }
    Times Change {
        SYS_utime [Path(0, Follow)];
        SYS_utimes [Path(0, Follow)];
        SYS_futimesat [At(0, 1, Follow)];
        SYS_utimensat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(3);
    }
    Mount Change {
        SYS_mount [Text(0), Path(1, Follow)], flags Own(3);
        SYS_umount2 [Path(0, Unless(UMOUNT_NOFOLLOW))], flags Own(1);
        SYS_open_tree [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
        SYS_open_tree_attr [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
        SYS_move_mount [At(0, 1, Only(MOVE_FROM_FOLLOWS)), At(2, 3, Only(MOVE_TO_FOLLOWS))], flags Own(4);
        SYS_fsopen [Text(0)], flags Own(1);
        SYS_fsconfig [Fd(0)], flags Own(1);
        SYS_fsmount [Fd(0)], flags Own(1);
        SYS_fspick [At(0, 1, Unless(FSPICK_NOFOLLOW))], flags Own(2);
        SYS_mount_setattr [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
    }
    Root Change {
        SYS_chroot [Path(0, Follow)];
        SYS_pivot_root [Path(0, Follow), Path(1, Follow)];
    }
    Namespace Change {
        SYS_unshare [], flags Own(0);
        SYS_setns [Fd(0)], flags Own(1);
    }
    Bind Change {
        SYS_bind [Address(1, 2)];
    }
    Connect Look {
        SYS_connect [Address(1, 2)];
    }
    Stat Look {
        SYS_stat [Path(0, Follow)];
        SYS_fstat [Fd(0)];
        SYS_lstat [Path(0, Stay)];
        SYS_newfstatat [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(3);
        SYS_statx [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(2);
        SYS_statfs [Path(0, Follow)];
        SYS_fstatfs [Fd(0)];
    }
    Access Look {
        SYS_access [Path(0, Follow)];
        SYS_faccessat [At(0, 1, Follow)];
        SYS_faccessat2 [At(0, 1, Unless(NOFOLLOW))], flags AtFlags(3);
    }
    Readlink Look {
        SYS_readlink [Path(0, Stay)];
        SYS_readlinkat [At(0, 1, Stay)];
    }
    List Look {
        SYS_getdents [Fd(0)];
        SYS_getdents64 [Fd(0)];
    }
    Notify Look {
        SYS_inotify_add_watch [Path(1, Unless(IN_NOFOLLOW))], flags Own(2);
        SYS_fanotify_mark [At(3, 4, Unless(FAN_NOFOLLOW))], flags Own(1);
    }
    Handle Look {
        SYS_name_to_handle_at [At(0, 1, Only(FOLLOW))], flags AtFlags(4);
    }
    Chdir Look {
        SYS_chdir [Path(0, Follow)];
        SYS_fchdir [Fd(0)];
    }
    Close Descriptor {
        SYS_close [Fd(0)];
        SYS_close_range [Range(0, 1)], flags Own(2);
    }
    Dup Descriptor {
        SYS_dup [Fd(0)];
        SYS_dup2 [Fd(0), Fd(1)];
        SYS_dup3 [Fd(0), Fd(1)], flags OpenFlags(2);
    }
    Signal Change {
        SYS_kill [Pid(0)], flags SignalOf(1);
        SYS_tkill [Pid(0)], flags SignalOf(1);
        SYS_tgkill [Pid(1)], flags SignalOf(2);
        SYS_rt_sigqueueinfo [Pid(0)], flags SignalOf(1);
        SYS_rt_tgsigqueueinfo [Pid(1)], flags SignalOf(2);
        SYS_pidfd_send_signal [Pidfd(0)], flags SignalOf(1);
    }
    Exit Change {
        SYS_exit [];
        SYS_exit_group [];
    }
    Quota Change {
        SYS_quotactl [Path(1, Follow)], flags Own(0);
        SYS_quotactl_fd [Fd(0)], flags Own(1);
    }
    Swap Change {
        SYS_swapon [Path(0, Follow)], flags Own(1);
        SYS_swapoff [Path(0, Follow)];
    }
    Acct Change {
        SYS_acct [Path(0, Follow)];
    }
};

/// By number, so that one is found by halving.
pub(in super::super) static WATCHED: [Call; BY_FAMILY.len()] = by_number();

const fn by_number() -> [Call; BY_FAMILY.len()] {
    let mut sorted = [BY_FAMILY[0]; BY_FAMILY.len()];
    let mut next = 0;
    while next < sorted.len() {
        let mut at = next;
        while at > 0 && sorted[at - 1].number > BY_FAMILY[next].number {
            sorted[at] = sorted[at - 1];
            at -= 1;
        }
        sorted[at] = BY_FAMILY[next];
        next += 1;
    }
    sorted
}
