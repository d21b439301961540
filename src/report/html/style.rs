//! Style of the report, beyond that of every page.
//!
//! In: nothing. Out: one constant. Colours are those of `page`.

/// The rules.
pub const STYLE: &str = "
body { overflow-wrap: break-word; } h1 { margin: 0; } header p { margin: .2rem 0 1rem; }
section { scroll-margin-top: 1rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1.2rem; } #attention h2 { border: 0; padding: 0; margin-top: 1.5rem; }
h3 { margin: 1.2rem 0 .3rem; } article h3 { margin: 0; }
.outcome { border-radius: .4rem; border: 1px solid var(--line); border-left: .5rem solid var(--info); background: var(--card);
  padding: .8rem 1rem; } .outcome p { margin: .2rem 0; overflow-wrap: anywhere; } .outcome ul { margin: .4rem 0 .2rem; padding-left: 1.2rem; overflow-wrap: anywhere; }
.headline { font-size: 1.35rem; font-weight: 700; line-height: 1.3; }
.good { border-left-color: var(--good); } .good .headline { color: var(--good); }
.bad { border-left-color: var(--error); } .bad .headline { color: var(--error); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; }
.figures dt { color: var(--soft); font-size: .9rem; } .figures dd { margin: 0; font-size: 1.6rem; font-weight: 700; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.attention { list-style: none; margin: 0; padding: 0; }
.attention li { display: grid; grid-template-columns: 5.2rem 1fr; gap: .6rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
.attention li > * { min-width: 0; overflow-wrap: anywhere; }
.attention .badge { font-size: .9rem; } .attention .ok { color: var(--good); }
nav { margin: 1.5rem 0 0; } nav ul { columns: 16rem; list-style: none; margin: 0; padding: .8rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .4rem; } nav li { padding: .15rem 0; break-inside: avoid; }
table { font-size: .95rem; } thead th { font-size: .9rem; color: var(--soft); }
tbody th { font-weight: 400; } tr.sum th, tr.sum td { font-weight: 700; } tbody th code, .plain code { overflow-wrap: break-word; } td.any { overflow-wrap: anywhere; }
td.number { white-space: nowrap; } th, td { min-width: 3.5rem; } tbody th { min-width: 9rem; }
th:last-child, td:last-child { padding-right: 0; }
.plot { max-width: 28rem; margin: 1rem 0; } .plot svg { display: block; width: 100%; height: auto; } .plot text { fill: var(--text); font: 11px system-ui, sans-serif; }
.plot .quiet { fill: var(--soft); } .plot .step { font-size: 9px; } .plot .bar { fill: var(--bar); } .plot .rest { fill: var(--rest); } .plot .axis { stroke: var(--line); }
.fill { display: block; width: 6rem; height: .6rem; margin-top: .45rem; } .fill .bar { fill: var(--bar); } .fill .rest { fill: var(--line); }
.gone { color: var(--error); } .new { color: var(--good); }
article { overflow-wrap: anywhere; } article > ul { padding-left: 1.2rem; } details { margin: .4rem 0; }
.todo { font-weight: 700; } .tag { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; margin: 0 .3rem .3rem 0; }
@media (max-width: 34rem) { body { padding: 1rem .8rem 3rem; } table { font-size: .85rem; } th, td { padding-right: .5rem; min-width: 0; }
  tbody th { min-width: 6rem; } .attention li { grid-template-columns: 1fr; gap: 0; } .fill { width: 4rem; } }
@media print { :root { --back: #ffffff; --text: #000000; --soft: #444444; --line: #bbbbbb; --card: #ffffff; --error: #8c1d18; --warning: #6b4100;
  --info: #174a80; --good: #17552a; --bar: #3f7fc4; --rest: #9aa4ae; } body { font-size: 10pt; padding: 0; } nav { display: none; }
  section { break-inside: auto; } h2, h3, caption { break-after: avoid; } tr, li, .plot, .outcome { break-inside: avoid; } details > * { display: block; }
  a { color: inherit; text-decoration: none; } .wide { overflow: visible; } }
";
