#!/usr/bin/env bash
# SharpCompress 0.50.8 (NuGet): its GZipStream ends after the first member of a gzip file, without a word.
#
# Expected: what System.IO.Compression and SharpZipLib do with members: all of them, one after the other (RFC 1952).
# Seen:     of two members it gives the first. A wrong checksum is found only in Dispose, when all has been read.
# Matters:  `cat a.jsonl.gz b.jsonl.gz`, pigz and bgzip write members: only the first of them trains, and nothing shows it.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages SharpCompress@0.50.8 SharpZipLib@1.4.2

seen=$(dotnet_run <<'CS'
using System.IO.Compression;
using System.Text;

byte[] Member(string text)
{
    using var packed = new MemoryStream();
    using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(text));
    return packed.ToArray();
}
int Rows(Stream unpacked)
{
    using var reader = new StreamReader(unpacked);
    return reader.ReadToEnd().Count(c => c == '\n');
}
byte[] file = [.. Member("{\"row\":1}\n"), .. Member("{\"row\":2}\n{\"row\":3}\n")], damaged = Member("{\"row\":1}\n");
Console.WriteLine($"System.IO.Compression: {Rows(new GZipStream(new MemoryStream(file), CompressionMode.Decompress))} rows");
Console.WriteLine($"SharpZipLib: {Rows(new ICSharpCode.SharpZipLib.GZip.GZipInputStream(new MemoryStream(file)))} rows");
Console.WriteLine($"SharpCompress: {Rows(Sharp(file))} rows");
damaged[^6] ^= 0xff;
var read = Sharp(damaged);
Console.WriteLine($"SharpCompress, wrong checksum: {new StreamReader(read).ReadToEnd().Length} characters read");
try { read.Dispose(); } catch (Exception found) { Console.WriteLine($"SharpCompress, Dispose: {found.GetType().Name}"); }

Stream Sharp(byte[] bytes) =>
    new SharpCompress.Compressors.Deflate.GZipStream(new MemoryStream(bytes), SharpCompress.Compressors.CompressionMode.Decompress);
CS
)
recorded "$seen" "SharpCompress reads gzip files in another way than it did." <<'SEEN'
System.IO.Compression: 3 rows
SharpZipLib: 3 rows
SharpCompress: 1 rows
SharpCompress, wrong checksum: 10 characters read
SharpCompress, Dispose: ZlibException
SEEN
