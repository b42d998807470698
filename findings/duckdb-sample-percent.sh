#!/usr/bin/env bash
# DuckDB 1.5.6: `USING SAMPLE 10%` of a data set with up to 2,048 rows gives all of it or nothing.
#
# Expected: about a tenth of the rows; `10 PERCENT (bernoulli)` gives that.
# Seen:     a percentage means system sampling, which throws the die once for each vector of 2,048 rows. Of sixty draws from 1,000 rows
#           each was 0 or 1,000.
# Matters:  people split off a validation set, or a small file to try a job with, like this: it comes out empty, or is the whole training
#           set.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages @duckdb/node-api@1.5.6-r.1

seen=$(node --input-type=module - <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const duck = await (await DuckDBInstance.create(':memory:')).connect();
await duck.run('create table examples as select range as id from range(1000)');
const draws = async sample => {
  const sizes = [];
  for (let draw = 0; draw < 60; draw++)
    sizes.push(Number((await duck.runAndReadAll(`select count(*) from (from examples using sample ${sample})`)).getRowsJson()[0][0]));
  return sizes;
};
const percent = await draws('10%'), bernoulli = await draws('10 percent (bernoulli)');
console.log(`10%: sizes seen in 60 draws: ${[...new Set(percent)].sort((a, b) => a - b).join(' ')}`);
console.log(`10 percent (bernoulli): all between 50 and 150: ${bernoulli.every(n => n >= 50 && n <= 150)}`);
JS
)
recorded "$seen" "DuckDB samples a percentage in another way than it did." <<'SEEN'
10%: sizes seen in 60 draws: 0 1000
10 percent (bernoulli): all between 50 and 150: true
SEEN
