//! Many tenants in one call and over many machines: the same bytes and the same words whatever runs at once, nobody stops
//! another, memory that does not grow with the number of tenants, every tenant in exactly one share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use yaml_rust2::{Yaml, YamlLoader};

use crate::edfi_admin::{Desk, Said};

/// A desk with so many small tenants, of different districts, and further tables.
fn desk(count: usize, tables: &str) -> Desk {
    let mut text = String::new();
    for n in 1..=count {
        writeln!(text, "[tenants.t{n:02}]\nplace = \"synth:students={},seed={n}\"", 10 + n % 7).unwrap();
    }
    Desk::new(&format!("{text}{tables}"))
}

/// The packages of a desk, by name.
fn packages(desk: &Desk) -> BTreeMap<String, Vec<u8>> {
    let zips = fs::read_dir(desk.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    zips.filter(|path| path.extension().is_some_and(|extension| extension == "zip"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

const BAD: &str = "[tenants.t00]\nplace = \"gone\"\n[tenants.t03x]\nplace = \"synth:students=10\"\nschools = [1]\n\
                   [tenants.t99]\nplace = \"synth:students=many\"\n";

#[test]
fn words_and_bytes_are_the_same_whatever_runs_at_once() {
    let run = |more: &[&str]| {
        let desk = desk(7, BAD);
        let arguments = [&["export", "--tenant", "all", "--quiet"], more].concat();
        let said = desk.run(&[], &arguments);
        (said.code, said.out, said.err, packages(&desk))
    };
    let alone = run(&[]);
    let (code, out, err, made) = &alone;
    // One that fails stops nobody: the source is gone, the filter leaves nothing, the address is wrong.
    assert_eq!((*code, out.lines().count(), made.len()), (2, 7, 7), "{err}");
    assert!(
        err.contains("== t00 ==") && err.contains("t99        2  usage: cannot read `synth:students=many`"),
        "{err}"
    );
    for more in [&["--parallel-tenants", "3"][..], &["--set", "parallel_tenants=64", "--threads", "1"]] {
        assert!(run(more) == alone, "{more:?}");
    }
    // The profile may say it as well; one tenant may not.
    let desk = desk(2, "[profiles.p]\nparallel_tenants = 2\n");
    assert_eq!(desk.run(&[], &["export", "--profile", "p", "--tenant", "all", "--quiet"]).code, 0);
    let said = Desk::new("[tenants.t]\nparallel_tenants = 2\n").run(&[], &["show-config"]);
    assert!(said.code == 2 && said.err.contains("it speaks of all tenants of a call"), "{}", said.err);
}

/// The greatest resident memory, in MiB, that a call with so many tenants, so many at once, ever had: a hook of the last night
/// looks at the process that called it.
fn peak(tenants: usize, at_once: usize) -> u64 {
    let mut text = String::from(
        "[profiles.night]\narchive = \"archive\"\ndeliver_to = [\"file:///DESK/pickup/{tenant}.zip\"]\n\
         on_success = \"grep VmHWM /proc/$PPID/status >> peaks\"\n",
    );
    for n in 0..tenants {
        writeln!(text, "[tenants.t{n:02}]\nplace = \"synth:students=250,seed={n}\"").unwrap();
    }
    let desk = Desk::new("");
    let head = fs::read_to_string(desk.at("rosterpack.toml")).unwrap();
    let head = head.replace("out = \"{tenant}.zip\"\n", "");
    let text = text.replace("file:///DESK", &format!("file://{}", desk.folder.path().display()));
    fs::write(desk.at("rosterpack.toml"), head + &text).unwrap();
    fs::create_dir(desk.at("pickup")).unwrap();
    let at_once = at_once.to_string();
    let said = desk.run(
        &[],
        &["export", "--profile", "night", "--tenant", "all", "--quiet", "--parallel-tenants", &at_once],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(fs::read_dir(desk.at("pickup")).unwrap().count(), tenants);
    let peaks = fs::read_to_string(desk.at("peaks")).unwrap();
    let kib = peaks.lines().filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.max().unwrap() / 1024
}

#[test]
fn fifty_tenants_need_the_memory_of_those_that_run_at_once() {
    let one = peak(1, 1);
    let at_once = 3;
    let fifty = peak(50, at_once);
    // README promises three times one. Half of one is the program itself: that bound is kept, and all fifty at once break it.
    let bound = one * 2;
    eprintln!("one tenant {one} MiB, fifty, {at_once} at once, {fifty} MiB");
    assert!(fifty <= bound, "50 tenants, {at_once} at once: {fifty} MiB, more than {bound} MiB");
}

#[test]
fn two_tenants_never_write_to_one_place() {
    let table = |lines: &str| {
        format!(
            "[profiles.night]\narchive = \"archive\"\n{lines}\n[tenants.x]\ntenant = \"t01\"\nplace = \"synth:students=10\"\n"
        )
    };
    for (lines, pattern, says) in [
        (
            "deliver_to = [\"file:///pickup/roster.zip\"]",
            "t0*",
            "the deliveries of t01 and t02 would be the same: file:///pickup/roster.zip",
        ),
        (
            "deliver_to = [\"file:///pickup/\"]\ndeliver_as = \"loose\"",
            "t0*",
            "the deliveries of t01 and t02 would be the same: file:///pickup/",
        ),
        (
            "deliver_to = [\"file:///pickup/{name}.zip\"]",
            "*",
            "the archives of t01 and x would be the same: archive/night/t01",
        ),
    ] {
        let said = desk(2, &table(lines)).run(&[], &["export", "--profile", "night", "--tenant", pattern]);
        assert!(said.code == 2 && said.err.contains(says), "{}", said.err);
    }
    let desk =
        desk(2, &table("deliver_to = [\"file:///pickup/{tenant}.zip\", \"file:///pickup/\"]\nout = \"o/\""));
    let said = desk.run(&[], &["export", "--profile", "night", "--tenant", "t0*", "--dry-run", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

/// Tenants of the table at the end.
fn done(said: &Said) -> Vec<String> {
    let table = said.err.rsplit("tenant  code  outcome\n").next().unwrap();
    let lines = table.lines().filter(|line| line.contains("published"));
    lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_tenant_is_in_exactly_one_share() {
    let desk = desk(20, "");
    let mut seen = Vec::new();
    for share in ["1/3", "2/3", "3/3"] {
        let said = desk.run(&[], &["export", "--tenant", "all", "--shard", share, "--quiet", "--dry-run"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.err.contains(&format!("note: share {share} has ")), "{}", said.err);
        let shown = desk.run(&[], &["tenants", "--shard", share]);
        let shown: Vec<&str> = shown.out.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(shown, done(&said));
        seen.extend(done(&said));
    }
    seen.sort();
    assert_eq!(seen, (1..=20).map(|n| format!("t{n:02}")).collect::<Vec<_>>());
    // A share that nobody falls to is done.
    let mut empty = 0;
    for share in 1..=60 {
        let share = format!("{share}/60");
        let said = desk.run(&[], &["export", "--tenant", "t01", "--shard", &share]);
        assert!(said.code == 2 && said.err.contains("--tenant all"), "{}", said.err);
        let said = desk.run(&[], &["export", "--tenant", "t0*", "--shard", &share, "--quiet", "--dry-run"]);
        assert_eq!(said.code, 0, "{}", said.err);
        empty += usize::from(said.err.contains("has 0 of 9 tenants\n"));
        if empty > 0 {
            break;
        }
    }
    assert_eq!(empty, 1);
    let said = desk.run(&[], &["export", "--tenant", "all", "--shard", "4/3"]);
    assert!(said.code == 2 && said.err.contains("--shard 4/3: "), "{}", said.err);
}

fn template(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/cluster").join(name)).unwrap()
}

/// A desk with a profile as the templates name it, whose packages go to `pickup`.
fn nightly(count: usize) -> Desk {
    let desk = desk(count, "");
    let text =
        fs::read_to_string(desk.at("rosterpack.toml")).unwrap().replace("out = \"{tenant}.zip\"\n", "");
    let profile = format!(
        "[profiles.vendor]\narchive = \"{0}/archive\"\ndeliver_to = [\"file://{0}/pickup/{{tenant}}.zip\"]\n\
         on_success = \"echo $ROSTERPACK_TENANT >> {0}/exported\"\n",
        desk.folder.path().display()
    );
    fs::write(desk.at("rosterpack.toml"), text + &profile).unwrap();
    fs::create_dir(desk.at("pickup")).unwrap();
    desk
}

/// Every tenant was exported, and none twice.
fn exactly_once(desk: &Desk, count: usize) {
    let exported = fs::read_to_string(desk.at("exported")).unwrap();
    let mut exported: Vec<&str> = exported.lines().collect();
    exported.sort_unstable();
    assert_eq!(exported, (1..=count).map(|n| format!("t{n:02}")).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(desk.at("pickup")).unwrap().count(), count);
}

#[test]
fn the_script_for_slurm_exports_every_tenant_once() {
    let desk = nightly(9);
    let script = template("rosterpack.slurm");
    // sbatch(1): options stand in comments above the first command.
    let options: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("#SBATCH ")).collect();
    let commands = script.lines().position(|line| !line.starts_with('#')).unwrap();
    assert!(script.lines().skip(commands).all(|line| !line.starts_with("#SBATCH")));
    let array = options.iter().find_map(|option| option.strip_prefix("--array=")).unwrap();
    let (first, last) = array.split_once('-').unwrap();
    let (first, last): (u32, u32) = (first.parse().unwrap(), last.parse().unwrap());
    let script = script.replace("/srv/rosterpack", desk.folder.path().to_str().unwrap());
    fs::write(desk.at("job"), script).unwrap();
    let bin = cargo_bin!("rosterpack").parent().unwrap().to_owned();
    for task in first..=last {
        let output = Command::new("sh")
            .arg(desk.at("job"))
            .env_clear()
            .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_ARRAY_TASK_MIN", first.to_string())
            .env("SLURM_ARRAY_TASK_MAX", last.to_string())
            .env("SLURM_ARRAY_TASK_COUNT", (last - first + 1).to_string())
            .env("SLURM_CPUS_PER_TASK", "2")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    exactly_once(&desk, 9);
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_job_for_kubernetes_exports_every_tenant_once() {
    let desk = nightly(9);
    let documents = YamlLoader::load_from_str(&template("kubernetes.yaml")).unwrap();
    let [cron] = documents.as_slice() else { panic!("one document") };
    assert_eq!((cron["apiVersion"].as_str(), cron["kind"].as_str()), (Some("batch/v1"), Some("CronJob")));
    let job = &cron["spec"]["jobTemplate"]["spec"];
    assert_eq!(job["completionMode"].as_str(), Some("Indexed"));
    let completions = job["completions"].as_i64().unwrap();
    let pod = &job["template"]["spec"];
    // A policy on exit codes wants pods that are not started again.
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    let container = &pod["containers"][0];
    let rule = &job["podFailurePolicy"]["rules"][0]["onExitCodes"];
    assert_eq!(rule["containerName"], container["name"]);
    let known: BTreeSet<i64> =
        rosterpack::cli::ExitCode::ALL.iter().map(|code| i64::from(code.number())).collect();
    assert!(rule["values"].as_vec().unwrap().iter().all(|code| known.contains(&code.as_i64().unwrap())));
    let mounts =
        container["volumeMounts"].as_vec().unwrap().iter().map(|mount| mount["name"].as_str().unwrap());
    let volumes: Vec<&str> =
        pod["volumes"].as_vec().unwrap().iter().map(|v| v["name"].as_str().unwrap()).collect();
    assert_eq!(mounts.collect::<Vec<_>>(), volumes);

    let arguments = texts(&container["args"]);
    assert!(arguments.contains(&format!("--shard=kubernetes/{completions}")), "{arguments:?}");
    assert_eq!(texts(&container["command"]), ["rosterpack"]);
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace("/etc/rosterpack", desk.folder.path().to_str().unwrap()))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    for index in 0..completions {
        let said = desk.run(&[("JOB_COMPLETION_INDEX", &index.to_string())], &arguments);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    exactly_once(&desk, 9);
}
