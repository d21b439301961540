//! How much memory a run may take on this machine.
//!
//! In: the setting, and what Linux says of the machine and of the control groups that this process is in. Out: bytes.
//! Where nothing is said, there is no limit.

use std::fs;
use std::path::Path;

use crate::config::Run;

/// The limit of one run, in bytes; `None` where it depends on a machine that does not say what it has.
pub fn limit(run: &Run) -> Option<u64> {
    let all = run.memory_limit.bytes(of_machine(Path::new("/")))?;
    Some(all / run.parallel_tenants.max(1) as u64)
}

/// What the machine has, or less when a control group allows less. `root` is where its files begin.
fn of_machine(root: &Path) -> Option<u64> {
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let installed = text("proc/meminfo").lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<u64>()
            .ok()?
            .checked_mul(1024)
    });
    let groups = text("proc/self/cgroup");
    let allowed = groups.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        // The second version has one tree without controllers; the first one tree for each.
        let (tree, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        // A limit holds for all groups below it. In a container the path may begin outside of what it sees.
        let group = group.trim_matches('/');
        let ancestors =
            Path::new(group).ancestors().map(|group| format!("{tree}/{}/{file}", group.display()));
        ancestors.filter_map(|path| text(&path).trim().parse::<u64>().ok()).collect()
    });
    installed.into_iter().chain(allowed).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        of_machine(root.path())
    }

    #[test]
    fn the_least_of_machine_and_groups_counts() {
        let memory = ("proc/meminfo", "MemFree:  1 kB\nMemTotal:   1024 kB\n");
        assert_eq!(machine(&[]), None);
        assert_eq!(machine(&[memory]), Some(1 << 20));
        let second = ("proc/self/cgroup", "0::/jobs/night\n");
        assert_eq!(machine(&[memory, second, ("sys/fs/cgroup/jobs/memory.max", "max\n")]), Some(1 << 20));
        assert_eq!(machine(&[memory, second, ("sys/fs/cgroup/jobs/memory.max", "5000\n")]), Some(5000));
        assert_eq!(
            machine(&[
                memory,
                second,
                ("sys/fs/cgroup/jobs/memory.max", "5000\n"),
                ("sys/fs/cgroup/jobs/night/memory.max", "4000\n"),
            ]),
            Some(4000)
        );
        let first = ("proc/self/cgroup", "5:cpu:/a\n4:memory,hugetlb:/night\n");
        let unlimited = ("sys/fs/cgroup/memory/night/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(machine(&[memory, first, unlimited]), Some(1 << 20));
        assert_eq!(
            machine(&[memory, first, ("sys/fs/cgroup/memory/memory.limit_in_bytes", "300\n")]),
            Some(300)
        );
    }
}
