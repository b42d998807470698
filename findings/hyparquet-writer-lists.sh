#!/usr/bin/env bash
# hyparquet-writer 0.17.0 (npm) writes lists and objects as JSON text unless it is given a schema.
#
# Expected: input_ids become a Parquet list of integers, messages a list of structs, as every other writer has them.
# Seen:     both columns are BYTE_ARRAY marked JSON. hyparquet decodes them, so a round trip shows nothing; to DuckDB they are texts.
# Matters:  a conversation file made in a browser arrives with the text [{"role":"user",…}] where conversations are looked for; a reader
#           that ignores the mark trains on the JSON, brackets and all.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages hyparquet-writer@0.17.0 hyparquet@1.31.5 @duckdb/node-api@1.5.6-r.1

seen=$(node --input-type=module - <<'JS'
import fs from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
const file = parquetWriteBuffer({ columnData: [
  { name: 'input_ids', data: [[101, 7592], [102]] },
  { name: 'messages', data: [[{ role: 'user', content: 'Hi' }], []] },
] });
for (const { name, type, converted_type } of parquetMetadata(file).schema.slice(1)) console.log(`${name}: ${type} ${converted_type}`);
console.log(`hyparquet: ${JSON.stringify((await parquetReadObjects({ file }))[0])}`);
fs.writeFileSync('chats.parquet', Buffer.from(file));
const duck = await (await DuckDBInstance.create(':memory:')).connect();
const columns = await duck.runAndReadAll(`select column_name, column_type from (describe from 'chats.parquet')`);
for (const row of columns.getRowsJson()) console.log(`DuckDB: ${row.join(' ')}`);
JS
)
recorded "$seen" "hyparquet-writer writes lists in another way than it did." <<'SEEN'
input_ids: BYTE_ARRAY JSON
messages: BYTE_ARRAY JSON
hyparquet: {"input_ids":[101,7592],"messages":[{"role":"user","content":"Hi"}]}
DuckDB: input_ids JSON
DuckDB: messages JSON
SEEN
