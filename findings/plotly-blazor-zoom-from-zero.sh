#!/usr/bin/env bash
# Plotly.Blazor 7.2.0: a zoom that begins exactly at 0 reaches the program without its range.
#
# Expected: RelayoutEventData.XRange has the two ends of the horizontal axis after each zoom.
# Seen:     the script passes the ends on only if both are truthy, and 0 is not: zoomed to 0…50, XRange is missing; zoomed to 1…50, it is there.
# Matters:  steps, ranks and importance begin at 0: what is read again for the part that is looked at (a training curve from its first step)
#           is then read for the whole.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages Plotly.Blazor@7.2.0
dotnet restore finding.csproj > restore.log 2>&1 || { cat restore.log >&2; exit 2; }
cp "$NUGET_PACKAGES/plotly.blazor/7.2.0/staticwebassets/plotly-interop-7.2.0.js" interop.mjs

seen=$(node --input-type=module - <<'JS'
const handlers = {};
const plot = { on: (name, handler) => { handlers[name] = handler; } };
const script = { dataset: {} };
globalThis.window = { Plotly: {} };
globalThis.document = {
  getElementById: id => id === 'plot' ? plot : null,
  createElement: () => script,
  head: { appendChild: () => setTimeout(() => script.onload()) },
};
const interop = await import('./interop.mjs');
await interop.importScript('plotly', 'plotly.js');
interop.subscribeRelayoutEvent({ invokeMethodAsync: (name, data) => console.log(`${name}: XRange ${JSON.stringify(data.XRange)}`) }, 'plot');
for (const from of [0, 1]) {
  process.stdout.write(`zoomed to ${from}…50, `);
  handlers.plotly_relayout({ 'xaxis.range[0]': from, 'xaxis.range[1]': 50 });
}
JS
)
recorded "$seen" "Plotly.Blazor tells ranges in another way than it did." <<'SEEN'
zoomed to 0…50, RelayoutEvent: XRange undefined
zoomed to 1…50, RelayoutEvent: XRange [1,50]
SEEN
