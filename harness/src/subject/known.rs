//! What could be typed after `--subject`, for whoever completes words: looks at names only, and asks nobody.

use super::cache::Cache;
use super::{spec, var};

/// The subjects there are: built in, and in the cache. A package stands there as `name@` too, for a release that is not.
pub fn subjects() -> Vec<String> {
    let mut all = vec!["reference".to_owned()];
    let kept = Cache::locate(&var).map(|cache| cache.list());
    let kept = kept.unwrap_or_default();
    for (name, package) in spec::released() {
        let releases = kept.iter().filter_map(|(_, marker)| marker.as_ref());
        let mut versions: Vec<&str> = releases
            .filter(|marker| marker.package == package)
            .map(|marker| marker.version.as_str())
            .collect();
        versions.sort_unstable();
        versions.dedup();
        all.push(format!("{name}@"));
        all.extend(versions.iter().map(|version| format!("{name}@{version}")));
    }
    all.extend(
        pidproof_defects::ALL
            .iter()
            .map(|defect| format!("defect:{}", defect.name)),
    );
    all
}
