using System.IO.Compression;
using System.Text;

namespace LoraDrop.Engine.Tests;

/// <summary>What gunzip reads is read, and what it refuses is refused.</summary>
public sealed class GzipMembersFacts
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 5000).Select(i => $"row {i * 7919 % 104729} of {i}\n"));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(300)]
    public void Members_are_read_one_after_the_other(int members) =>
        Assert.Equal(string.Concat(Enumerable.Repeat(Text, members)),
            Unpacked([.. Enumerable.Repeat(Packed(Text), members).SelectMany(member => member)]));

    [Fact]
    public void Blocks_of_bgzip_with_an_empty_one_at_the_end_are_read()
    {
        // as bgzip ends a file
        byte[] empty = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 0x42, 0x43, 2, 0, 0x1b, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(Text + Text, Unpacked([.. Packed(Text), .. empty, .. Packed(Text), .. empty]));
    }

    [Fact]
    public void A_name_and_a_comment_in_the_header_are_passed_over()
    {
        var packed = Packed(Text);
        packed[3] = 8 | 16;
        Assert.Equal(Text, Unpacked([.. packed[..10], .. "train.csv\0a comment\0"u8, .. packed[10..]]));
    }

    [Fact]
    public void Zeros_after_the_end_are_padding() => Assert.Equal(Text, Unpacked([.. Packed(Text), .. new byte[100_000]]));

    [Fact]
    public void Whatever_else_follows_the_end_is_refused() =>
        Assert.StartsWith("after its packed data ends, at byte ",
            Assert.Throws<InvalidDataException>(() => Unpacked([.. Packed(Text), .. "<html>"u8])).Message);

    [Fact]
    public void A_file_that_is_cut_anywhere_is_refused_also_after_a_whole_member()
    {
        var (whole, member) = (Packed(Text), Packed("the last member\n"));
        for (var cut = 1; cut < member.Length; cut++) Assert.Throws<InvalidDataException>(() => Unpacked([.. whole, .. member[..cut]]));
        for (var cut = 0; cut < whole.Length; cut += 13) Assert.Throws<InvalidDataException>(() => Unpacked(whole[..cut]));
    }

    [Theory]
    [InlineData(-8, "its packed data is cut off or damaged: checksum and length")]
    [InlineData(-1, "its packed data is cut off or damaged: checksum and length")]
    [InlineData(0, "it is not packed by gzip")]
    [InlineData(2, "it is packed by a method")]
    public void A_byte_that_changed_is_refused(int at, string why)
    {
        var packed = Packed(Text);
        packed[at < 0 ? packed.Length + at : at] ^= 1;
        Assert.StartsWith(why, Assert.Throws<InvalidDataException>(() => Unpacked(packed)).Message);
    }

    [Fact]
    public void A_bit_that_changed_in_the_packed_data_is_refused()
    {
        var packed = Packed(Text);
        for (var at = 20; at < packed.Length - 8; at += 97)
        {
            var damaged = (byte[])packed.Clone();
            damaged[at] ^= 16;
            Assert.Throws<InvalidDataException>(() => Unpacked(damaged));
        }
    }

    [Fact]
    public void What_unpacks_to_a_hundredfold_is_refused_once_it_is_large() =>
        Assert.Contains("unpacks to more than 100 times its size",
            Assert.Throws<InvalidDataException>(() => Unpacked(Packed(new string(' ', 2 << 20)), suspicious: 1 << 20)).Message);

    private static string Unpacked(byte[] packed, long suspicious = GzipMembers.Suspicious)
    {
        using var reader = new StreamReader(new GzipMembers(new MemoryStream(packed), suspicious));
        return reader.ReadToEnd();
    }

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
