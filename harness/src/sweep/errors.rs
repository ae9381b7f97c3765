//! Each call fails, with each errno that the manual pages and broken disks have for it.

use super::{Point, Site, head, is_stream};
use crate::calls::Word;
use crate::calls::table::Family;
use crate::scenario::model::Sweep;

pub(super) fn points(sweep: &Sweep, sites: &[Site<'_>]) -> Vec<Point> {
    sites
        .iter()
        .filter(|site| !is_stream(site.path) && sweep.is_about(site.path))
        .flat_map(|site| {
            errnos(site).iter().map(move |errno| Point {
                id: format!("{}:{}", site.id, errno.to_ascii_lowercase()),
                step: format!("{}errno = \"{errno}\"\n", head("fail", sweep, site)),
                needs: None,
            })
        })
        .collect()
}

/// What a call can plausibly fail with. A close is left out: the kernel closes whatever it answers, so a close
/// that is not made would be a fault that no kernel has.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what changes no file or has no errno of its own"
)]
fn errnos(site: &Site<'_>) -> &'static [&'static str] {
    let call = site.call;
    match site.word {
        Word::Truncate => &["EIO", "EPERM", "EINTR"],
        // Letting go of what is held does not fail.
        Word::Create | Word::Unlock => &[],
        Word::Family(family) => match family {
            Family::Open if call.how.contains("O_TMPFILE") => &[
                "EOPNOTSUPP",
                "EISDIR",
                "ENOSPC",
                "EACCES",
                "EMFILE",
                "EROFS",
                "EIO",
            ],
            Family::Open if call.looks => &["EACCES", "EMFILE", "ENFILE", "EIO", "EINTR"],
            Family::Open => &[
                "EACCES", "EMFILE", "ENFILE", "EIO", "EINTR", "ENOSPC", "EDQUOT", "EROFS",
            ],
            Family::Mkdir | Family::Mknod | Family::Symlink => {
                &["EACCES", "ENOSPC", "EDQUOT", "EROFS", "EIO"]
            }
            Family::Link => &[
                "EPERM", "EXDEV", "EMLINK", "ENOSPC", "EACCES", "EROFS", "EIO", "ENOENT",
            ],
            Family::Rename => &["EACCES", "ENOSPC", "EROFS", "EIO", "EBUSY"],
            Family::Unlink | Family::Rmdir => &["EACCES", "EBUSY", "EROFS", "EIO", "EPERM"],
            Family::Lock => &["ENOLCK", "EINTR", "EIO", "EINVAL", "EOPNOTSUPP"],
            Family::Write => &["ENOSPC", "EDQUOT", "EIO", "EFBIG", "EINTR"],
            Family::Allocate => &["ENOSPC", "EOPNOTSUPP"],
            Family::Sync => &["EIO", "ENOSPC", "EROFS"],
            Family::Chmod | Family::Chown | Family::Times => &["EPERM", "EROFS", "EIO"],
            Family::Stat | Family::Access => &["EACCES", "EIO", "ENOMEM"],
            Family::Readlink | Family::List | Family::Chdir => &["EACCES", "EIO"],
            Family::Xattr => &["EOPNOTSUPP", "EPERM"],
            _ => &[],
        },
    }
}
