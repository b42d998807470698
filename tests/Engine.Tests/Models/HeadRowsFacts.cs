using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Which class each row of a base model's own output layer stands for.</summary>
public sealed class HeadRowsFacts : IDisposable
{
    private const string Weight = "classifier.out_proj.weight", Bias = "classifier.out_proj.bias";

    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("neg,neu,pos", "neg,neu,pos", "0,1,2", null)]
    [InlineData("pos,neg,neu", "neg,neu,pos", "1,2,0", "in another order (pos, neg, neu)")]
    [InlineData("CONTRADICTION,NEUTRAL,ENTAILMENT", "entailment,neutral,contradiction", "2,1,0", "in another order")]
    [InlineData("not entailment,entailment", "entailment,not_entailment", "1,0", "in another order")]
    [InlineData("2.0,1.0", "1,2", "1,0", "in another order")]
    [InlineData("LABEL_0,LABEL_1", "neg,pos", "0,1", "does not name its classes")]
    [InlineData("LABEL_1,LABEL_0", "neg,pos", "1,0", "does not name its classes")]
    [InlineData("0,1", "neg,pos", "0,1", "does not name its classes")]
    [InlineData("", "neg,pos", "0,1", "does not name its classes")]
    [InlineData("0,1,2", "1,2,3", null, "other classes (0, 1, 2) than the task (1, 2, 3): it starts fresh")]
    [InlineData("joy,anger", "neg,pos", null, "other classes (joy, anger) than the task (neg, pos): it starts fresh")]
    [InlineData("neg,neu,pos", "neg,pos", null, "has 3 outputs (neg, neu, pos) and the task needs 2: it starts fresh")]
    public void Classes_are_matched_by_name(string named, string wanted, string? rows, string? remark)
    {
        string[] there = Split(named), asked = Split(wanted);
        var found = HeadRows.Of(there.Length == 0 ? asked.Length : there.Length, there, asked.Length, asked);
        Assert.Equal(rows, found.Order is null ? null : string.Join(',', found.Order));
        if (remark is null) Assert.Null(found.Remark);
        else Assert.Contains(remark, found.Remark);
    }

    [Fact]
    public void A_regression_takes_the_one_output_that_is_there_and_says_so()
    {
        var found = HeadRows.Of(1, ["LABEL_0"], 1, null);
        Assert.Equal([0], found.Order!);
        Assert.Contains("has one output", found.Remark);
        Assert.Null(HeadRows.Of(2, ["LABEL_0", "LABEL_1"], 1, null).Order);
    }

    [Fact]
    public void A_checkpoint_without_an_output_layer_gives_no_remark() =>
    Assert.Equal(new(null, null), HeadRows.Of(null, ["a", "b"], 2, ["a", "b"]));

    [Theory]
    [InlineData("""{"id2label": {"0": "good", "1": "bad"}}""", true)]
    [InlineData("""{"label2id": {"good": 0, "bad": 1}}""", true)]
    [InlineData("""{"id2label": {"0": "bad", "1": "good"}}""", false)]
    [InlineData("""{"id2label": {"1": "good", "0": "bad"}}""", false)]
    public void A_models_rows_are_put_in_the_tasks_order(string config, bool swapped)
    {
        Store(config, [1, 2]);
        using var model = SequenceClassifier.Open(_task.Model, ["bad", "good"], 0, CPU);
        var output = model.Head.Single(layer => layer.Path == "classifier.out_proj");
        Assert.Equal(swapped ? [2f, 1f] : [1f, 2f], output.Weight.select(1, 0).data<float>().ToArray());
        Assert.Equal(swapped ? [2f, 1f] : [1f, 2f], output.Bias!.data<float>().ToArray());
        Assert.Same(output.WeightParameter, model.Parameters.Single(parameter => parameter.Name == Weight));
        Assert.Same(output.BiasParameter, model.Parameters.Single(parameter => parameter.Name == Bias));
        Assert.Equal(swapped, model.Remark is not null);
    }

    [Theory]
    [InlineData("""{"id2label": {"0": "bad", "1": "good"}}""", null)]
    [InlineData("""{"id2label": {"0": "good", "1": "bad"}}""",
        "in another order (good, bad): its rows are put in the task's order (bad, good).")]
    [InlineData("""{"id2label": {"0": "x", "1": "y"}}""", "has other classes (x, y) than the task (bad, good): it starts fresh.")]
    [InlineData("{}", "does not name its classes: its rows are taken in order, as (bad, good).")]
    public void A_run_remarks_on_what_it_made_of_the_head(string config, string? remark)
    {
        Store(config, [1, 2]);
        var (_, events) = _task.Run(_task.Request(json => json["training"]!["maxSteps"] = 1), _task.Out());
        var about = events.OfType<RunEvent.Remark>().Select(e => e.Text).Where(text => text.Contains("output layer"));
        if (remark is null) Assert.Empty(about);
        else Assert.Contains(remark, Assert.Single(about));
    }

    private static string[] Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Gives the model an output layer whose row for a class holds one number throughout.</summary>
    private void Store(string config, float[] rows)
    {
        string path = Path.Combine(_task.Model, "model.safetensors"), json = Path.Combine(_task.Model, "config.json");
        Dictionary<string, Tensor> weights;
        using (var file = SafeTensorsFile.Open(path)) weights = file.Names.ToDictionary(name => name, name => file.Read(name));
        weights[Bias] = tensor(rows);                                            // (k)
        weights[Weight] = tensor(rows).unsqueeze(1).expand(rows.Length, 16).contiguous(); // (k, d)
        SafeTensorsWriter.Write(path, weights);
        var merged = JsonNode.Parse(File.ReadAllText(json))!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(config)!.AsObject()) merged[name] = value!.DeepClone();
        File.WriteAllText(json, merged.ToJsonString());
    }
}
