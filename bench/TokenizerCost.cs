using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Bench;

/// <summary>Processor time of our tokenizer against Hugging Face's own library, on one thread and in turns, for every kind of tokenizer
/// that is at hand.</summary>
/// <remarks>
/// Processor time is what the whole process took, collections and compilation included. Each turn starts with fresh tokenizers and goes
/// through the sentences twice: first as a job does that has
/// just started, then with whatever either of the two remembers of its words.
/// </remarks>
internal static class TokenizerCost
{
    private const int Sentences = 60_000, Turns = 3;

    public static void Measure()
    {
        var data = Environment.GetEnvironmentVariable("LORADROP_DATA") ?? throw new RefusedInputException("LORADROP_DATA",
            "names the folder with glue/SST-2, tokenizers/ and weights/; the sentences are taken from there");
        string[] texts = [.. File.ReadLines(Path.Combine(data, "glue", "SST-2", "train.tsv")).Skip(1).Take(Sentences)
            .Select(line => line.Split('\t')[0])];
        Console.WriteLine($"{texts.Length} sentences of SST-2, our processor time over that of Tokenizers.DotNet, median of {Turns} turns");
        List<(double Ratio, string Name)> ratios = [];
        foreach (var folder in PublishedTokenizers.Folders(data)) Compare(folder);
        var largest = ratios.Max();
        Console.WriteLine($"the largest: {largest.Ratio:F2} ({largest.Name})");

        void Compare(string folder)
        {
            var name = PublishedTokenizers.NameOf(folder);
            try
            {
                List<(double Ours, double Theirs)> first = [], again = [];
                for (var turn = 0; turn <= Turns; turn++)
                {
                    var tokenizer = Tokenizer.Load(folder);
                    using var reference = ReferenceTokenizer.Load(folder);
                    foreach (var pass in new[] { first, again })
                    {
                        var turnOf = (ProcessorSeconds(text => tokenizer.Encode(text).Ids.Length),
                            ProcessorSeconds(text => reference.Encode(text).Length));
                        if (turn > 0) pass.Add(turnOf); // the first turn also compiles
                    }
                }
                Console.WriteLine($"{name,-20}{Shown(first)}   again {Shown(again)}");
                ratios.AddRange([(Ratio(first), name), (Ratio(again), $"{name}, again")]);
            }
            catch (RefusedInputException refused)
            {
                Console.WriteLine($"{name,-20}refused: {refused.Message}");
            }
        }

        double ProcessorSeconds(Func<string, int> tokens)
        {
            GC.Collect();
            using var process = Process.GetCurrentProcess();
            var started = process.TotalProcessorTime;
            var total = 0L;
            foreach (var text in texts) total += tokens(text);
            process.Refresh();
            return total > 0 ? (process.TotalProcessorTime - started).TotalSeconds :
                throw new InvalidOperationException("no tokens came out");
        }
    }

    private static double Ratio(List<(double Ours, double Theirs)> turns) => Median(turns.Select(turn => turn.Ours / turn.Theirs));

    private static string Shown(List<(double Ours, double Theirs)> turns) =>
        $"{Ratio(turns):F2} (ours {Median(turns.Select(turn => turn.Ours)):F2} s, theirs {Median(turns.Select(turn => turn.Theirs)):F2} s)";

    private static double Median(IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;
}
