#include "agent/report/page_parts.h"

namespace agent::page {

const std::string_view kStyle = R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f23; --faint: #5b646d; --line: #d5dbe1;
  --card: #f6f8fa; --ok: #1a7f37; --warning: #9a5b00; --critical: #c01c28; --unknown: #57606a;
  --held: #2da44e; --bar: #57a6ff; --none: #e3e8ed; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1418; --ink: #e6edf3; --faint: #9aa5b1;
  --line: #313a44; --card: #171d23; --ok: #238636; --warning: #9a6200; --critical: #c9303b;
  --unknown: #59636e; --held: #2ea043; --bar: #388bfd; --none: #262d34; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
header { background: var(--unknown); color: #fff; padding: 1.5rem 1rem; }
.ok header { background: var(--ok); } .warning header { background: var(--warning); }
.critical header { background: var(--critical); }
header > * { max-width: 60rem; margin-inline: auto; }
main { max-width: 62rem; margin-inline: auto; }
.pair { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); }
h1 { font-size: clamp(3rem, 14vw, 8rem); line-height: 1; margin: 0 auto; letter-spacing: -.02em; }
header p { margin: .5rem auto 0; font-size: 1.15rem; overflow-wrap: anywhere; }
header .small { font-size: .95rem; }
main { padding: 1rem; }
section { border: 1px solid var(--line); background: var(--card); border-radius: .6rem;
  padding: 1rem; margin: 0 0 1rem; }
h2 { margin: 0 0 .5rem; font-size: 1.3rem; overflow-wrap: anywhere; }
h3 { margin: 1rem 0 .3rem; font-size: 1rem; }
h2 b { font-size: .8rem; color: #fff; background: var(--unknown); border-radius: 1rem;
  padding: .15rem .7rem; margin-left: .5rem; vertical-align: middle; white-space: nowrap; }
h2 b.ok { background: var(--ok); } h2 b.warning { background: var(--warning); }
h2 b.critical { background: var(--critical); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.calendar { display: grid; grid-template-rows: 1.2rem repeat(7, 1fr); grid-auto-flow: column;
  gap: 3px; max-width: 34rem; grid-template-columns: repeat(13, minmax(0, 1fr)); }
.calendar span { grid-row: 1; font-size: .75rem; color: var(--faint); overflow: visible;
  white-space: nowrap; }
.calendar i { aspect-ratio: 1.6; border-radius: 3px; background: var(--none); font-style: normal;
  font-size: .75rem; font-weight: bold; display: grid; place-items: center; color: #fff; }
.calendar i.held, .key i.held { background: var(--held); }
.calendar i.missing, .key i.missing { background: none; border: 2px solid var(--critical);
  color: var(--critical); }
.calendar i.suspicious, .key i.suspicious { background: var(--warning); }
.key { font-size: .85rem; color: var(--faint); margin: .3rem 0; }
.key i { display: inline-block; width: .9rem; height: .9rem; border-radius: 3px;
  vertical-align: -.1rem; background: var(--none); margin: 0 .3rem 0 .8rem; }
.key i:first-child { margin-left: 0; }
svg { display: block; width: 100%; max-width: 34rem; height: 5rem; }
svg rect { fill: var(--bar); } svg rect.suspicious { fill: var(--warning); }
svg polyline { fill: none; stroke: var(--bar); stroke-width: 2; vector-effect: non-scaling-stroke; }
svg line { stroke: var(--line); vector-effect: non-scaling-stroke; }
.note { font-size: .85rem; color: var(--faint); margin: .2rem 0; overflow-wrap: anywhere; }
article { border-left: 4px solid var(--warning); padding: .1rem 0 .1rem .8rem; margin: .8rem 0;
  overflow-wrap: anywhere; }
article.critical { border-color: var(--critical); }
article h4 { margin: 0; font-size: 1rem; } article p { margin: .3rem 0; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
ul { margin: .3rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
meter { width: 100%; max-width: 34rem; height: 1.2rem; }
footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem 2rem; color: var(--faint);
  font-size: .85rem; }
)css";

const std::string_view kScript = R"js(
(function () {
  var names = [[86400, "d"], [3600, "h"], [60, "m"]];
  function age(seconds) {
    for (var i = 0; i < names.length; i++) {
      if (seconds >= names[i][0]) return Math.floor(seconds / names[i][0]) + names[i][1];
    }
    return "moments";
  }
  function look() {
    var now = Date.now() / 1000, body = document.body;
    document.querySelectorAll("time[data-at]").forEach(function (time) {
      var seconds = now - Number(time.dataset.at);
      if (seconds >= 0) time.textContent = age(seconds) + " ago";
    });
    var success = Number(body.dataset.success);
    if (!success || now - success <= Number(body.dataset.limit)) return;
    // Said already, where it was so when the page was written.
    if (Number(body.dataset.written) - success > Number(body.dataset.limit)) return;
    body.className = "critical";
    document.getElementById("word").textContent = "CRITICAL";
    document.getElementById("old").hidden = false;
    document.getElementById("old-age").textContent = age(now - success);
    document.title = "CRITICAL: " + document.title.replace(/^[A-Z]+: /, "");
  }
  look();
  setInterval(look, 60000);
})();
)js";

}  // namespace agent::page
