using LoraDrop.Domain;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace LoraDrop.Bench;

/// <summary>Tokens per second of a decoder, training and answering, against the operations of transformers and PEFT on the same libtorch
/// (<see cref="PlainDecoder"/>).</summary>
internal static class DecoderCost
{
    private const int B = 8, T = 128, Rank = 8, Rounds = 5, Texts = 160, Prompt = 64, Answer = 64;
    private static readonly DecoderConfig Config = DecoderConfig.Llama2With7B with { Layers = 8, Hidden = 512, Heads = 8, KeyValueHeads = 8,
        HeadSize = 64, Intermediate = 1376, Windows = new int?[8], EndIds = [] };

    public static void Measure()
    {
        using var ours = new Ours();
        using var plain = new Plain();
        var random = new SplitMix64(3);
        var texts = Enumerable.Range(0, B).Select(_ => Drawn(random, T)).ToArray();
        foreach (var (name, from) in new[] { ("all tokens learnt", 1), ("half of them learnt", T / 2) })
        {
            var set = new TargetSet(texts, [.. texts.Select(_ => Enumerable.Range(from, T - from).ToArray())]);
            int[] all = [.. Enumerable.Range(0, B)];
            var seconds = Timing.InTurns(Rounds, () => plain.Step(set, all, T), () => ours.Step(set.Batch(all, ours.Model), set, all));
            Tell($"step {B} × {T}, {name}", B * T, ("plain", seconds[0]), ("ours", seconds[1]));
        }
        var data = Environment.GetEnvironmentVariable("LORADROP_DATA") ?? throw new RefusedInputException("LORADROP_DATA",
            "names the folder with nlg/e2e and tokenizers/llama2; the texts are taken from there");
        var task = JobRequest.Parse("""{"model": "m", "dataset": "d", "task": {"preset": "e2e"}}""").Task;
        var encoder = new PromptEncoder(Path.Combine(data, "tokenizers", "llama2"), Config, 512, task.TextChoices);
        OnRealLengths(plain, ours,
            encoder.Encode([.. PromptFile.Read(Path.Combine(data, "nlg", "e2e", "train.txt.gz"), task).Prompts.Take(Texts)], out _));
        Answers(plain, ours, encoder.Tokenizer, [.. Enumerable.Range(0, B).Select(_ => Drawn(random, Prompt).Ids)]);
    }

    /// <summary>An epoch over E2E's own lengths: padded to the longest of all, to the longest of each batch, and not at all.</summary>
    private static void OnRealLengths(Plain plain, Ours ours, TargetSet set)
    {
        int[][] random = Batches.Random(set.Count, B, 1, 0), byLength = Batches.ByLength(set.Lengths, B, 1, 0);
        var longest = set.Lengths.Max();
        Console.WriteLine($"E2E: {set.Count} texts of {set.Lengths.Min()} to {longest} tokens; padding: all to the longest "
            + $"{1 - set.Lengths.Average() / longest:P0}, random batches " + $"{Batches.PaddingShare(random, set.Lengths):P0}, by length "
            + $"{Batches.PaddingShare(byLength, set.Lengths):P0}");
        void Epoch(int[][] batches, Action<int[]> step)
        {
            foreach (var batch in batches) step(batch);
        }
        var seconds = Timing.InTurns(2,
            () => Epoch(random, batch => plain.Step(set, batch, longest)),
            () => Epoch(random, batch => plain.Step(set, batch, batch.Max(i => set.Lengths[i]))),
            () => Epoch(random, batch => ours.Step(set.Batch(batch, ours.Model), set, batch)),
            () => Epoch(byLength, batch => ours.Step(set.Batch(batch, ours.Model), set, batch)),
            () => Epoch(random, batch => ours.Step(set.Packed(batch, ours.Model), set, batch)));
        Tell("E2E, an epoch", set.Lengths.Sum(), ("plain, padded to the longest of all", seconds[0]), ("plain, to the batch's longest",
            seconds[1]), ("ours, to the batch's longest", seconds[2]), ("ours, by length", seconds[3]), ("ours, packed", seconds[4]));
    }

    private static void Answers(Plain plain, Ours ours, Tokenizer tokenizer, int[][] prompts)
    {
        var generator = new TextGenerator(ours.Model, tokenizer, new() { MaxNewTokens = Answer }, []);
        var seconds = Timing.InTurns(Rounds, () => plain.Answer(prompts), () => generator.Answer(prompts, B, 1, CancellationToken.None));
        Tell($"{B} answers of {Answer} tokens to prompts of {Prompt}", B * Answer, ("plain", seconds[0]), ("ours", seconds[1]));
    }

    private static TokenizedText Drawn(SplitMix64 random, int length) =>
        new([.. Enumerable.Range(0, length).Select(_ => 3 + random.NextBelow(Config.VocabularySize - 3))], new int[length]);

    private static void Tell(string what, int tokens, params (string Name, double Seconds)[] times)
    {
        Console.WriteLine(what);
        foreach (var (name, seconds) in times)
            Console.WriteLine($"  {name,-36}{tokens / seconds,8:F0} tokens/s{times[0].Seconds / seconds,8:F2}");
    }

    /// <summary>The engine, as a run uses it.</summary>
    private sealed class Ours : IDisposable
    {
        private readonly Adapter _adapter;
        private readonly AdamW _adamw;
        private int _step;

        public Ours()
        {
            var sites = AdapterSites.Find(Model, ["q", "k", "v", "o", "up", "down"]);
            _adapter = new(Model, sites, SharingPlan.OwnEverywhere(sites.Select(s => s.Site)),
                new LoraSettings { Rank = Rank, Alpha = Rank }, trainHead: false, 1);
            _adamw = new(_adapter.Parameters, 0.01);
        }

        public LanguageModel Model { get; } = new(Config, new RandomWeights(1), CPU);

        public void Step(TokenBatch batch, TargetSet set, int[] indices)
        {
            using var scope = NewDisposeScope();
            using (batch)
            {
                Model.Masks.BeginPass(1, "bench", _step, CPU);
                set.LossSum(Model, batch, indices).Over(set.TermsIn(indices)).backward();
                _adamw.ClipGradients(1);
                _adamw.Step(++_step, [new(_adapter.Parameters.Values.numel(), 1e-4)]);
            }
            if (_step % 4 == 0) GC.Collect(); // as the training loop does
        }

        public void Dispose()
        {
            _adamw.Dispose();
            _adapter.Dispose();
            Model.Dispose();
        }
    }

    /// <summary>The operations of transformers and PEFT, with AdamW parameter by parameter, as torch has it on a CPU.</summary>
    private sealed class Plain : IDisposable
    {
        private readonly PlainDecoder _model = new(Config, Rank);
        private readonly (Parameter Values, Tensor Mean, Tensor Square)[] _learning;
        private int _step;

        public Plain()
        {
            using var scope = NewDisposeScope();
            Tensor Zeros(Parameter values) => zeros_like(values).DetachFromDisposeScope();
            _learning = [.. _model.Trained.Select(values => (values, Zeros(values), Zeros(values)))];
        }

        /// <summary>One step on texts that are padded to a width.</summary>
        public void Step(TargetSet set, int[] indices, int width)
        {
            using var scope = NewDisposeScope();
            var (ids, labels, real) = (new long[indices.Length, width], new long[indices.Length, width], new bool[indices.Length, width]);
            foreach (var (row, i) in indices.Index())
            {
                for (var t = 0; t < width; t++)
                    (ids[row, t], labels[row, t], real[row, t]) = t < set.Lengths[i] ? (set.Texts[i].Ids[t], -100, true) : (0, -100, false);
                foreach (var t in set.Learnt[i]) labels[row, t] = ids[row, t];
            }
            var padded = indices.Any(i => set.Lengths[i] < width) ? tensor(real) : null;
            _model.Loss(tensor(ids), padded, tensor(labels)).backward();
            nn.utils.clip_grad_norm_(_model.Trained, 1);
            ++_step;
            foreach (var (values, mean, square) in _learning) Update(values, mean, square);
            if (_step % 4 == 0) GC.Collect();
        }

        public void Answer(int[][] prompts)
        {
            using var scope = NewDisposeScope();
            var ids = tensor(prompts.SelectMany(prompt => prompt.Select(id => (long)id)).ToArray()).view(prompts.Length, -1);
            _model.Answer(ids, DecoderCost.Answer);
        }

        public void Dispose()
        {
            foreach (var (_, mean, square) in _learning)
            {
                mean.Dispose();
                square.Dispose();
            }
            _model.Dispose();
        }

        private void Update(Parameter values, Tensor mean, Tensor square)
        {
            const double Rate = 1e-4, Decay = 0.01, Beta1 = 0.9, Beta2 = 0.999;
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            var g = values.grad!;
            values.Times_(1 - Rate * Decay);
            mean.Times_(Beta1).Plus_(g, 1 - Beta1);
            square.Times_(Beta2).PlusProduct_(g, g, 1 - Beta2);
            var denominator = square.sqrt().Over_(Math.Sqrt(1 - Math.Pow(Beta2, _step))).Plus_(1e-8);
            values.PlusQuotient_(mean, denominator, -Rate / (1 - Math.Pow(Beta1, _step)));
            g.zero_();
        }
    }
}
