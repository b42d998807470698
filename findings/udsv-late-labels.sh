#!/usr/bin/env bash
# udsv 0.7.3 (npm): a class name after the first ten lines becomes null where numbers stood before.
#
# Expected: a column is a number column if all its values are numbers, or a value that is none is an error or stays a text.
# Seen:     the types come from the first ten lines; "unknown" further down is null among the typed objects, without an error.
# Matters:  sorted files (all 0, all 1, then "unsure") lose a class on the way into a training file, or gain empty labels.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages udsv@0.7.3

seen=$(node --input-type=module - <<'JS'
import { inferSchema, initParser } from 'udsv';
const csv = 'text,label\n' + Array.from({ length: 30 }, (_, i) => `t${i},${i % 2}\n`).join('') + 'last,unknown\n';
const schema = inferSchema(csv);
console.log(schema.cols.map(column => `${column.name}: ${column.type}`).join(', '));
console.log(`typed: ${JSON.stringify(initParser(schema).typedObjs(csv).at(-1))}`);
console.log(`texts: ${JSON.stringify(initParser(schema).stringObjs(csv).at(-1))}`);
JS
)
recorded "$seen" "udsv finds its types in another way than it did." <<'SEEN'
text: s, label: n
typed: {"text":"last","label":null}
texts: {"text":"last","label":"unknown"}
SEEN
