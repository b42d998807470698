using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tests;

public sealed class JsonScanFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_scan_accepts_the_reader_reads_alike()
    {
        var random = new Random(7);
        var scan = new JsonScan();
        var (accepted, refused) = (0, 0);
        for (var i = 0; i < 200_000; i++)
        {
            var json = Spoilt(Object(random, 0), random);
            if (!scan.TryRead(json))
            {
                refused++;
                continue;
            }
            accepted++;
            var reader = new Utf8JsonReader(json);
            reader.Read();
            foreach (var member in scan.Members)
            {
                Assert.True(reader.Read());
                Assert.Equal(reader.ValueSpan, member.Name(json));
                Assert.True(reader.Read());
                Assert.Equal((reader.TokenType, reader.ValueIsEscaped), (member.Type, member.Escaped));
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Assert.Equal(json.AsSpan(start, (int)reader.BytesConsumed - start), member.Value(json));
            }
            Assert.True(reader.Read());
            Assert.Equal(JsonTokenType.EndObject, reader.TokenType);
            Assert.False(reader.Read());
        }
        Assert.True(accepted > 50_000 && refused > 50_000, $"{accepted} accepted, {refused} refused");
    }

    [Theory]
    [InlineData("""{"a": 1, "b": -0.5e+10, "c": "x\u00e9\n", "d": [true, null, {"e\t": []}], "f": {}}""")]
    [InlineData("""  { "a" : "" , "b" : false }	""")]
    [InlineData("{}")]
    public void The_usual_way_is_accepted(string json) => Assert.True(new JsonScan().TryRead(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("plain \\\"quoted\\\" \\\\ \\/ \\b\\f\\n\\r\\t end")]
    [InlineData("\\n")]
    [InlineData("\\u00e9 and \\ud83d\\ude00 \\n é")]
    public void Escapes_mean_what_the_reader_makes_of_them(string text)
    {
        var quoted = Encoding.UTF8.GetBytes($"\"{text}\"");
        var to = new byte[quoted.Length];
        Assert.True(JsonCells.TryUnescape(quoted, to, out var length));
        Assert.Equal(JsonSerializer.Deserialize<string>(quoted), Encoding.UTF8.GetString(to, 0, length));
    }

    [Fact]
    public void Rows_in_any_spelling_are_inspected_alike()
    {
        var random = new Random(11);
        string[] rows = [.. Enumerable.Range(0, 5000).Select(i => Row(random, i))];
        Same(string.Join("\n", rows), refused: false);
        Same("\uFEFF" + string.Join("\r\n", rows) + "\r\n\r\n", refused: false);
        Same(string.Join("\n", rows.Select((row, i) => i % 61 == 60 ? Duplicate(i) : row)), refused: true);
    }

    [Fact]
    public void Conversations_in_any_spelling_are_inspected_alike()
    {
        var random = new Random(13);
        Same(string.Join("\n", Enumerable.Range(0, 3000).Select(i => Conversation(random, i, faulty: false))), refused: false);
        Same(string.Join("\r\n", Enumerable.Range(0, 3000).Select(i => Conversation(random, i, faulty: true))) + "\n", refused: true);
    }

    [Theory]
    [InlineData(1 << 18)]
    [InlineData(1 << 19)]
    public void A_wrong_byte_is_found_wherever_it_stands_in_what_is_read_at_a_time(int block)
    {
        for (var around = -3; around <= 3; around++)
        {
            var bytes = new byte[3 * block];
            Array.Fill(bytes, (byte)'x');
            for (var i = 99; i < bytes.Length; i += 100) bytes[i] = (byte)'\n';
            int[] wrong = [50, block + around, block + 200, (2 * block) - 60 + around];
            foreach (var at in wrong) bytes[at] = 0xff;
            var faults = new DataFaults("f");
            foreach (var (_, line) in Utf8Text.Lines(new MemoryStream(bytes), faults)) Assert.True(Utf8.IsValid(line.Span));
            var lines = wrong.Select(at => (Line: bytes.AsSpan(0, at).Count((byte)'\n') + 1, At: at));
            Assert.Equal(lines.Select(line => $"f line {line.Line}: is not UTF-8: byte 0xFF at offset {line.At} of the file"),
                faults.All.Select(fault => $"{fault.Path}: {fault.Message}"));
        }
    }

    /// <summary>Compares the rows as they stand with the same rows in a spelling that only the reader reads: the first name with an
    /// escape.</summary>
    private void Same(string text, bool refused)
    {
        string[] lines = text.Split('\n');
        var unusual = string.Join('\n', lines.Select(Unusual));
        Assert.All(unusual.Split('\n').Where(line => line.Contains('{')),
            line => Assert.False(new JsonScan().TryRead(Encoding.UTF8.GetBytes(line.TrimStart('\uFEFF')))));
        Assert.Contains(lines, line => new JsonScan().TryRead(Encoding.UTF8.GetBytes(line.TrimStart('\uFEFF'))));
        var (usual, expected) = (Told(text), Told(unusual));
        Assert.Equal(expected, usual);
        Assert.Equal(refused, usual[0] != '{');
    }

    private string Told(string text)
    {
        var path = _folder.File("d.jsonl", text);
        try
        {
            var split = DatasetInspection.Read(new(path)).Splits[0];
            return JsonSerializer.Serialize(split with { Sha256 = "", Bytes = 0 });
        }
        catch (RefusedInputException refused)
        {
            // Places of bytes move with the spelling; the words do not.
            return Regex.Replace(string.Join('\n', refused.Faults.Select(fault => $"{fault.Path}: {fault.Message}")), @"byte \d+ of",
                "byte of");
        }
    }

    private static string Unusual(string line)
    {
        var at = line.IndexOf("{\"", StringComparison.Ordinal);
        return at < 0 ? line : $"{line[..(at + 2)]}\\u{(int)line[at + 2]:x4}{line[(at + 3)..]}";
    }

    private static string Duplicate(int i) =>
        i % 2 == 0 ? """{"id": 1, "text": "a", "id": 2}""" : """{"id": 1, "text": "a", "text": {"b": 1}}""";

    private static string Row(Random random, int i)
    {
        var text = new StringBuilder("{");
        text.Append($"\"id\": {i}");
        if (random.Next(4) > 0) text.Append($", \"text\": {Text(random)}");
        if (random.Next(4) > 0) text.Append($", \"label\": {Scalar(random)}");
        if (random.Next(9) == 0) text.Append($", \"label é\": \"{new string('é', random.Next(600))}\"");
        if (random.Next(9) == 0) text.Append(", \"list\": [1, {\"a\": \"b\"}]");
        if (i > 3000 && random.Next(3) == 0) text.Append($", \"late\": {Scalar(random)}");
        return text.Append('}').ToString();
    }

    private static string Conversation(Random random, int i, bool faulty)
    {
        var (role, content) = random.Next(3) == 0 ? ("from", "value") : ("role", "content");
        var (user, assistant) = role == "from" ? ("human", "gpt") : ("user", "assistant");
        var messages = new List<string>();
        if (random.Next(3) == 0) messages.Add(Message("system", "Be brief."));
        for (var turns = random.Next(1, 4); turns > 0; turns--)
            messages.AddRange([Message(user, "Q" + Random()), Message(assistant, "A" + Random())]);
        if (random.Next(5) == 0) messages.Insert(0, $$"""{"{{content}}": "first, with a name", "name": "n", "{{role}}": "{{user}}"}""");
        if (faulty && i > 5 && random.Next(20) == 0)
            messages.Add(Message(random.Next(3) switch { 0 => user, 1 => "nobody", _ => assistant }, random.Next(2) == 0
                ? "\u3000"
                : "x\\ud800"));
        var list = i % 7 == 0 ? "conversations" : "messages";
        var besides = random.Next(8) switch
        {
            0 => $", \"id\": {i}", 1 => ", \"score\": 1.50", 2 => ", \"source\": \"x\\n\"", 3 => ", \"system\": \"Be brief.\"", 4 =>
                ", \"meta\": {\"a\": 1}", 5 => ", \"ok\": null, \"id\": \"a\"",
            6 when faulty && i % 3 == 0 => ", \"id\": 1, \"id\": 2", _ => "",
        };
        return $"{{\"{list}\": [{string.Join(", ", messages)}]{besides}}}";

        string Message(string who, string what) => $"{{\"{role}\": \"{who}\", \"{content}\": \"{what}\"}}";
        string Random() => Text(random)[1..^1];
    }

    private static string Text(Random random) =>
        "\"" + string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ =>
            random.Next(8) switch { 0 => "\\n", 1 => "é", 2 => "\\\"", 3 => "\\u00e9", 4 => "😀", _ => "word " })) + "\"";

    private static string Scalar(Random random) =>
        random.Next(9) switch { 0 => "null", 1 => "true", 2 => "1.0", 3 => "-1e3", 4 => "12345678901234567890123", 5 => "\" \"", 6 =>
            "\"7\"", _ => Text(random) };

    private static string Object(Random random, int depth)
    {
        var members = Enumerable.Range(0, random.Next(4))
            .Select(i => $"\"{"k\u00e9y"[..random.Next(1, 4)]}{i}\":{(random.Next(2) == 0 ? " " : "")}{Value(random, depth)}");
        return $"{{{string.Join(", ", members)}}}";
    }

    private static string Value(Random random, int depth) => random.Next(depth < 3 ? 6 : 4) switch
    {
        0 => Text(random), 1 => Scalar(random), 2 => "false", 3 => random.Next(-100, 100).ToString(), 4 =>
            $"[{Value(random, depth + 1)},{Value(random, depth + 1)}]", _ => Object(random, depth + 1),
    };

    /// <summary>Half of the objects as they are, half with one character that another stands for.</summary>
    private static byte[] Spoilt(string json, Random random)
    {
        const string Others = "{}[]\",:\\ 01-+.eEtfnu\t\u0001xé";
        if (random.Next(3) > 0)
        {
            var at = random.Next(json.Length);
            json = random.Next(3) switch { 0 => json[..at] + json[(at + 1)..], 1 => json[..at] + Others[random.Next(Others.Length)]
                + json[at..], _ => json[..at] + Others[random.Next(Others.Length)] + json[(at + 1)..] };
        }
        return Encoding.UTF8.GetBytes(json);
    }
}
