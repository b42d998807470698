#!/usr/bin/env bash
# apache-arrow 21.2.0 (npm): tableFromJSON loses the texts of a list column whose first row is empty.
#
# Expected: types are found from all rows, or a row that does not fit is refused.
# Seen:     a list of texts is refused ("explicit type declaration expected"), but not if the first row's is empty: then it is List<Null>,
#           and "spam" is null. A number that only some rows have is NaN in the others, not null. Whole numbers are Float64, so labels go
#           to Parquet as doubles.
# Matters:  multi-label tags, tool lists and histories often begin empty: the file is written without an error and without its contents.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages apache-arrow@21.2.0

seen=$(node --input-type=module - <<'JS'
import { tableFromJSON } from 'apache-arrow';
const show = rows => {
  const table = tableFromJSON(rows);
  const text = value => value?.toArray ? JSON.stringify([...value]) : String(value);
  const values = table.toArray().map(row => Object.values(row.toJSON()).map(text).join(' '));
  console.log(`${table.schema.fields.map(field => `${field.name}: ${field.type}`).join(', ')} = ${values.join(' | ')}`);
};
show([{ tags: [] }, { tags: ['spam'] }]);
try { show([{ tags: ['spam'] }, { tags: [] }]); } catch (refused) { console.log(`["spam"] first: ${refused.message}`); }
show([{ ids: [] }, { ids: [101, 102] }]);
show([{ ids: [101, 102] }, { ids: [] }]);
show([{ text: 'a' }, { text: 'b', score: 1 }]);
show([{ label: 0 }, { label: 1 }]);
JS
)
recorded "$seen" "tableFromJSON finds its types in another way than it did." <<'SEEN'
tags: List<Null> = [] | [null]
["spam"] first: Unable to infer Vector type from input values, explicit type declaration expected.
ids: List<Null> = [] | [null,null]
ids: List<Float64> = [101,102] | []
text: Dictionary<Int32, Utf8>, score: Float64 = a NaN | b 1
label: Float64 = 0 | 1
SEEN
