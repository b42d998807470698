#!/usr/bin/env bash
# DuckDB 1.5.6: one number among the texts of a JSON Lines column, and every text of the column gets quotation marks.
#
# Expected: the column becomes text: good, bad, 7.
# Seen:     it becomes JSON, so its values are "good", "bad" with their quotes, and 7. Written to Parquet they are byte arrays marked
#           JSON: a reader that takes them as text (DuckDB itself, arrow) has the quotes, one that decodes the mark (hyparquet) has not.
# Matters:  a text column with a stray number, after `copy (from 'train.jsonl') to 'train.parquet'`, trains on quoted texts, with \" and
#           \n spelt out.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages @duckdb/node-api@1.5.6-r.1 hyparquet@1.31.5 hyparquet-compressors@1.1.2

seen=$(node --input-type=module - <<'JS'
import fs from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
fs.writeFileSync('train.jsonl', '{"text":"good"}\n{"text":"a\\nb"}\n{"text":7}\n');
const duck = await (await DuckDBInstance.create(':memory:')).connect();
await duck.run(`copy (from 'train.jsonl') to 'train.parquet'`);
const bytes = fs.readFileSync('train.parquet');
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const column = parquetMetadata(file).schema[1];
console.log(`column: ${column.type} ${column.logical_type.type}`);
console.log(`DuckDB: ${(await duck.runAndReadAll(`select text::varchar from 'train.parquet'`)).getRowsJson().flat().join(' | ')}`);
console.log(`hyparquet: ${(await parquetReadObjects({ file, compressors })).map(row => JSON.stringify(row.text)).join(' | ')}`);
JS
)
recorded "$seen" "DuckDB writes a column of texts and numbers in another way than it did." <<'SEEN'
column: BYTE_ARRAY JSON
DuckDB: "good" | "a\nb" | 7
hyparquet: "good" | "a\nb" | 7
SEEN
