using LoraDrop.Domain;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Runs of one process, each of which finds what the one before has read.</summary>
public sealed class KeptInputsFacts
{
    public static TheoryData<string, bool, bool> Methods => MethodRunFacts.Runs;

    [Theory, MemberData(nameof(Methods))]
    public void A_run_after_another_leaves_the_bytes_of_one_that_is_alone_and_so_does_the_run_after_it(string method, bool generates,
        bool dropped)
    {
        using var task = new TinyTask(generates);
        var request = MethodRunFacts.Request(task, method, dropped);
        var other = Seeded(task.Request(json => json["lora"]!["dropout"] = 0.3), 7);
        var events = task.Run(request, task.Out("alone")).Events;
        Assert.NotNull(task.Run(other, task.Out("other alone")).Result);

        using var kept = new KeptInputs();
        Assert.NotNull(task.Run(other, task.Out("first"), kept: kept).Result);
        var second = task.Run(request, task.Out("second"), kept: kept).Events;
        AssertSame(task, "alone", "second");
        Assert.Equal(events.OfType<RunEvent.Remark>(), second.OfType<RunEvent.Remark>());
        Assert.NotNull(task.Run(other, task.Out("third"), kept: kept).Result);
        AssertSame(task, "other alone", "third");

        Assert.Null(task.Run(request, task.Out("stopped"), events.Count / 2, kept: kept).Result);
        Assert.NotNull(task.Run(other, task.Out("between"), kept: kept).Result);
        Assert.NotNull(task.Run(request, task.Out("stopped"), kept: kept).Result);
        AssertSame(task, "alone", "stopped");
    }

    [Theory]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void So_does_one_whose_weights_are_stored_smaller_or_were_before(string weights)
    {
        using var task = new TinyTask(generates: true);
        JobRequest Stored(string? kind, bool again) => task.Request(json =>
            (json["training"]!["weights"], json["training"]!["checkpointing"]) = (kind, again));
        using var kept = new KeptInputs();
        foreach (var (name, request) in new[] { ("plain", Stored(null, false)), ("smaller", Stored(weights, false)),
            ("again", Stored(weights, true)), ("plain again", Stored(null, true)) })
        {
            Assert.NotNull(task.Run(request, task.Out($"{name} alone")).Result);
            Assert.NotNull(task.Run(request, task.Out(name), kept: kept).Result);
            AssertSame(task, $"{name} alone", name);
        }
    }

    [Fact]
    public void Rows_that_are_set_aside_by_seed_are_those_of_each_run()
    {
        using var task = new TinyTask();
        using var kept = new KeptInputs();
        foreach (var seed in new[] { 1, 2 })
        {
            var request = Seeded(task.Request(), seed);
            var inputs = task.Inputs(request) with { Data = task.Files with { Validation = null } };
            Assert.NotNull(task.Run(request, task.Out($"{seed} alone"), inputs: inputs).Result);
            Assert.NotNull(task.Run(request, task.Out($"{seed}"), inputs: inputs, kept: kept).Result);
            AssertSame(task, $"{seed} alone", $"{seed}");
        }
    }

    [Fact]
    public void What_was_remarked_on_when_the_data_were_read_is_remarked_on_in_each_run()
    {
        using var task = new TinyTask();
        using var kept = new KeptInputs();
        var remarks = new[] { 1, 2 }.Select(seed => task.Run(Seeded(task.Request(json => json["training"]!["maxLength"] = 8), seed),
            task.Out($"{seed}"), kept: kept).Events.OfType<RunEvent.Remark>().ToArray()).ToArray();
        Assert.Contains(remarks[0], remark => remark.Text.Contains("training texts have 8 tokens or more"));
        Assert.Equal(remarks[0], remarks[1]);
    }

    [Fact]
    public void A_file_that_has_changed_under_the_same_name_is_read_again()
    {
        using var task = new TinyTask();
        using var kept = new KeptInputs();
        Assert.NotNull(task.Run(task.Request(), task.Out("before"), kept: kept).Result);
        File.AppendAllText(task.Files.Train, "the day was warm and the soup\tgood\t0.5\n");
        Dictionary<string, Tensor> weights;
        var model = Path.Combine(task.Model, "model.safetensors");
        using (var file = SafeTensorsFile.Open(model)) weights = file.Names.ToDictionary(name => name, name => file.Read(name));
        foreach (var weight in weights.Values) weight.Times_(1.5);
        SafeTensorsWriter.Write(model, weights);
        Assert.NotNull(task.Run(task.Request(), task.Out("alone")).Result);
        Assert.NotNull(task.Run(task.Request(), task.Out("after"), kept: kept).Result);
        AssertSame(task, "alone", "after");
        Assert.False(Bytes(task, "before").SequenceEqual(Bytes(task, "after")));
    }

    [Fact]
    public void A_file_that_is_gone_is_refused_as_in_a_run_that_is_alone()
    {
        using var task = new TinyTask();
        using var kept = new KeptInputs();
        Assert.NotNull(task.Run(task.Request(), task.Out("before"), kept: kept).Result);
        File.Delete(task.Files.Validation!);
        var (alone, after) = (Assert.Throws<RefusedInputException>(() => task.Run(task.Request(), task.Out("alone"))),
            Assert.Throws<RefusedInputException>(() => task.Run(task.Request(), task.Out("after"), kept: kept)));
        Assert.Equal(alone.Faults, after.Faults);
    }

    [Fact]
    public void A_stored_head_is_put_in_the_order_of_each_model()
    {
        using var task = new TinyTask();
        using var scope = NewDisposeScope();
        var stored = Scalars.Arange(2 * 16, CPU).to(ScalarType.Float32).view(2, 16); // (k, d)
        using (var file = SafeTensorsFile.Open(Path.Combine(task.Model, "model.safetensors")))
        {
            var weights = file.Names.ToDictionary(name => name, name => file.Read(name));
            (weights["classifier.out_proj.weight"], weights["classifier.out_proj.bias"]) = (stored, zeros(2)); // (k, d), (k)
            SafeTensorsWriter.Write(Path.Combine(task.Model, "model.safetensors"), weights);
        }
        File.WriteAllText(Path.Combine(task.Model, "config.json"), File.ReadAllText(Path.Combine(task.Model, "config.json"))
            .Replace("\"pad_token_id\"", "\"id2label\": {\"0\": \"bad\", \"1\": \"good\"}, \"pad_token_id\""));
        using var shared = new SharedWeights();
        foreach (var (names, first) in new (string[], float)[] { (["bad", "good"], 0), (["good", "bad"], 16), (["bad", "good"], 0) })
        {
            using var model = SequenceClassifier.Open(task.Model, names, 0, CPU, shared: shared);
            Assert.Equal(first, model.Head.Single(layer => layer.Path == "classifier.out_proj").Weight[0, 0].item<float>());
        }
    }

    [Fact]
    public void Data_are_read_once_and_those_that_were_not_used_for_longest_are_let_go()
    {
        using var task = new TinyTask();
        using var kept = new KeptInputs();
        var config = ModelConfig.Read(task.Model);
        var reads = 0;
        void Use(int length)
        {
            var request = task.Request(json => json["training"]!["maxLength"] = length);
            kept.Data([new("train", "train.tsv", "1"), new("validation", "dev.tsv", "2")], request, config, () =>
            {
                reads++;
                return TaskData.Read(task.Files, request.Task, task.Model, config, length, 1);
            });
        }
        for (var length = 8; length < 8 + KeptInputs.MostData; length++) Use(length);
        Use(8);
        Assert.Equal(KeptInputs.MostData, reads);
        Use(30);
        Use(8);
        Assert.Equal(KeptInputs.MostData + 1, reads);
        Use(9);
        Assert.Equal(KeptInputs.MostData + 2, reads);
    }

    [Theory]
    [InlineData(false, "lora-drop")]
    [InlineData(false, "full")]
    [InlineData(true, "lora-drop")]
    [InlineData(true, "prefix-tuning projection=6")]
    public void Tensors_of_a_run_end_with_it(bool generates, string method)
    {
        using var task = new TinyTask(generates);
        using var kept = new KeptInputs();
        var alive = new List<long>();
        for (var run = 0; run < 4; run++)
        {
            Assert.NotNull(task.Run(Seeded(MethodRunFacts.Request(task, method, method == "lora-drop"), run), task.Out($"{run}"),
                kept: kept).Result);
            alive.Add(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
        Assert.Single(alive.Skip(1).Distinct());
    }

    private static JobRequest Seeded(JobRequest request, long seed) => request with { Training = request.Training with { Seed = seed } };

    private static byte[] Bytes(TinyTask task, string run) =>
        File.ReadAllBytes(Path.Combine(task.Out(run), "adapter", CompactAdapter.FileName));

    private static void AssertSame(TinyTask task, string expected, string actual)
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(task.Out(expected), "adapter")), Path.Combine(task.Out(expected),
            "result.json")];
        Assert.Contains(files, path => path.EndsWith(".safetensors", StringComparison.Ordinal));
        foreach (var path in files)
            Assert.True(File.ReadAllBytes(path).SequenceEqual(File.ReadAllBytes(
                Path.Combine(task.Out(actual), Path.GetRelativePath(task.Out(expected), path)))), $"{Path.GetFileName(path)} differs");
    }
}
