using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>A checkpoint is gone on from by a version that understands it, or by none.</summary>
public sealed class CheckpointFormatFacts : IDisposable
{
    private static readonly TrainingSettings Settings = new() { BatchSize = 4, LearningRate = 5e-3, EvaluateEvery = 2 };
    private static readonly LabelledSet Train = TinyClassifier.Texts(20, 1), Validation = TinyClassifier.Texts(9, 2);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_says_its_format_beside_that_of_the_library()
    {
        using var file = SafeTensorsFile.Open(Stopped("checkpoint.safetensors"));
        Assert.Equal(("1", "pt"), (file.Metadata["checkpoint_format"], file.Metadata["format"]));
        Assert.Equal(1, Checkpoint.Format);
    }

    [Fact]
    public void One_of_before_there_were_formats_is_of_the_first_and_is_gone_on_from_to_the_same_bits()
    {
        var (saved, old) = (Stopped("checkpoint.safetensors"), _folder.At("old.safetensors"));
        Rewrite(saved, old, format: null);
        Assert.Equal(JsonText.Of(Checkpoint.ProgressOf(saved)), JsonText.Of(Checkpoint.ProgressOf(old)));
        Assert.Equal(Run(null), Run(old));
    }

    [Theory]
    [InlineData("2")]
    [InlineData("1.1")]
    [InlineData("")]
    [InlineData("two\n")]
    public void One_of_another_format_is_refused_with_both_and_with_what_to_do(string format)
    {
        var (saved, other) = (Stopped("checkpoint.safetensors"), _folder.At("other.safetensors"));
        Rewrite(saved, other, format);
        var before = File.ReadAllBytes(other);
        var refused = Assert.Throws<UnknownFormatException>(() => Run(other));
        var fault = Assert.Single(refused.Faults);
        Assert.Equal(other, fault.Path);
        Assert.StartsWith($"the checkpoint has format {format.Replace('\n', '·')}, and this version of loradrop knows format 1 only.",
            fault.Message);
        Assert.All(["update its workers, and retry", "submit the job again", "another folder"],
            remedy => Assert.Contains(remedy, fault.Message));
        Assert.Equal(before, File.ReadAllBytes(other));
        Assert.Equal(FailureCode.CheckpointUnknown, RunFailure.Of(refused, stopping: false).Code);

        using var tiny = new TinyClassifier();
        using var adamw = new AdamW(tiny.Adapter.Parameters, 0);
        using var best = tiny.Adapter.Parameters.Values.clone();
        Assert.Throws<UnknownFormatException>(() => Checkpoint.Load(other, tiny.Adapter, adamw, best));
    }

    /// <summary>The checkpoint of a run that was stopped after its third step.</summary>
    private string Stopped(string name)
    {
        var checkpoint = _folder.At(name);
        using var tiny = new TinyClassifier(dropout: 0.1);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => TrainingLoop.Run(tiny.Job(Train, Validation, Settings, 8), checkpoint,
            happened => { if (happened is RunEvent.StepDone { Step: 3 })
            stop.Cancel(); }, stop.Token));
        return checkpoint;
    }

    private static float[] Run(string? checkpoint)
    {
        using var tiny = new TinyClassifier(dropout: 0.1);
        TrainingLoop.Run(tiny.Job(Train, Validation, Settings, 8), checkpoint, _ => { }, CancellationToken.None);
        return tiny.Numbers;
    }

    /// <summary>The same checkpoint, with another format or none.</summary>
    private static void Rewrite(string from, string to, string? format)
    {
        using var file = SafeTensorsFile.Open(from);
        using var scope = NewDisposeScope();
        var metadata = file.Metadata.Where(about => about.Key != "checkpoint_format").ToDictionary();
        if (format is not null) metadata["checkpoint_format"] = format;
        SafeTensorsWriter.Write(to, file.Names.ToDictionary(name => name, name => file.Read(name)), metadata);
    }
}
