#!/usr/bin/env bash
# parquetjs 0.11.2 (npm) stores 1.7 as 1 in an integer column, and the text "false" as true.
#
# Expected: what does not fit a column's type is refused, as "seven" in an integer column is.
# Seen:     numbers are cut, not rounded and not refused; a boolean column takes any value by its truth in JavaScript, and of CSV's "true"
#           and "false" both are true.
# Matters:  rows read from a CSV and appended as they are: every label is true, every score a class.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages parquetjs@0.11.2

seen=$(node --input-type=module - <<'JS'
import parquet from 'parquetjs';
const schema = new parquet.ParquetSchema({ label: { type: 'INT64' }, valid: { type: 'BOOLEAN' } });
const writer = await parquet.ParquetWriter.openFile(schema, 'labels.parquet');
await writer.appendRow({ label: 1.7, valid: 'false' });
await writer.appendRow({ label: '2', valid: 'true' });
await writer.appendRow({ label: 'seven', valid: true }).catch(refused => console.log(`refused: ${refused}`));
await writer.close();
const reader = await parquet.ParquetReader.openFile('labels.parquet');
const rows = reader.getCursor();
for (let row = await rows.next(); row; row = await rows.next()) console.log(`${row.label} ${row.valid}`);
await reader.close();
JS
)
recorded "$seen" "parquetjs converts values in another way than it did." <<'SEEN'
refused: invalid value for INT64: seven
1 true
2 true
SEEN
