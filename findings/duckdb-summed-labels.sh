#!/usr/bin/env bash
# DuckDB 1.5.6 writes whole numbers that were summed to Parquet as floating-point numbers.
#
# Expected: the sum of integers is an integer, in Parquet INT64.
# Seen:     sum() gives HUGEINT, which Parquet has not, and the file gets a DOUBLE without a word; count() stays INT64. A literal such as
#           0.5 makes a DECIMAL, which is INT32 in the file, with a scale.
# Matters:  labels made by a vote (`sum(yes)`) are 0.0, 1.0, 2.0 in training and 0, 1, 2 in the validation file that was written without a
#           sum.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages @duckdb/node-api@1.5.6-r.1

seen=$(node --input-type=module - <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const duck = await (await DuckDBInstance.create(':memory:')).connect();
await duck.run(`copy (select sum(vote) as summed, count(*) as counted, 0.5 as score
  from (values ('a', 1), ('a', 1), ('b', 0)) votes(id, vote) group by id) to 'votes.parquet'`);
const columns = await duck.runAndReadAll(`select name, type, logical_type from parquet_schema('votes.parquet') offset 1`);
for (const [name, type, logical] of columns.getRowsJson())
  console.log(`${name}: ${type} ${logical ?? ''}`.trim());
JS
)
recorded "$seen" "DuckDB writes sums to Parquet in another type than it did." <<'SEEN'
summed: DOUBLE
counted: INT64
score: INT32 DecimalType(scale=1, precision=2)
SEEN
