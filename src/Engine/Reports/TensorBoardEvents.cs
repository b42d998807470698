using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace LoraDrop.Engine.Reports;

/// <summary>Writes the curves of a run as an event file that TensorBoard reads.</summary>
/// <remarks>
/// <para>The file is a sequence of TFRecords: <c>length u64 | masked CRC32C of the length | data | masked CRC32C of the data</c>,
/// little-endian. The data is a <c>tensorflow.Event</c> message; only five of its fields are needed, so this class encodes them
/// itself.</para>
/// <para>Readers stop at a truncated record; those before it remain valid.</para>
/// </remarks>
public sealed class TensorBoardEvents : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly FileStream _file;

    /// <summary>Starts a new event file in a folder, which is created if missing.</summary>
    /// <param name="folder">The run's folder; TensorBoard shows all event files in it as one run.</param>
    /// <param name="clock">Provides the wall time of every point.</param>
    /// <param name="resumeStep">The last valid step of an earlier start: TensorBoard drops the points after it. Null for a fresh
    /// run.</param>
    public TensorBoardEvents(string folder, TimeProvider clock, int? resumeStep)
    {
        _clock = clock;
        _file = Create(Directory.CreateDirectory(folder).FullName, clock.GetUtcNow().ToUnixTimeSeconds());
        Record(0, 3, content => content.Write("brain.Event:2"));
        if (resumeStep is { } step) Record(step + 1, 7, content => Message(content, session =>
        {
            session.Write(Tag(1, Wire.Varint)); // SessionLog.status
            session.Write((byte)1);             // START: points from the record's step on are void
        }));
    }

    /// <summary>Writes one point of a curve.</summary>
    /// <param name="tag">The curve; a prefix before a slash groups curves: <c>train/loss</c>.</param>
    /// <param name="step">Completed optimiser steps.</param>
    /// <param name="value">NaN and infinity are written unchanged; TensorBoard marks them.</param>
    public void Scalar(string tag, int step, double value) =>
        Record(step, 5, content => Message(content, summary =>
        {
            summary.Write(Tag(1, Wire.Bytes)); // Summary.value
            Message(summary, point =>
            {
                point.Write(Tag(1, Wire.Bytes)); // Value.tag
                point.Write(tag);
                point.Write(Tag(2, Wire.Fixed32)); // Value.simple_value
                point.Write((float)value);
            });
        }));

    /// <summary>Flushes to the operating system, so that readers see all points so far.</summary>
    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    /// <summary>TensorFlow's file names sort by time; the number distinguishes starts within one second.</summary>
    private static FileStream Create(string folder, long second)
    {
        var stem = Path.Combine(folder, $"events.out.tfevents.{second:D10}.{Environment.MachineName}.");
        for (var n = 0; ; n++)
            if (!File.Exists(stem + n))
                return new FileStream(stem + n, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    }

    /// <summary>Event { wall_time = 1, step = 2, and as <paramref name="field"/>: file_version = 3, summary = 5 or session_log = 7
    /// }.</summary>
    private void Record(long step, int field, Action<BinaryWriter> content)
    {
        var data = Written(to =>
        {
            to.Write(Tag(1, Wire.Fixed64));
            to.Write(_clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
            to.Write(Tag(2, Wire.Varint));
            to.Write7BitEncodedInt64(step);
            to.Write(Tag(field, Wire.Bytes));
            content(to);
        });
        _file.Write(Written(to =>
        {
            var length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
            to.Write(length);
            to.Write(Masked(Crc32C(length)));
            to.Write(data);
            to.Write(Masked(Crc32C(data)));
        }));
    }

    /// <summary>Protobuf's wire types. BinaryWriter's strings and 7-bit integers are protobuf's length-delimited strings and
    /// varints.</summary>
    private enum Wire : byte
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    private static byte Tag(int field, Wire wire) => (byte)((field << 3) | (byte)wire);

    private static void Message(BinaryWriter to, Action<BinaryWriter> content)
    {
        var bytes = Written(content);
        to.Write7BitEncodedInt(bytes.Length);
        to.Write(bytes);
    }

    private static byte[] Written(Action<BinaryWriter> content)
    {
        var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        content(writer);
        return bytes.ToArray();
    }

    /// <summary>The CRC with Castagnoli's polynomial (RFC 3720, appendix B.4).</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        foreach (var octet in data) crc = BitOperations.Crc32C(crc, octet);
        return ~crc;
    }

    /// <summary>Rotates right by 15 bits and adds a constant: the CRC of data that itself contains CRCs is weak without it.</summary>
    internal static uint Masked(uint crc) => unchecked(BitOperations.RotateRight(crc, 15) + 0xA282EAD8u);
}
