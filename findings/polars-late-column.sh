#!/usr/bin/env bash
# nodejs-polars 0.25.2: readRecords drops a column that begins after row 100, and turns late texts into NaN.
#
# Expected: like Python's from_dicts with a text among numbers: an error; a late key: a column, or an error.
# Seen:     the first 100 records decide. A key that comes later is gone, "unknown" among numbers is NaN, and whole numbers are Float64,
#           written as 0.0 and 1.0.
# Matters:  `system`, `tools` and `rejected` are fields that only some rows have. The file that is written from the frame lacks them, and
#           nothing says so.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages nodejs-polars@0.25.2 nodejs-polars-linux-x64-gnu@0.25.2

seen=$(node --input-type=module - <<'JS'
import polars from 'nodejs-polars';
const rows = n => Array.from({ length: n }, (_, i) => ({ text: 't', label: i % 2 }));
for (const before of [50, 100]) {
  const frame = polars.readRecords([...rows(before), { text: 't', label: 'unknown', system: 'Be kind.' }]);
  console.log(`after ${before} rows: ${frame.columns.join(' ')}; last label ${frame.getColumn('label').toArray().at(-1)}`);
}
console.log(polars.readRecords(rows(2)).writeCSV().toString().trim().split('\n').join(' | '));
JS
)
recorded "$seen" "readRecords finds its columns in another way than it did." <<'SEEN'
after 50 rows: text label system; last label unknown
after 100 rows: text label; last label NaN
text,label | t,0.0 | t,1.0
SEEN
