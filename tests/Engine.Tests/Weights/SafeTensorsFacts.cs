using System.Buffers.Binary;
using System.Text;
using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

public sealed class SafeTensorsFacts : IDisposable
{
    private const string Four = """{"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}""";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    public void What_is_written_is_read_back_bit_by_bit(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["matrix"] = randn(3, 5).Times(100).to(type), ["number"] = ones([]).Times(7).to(type), ["nothing"] = zeros(0, 4).to(type),
            ["é \"x\""] = Scalars.Arange(6, CPU).to(type),
        };
        SafeTensorsWriter.Write(_folder.At("x.safetensors"), tensors, new Dictionary<string, string> { ["about"] = "a \"text\"" });

        using var file = SafeTensorsFile.Open(_folder.At("x.safetensors"));
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Names);
        Assert.Equal([new("about", "a \"text\""), new("format", "pt")], file.Metadata.OrderBy(m => m.Key));
        foreach (var (name, tensor) in tensors)
        {
            var read = file.Read(name);
            Assert.Equal((type, string.Join(',', tensor.shape)), (read.dtype, string.Join(',', read.shape)));
            Assert.Equal(tensor.contiguous().bytes.ToArray(), read.bytes.ToArray());
        }
    }

    [Theory]
    [InlineData("F64", 8, ScalarType.Float64)]
    [InlineData("F32", 4, ScalarType.Float32)]
    [InlineData("F16", 2, ScalarType.Float16)]
    [InlineData("BF16", 2, ScalarType.BFloat16)]
    [InlineData("I64", 8, ScalarType.Int64)]
    [InlineData("I32", 4, ScalarType.Int32)]
    [InlineData("I16", 2, ScalarType.Int16)]
    [InlineData("I8", 1, ScalarType.Int8)]
    [InlineData("U8", 1, ScalarType.Byte)]
    [InlineData("BOOL", 1, ScalarType.Bool)]
    public void Every_element_type_is_read_as_it_is_stored(string dtype, int size, ScalarType type)
    {
        byte[] data = [.. Enumerable.Range(0, 3 * size).Select(i => (byte)(type == ScalarType.Bool ? i % 2 : 3 * i))];
        using var file =
            SafeTensorsFile.Open(Stored($$$"""{"a": {"dtype": "{{{dtype}}}", "shape": [3], "data_offsets": [0, {{{3 * size}}}]}}""", data));
        using var read = file.Read("a");
        Assert.Equal(type, read.dtype);
        Assert.Equal(data, read.bytes.ToArray());
    }

    [Fact]
    public void A_tensor_is_converted_where_another_type_is_asked_for()
    {
        using var file =
            SafeTensorsFile.Open(Stored("""{"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}""", [0x80, 0x3f, 0x20, 0xc0]));
        Assert.Equal([1, -2.5f], file.Read("a", ScalarType.Float32).data<float>().ToArray());
    }

    [Theory]
    [InlineData("overlap",
        """{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [3], "data_offsets": [4, 16]}}""",
        "'b' overlaps the one before it by 4 bytes")]
    [InlineData("hole",
        """{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}""",
        "hole of 4 bytes before tensor 'b'")]
    [InlineData("hole at the start", """{"a": {"dtype": "F32", "shape": [3], "data_offsets": [4, 16]}}""",
        "hole of 4 bytes before tensor 'a'")]
    [InlineData("end beyond the file", """{"a": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}}""", "cut short: tensor 'a'")]
    [InlineData("bytes that follow", """{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}""",
        "4 bytes follow the last tensor")]
    [InlineData("unknown type", """{"a": {"dtype": "F8_E4M3", "shape": [16], "data_offsets": [0, 16]}}""",
        "tensor 'a' has a dtype that is not read here: F8_E4M3")]
    [InlineData("type no text", """{"a": {"dtype": 32, "shape": [4], "data_offsets": [0, 16]}}""", "tensor 'a' has a dtype")]
    [InlineData("no type", """{"a": {"shape": [4], "data_offsets": [0, 16]}}""", "tensor 'a' has a dtype")]
    [InlineData("size mismatch", """{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 16]}}""",
        "tensor 'a' of shape [3] and dtype F32 needs 12 bytes, but its offsets span 16")]
    [InlineData("negative shape", """{"a": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}""",
        "tensor 'a' has no valid shape")]
    [InlineData("fraction in the shape", """{"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 16]}}""",
        "tensor 'a' has no valid shape")]
    [InlineData("no shape", """{"a": {"dtype": "F32", "data_offsets": [0, 16]}}""", "tensor 'a' has no valid shape")]
    [InlineData("shape beyond all numbers",
        """{"a": {"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904, 4], "data_offsets": [0, 0]}, "b": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}""", "tensor 'a'")]
    [InlineData("three offsets", """{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8, 16]}}""",
        "tensor 'a' has no valid data_offsets")]
    [InlineData("no offsets", """{"a": {"dtype": "F32", "shape": [4]}}""", "tensor 'a' has no valid data_offsets")]
    [InlineData("offsets backwards", """{"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}}""",
        "tensor 'a' lies at the impossible offsets")]
    [InlineData("offsets beyond all files",
        """{"a": {"dtype": "F32", "shape": [4], "data_offsets": [9223372036854775791, 9223372036854775807]}}""", "tensor 'a'")]
    [InlineData("no description", """{"a": [0, 16]}""", "tensor 'a' has no description")]
    [InlineData("name twice",
        """{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}""",
        "header is not what the format asks for")]
    [InlineData("not JSON", "not JSON", "header is not what the format asks for")]
    [InlineData("no object", "[1, 2]", "header is not what the format asks for")]
    [InlineData("metadata no object", """{"__metadata__": 3}""", "header is not what the format asks for")]
    [InlineData("metadata no text", """{"__metadata__": {"format": 3}}""", "header is not what the format asks for")]
    public void A_header_that_does_not_describe_the_file_is_refused(string _, string header, string why)
    {
        var path = Stored(header, new byte[16]);
        var fault = Assert.Single(Assert.Throws<RefusedInputException>(() => SafeTensorsFile.Open(path)).Faults);
        Assert.Equal(path, fault.Path);
        Assert.Contains(why, fault.Message);
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        var whole = File.ReadAllBytes(Stored(Four, new byte[16]));
        for (var length = 0; length < whole.Length; length++)
        {
            var path = _folder.File("cut.safetensors", whole[..length]);
            Assert.Equal(path, Assert.Single(Assert.Throws<RefusedInputException>(() => SafeTensorsFile.Open(path)).Faults).Path);
        }
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(100_000_001ul)]
    [InlineData(1ul << 63)]
    [InlineData(ulong.MaxValue)]
    public void A_header_length_that_cannot_be_is_refused_before_anything_is_allocated(ulong length)
    {
        var bytes = File.ReadAllBytes(Stored(Four, new byte[16]));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var path = _folder.File("long.safetensors", bytes);
        Assert.Contains($"a header of {length} bytes", Assert.Throws<RefusedInputException>(() => SafeTensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Bytes_that_are_no_text_in_a_header_are_refused()
    {
        var bytes = File.ReadAllBytes(Stored(Four, new byte[16]));
        bytes[10] = 0xff; // the a of "a"
        Assert.Throws<RefusedInputException>(() => SafeTensorsFile.Open(_folder.File("bytes.safetensors", bytes)));
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused_by_its_name() =>
        Assert.Equal(_folder.At("none"),
            Assert.Single(Assert.Throws<RefusedInputException>(() => SafeTensorsFile.Open(_folder.At("none"))).Faults).Path);

    [Fact]
    public void An_interrupted_write_leaves_the_old_file_and_no_remains()
    {
        var path = _folder.File("x", "old");
        Assert.Throws<InvalidOperationException>(() => WholeFile.Write(path, stream =>
        {
            stream.Write(new byte[1000]);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_failed_write_names_the_file_and_says_that_it_is_unchanged()
    {
        var path = _folder.File("x", "old");
        var failure = Assert.Throws<IOException>(() => WholeFile.Write(path, _ => throw new IOException("No space left on device.")));
        Assert.Equal($"cannot write {path}: No space left on device. What stood there before is unchanged.", failure.Message);
    }

    [Fact]
    public void A_write_into_no_folder_fails_with_the_name_of_the_file() =>
        Assert.Contains(_folder.At("none", "x"),
            Assert.Throws<IOException>(() => WholeFile.WriteText(_folder.At("none", "x"), "text")).Message);

    private string Stored(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return _folder.File("stored.safetensors", [.. BitConverter.GetBytes((long)json.Length), .. json, .. data]);
    }
}
