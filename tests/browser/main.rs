//! The pages that rosterpack writes, in a real browser: the report of an export and the judgement of `validate`.
//!
//! In: Chromium, named by `ROSTERPACK_CHROMIUM` (tests/browser/run finds or installs it), driven by its own command line. Out: no
//! console message, no request but for the file itself, the key figures in the DOM, nothing wider than a phone, text that can be read
//! in light and dark, a page that prints. Screenshots are left in the target folder for a person to look at.

// Helpers of tests count as code to clippy, and a test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;

/// Widths of the window in pixels.
const WIDTHS: [(&str, u32); 2] = [("phone", 360), ("desktop", 1200)];
const SCHEMES: [(&str, &str); 2] = [("light", "1"), ("dark", "0")];

/// Looks at the page in the frame, which may have no script of its own, and leaves what it saw in its own text.
const PROBE: &str = r"
const seen = {};
const frame = document.getElementById('frame');
frame.onload = () => {
  const page = frame.contentDocument, root = page.documentElement, view = frame.contentWindow;
  seen.scroll = root.scrollWidth; seen.width = root.clientWidth;
  seen.wide = []; seen.pale = []; seen.text = page.body.innerText; seen.title = page.title;
  const number = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = number(color).map((c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = view.getComputedStyle(e).backgroundColor;
      if (number(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of page.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.right > root.clientWidth + 1 && !element.closest('.wide')) seen.wide.push(element.tagName + ' ' + element.className);
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || box.width === 0) continue;
    const style = view.getComputedStyle(element);
    const [a, b] = [light(element.closest('svg') ? style.fill : style.color), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) seen.pale.push(element.tagName + ' ' + element.className + ': ' + element.textContent.slice(0, 40));
  }
  document.body.textContent = 'SEEN' + JSON.stringify(seen) + 'NEES';
};
";

fn chromium() -> PathBuf {
    std::env::var_os("ROSTERPACK_CHROMIUM").map(PathBuf::from).expect("run tests/browser/run")
}

/// Chromium without a window; everything that it keeps goes to a folder of its own.
fn browse(profile: &Path, arguments: &[String], url: &str) -> Output {
    let mut command = Command::new(chromium());
    command.args(["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-extensions"]);
    command.args([
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
        "--allow-file-access-from-files",
    ]);
    // Containers run as root, where Chromium has no sandbox; what it opens here was written by ourselves.
    command.arg("--no-sandbox");
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.args(arguments).arg(url);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Console messages, which include what a Content-Security-Policy forbade.
fn console(output: &Output) -> Vec<String> {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    told.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect()
}

/// Addresses that a page asked for, whatever came of it. What the browser asks for on its own account has no origin.
fn requests(log: &Path) -> Vec<String> {
    let log: Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
    let events = log["events"].as_array().unwrap().iter().map(|event| &event["params"]);
    let by_page =
        events.filter(|params| params["initiator"].as_str().is_some_and(|by| by != "not an origin"));
    let mut urls: Vec<String> =
        by_page.filter_map(|params| Some(params["url"].as_str()?.to_owned())).collect();
    urls.sort();
    urls.dedup();
    urls
}

/// Where screenshots are left.
fn gallery() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("browser");
    fs::create_dir_all(&gallery).unwrap();
    gallery
}

/// A page around a frame of this size.
fn framed(width: u32, height: u32, more: &str, source: &str) -> String {
    format!(
        "<!DOCTYPE html><meta charset=utf-8><body style='margin:0'><iframe id=frame style='border:0;width:{width}px;height:{height}px'{source}></iframe>{more}"
    )
}

/// Opens a page at every width in both schemes; gives its text.
fn judge(name: &str, page: &Path) -> String {
    let desk = tempfile::tempdir().unwrap();
    let profile = desk.path().join("profile");
    let mut text = String::new();
    for (device, width) in WIDTHS {
        for (scheme, setting) in SCHEMES {
            let place = format!("{name} on a {device} in {scheme}");
            let wrapper = desk.path().join("wrapper.html");
            let frame = address(page);
            let probe = format!("<script>{PROBE} frame.src = '{frame}';</script>");
            fs::write(&wrapper, framed(width, 800, &probe, "")).unwrap();
            let dark = format!("--blink-settings=preferredColorScheme={setting}");
            let output = browse(&profile, &["--dump-dom".into(), dark.clone()], &address(&wrapper));
            assert_eq!(console(&output), Vec::<String>::new(), "{place}");
            let dom = String::from_utf8_lossy(&output.stdout).into_owned();
            let seen = dom.split("SEEN").nth(1).and_then(|rest| rest.split("NEES").next());
            let seen = seen.unwrap_or_else(|| panic!("{place}: the page did not load: {dom}"));
            let seen = seen.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let seen: Value = serde_json::from_str(&seen).unwrap();
            assert_eq!(seen["width"], width, "{place}");
            assert_eq!(seen["wide"], Value::Array(Vec::new()), "{place}: this sticks out");
            assert!(seen["scroll"].as_u64() <= seen["width"].as_u64(), "{place} is {} wide", seen["scroll"]);
            assert_eq!(seen["pale"], Value::Array(Vec::new()), "{place}: this is hard to read");
            text = seen["text"].as_str().unwrap().to_owned();

            let shot = gallery().join(format!("{name}-{device}-{scheme}.png"));
            let net = desk.path().join("net.json");
            // No window is narrower than 500 pixels: a phone is a frame in one.
            let shown = desk.path().join("shown.html");
            fs::write(&shown, framed(width, 2600, "", &format!(" src='{frame}'"))).unwrap();
            let arguments = [
                format!("--screenshot={}", shot.display()),
                format!("--window-size={},2600", width.max(500)),
                format!("--log-net-log={}", net.display()),
                dark,
            ];
            let output = browse(&profile, &arguments, &address(&shown));
            assert_eq!(console(&output), Vec::<String>::new(), "{place}");
            let asked: Vec<String> =
                requests(&net).into_iter().filter(|url| !url.starts_with("file:")).collect();
            assert_eq!(asked, Vec::<String>::new(), "{place}: it asked for something");
            assert!(fs::metadata(&shot).unwrap().len() > 10_000, "{place}: nothing was drawn");
        }
    }
    let paper = gallery().join(format!("{name}.pdf"));
    let print = format!("--print-to-pdf={}", paper.display());
    browse(&profile, &[print, "--no-pdf-header-footer".into()], &address(page));
    assert!(fs::read(&paper).unwrap().starts_with(b"%PDF"), "{name} does not print");
    text
}

fn rosterpack(folder: &Path, code: i32, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("rosterpack").unwrap();
    let output = command.env_clear().current_dir(folder).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A district with every trap, exported twice: published with everything on, and refused.
const DISTRICT: &[&str] = &[
    "export",
    "--source",
    "synth:students=300,traps=all",
    "--tenant",
    "demo_isd",
    "--school-year",
    "2025",
    "--as-of",
    "2024-10-01",
    "--demographics",
    "--parents",
    "--report",
    "report",
    "--out",
    "p.zip",
    "--compare-with",
    "p.zip",
];

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("report/report.json")).unwrap()).unwrap()
}

fn grouped(number: &Value) -> String {
    rosterpack::report::terminal::grouped(number.as_u64().unwrap())
}

/// The tests below see what they look for: a page that asks the network is caught, and so is one that talks to the console.
#[test]
#[ignore = "needs Chromium: ./tests/run --browser"]
fn a_page_that_asks_or_complains_is_caught() {
    let desk = tempfile::tempdir().unwrap();
    let page = desk.path().join("page.html");
    fs::write(&page, "<img src='http://vendor.example/a.png'><script>console.error('oops')</script>")
        .unwrap();
    let net = desk.path().join("net.json");
    let arguments = [
        format!("--log-net-log={}", net.display()),
        format!("--screenshot={}", desk.path().join("shot.png").display()),
    ];
    let output = browse(&desk.path().join("profile"), &arguments, &address(&page));
    assert!(console(&output).iter().any(|line| line.contains("oops")), "{:?}", console(&output));
    assert_eq!(requests(&net), ["http://vendor.example/a.png"]);
}

#[test]
#[ignore = "needs Chromium: ./tests/run --browser"]
fn the_report_of_a_published_package() {
    let desk = tempfile::tempdir().unwrap();
    let keep = ["--set", "on_id_collision=keep-winner", "--validate", "full"];
    rosterpack(desk.path(), 0, &[DISTRICT, &keep].concat());
    rosterpack(desk.path(), 0, &[DISTRICT, &keep, &["--school", "255901001"]].concat());
    let text = judge("published", &desk.path().join("report/report.html"));
    let report = report(desk.path());
    let total = &report["figures"]["total"];
    for (label, number) in [("Students", "students"), ("Staff", "staff"), ("Classes", "classes")] {
        let figure = format!("{label}\n{}", grouped(&total[number]));
        assert!(text.contains(&figure), "{figure}: {text}");
    }
    for words in [
        "The package was published.",
        "What needs attention",
        "The guard would hold this package",
        "Pecan Grove High School",
    ] {
        assert!(text.contains(words), "{words}");
    }
    for file in report["packages"][0]["files"].as_array().unwrap() {
        let name = format!("{}.csv", file["file"].as_str().unwrap());
        let row = text
            .lines()
            .find(|line| line.starts_with(&name) && line.contains('\t'))
            .unwrap_or_else(|| panic!("{name}"));
        assert_eq!(row.split('\t').nth(1).unwrap(), grouped(&file["rows"]), "{row}");
    }
}

#[test]
#[ignore = "needs Chromium: ./tests/run --browser"]
fn the_report_of_a_refused_run() {
    let desk = tempfile::tempdir().unwrap();
    rosterpack(desk.path(), 1, DISTRICT);
    let text = judge("refused", &desk.path().join("report/report.html"));
    for words in [
        "The package was not published.",
        "What was there before is untouched",
        "id-collision",
        "What was not checked",
    ] {
        assert!(text.contains(words), "{words}");
    }
}

#[test]
#[ignore = "needs Chromium: ./tests/run --browser"]
fn the_judgement_of_a_package() {
    let desk = tempfile::tempdir().unwrap();
    rosterpack(desk.path(), 0, &["export", "--sample", "--out", "p.zip"]);
    let judged =
        rosterpack(desk.path(), 0, &["validate", "--format", "html", "--as-of", "2024-10-01", "p.zip"]);
    let page = desk.path().join("judgement.html");
    fs::write(&page, judged.stdout).unwrap();
    let text = judge("judgement", &page);
    for words in ["accepted", "enrollments.csv", "Rules"] {
        assert!(text.contains(words), "{words}");
    }
}
