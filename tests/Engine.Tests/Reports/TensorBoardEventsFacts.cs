using System.Buffers.Binary;
using System.Text;

namespace LoraDrop.Engine.Tests;

public sealed class TensorBoardEventsFacts : IDisposable
{
    private sealed class Noon : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2025, 1, 1, 12, 0, 0, 500, TimeSpan.Zero);
    }

    private readonly string _folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private TensorBoardEvents Events(int? resumeStep = null) => new(_folder, new Noon(), resumeStep);

    [Fact]
    public void The_checksum_is_the_one_of_RFC_3720()
    {
        Directory.CreateDirectory(_folder);
        Assert.Equal(0xE3069283u, TensorBoardEvents.Crc32C("123456789"u8));
        Assert.Equal(0x8A9136AAu, TensorBoardEvents.Crc32C(new byte[32]));
    }

    [Fact]
    public void The_mask_is_a_rotation_and_a_constant()
    {
        Directory.CreateDirectory(_folder);
        Assert.Equal(0xA282EAD8u, TensorBoardEvents.Masked(0));
        Assert.Equal(0xA282EAD8u + 1, TensorBoardEvents.Masked(1u << 15));
        Assert.Equal(0xA282EAD8u + (1u << 17), TensorBoardEvents.Masked(1));
    }

    [Fact]
    public void A_file_opens_with_its_version_and_is_named_by_its_second()
    {
        using (Events()) { }
        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.StartsWith("events.out.tfevents.1735732800.", Path.GetFileName(file));
        Assert.Equal("brain.Event:2", Encoding.UTF8.GetString((byte[])Assert.Single(Records(file))[3]));
    }

    [Fact]
    public void A_scalar_comes_back_with_its_tag_step_value_and_time()
    {
        using (var events = Events()) events.Scalar("train/loss", 300, 0.5);
        var record = Records(Directory.GetFiles(_folder).Single())[1];
        Assert.Equal(1735732800.5, BitConverter.Int64BitsToDouble((long)record[1]));
        Assert.Equal(300L, record[2]);
        var value = Fields((byte[])Fields((byte[])record[5])[1]);
        Assert.Equal("train/loss", Encoding.UTF8.GetString((byte[])value[1]));
        Assert.Equal(0.5f, BitConverter.Int32BitsToSingle((int)value[2]));
    }

    [Fact]
    public void A_resumed_run_voids_the_points_after_the_step_it_goes_on_from()
    {
        using (Events(resumeStep: 40)) { }
        var start = Records(Directory.GetFiles(_folder).Single())[1];
        Assert.Equal(41L, start[2]);
        Assert.Equal(1L, Fields((byte[])start[7])[1]);
    }

    [Fact]
    public void Two_starts_in_one_second_write_two_files_in_order()
    {
        using (Events()) { }
        using (Events(resumeStep: 1)) { }
        Assert.Equal([1, 2], Directory.GetFiles(_folder).Order().Select(file => Records(file).Count));
    }

    [Fact]
    public void A_file_cut_anywhere_still_gives_its_whole_records()
    {
        using (var events = Events())
            for (var step = 1; step <= 3; step++) events.Scalar("loss", step, step);
        var file = Directory.GetFiles(_folder).Single();
        var bytes = File.ReadAllBytes(file);
        var whole = new HashSet<int>();
        for (var length = bytes.Length; length >= 0; length--)
        {
            File.WriteAllBytes(file, bytes[..length]);
            whole.Add(Records(file).Count);
        }
        Assert.Equal([0, 1, 2, 3, 4], whole.Order());
    }

    [Fact]
    public void What_was_flushed_can_be_read_while_the_run_goes_on()
    {
        using var events = Events();
        events.Scalar("loss", 1, 1);
        events.Flush();
        Assert.Equal(2, Records(Directory.GetFiles(_folder).Single()).Count);
    }

    /// <summary>Every whole record's fields by number; the checksums are recomputed from the polynomial, not by the writer's own
    /// code.</summary>
    private static List<Dictionary<int, object>> Records(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var records = new List<Dictionary<int, object>>();
        for (var at = 0; at + 12 <= bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            if (at + 16 + length > bytes.Length) break;
            Assert.Equal(MaskedBitByBit(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            Assert.Equal(MaskedBitByBit(bytes.AsSpan(at + 12, length)),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            records.Add(Fields(bytes[(at + 12)..(at + 12 + length)]));
            at += 16 + length;
        }
        return records;
    }

    private static uint MaskedBitByBit(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        foreach (var octet in data)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
    }

    private static Dictionary<int, object> Fields(byte[] message)
    {
        var fields = new Dictionary<int, object>();
        using var reader = new BinaryReader(new MemoryStream(message));
        while (reader.BaseStream.Position < message.Length)
        {
            var tag = reader.Read7BitEncodedInt();
            fields[tag >> 3] = (tag & 7) switch
            {
                0 => reader.Read7BitEncodedInt64(),
                1 => reader.ReadInt64(),
                2 => reader.ReadBytes(reader.Read7BitEncodedInt()),
                5 => reader.ReadInt32(),
                var wire => throw new InvalidDataException($"wire type {wire}"),
            };
        }
        return fields;
    }
}
