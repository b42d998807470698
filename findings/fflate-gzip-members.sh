#!/usr/bin/env bash
# fflate 0.8.3 (npm) cuts a gzip file of several members, and says nothing.
#
# Expected: what gzip, zlib and pako do. RFC 1952 calls a file a series of members; decompressing it gives all of them, one after the
#           other.
# Seen:     gunzipSync sizes its result by the last four bytes of the file, which are the length of the last member alone, and stops
#           there. Of 500 rows and 3 rows it returns 3 rows' worth of bytes. A damaged checksum passes as well. Its stream, Gunzip, gives
#           all members.
# Matters:  `cat a.jsonl.gz b.jsonl.gz`, pigz, bgzip and log shippers write such files; a data set loses most of its rows on the way to
#           us.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages fflate@0.8.3 pako@3.0.3

seen=$(node --input-type=module - <<'JS'
import zlib from 'node:zlib';
import { gunzipSync, Gunzip } from 'fflate';
import { ungzip } from 'pako';
const rows = n => '{"a":1}\n'.repeat(n);
const file = Buffer.concat([zlib.gzipSync(rows(500)), zlib.gzipSync(rows(3))]);
const lines = bytes => Buffer.from(bytes).toString().split('\n').length - 1;
let streamed = 0;
new Gunzip(piece => streamed += lines(piece)).push(file, true);
console.log(`zlib: ${lines(zlib.gunzipSync(file))} rows`);
console.log(`pako: ${lines(ungzip(file))} rows`);
console.log(`fflate gunzipSync: ${lines(gunzipSync(file))} rows`);
console.log(`fflate Gunzip: ${streamed} rows`);
const damaged = Buffer.from(zlib.gzipSync(rows(500)));
damaged[damaged.length - 6] ^= 0xff;
console.log(`fflate gunzipSync, wrong checksum: ${lines(gunzipSync(damaged))} rows`);
JS
)
recorded "$seen" "fflate reads gzip members or checksums in another way than it did." <<'SEEN'
zlib: 503 rows
pako: 503 rows
fflate gunzipSync: 3 rows
fflate Gunzip: 503 rows
fflate gunzipSync, wrong checksum: 500 rows
SEEN
