/** The report's style. Colours are variables, so that charts and text follow the theme together. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --card: #ffffff; --ink: #1c2230; --faint: #6b7386; --rule: #dfe2e8;
  --network: #3f51c9; --second: #d9662b; --baseline-1: #8a93a6; --baseline-2: #b08a3e; --baseline-3: #6f9c8c;
  --more: #b5332e; --less: #2b6cb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12151c; --card: #1a1e27; --ink: #e7e9ee; --faint: #98a1b3; --rule: #303645;
    --network: #8fa2ff; --second: #ff9d66; --baseline-1: #8d96a8; --baseline-2: #cfae68; --baseline-3: #8fbfae;
    --more: #f08a80; --less: #7fb2ec;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 0 28px 64px; max-width: 1180px; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
header { padding: 56px 0 12px; }
h1 { margin: 0; font-size: 38px; line-height: 1.15; letter-spacing: -0.02em; font-weight: 700; }
h2 { margin: 0 0 14px; font-size: 23px; letter-spacing: -0.01em; }
h3 { margin: 22px 0 8px; font-size: 15px; color: var(--faint); font-weight: 600; }
section { padding: 36px 0 4px; break-inside: auto; }
.eyebrow { margin: 0 0 8px; font-size: 13px; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; color: var(--network); }
.lead { margin: 12px 0 28px; max-width: 46em; font-size: 18px; color: var(--faint); }
.prose { max-width: 34em; }
.prose.wide { max-width: 52em; }
.prose p { margin: 0 0 12px; }
p.prose { margin: 0 0 16px; color: var(--faint); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 16px; }
.tile {
  display: flex; flex-direction: column; padding: 18px 20px; background: var(--card); border: 1px solid var(--rule);
  border-radius: 12px;
}
.tile .label { font-size: 14px; color: var(--faint); }
.tile .value { font-size: 40px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; color: var(--network); }
.tile .value small { margin-left: 3px; font-size: 20px; font-weight: 500; }
.tile .note { font-size: 13px; color: var(--faint); }
figure { margin: 0; break-inside: avoid; }
figcaption, caption { font-size: 13.5px; line-height: 1.45; color: var(--faint); }
figure > svg + figcaption { padding-top: 6px; }
figcaption b { color: var(--ink); }
figure svg { display: block; width: 100%; height: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 28px 40px; align-items: start; }
.triple { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr)); gap: 24px; }
.broad { margin-top: 28px; }
.key { display: inline-flex; align-items: center; gap: 6px; margin-right: 14px; color: var(--ink); }
.key i { width: 10px; height: 10px; border-radius: 50%; }
.more { color: var(--more); font-weight: 600; }
.less { color: var(--less); font-weight: 600; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); gap: 20px; }
.gallery svg { border-radius: 10px; background: #10131a; }
.gallery figcaption { display: flex; justify-content: space-between; padding: 6px 2px 0; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 15px; caption-side: bottom; }
caption { padding-top: 10px; max-width: calc(min(100vw, 1180px) - 72px); text-align: left; }
th, td { padding: 5px 9px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; }
thead th { font-size: 13px; font-weight: 600; color: var(--faint); white-space: normal; vertical-align: bottom; }
th.words, td.words { text-align: left; }
tbody th { font-weight: 500; }
tr.network th, tr.network td { font-weight: 700; color: var(--network); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 0 40px; margin: 28px 0 0; }
.facts div { display: flex; justify-content: space-between; gap: 16px; padding: 7px 0; border-bottom: 1px solid var(--rule); font-size: 14.5px; }
.facts dt { color: var(--faint); }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #111; --faint: #555; --rule: #ccc; --network: #3f51c9; --second: #c2531d;
    --baseline-1: #7b8496; --baseline-2: #96752f; --baseline-3: #5a8676; --more: #b5332e; --less: #2b6cb0;
  }
  body { max-width: none; padding: 0; font-size: 11pt; print-color-adjust: exact; }
  header { padding-top: 0; }
  h2, h3 { break-after: avoid; }
  tr, .tile { break-inside: avoid; }
}
`;
