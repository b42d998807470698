using System.Diagnostics;
using System.Text;

namespace LoraDrop.Bench;

/// <summary>How fast an uploaded data set is validated: JSON lines against the disk, and packed
/// against gunzip; and the memory that it takes.</summary>
internal static class InspectionCost
{
    private const int Rounds = 3;

    private static readonly string[] Words = ["the", "a", "film", "soup", "of", "and", "day", "was", "lovely", "cold", "not", "quite",
        "what", "we", "hoped", "for", "in", "café", "\\\"fine\\\"", "river", "2026", "slowly"];

    /// <param name="megabytes">The size of each file before it is packed, in units of 10⁶ bytes.</param>
    public static void Measure(int megabytes)
    {
        var bytes = megabytes * 1_000_000L;
        var folder = Directory.CreateTempSubdirectory("loradrop-bench-");
        try
        {
            foreach (var (name, row) in ((string, Func<Random64, long, string>)[])[("labelled", Labelled), ("conversations", Conversation)])
            {
                var plain = Path.Combine(folder.FullName, "train.jsonl");
                Write(plain, row, bytes);
                var packed = plain + ".gz";
                Run("sh", "-c", $"gzip -c {plain} > {packed}");
                var read = Timing.InTurns(Rounds, () => Run("dd", $"if={plain}", "of=/dev/null", "bs=4M", "iflag=direct"),
                    () => DatasetInspection.Read(new(plain)));
                Tell($"{name}, plain", "dd (no cache)", megabytes, read);
                var unpacked = Timing.InTurns(Rounds, () => Run("sh", "-c", $"gunzip -c {packed} > /dev/null"),
                    () => DatasetInspection.Read(new(packed)));
                Tell($"{name}, packed", "gunzip", megabytes, unpacked);
                File.Delete(packed);
                File.Delete(plain);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        Console.WriteLine($"peak of resident memory: {Timing.Memory("VmHWM") * 1024:F0} MiB");
    }

    private static void Tell(string what, string peer, int megabytes, double[] seconds) =>
        Console.WriteLine($"{what}: {peer} {megabytes / seconds[0]:F0} MB/s, validation {megabytes / seconds[1]:F0} MB/s, ratio "
            + $"{seconds[0] / seconds[1]:F2}");

    private static string Labelled(Random64 random, long i) =>
        $$$"""{"id": {{{i}}}, "text": "{{{Sentence(random, 30)}}}", "label": "{{{(i % 3 == 0 ? "good" : "bad")}}}", "score": {{{i % 100 / 20.0}}}, "meta": {"source": "shop", "tags": ["a", "b"]}}""";

    private static string Conversation(Random64 random, long i) =>
        $$$"""{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{{Sentence(random, 30)}}} {{{i}}}"}, {"role": "assistant", "content": "{{{Sentence(random, 60)}}}"}]}""";

    private static string Sentence(Random64 random, int words)
    {
        var text = new StringBuilder();
        for (var i = random.Below(words); i >= 0; i--) text.Append(Words[random.Below(Words.Length)]).Append(i > 0 ? " " : ".");
        return text.ToString();
    }

    private static void Write(string path, Func<Random64, long, string> row, long bytes)
    {
        var random = new Random64();
        using var file = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20);
        for (long i = 0, written = 0; written < bytes; i++)
        {
            var line = row(random, i);
            file.Write(line);
            file.Write('\n');
            written += Encoding.UTF8.GetByteCount(line) + 1;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
    }

    /// <summary>The rows are the same in every run.</summary>
    private sealed class Random64
    {
        private ulong _state = 42;

        public int Below(int limit)
        {
            _state = _state * 6364136223846793005 + 1442695040888963407;
            return (int)((_state >> 33) % (ulong)limit);
        }
    }
}
