#!/usr/bin/env bash
# DuckDB 1.5.6 reads a CSV column of yes and no, t and f, as BOOLEAN, and writes true and false.
#
# Expected: only true and false are truth values; yes and no are texts, as for pandas and arrow.
# Seen:     `copy (from 'in.csv') to 'out.csv'` turns the classes yes and no into true and false; one "maybe" in the first 20,480 rows,
#           and they stay texts.
# Matters:  BoolQ and its kin: training labels true/false meet validation labels yes/no, and an adapter answers with names that nobody
#           gave.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages @duckdb/node-api@1.5.6-r.1

seen=$(node --input-type=module - <<'JS'
import fs from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
const duck = await (await DuckDBInstance.create(':memory:')).connect();
for (const labels of [['yes', 'no'], ['t', 'f'], ['yes', 'no', 'maybe']]) {
  fs.writeFileSync('in.csv', 'text,label\n' + labels.map(label => `a text,${label}\n`).join(''));
  await duck.run(`copy (from 'in.csv') to 'out.csv'`);
  const lines = fs.readFileSync('out.csv', 'utf8').trim().split('\n').slice(1);
  console.log(`${labels.join(' ')} -> ${lines.map(line => line.split(',')[1]).join(' ')}`);
}
JS
)
recorded "$seen" "DuckDB reads yes and no in another way than it did." <<'SEEN'
yes no -> true false
t f -> true false
yes no maybe -> yes no maybe
SEEN
