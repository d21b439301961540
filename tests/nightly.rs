//! Nights of a profile from end to end: export, guard, archive, delivery into folders, release, history, hooks, locks.
#![cfg(target_os = "linux")]
// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/night.rs"]
mod night;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use desk::{EXPORT, PICKUP, command, configure, desk};
use night::{AS_OF, extracts, told};
use serde_json::Value;

/// Runs the binary in a folder.
fn rosterpack(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Runs the verb, demands this code, and gives what it said.
fn ended(desk: &Path, arguments: &[&str], code: i32) -> String {
    told(&desk::ended(desk, arguments, code))
}

fn history(desk: &Path) -> Vec<Value> {
    let output = rosterpack(desk, &["history", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn outcomes(desk: &Path) -> Vec<String> {
    history(desk).iter().map(|night| night["outcome"].as_str().unwrap().to_owned()).collect()
}

fn pickup(desk: &Path) -> Vec<u8> {
    fs::read(desk.join("pickup/north.zip")).unwrap()
}

/// The words of the help line that release what is held.
fn release_line(told: &str) -> Vec<String> {
    let line = told.lines().find_map(|line| line.split_once("rosterpack release ")).unwrap().1;
    ["release"].into_iter().chain(line.split_whitespace()).map(str::to_owned).collect()
}

#[test]
fn what_is_gone_is_held_until_it_is_named_and_a_release_is_a_ceiling() {
    let temp = desk(&format!("{PICKUP}on_held = \"cat > held.json; echo $ROSTERPACK_OUTCOME > word\""));
    let desk = temp.path();
    let first = rosterpack(desk, &EXPORT);
    assert_eq!(first.status.code(), Some(0), "{}", told(&first));
    let line = String::from_utf8(first.stdout.clone()).unwrap();
    assert_eq!(line.lines().count(), 1, "one line a night: {line}");
    assert!(
        line.starts_with("reading/north: delivered ") && line.contains("nothing to compare with"),
        "{line}"
    );
    assert!(told(&first).contains("nothing was delivered before"), "{}", told(&first));
    let delivered = pickup(desk);

    let reported = [&EXPORT[..], &["--report", "report"]].concat();
    assert!(ended(desk, &reported, 0).contains(", 0 gone, 0 new"));
    assert_eq!(pickup(desk), delivered, "same input, same bytes");
    let report: Value = serde_json::from_slice(&fs::read(desk.join("report/report.json")).unwrap()).unwrap();
    assert_eq!(
        report["packages"][0]["comparison"]["status"], "compared",
        "{}",
        report["packages"][0]["comparison"]
    );

    // It names the package where it is found, not where it was built; the archive's own copy is the same.
    let zip = report["packages"][0]["zip"]["path"].as_str().unwrap();
    assert_eq!(fs::read(desk.join(zip)).unwrap(), delivered, "{zip}");
    let page = fs::read_to_string(desk.join("report/report.html")).unwrap();
    assert!(!page.contains("/built/"), "the page names it too");
    assert_eq!(
        fs::read(desk.join(zip).with_extension("json")).unwrap(),
        fs::read(desk.join("report/report.json")).unwrap()
    );

    extracts(&desk.join("extracts"), 60);
    let held = ended(desk, &EXPORT, 4);
    assert!(held.contains("users: ") && held.contains("ids are gone"), "{held}");
    assert_eq!(pickup(desk), delivered, "what is held reaches nobody");
    let facts: Value = serde_json::from_slice(&fs::read(desk.join("held.json")).unwrap()).unwrap();
    assert_eq!((facts["outcome"].as_str(), facts["exit_code"].as_u64()), (Some("held"), Some(4)));
    assert!(facts["changes"]["users"]["removed"].as_u64().unwrap() > 10, "{facts}");
    assert_eq!(fs::read_to_string(desk.join("word")).unwrap(), "held\n");
    // It lies in the archive, with its report, its reasons and the same bytes that a release will send.
    let aside = desk.join(facts["package"].as_str().unwrap());
    assert!(aside.is_file() && aside.with_extension("json").is_file());
    assert!(!history(desk)[2]["reasons"].as_array().unwrap().is_empty());
    let words = release_line(&held);

    // Without numbers nothing is released, and what is held is not delivered by another door.
    let bare = ["release", "--profile", "reading", "--tenant", "north"];
    assert!(ended(desk, &bare, 4).contains("--expect users="));
    assert!(
        ended(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 4)
            .contains("the guard holds it")
    );

    // More is missing by the time somebody types the numbers of the first night.
    extracts(&desk.join("extracts"), 30);
    let worse = ended(desk, &EXPORT, 4);
    let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let refused = ended(desk, &arguments, 4);
    assert!(refused.contains("the release allows "), "{refused}");
    assert_eq!(pickup(desk), delivered);

    let words = release_line(&worse);
    let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let released = ended(desk, &arguments, 0);
    assert!(released.contains("note: released: users"), "{released}");
    assert_ne!(pickup(desk), delivered);
    assert_eq!(outcomes(desk), ["delivered", "delivered", "held", "delivered"]);
    assert_eq!(history(desk)[3]["released"], true);
    assert!(ended(desk, &arguments, 2).contains("nothing is held"), "a release counts once");
    // What was released is what the next night is compared with.
    assert!(ended(desk, &EXPORT, 0).contains(", 0 gone, 0 new"));
    let table = ended(desk, &["history", "--profile", "reading", "--tenant", "north", "--last", "3"], 0);
    assert!(table.contains("(released)") && table.contains("held"), "{table}");
}

#[test]
fn nights_end_as_they_should() {
    // Lines of the profile, students that are left of 100, code, what is said.
    let cases: &[(&str, u64, i32, &str)] = &[
        ("", 99, 0, "delivered"),
        ("additions_only = true", 95, 4, "only additions are allowed"),
        ("blackouts = [\"2000-01-01..2099-12-31\"]", 100, 4, "--expect blackout"),
        ("max_removed_rows = 100000\nmax_changed_percent = 100", 60, 0, "delivered"),
        ("max_removed_percent = 90", 60, 0, "delivered"),
        (
            "schools = [255901001]",
            100,
            0,
            "what was delivered last is of another kind (scope.schools was nothing",
        ),
        ("oneroster = \"1.2\"", 100, 0, "version was 1.1, is 1.2"),
        ("id_scheme = \"stable\"", 100, 0, "id_scheme was edu, is stable"),
        ("id_prefix = \"other\"", 100, 4, "most ids were deleted or replaced"),
        ("deny = \"warning\"", 100, 1, "reading/north: refused"),
        ("place = \"gone\"", 100, 3, "reading/north: failed"),
    ];
    let first = desk(PICKUP);
    ended(first.path(), &EXPORT, 0);
    for (lines, keep, code, says) in cases {
        let desk = first.path();
        let before = pickup(desk);
        // Every case follows the first night: its archive is the same.
        let log = desk.join("archive/reading/north/audit.jsonl");
        let kept = fs::read(&log).unwrap();
        configure(desk, &format!("{PICKUP}{lines}"));
        extracts(&desk.join("extracts"), *keep);
        let told = ended(desk, &EXPORT, *code);
        assert!(told.contains(says), "{lines}: {told}");
        if *code != 0 {
            assert_eq!(pickup(desk), before, "{lines}");
        }
        let word = match code {
            0 => "delivered",
            4 => "held",
            1 => "refused",
            _ => "failed",
        };
        assert_eq!(outcomes(desk).last().unwrap(), word, "{lines}");
        let packages = desk.join("archive/reading/north/packages");
        let first = String::from_utf8_lossy(&kept).split("\"id\":\"").nth(1).unwrap()[..25].to_owned();
        for entry in fs::read_dir(&packages).unwrap() {
            let path = entry.unwrap().path();
            if !path.file_stem().unwrap().to_str().unwrap().eq(&first) {
                fs::remove_file(path).unwrap();
            }
        }
        fs::write(&log, kept).unwrap();
    }
}

#[test]
fn one_target_that_fails_does_not_stop_the_others_and_the_same_bytes_go_again() {
    let lines = "out = \"deep/latest/\"\ndeliver_to = [\"file://DESK/gone/{name}.zip\", \"file://DESK/pickup/{tenant}.zip\"]\n\
                 on_failure = \"cat > failed.json\"\non_success = \"exit 3\"";
    let temp = desk(lines);
    let desk = temp.path();
    let told = ended(desk, &EXPORT, 5);
    assert!(told.contains("reached 2 of 3 targets and is kept"), "{told}");
    assert!(desk.join("failed.json").is_file());
    let latest = desk.join("deep/latest/north-2025-oneroster-v1p1.zip");
    assert_eq!(fs::read(&latest).unwrap(), pickup(desk));
    fs::create_dir(desk.join("gone")).unwrap();
    // The source is not needed any more.
    fs::remove_dir_all(desk.join("extracts")).unwrap();
    let told = ended(desk, &["deliver", "--profile", "reading", "--tenant", "north"], 0);
    assert!(told.contains("the command of on_success ended with exit status: 3"), "{told}");
    let late = fs::read(desk.join("gone/north-2025-oneroster-v1p1.zip")).unwrap();
    assert_eq!(late, pickup(desk));
    let id = history(desk)[0]["id"].as_str().unwrap().to_owned();
    ended(desk, &["deliver", "--profile", "reading", "--tenant", "north", "--archive", &id], 0);
    assert!(
        ended(desk, &["deliver", "--profile", "reading", "--tenant", "north", "--archive", "x"], 4)
            .contains("x")
    );
}

#[test]
fn tenants_have_archives_of_their_own_and_old_packages_go() {
    let temp = desk(&format!("{PICKUP}keep_packages = 1"));
    let desk = temp.path();
    let all = ["export", "--profile", "reading", "--tenant", "all", "--quiet"];
    let output = rosterpack(desk, &all);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let starts: Vec<&str> = said.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(starts, ["reading/north", "reading/south"]);
    assert!(desk.join("pickup/south.zip").is_file());
    ended(desk, &EXPORT, 0);
    let packages: Vec<PathBuf> = fs::read_dir(desk.join("archive/reading/north/packages"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(packages.len(), 2, "a package and its report: {packages:?}");
    let kept: Vec<bool> = history(desk).iter().map(|night| night["kept"].as_bool().unwrap()).collect();
    assert_eq!(kept, [false, true, true]);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_read() {
    let cases: &[(&str, &str)] = &[
        ("", "nobody gets its packages"),
        ("deliver_to = [\"file://DESK/{nam}.zip\"]", "{nam}"),
        ("deliver_to = [\"sftp://me:hunter2@host/x.zip\"]", "a password does not belong into an address"),
        ("deliver_to = [\"/srv/x.zip\"]", "begins with sftp://, s3:// or file:///"),
        ("oneroster = \"1.1,1.2\"\ndeliver_to = [\"file://DESK/pickup/\"]", "packages of 2 versions"),
        ("deliver_to = [\"file://DESK/x.zip\"]\ndeliver_as = \"loose\"", "loose files go into a folder"),
    ];
    let temp = desk("");
    for (lines, says) in cases {
        configure(temp.path(), lines);
        let told = ended(temp.path(), &EXPORT, 2);
        assert!(told.contains(says) && !told.contains("hunter2"), "{lines}: {told}");
        assert!(!temp.path().join("archive").exists());
    }
    let text = fs::read_to_string(temp.path().join("rosterpack.toml")).unwrap();
    fs::write(
        temp.path().join("rosterpack.toml"),
        text.replace("archive = \"archive\"\n", "").replace("x.zip", ""),
    )
    .unwrap();
    assert!(ended(temp.path(), &EXPORT, 2).contains("has no archive"));
    assert!(ended(temp.path(), &["release"], 2).contains("--profile"));
    // Without a profile it is an export like any other, and says that it is.
    let plain = ["export", "--tenant", "north", "--quiet", "--out", "pickup/", "--set", "archive=archive"];
    let told = ended(temp.path(), &plain, 0);
    assert!(told.contains("no profile is named: nothing is guarded"), "{told}");
    assert!(!temp.path().join("archive").exists());
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn two_runs_of_one_profile_do_not_work_at_once_and_a_dead_one_holds_nobody_up() {
    // The first run waits under its lock until somebody tells it the password; nobody listens at port 1.
    let waits = "deliver_to = [\"sftp://me@127.0.0.1:1/in/x.zip\"]\nhost_keys = [\"SHA256:n1a9XlsGnfCSBsBIsCKKEo0jJgM5NJ6TSIEUzGmZvwY\"]\n\
                 delivery_attempts = 1\nsftp_password_command = \"echo > started; cat go\"\n\
                 on_failure = \"cat > facts.json\"";
    let temp = desk(waits);
    let desk = temp.path();
    fifo(&desk.join("started"));
    fifo(&desk.join("go"));
    let begin = || {
        let child = command(desk, &EXPORT).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Returns as soon as the command writes to it.
        fs::read(desk.join("started")).unwrap();
        child
    };
    let mut first = begin();
    let told = ended(desk, &EXPORT, 6);
    assert!(told.contains(&format!("process {} on ", first.id())), "{told}");
    // The hook hears of it too; the audit log, which belongs to the other run, does not.
    let facts: Value = serde_json::from_slice(&fs::read(desk.join("facts.json")).unwrap()).unwrap();
    assert_eq!(facts["exit_code"], 6);
    assert!(
        facts["reasons"][0].as_str().unwrap().contains(&format!("process {} on ", first.id())),
        "{facts}"
    );
    assert!(told.contains("reading/north: failed, nothing was delivered: another run works in"), "{told}");
    fs::write(desk.join("go"), "password\n").unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(5));

    let mut second = begin();
    second.kill().unwrap();
    second.wait().unwrap();
    fs::write(desk.join("go"), "password\n").unwrap();
    configure(desk, PICKUP);
    let told = ended(desk, &EXPORT, 0);
    assert!(told.contains(&format!("process {} on ", second.id())), "{told}");
    assert!(told.contains("its lock was taken over"), "{told}");
    assert_eq!(outcomes(desk), ["undelivered", "undelivered", "delivered"]);
}

/// A desk with the profile of the templates.
fn desk_of_the_templates() -> tempfile::TempDir {
    let temp = desk(PICKUP);
    let file = temp.path().join("rosterpack.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[profiles.reading]", "[profiles.vendor]")).unwrap();
    temp
}

fn template(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name)).unwrap()
}

#[test]
fn the_line_of_the_cron_template_delivers_and_says_nothing_to_cron() {
    let temp = desk_of_the_templates();
    let desk = temp.path();
    let text = template("cron/rosterpack");
    let jobs: Vec<&str> = text.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())).collect();
    let [job] = jobs[..] else { panic!("one job: {jobs:?}") };
    // crontab(5): five fields of time, in /etc/cron.d a user, then a command in which % would be a line break.
    let mut fields = job.splitn(7, ' ');
    let time: Vec<&str> = fields.by_ref().take(5).collect();
    assert_eq!((time, fields.next()), (vec!["15", "2", "*", "*", "*"], Some("rosterpack")));
    let line = fields.next().unwrap();
    assert!(!line.contains('%'));
    let bin = cargo_bin!("rosterpack").parent().unwrap().to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let line = line.replace("/srv/rosterpack", desk.to_str().unwrap());
    let output =
        Command::new("sh").env_clear().env("PATH", path).envs([AS_OF]).args(["-c", &line]).output().unwrap();
    assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), ""));
    let log = fs::read_to_string(desk.join("nightly.log")).unwrap();
    assert!(log.contains("vendor/north: delivered ") && log.contains("vendor/south: delivered "), "{log}");
    assert!(desk.join("pickup/north.zip").is_file());
}

#[test]
fn the_units_of_systemd_are_sound_and_their_command_delivers() {
    let temp = desk_of_the_templates();
    let desk = temp.path();
    let binary = cargo_bin!("rosterpack").to_str().unwrap().to_owned();
    let service = template("systemd/rosterpack@.service").replace("/usr/bin/rosterpack", &binary);
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    // systemd.unit(5): %i is what stands behind the @.
    let line = line.replace("%i", "vendor").replace("/etc/rosterpack", desk.to_str().unwrap());
    let words: Vec<&str> = line.split_whitespace().collect();
    let output =
        Command::new(words[0]).env_clear().envs([AS_OF]).current_dir(desk).args(&words[1..]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(desk.join("pickup/south.zip").is_file());

    fs::write(desk.join("rosterpack@.service"), service).unwrap();
    fs::write(desk.join("rosterpack@.timer"), template("systemd/rosterpack@.timer")).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "rosterpack@.service", "rosterpack@.timer"])
        .current_dir(desk)
        .output();
    match verify {
        // It warns of what it does not know and calls that success.
        Ok(output) => assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), "")),
        Err(error) => {
            eprintln!("SKIPPED: the units are not verified, systemd-analyze cannot be run: {error}")
        }
    }
}
