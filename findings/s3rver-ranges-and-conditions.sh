#!/usr/bin/env bash
# s3rver 3.7.1 (npm) answers "the last 2 bytes" with the first three, and heeds no condition and no checksum of an upload.
#
# Expected: S3's rules. Range: bytes=-2 is the object's end. If-None-Match: * refuses to replace an object (412); If-Match a change of
#           another version; a wrong Content-MD5 or x-amz-checksum-crc32 is 400.
# Seen:     bytes=-2 of "hello" is "hel", marked 0-2/5; the other headers are passed over, the object is replaced with status 200.
# Matters:  readers that begin at the end (Parquet footers) read nonsense in tests that real stores pass; tests that "first writer wins"
#           prove nothing on it, and damage on the way must be found by the sender, from the ETag.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm_packages s3rver@3.7.1

seen=$(node --input-type=module - <<'JS'
import http from 'node:http';
import S3rver from 's3rver';
const store = new S3rver({ port: 0, address: '127.0.0.1', directory: process.cwd() + '/objects', silent: true,
  configureBuckets: [{ name: 'models' }] });
const { port } = await store.run();
const ask = (method, headers = {}, body = '') => new Promise((answered, failed) => {
  const length = { 'content-length': Buffer.byteLength(body) };
  const address = { host: '127.0.0.1', port, method, path: '/models/adapter', headers: { ...headers, ...length } };
  const request = http.request(address, answer => {
    let text = '';
    answer.on('data', piece => text += piece);
    answer.on('end', () => answered(`${answer.statusCode} ${text} ${answer.headers['content-range'] ?? ''}`.trim()));
  });
  request.on('error', failed);
  request.end(body);
});
await ask('PUT', {}, 'hello');
console.log(`bytes=1-2: ${await ask('GET', { range: 'bytes=1-2' })}`);
console.log(`bytes=-2: ${await ask('GET', { range: 'bytes=-2' })}`);
console.log(`read If-Match: ${await ask('GET', { 'if-match': '"another"' })}`);
console.log(`If-None-Match *: ${await ask('PUT', { 'if-none-match': '*' }, 'second')}, then ${await ask('GET')}`);
console.log(`If-Match: ${await ask('PUT', { 'if-match': '"another"' }, 'third')}, then ${await ask('GET')}`);
console.log(`wrong Content-MD5: ${await ask('PUT', { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'fourth')}`);
console.log(`wrong CRC32: ${await ask('PUT', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'fifth')}`);
await store.close();
JS
)
recorded "$seen" "s3rver answers ranges or conditions in another way than it did." <<'SEEN'
bytes=1-2: 206 el bytes 1-2/5
bytes=-2: 206 hel bytes 0-2/5
read If-Match: 200 hello
If-None-Match *: 200, then 200 second
If-Match: 200, then 200 third
wrong Content-MD5: 200
wrong CRC32: 200
SEEN
