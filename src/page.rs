//! The frame of every page that is written: one style, no script, no request, light and dark, for the screen and for paper.
//!
//! In: a title, a body, more style. Out: the page as text. Everything that is interpolated is escaped by maud. It knows neither
//! judgements nor reports; `check` and `report` fill it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Colours keep a contrast of at least 4.5 to 1 in both schemes; severity is always said in words too.
const STYLE: &str = "
:root { color-scheme: light dark; --back: #ffffff; --text: #1c2024; --soft: #5b636b; --line: #d5d9dd; --card: #f6f7f8;
  --error: #b3261e; --warning: #8a5300; --info: #1f5fa8; --good: #1e6b34; --bar: #3f7fc4; --rest: #9aa4ae; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --text: #e6e8ea; --soft: #a3abb3; --line: #363c42;
  --card: #1d2125; --error: #ff8a80; --warning: #ffb95c; --info: #8ab8f0; --good: #7fd18f; --bar: #6ea6e0; --rest: #69727b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin: 0; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.verdict { font-weight: 700; } .refused { color: var(--error); } .accepted { color: var(--good); }
.soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); padding: .4rem 0; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
article { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--info); border-radius: .3rem;
  padding: .8rem 1rem; margin: .8rem 0; break-inside: avoid; }
article.error { border-left-color: var(--error); } article.warning { border-left-color: var(--warning); }
.badge { font-weight: 700; } .error .badge { color: var(--error); } .warning .badge { color: var(--warning); }
.info .badge { color: var(--info); } article p { margin: .4rem 0 0; } article ul { margin: .4rem 0 0; padding-left: 1.2rem; }
summary { cursor: pointer; } a { color: var(--info); }
@media print { body { max-width: none; } article { background: none; } }
";

/// A page. `more` is style of its own, a constant; `footer` says what its samples hold.
pub fn document(title: &str, more: &'static str, body: Markup, footer: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(more)) }
            }
            body {
                main { (body) }
                footer class="soft" { p { "Made by rosterpack " (env!("CARGO_PKG_VERSION")) ". " (footer) } }
            }
        }
    };
    page.into_string()
}
