using System.IO.Compression;
using System.Text;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

/// <summary>A file that is not what its name says is named as what it is.</summary>
public sealed class DataBytesFacts : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid "
        + "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("d.csv", Pointer, "is a git-lfs pointer (to 12,345 bytes), not the data it stands for: run git lfs pull")]
    [InlineData("d.jsonl", Pointer, "is a git-lfs pointer")]
    [InlineData("d.parquet", Pointer, "is a git-lfs pointer")]
    [InlineData("d.csv", "PAR1…PAR1", "is a Parquet file, and its name does not say so")]
    [InlineData("d.csv", "PK\u0003\u0004…", "is a zip archive or a spreadsheet")]
    [InlineData("d.jsonl", "\n<!DOCTYPE html><html><body>404</body></html>", "is a web page (HTML)")]
    [InlineData("d.csv.gz", "text,label\nx,y\n", "cannot be unpacked: it is not packed by gzip, although its name ends in .gz")]
    [InlineData("d.csv.gz", "", "is empty")]
    [InlineData("d.parquet", "PAR1 and no end", "is cut off: a Parquet file ends with PAR1")]
    [InlineData("d.json", "[{\"a\": 1}, {\"a\": ", "line 1: is not JSON: ")]
    [InlineData("d.json", "{\"a\": {\"0\": 1}, \n\"b\": {\"0\": 2}}", "must be a list of objects; it begins with {")]
    [InlineData("d.json", "{\"text\": {\"0\": \"x\", \"1\": \"y\"}, \"label\": {\"0\": 1, \"1\": 0}}",
        "is a table by columns, as pandas' to_json() writes it by default")]
    [InlineData("d.csv", "a,b\nx,y\nz,\"w", "line 3: opens a quote that is never closed")]
    [InlineData("d.jsonl", "{\"a\": 1}\n{\"a\": ", "row 2 (line 2): is not JSON: ")]
    public void It_is_told_what_it_is(string name, string text, string fault) =>
    Assert.Contains(fault, Refused(name, Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void So_is_what_is_packed_without_saying_so_or_twice_or_otherwise()
    {
        var packed = Packed("text,label\nx,y\n"u8.ToArray());
        Assert.Contains("is packed by gzip, and its name does not say so", Refused("d.csv", packed));
        Assert.Contains("holds what is packed by gzip once more", Refused("d.csv.gz", Packed(packed)));
        Assert.Contains("holds a git-lfs pointer", Refused("d.csv.gz", Packed(Encoding.UTF8.GetBytes(Pointer))));
        Assert.Contains("is packed by zstd", Refused("d.csv", [0x28, 0xb5, 0x2f, 0xfd, 0, 0]));
        Assert.Contains("is text in UTF-16: save it as UTF-8",
            Refused("d.csv", [0xff, 0xfe, .. Encoding.Unicode.GetBytes("text,label\n")]));
    }

    [Fact]
    public void Whatever_ends_the_thread_that_reads_ahead_is_thrown_to_the_reader()
    {
        using var stream = new ReadAhead(new Failing(blocks: 2));
        var bytes = new byte[1 << 20];
        Assert.Equal("of the inner stream", Assert.Throws<NotSupportedException>(() => stream.ReadExactly(bytes)).Message);
    }

    [Fact]
    public void A_stream_that_is_read_ahead_is_closed_while_blocks_wait()
    {
        var stream = new ReadAhead(new Failing(blocks: int.MaxValue));
        Assert.Equal(1, stream.Read(new byte[1]));
        stream.Dispose();
        stream.Dispose();
    }

    [Fact]
    public void A_file_that_is_closed_early_has_no_digest_rather_than_that_of_a_part()
    {
        var path = _folder.File("d.csv", new byte[64 << 20]);
        var bytes = DataBytes.Open(path, new DataFaults("d.csv"))!;
        bytes.Dispose();
        try
        {
            Assert.Equal(RunFolder.Sha256(path), bytes.Sha256); // the thread was faster
        }
        catch (ObjectDisposedException)
        {
            // A part was read, and its digest is not told.
        }
    }

    [Fact]
    public void Objects_on_a_line_each_are_read_under_either_name()
    {
        const string Lines = "{\"a\": \"x\"}\n{\"a\": \"y\"}\n";
        Assert.Equal(2, DatasetInspection.Read(new(_folder.File("d.json", Lines))).Splits[0].Rows);
        Assert.Equal(2, DatasetInspection.Read(new(_folder.File("d.jsonl", Lines))).Splits[0].Rows);
        Assert.Equal(2, DatasetInspection.Read(new(_folder.File("list.json", "\uFEFF [{\"a\": \"x\"},\n{\"a\": \"y\"}]"))).Splits[0].Rows);
    }

    [Fact]
    public void Wrong_bytes_are_named_by_line_and_offset_however_the_file_is_read()
    {
        var rows = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"näme {i},ü\n"));
        byte[] bytes = [.. "\uFEFFtext,label\n"u8, .. Encoding.UTF8.GetBytes(rows), 0xE9, .. ",x\n"u8, .. Encoding.UTF8.GetBytes(rows)];
        var at = Array.IndexOf(bytes, (byte)0xE9);
        Assert.Contains($"line 40002: is not UTF-8: byte 0xE9 at offset {at} of the file", Refused("d.csv", bytes));
        Assert.Contains($"line 40002: is not UTF-8: byte 0xE9 at offset {at} of the file",
            Refused("d.tsv", [.. bytes.Select(b => b == (byte)',' ? (byte)'\t' : b)]));
    }

    private string Refused(string name, byte[] bytes)
    {
        var path = _folder.File(name, bytes);
        var told = string.Join('\n', Assert.Throws<RefusedInputException>(() => DatasetInspection.Read(new(path))).Faults);
        var task = new TaskSettings { Kind = TaskKind.Classification, Metric = Metric.Accuracy, Columns = new("text", null, "label") };
        // training says the same
        Assert.Equal(told.Split('\n')[0], Assert.Throws<RefusedInputException>(() => Dataset.Read(path, task)).Faults[0].ToString());
        return told;
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>Blocks of zeros, then an exception that no format throws.</summary>
    private sealed class Failing(int blocks) : ForwardStream
    {
        private int _blocks = blocks;

        public override int Read(Span<byte> buffer) =>
            _blocks-- > 0 ? buffer.Length : throw new NotSupportedException("of the inner stream");
    }
}
