#!/usr/bin/env bash
# DuckDB 1.5.6 rounds a score to a whole number when the first 20,480 rows happen to hold whole ones.
#
# Expected: a type that is guessed from a sample is widened, or the first value that does not fit is an error, as a text there is.
# Seen:     the column is BIGINT after the sample, and 1.5, 2.5 and 0.4 further down are cast to whole numbers without a word, 2.5 to 2
#           from JSON Lines and to 3 from CSV. (A late key, or a late text among numbers, is an error.)
# Matters:  scores such as STS-B's, sorted so that the whole ones come first, lose their fractions on the way to a training file, and
#           nothing shows it.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages @duckdb/node-api@1.5.6-r.1

seen=$(node --input-type=module - <<'JS'
import fs from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
const scores = [...Array.from({ length: 25000 }, (_, i) => i % 6), 1.5, 2.5, 0.4];
fs.writeFileSync('scores.jsonl', scores.map(score => JSON.stringify({ score })).join('\n') + '\n');
fs.writeFileSync('scores.csv', 'text,score\n' + scores.map(score => `a text,${score}`).join('\n') + '\n');
const duck = await (await DuckDBInstance.create(':memory:')).connect();
for (const file of ['scores.jsonl', 'scores.csv']) {
  const read = await duck.runAndReadAll(`select score from '${file}' offset 25000`);
  console.log(`${file}: ${read.columnTypes()[0]} ${read.getRowsJson().flat().join(' ')}`);
}
JS
)
recorded "$seen" "DuckDB treats a late fraction in a whole-number column in another way than it did." <<'SEEN'
scores.jsonl: BIGINT 2 2 0
scores.csv: BIGINT 2 3 0
SEEN
