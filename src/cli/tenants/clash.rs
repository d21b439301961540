//! What two tenants of one call would write to one place: a district's package over another's.
//!
//! In: the frozen runs. Out: a sentence for every place that is not one tenant's own. Nothing is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Waiting;
use crate::cli::nightly;
use crate::config::Run;

/// Places that two runs would write: what, who, and where.
pub(super) fn clashes(waiting: &[Waiting]) -> Vec<String> {
    let mut places: BTreeMap<(&'static str, String), Vec<&str>> = BTreeMap::new();
    for Waiting { tenant, run } in waiting {
        let Ok(run) = run else { continue };
        for place in places_of(run) {
            places.entry(place).or_default().push(tenant);
        }
    }
    let shared = places.into_iter().filter(|(_, tenants)| tenants.len() > 1);
    shared
        .map(|((what, place), tenants)| {
            format!("{what} of {} would be the same: {place}", tenants.join(" and "))
        })
        .collect()
}

fn places_of(run: &Run) -> Vec<(&'static str, String)> {
    let shown = |path: PathBuf| path.display().to_string();
    let is_folder =
        |out: &Path| out.is_dir() || out.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    // In a folder a package is called as `package_name` says: a name without the tenant's code is everybody's. A school year
    // that is not known yet is none.
    let version = run.plan.editions.first().map(|edition| edition.version);
    let called = version.map(|version| run.plan.package_name(version)).unwrap_or_default();
    let name = called.strip_suffix(".zip").unwrap_or(&called).to_owned();
    let out = run.out.as_ref().map(|out| if is_folder(out) { out.join(&name) } else { out.clone() });
    let mut places: Vec<(&'static str, String)> =
        [("the packages", out), ("the reports", run.report.clone()), ("the tables", run.tables.clone())]
            .into_iter()
            .filter_map(|(what, path)| Some((what, shown(path?))))
            .collect();
    let Some(profile) = run.profile.as_deref().filter(|_| nightly::wanted(run)) else { return places };
    if let Some(archive) = &run.publish.archive {
        places.push(("the archives", shown(archive.join(profile).join(&run.plan.tenant))));
    }
    if let Some(metrics) = &run.publish.metrics {
        let path = metrics.to_string_lossy();
        let path = path.replace("{tenant}", &run.plan.tenant).replace("{profile}", profile);
        places.push(("the metrics", path));
    }
    for address in &run.publish.deliver_to {
        let mut address = address.replace("{tenant}", &run.plan.tenant).replace("{name}", &name);
        if address.ends_with('/') && !run.publish.loose {
            address += &name;
        }
        places.push(("the deliveries", address));
    }
    places
}
