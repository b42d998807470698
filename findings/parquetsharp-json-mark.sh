#!/usr/bin/env bash
# ParquetSharp 25.0.1 (NuGet): its Arrow reader gives a Parquet column of JSON as plain text, and nothing in the schema says what it was.
#
# Expected: Arrow's extension type arrow.json, or at least a mark in the field's metadata.
# Seen:     the field is utf8 without metadata; only the low-level schema says JSON. Parquet.Net 6.1.0 gives bytes, without a mark either.
# Matters:  DuckDB writes a column of texts with one number as JSON, hyparquet-writer every list: read as text, the first is trained on
#           with quotation marks and \n spelt out, the second as brackets and braces.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages hyparquet-writer@0.17.0
dotnet_packages ParquetSharp@25.0.1.2 Apache.Arrow@23.0.0 Parquet.Net@6.1.0

node --input-type=module - <<'JS'
import fs from 'node:fs';
import { parquetWriteBuffer } from 'hyparquet-writer';
const columnData = [{ name: 'text', type: 'JSON', data: ['a "good" one', 7] }];
fs.writeFileSync('texts.parquet', Buffer.from(parquetWriteBuffer({ columnData })));
JS
seen=$(dotnet_run <<'CS'
using Apache.Arrow;
using Parquet;
using ParquetSharp;

using var arrow = new ParquetSharp.Arrow.FileReader("texts.parquet");
var field = arrow.Schema.FieldsList[0];
using var batches = arrow.GetRecordBatchReader();
using var batch = await batches.ReadNextRecordBatchAsync();
var first = ((StringArray)batch.Column(0)).GetString(0);
Console.WriteLine($"Arrow: {field.DataType.Name}, metadata: {field.Metadata?.Count ?? 0}, first: {first}");
using var low = new ParquetFileReader("texts.parquet");
Console.WriteLine($"low level: {low.FileMetaData.Schema.Column(0).LogicalType}");
await using var net = await Parquet.ParquetReader.CreateAsync("texts.parquet");
Console.WriteLine($"Parquet.Net: {net.Schema.DataFields[0].ClrType.GenericTypeArguments[0].Name}");
CS
)
recorded "$seen" "one of the two readers says JSON columns in another way than it did." <<'SEEN'
Arrow: utf8, metadata: 0, first: "a \"good\" one"
low level: JSON
Parquet.Net: Byte
SEEN
