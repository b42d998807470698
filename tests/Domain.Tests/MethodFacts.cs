using System.Text.Json;

namespace LoraDrop.Domain.Tests;

/// <summary>What every method is to people and to arithmetic.</summary>
public sealed class MethodFacts
{
    /// <summary>RoBERTa-base, whose counts are in the LoRA-drop paper's tables.</summary>
    private static readonly ModelSummary RobertaBase = new("roberta", null, 12, 768, 12, 50265, 512, 124_645_632, "F32",
    [
        .. new[] { ("query", "attention.self.query"), ("key", "attention.self.key"), ("value", "attention.self.value"),
            ("attention.output.dense", "attention.output.dense") }.Select(module => Module(module.Item1, module.Item2, 768, 768)),
        Module("intermediate.dense", "intermediate.dense", 768, 3072), Module("output.dense", "output.dense", 3072, 768),
    ], "", []) { LayerParameters = 7_087_872, BiasParameters = 102_144 };

    [Theory]
    [InlineData("lora", 294_912)]        // table 1 of the LoRA-drop paper: 0.29M
    [InlineData("vera", 30_720)]         // 0.03M
    [InlineData("adalora", 442_656)]     // before ranks are taken away: 24 pairs of rank 12 with their singular values
    [InlineData("sparse-adapter", 147_456)] // 0.15M: half of LoRA's
    [InlineData("lora-fa", 147_456)]     // the Bs of LoRA
    [InlineData("tied-lora", 148_128)]   // 0.15M
    [InlineData("s2-lora", 49_920)]      // A and B of rank 32, and 32 coefficients for each of 24 weights
    [InlineData("ia3", 55_296)]          // 12 layers with 768 for keys, 768 for values, 3072 for the feed-forward
    [InlineData("full", 124_645_632)]    // 125M
    [InlineData("last-quarter", 21_263_616)]
    [InlineData("diff-pruning", 623_228)] // 0.5 %
    [InlineData("hifi", 5_315_328)]      // 3 of 12 heads in 12 layers, each 3 matrices and biases of 64 rows
    [InlineData("prompt-tuning", 15_360)] // 20 tokens of width 768
    [InlineData("p-tuning", 229_376)] // 20·768 embeddings, and an MLP 768 → 128 → 128 → 768 with its biases
    [InlineData("prefix-tuning", 368_640)] // 20 tokens with a key and a value in 12 layers
    [InlineData("bitfit", 102_144)]      // Ben Zaken et al.: 0.09 % of the parameters
    public void The_parameters_of_a_method_are_those_of_its_paper(string method, long parameters)
    {
        var range = ParameterRange.Of(Parse($$$"""{"method": "{{{method}}}"}"""), RobertaBase)!;
        Assert.Equal((Methods.Find(method)!.Defaults(null).Shrinks ? 0 : parameters, parameters), (range.Least, range.Most));
    }

    [Fact]
    public void Names_titles_and_sections_are_distinct_words()
    {
        Assert.Equal(Methods.All.Count, Methods.All.Select(method => method.Name).Distinct().Count());
        Assert.Equal(Methods.All.Count, Methods.All.Select(method => method.Title).Distinct().Count());
        Assert.All(Methods.All, method => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", method.Name));
        Assert.All(Methods.All, method => Assert.Matches("^[a-z][a-zA-Z0-9]*$", method.Section));
        Assert.All(Methods.All, method => Assert.EndsWith(".", method.Summary));
        Assert.All(Methods.All, method => Assert.Contains("arXiv", method.Source));
    }

    public static TheoryData<string> Names => [.. Methods.Names];

    [Theory, MemberData(nameof(Names))]
    public void A_request_with_defaults_has_no_faults_fits_and_reads_back(string name)
    {
        var request = Parse($$$"""{"method": "{{{name}}}"}""");
        Assert.Empty(RequestFit.Faults(request, RobertaBase, null));
        Assert.Equal(request, JobRequest.Parse(request.ToJson()));
        string Json(MethodSettings settings) => JsonSerializer.Serialize(settings, request.Method.SettingsType, JsonText.Options);
        Assert.Equal(Json(request.Method.Defaults(null)), Json(request.Tuning));
        Assert.Equal(request.ToJson(), JsonText.Of(JsonSerializer.Deserialize<JobRequest>(request.ToJson(), JsonText.Options)!));
    }

    [Theory, MemberData(nameof(Names))]
    public void Settings_of_another_method_are_refused_by_name(string name)
    {
        var method = Methods.Find(name)!;
        foreach (var other in Methods.Sections.Keys.Where(section => section != method.Section))
            Assert.Equal(other, Assert.Single(Refused($$$"""{"method": "{{{name}}}", "{{{other}}}": {}}""")).Path);
        Assert.Equal($"{method.Section}.nonsense",
            Assert.Single(Refused($$$"""{"method": "{{{name}}}", "{{{method.Section}}}": {"nonsense": 1}}""")).Path);
    }

    [Theory]
    [InlineData("lora", "remove it or use lora-drop")]
    [InlineData("s2-lora", "share their numbers already")]
    [InlineData("tied-lora", "share their numbers already")]
    [InlineData("full", "puts nothing beside a layer")]
    [InlineData("bitfit", "puts nothing beside a layer")]
    [InlineData("diff-pruning", "puts nothing beside a layer")]
    [InlineData("hifi", "puts nothing beside a layer")]
    [InlineData("prompt-tuning", "before the text, beside no layer")]
    [InlineData("p-tuning", "before the text, beside no layer")]
    [InlineData("prefix-tuning", "before the text, beside no layer")]
    [InlineData("last-quarter", "puts nothing beside a layer")]
    public void Sharing_where_it_has_no_meaning_is_refused_with_the_reason(string method, string why)
    {
        var faults = Refused($$$"""{"method": "{{{method}}}", "sharing": {}, "importance": {}}""");
        Assert.Equal(["importance", "sharing"], faults.Select(fault => fault.Path));
        Assert.All(faults, fault => Assert.Contains(why, fault.Message));
    }

    [Theory]
    [InlineData("vera")]
    [InlineData("dora")]
    [InlineData("sora")]
    [InlineData("adalora")]
    [InlineData("sparse-adapter")]
    [InlineData("lora-fa")]
    [InlineData("adapter")]
    [InlineData("ia3")]
    public void A_method_whose_branch_has_an_output_can_be_placed_by_importance(string method)
    {
        Assert.Equal([Stage.TaskAdaptation], Parse($$$"""{"method": "{{{method}}}"}""").Stages);
        var dropped = Parse($$$"""{"method": "{{{method}}}", "sharing": {"threshold": 0.7}}""");
        Assert.Equal([Stage.ImportanceEvaluation, Stage.TaskAdaptation], dropped.Stages);
        Assert.NotNull(dropped.Importance);
        var range = ParameterRange.Of(dropped, RobertaBase)!;
        Assert.True(range.Least < range.Most && range.Most <= range.Lora);
        Assert.Equal("importance", Assert.Single(Refused($$$"""{"method": "{{{method}}}", "importance": {}}""")).Path);
    }

    [Theory]
    [InlineData("vera", """{"rank": 0}""", "vera.rank")]
    [InlineData("vera", """{"initialScale": 0}""", "vera.initialScale")]
    [InlineData("vera", """{"projectionKey": -1}""", "vera.projectionKey")]
    [InlineData("vera", """{"alpha": 8}""", "vera.alpha")]
    [InlineData("dora", """{"alpha": 0}""", "dora.alpha")]
    [InlineData("sora", """{"lambda": -1}""", "sora.lambda")]
    [InlineData("sora", """{"threshold": -1}""", "sora.threshold")]
    [InlineData("adalora", """{"targetRank": 13}""", "adalora.targetRank")]
    [InlineData("adalora", """{"rank": 4, "targetRank": 5}""", "adalora.targetRank")]
    [InlineData("adalora", """{"targetRank": 0}""", "adalora.targetRank")]
    [InlineData("adalora", """{"tinit": -1}""", "adalora.tinit")]
    [InlineData("adalora", """{"tfinal": 0}""", "adalora.tfinal")]
    [InlineData("adalora", """{"deltaT": 0}""", "adalora.deltaT")]
    [InlineData("adalora", """{"beta1": 0}""", "adalora.beta1")]
    [InlineData("adalora", """{"beta2": 1}""", "adalora.beta2")]
    [InlineData("adalora", """{"orthogonality": -0.5}""", "adalora.orthogonality")]
    [InlineData("sparse-adapter", """{"keep": 0}""", "sparseAdapter.keep")]
    [InlineData("sparse-adapter", """{"keep": 1}""", "sparseAdapter.keep")]
    [InlineData("sparse-adapter", """{"criterion": "lottery"}""", "sparseAdapter.criterion")]
    [InlineData("sparse-adapter", """{"warmupSteps": 0}""", "sparseAdapter.warmupSteps")]
    [InlineData("lora-fa", """{"rank": 0}""", "loraFa.rank")]
    [InlineData("lora-fa", """{"alpha": 0}""", "loraFa.alpha")]
    [InlineData("tied-lora", """{"rank": 0}""", "tiedLora.rank")]
    [InlineData("last-quarter", """{"fraction": 0}""", "lastQuarter.fraction")]
    [InlineData("last-quarter", """{"fraction": 1.5}""", "lastQuarter.fraction")]
    [InlineData("adapter", """{"bottleneck": 0}""", "adapter.bottleneck")]
    [InlineData("adapter", """{"dropLayers": -1}""", "adapter.dropLayers")]
    [InlineData("adapter", """{"placement": "behind"}""", "adapter.placement")]
    [InlineData("adapter", """{"placement": "parallel", "scale": 0}""", "adapter.scale")]
    [InlineData("adapter", """{"scale": 2}""", "adapter.scale")]
    [InlineData("lora", """{"plusRatio": 0.5}""", "lora.plusRatio")]
    [InlineData("lora", """{"start": "random"}""", "lora.start")]
    [InlineData("lora", """{"rankPattern": {"query": 0}}""", "lora.rankPattern.query")]
    [InlineData("lora", """{"rankPattern": {"query": 2.5}}""", "lora.rankPattern.query")]
    [InlineData("lora", """{"rankPattern": {"que(ry": 4}}""", "lora.rankPattern.que(ry")]
    [InlineData("lora", """{"rankPattern": {"(?=query)": 4}}""", "lora.rankPattern.(?=query)")]
    [InlineData("lora", """{"rankPattern": 4}""", "lora.rankPattern")]
    [InlineData("lora", """{"alphaPattern": {"query": 0}}""", "lora.alphaPattern.query")]
    [InlineData("lora", """{"bias": "some"}""", "lora.bias")]
    [InlineData("lora", """{"modulesToSave": ["norm", "norm"]}""", "lora.modulesToSave")]
    [InlineData("dora", """{"rankPattern": {"query": 4}}""", "dora.rankPattern")]
    [InlineData("full", """{"rank": 8}""", "full.rank")]
    [InlineData("s2-lora", """{"lambda": -0.1}""", "s2Lora.lambda")]
    [InlineData("s2-lora", """{"rank": 0}""", "s2Lora.rank")]
    [InlineData("ia3", """{"dropout": 0.1}""", "ia3.dropout")]
    [InlineData("ia3", """{"feedForward": ["down", "down"]}""", "ia3.feedForward")]
    [InlineData("ia3", """{"rank": 4}""", "ia3.rank")]
    [InlineData("hifi", """{"fraction": 0}""", "hifi.fraction")]
    [InlineData("hifi", """{"richness": 1}""", "hifi.richness")]
    [InlineData("hifi", """{"damping": 1}""", "hifi.damping")]
    [InlineData("hifi", """{"texts": 0}""", "hifi.texts")]
    [InlineData("diff-pruning", """{"keep": 0}""", "diffPruning.keep")]
    [InlineData("diff-pruning", """{"keep": 1}""", "diffPruning.keep")]
    [InlineData("diff-pruning", """{"lambda": -1}""", "diffPruning.lambda")]
    [InlineData("diff-pruning", """{"gatedFraction": 0}""", "diffPruning.gatedFraction")]
    [InlineData("prompt-tuning", """{"tokens": 0}""", "promptTuning.tokens")]
    [InlineData("prompt-tuning", """{"start": "text"}""", "promptTuning.start")]
    [InlineData("p-tuning", """{"width": 0}""", "pTuning.width")]
    [InlineData("p-tuning", """{"lstmLayers": 0}""", "pTuning.lstmLayers")]
    [InlineData("p-tuning", """{"encoder": "gru"}""", "pTuning.encoder")]
    [InlineData("prefix-tuning", """{"projection": 0}""", "prefixTuning.projection")]
    [InlineData("prefix-tuning", """{"targets": ["q"]}""", "prefixTuning.targets")]
    public void A_setting_out_of_range_or_of_no_meaning_is_refused_by_its_path(string method, string settings, string path) =>
        Assert.Equal(path, Assert.Single(Refused(
            $$$"""{"method": "{{{method}}}", "{{{Methods.Find(method)!.Section}}}": {{{settings}}}}""")).Path);

    [Theory]
    [InlineData("full")]
    [InlineData("last-quarter")]
    [InlineData("diff-pruning")]
    [InlineData("hifi")]
    public void Weights_that_are_trained_cannot_be_quantised(string method) => Assert.Equal("training.weights",
        Assert.Single(Refused($$$"""{"method": "{{{method}}}", "training": {"weights": "nf4"}}""")).Path);

    [Theory]
    [InlineData("prompt-tuning")]
    [InlineData("p-tuning")]
    [InlineData("prefix-tuning")]
    public void Virtual_tokens_that_leave_no_room_for_a_text_are_refused_with_the_numbers(string method)
    {
        var section = Methods.Find(method)!.Section;
        JobRequest Of(int tokens) => Parse($$$"""{"method": "{{{method}}}", "{{{section}}}": {"tokens": {{{tokens}}}}}""");
        Assert.Empty(RequestFit.Faults(Of(508), RobertaBase, null));
        var fault = Assert.Single(RequestFit.Faults(Of(509), RobertaBase, null));
        Assert.Equal($"{section}.tokens", fault.Path);
        Assert.Equal("must be at most 508: they take positions of the model, which has 512, and leave 4 for the text; got 509",
            fault.Message);
    }

    [Theory]
    [InlineData("""{"targets": ["k", "v"]}""", "must be among the targets, which lack output.dense")]
    [InlineData("""{"feedForward": ["up"]}""", "must be among the targets, which lack intermediate.dense")]
    [InlineData("""{"feedForward": ["nonsense"]}""", "matches no layer of the model")]
    public void The_layers_whose_input_IA3_scales_must_be_targets(string settings, string why) => Assert.Contains(why,
        Assert.Single(RequestFit.Faults(Parse($$$"""{"method": "ia3", "ia3": {{{settings}}}}"""), RobertaBase, null)).Message);

    [Fact]
    public void A_parallel_adapter_is_beside_a_whole_attention_or_feed_forward()
    {
        Assert.Empty(RequestFit.Faults(Parse("""{"method": "adapter", "adapter": {"placement": "parallel"}}"""), RobertaBase, null));
        var fault = Assert.Single(RequestFit.Faults(
            Parse("""{"method": "adapter", "adapter": {"placement": "parallel", "targets": ["q", "down"]}}"""), RobertaBase, null));
        Assert.Equal(("adapter.targets", "must end an attention or a feed-forward where the placement is parallel: attention.output.dense, "
            + "output.dense; query do not"), (fault.Path, fault.Message));
    }

    [Fact]
    public void A_start_from_the_weight_cannot_be_shared()
    {
        Assert.Equal("lora.start", Assert.Single(Refused("""{"method": "lora-drop", "lora": {"start": "pissa"}}""")).Path);
        Assert.Equal(LoraStart.Pissa,
            ((LoraSettings)Parse("""{"method": "lora-drop", "lora": {"start": "pissa"}, "sharing": {"remainder": "none"}}""").Tuning).Start);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(11, 10)]
    [InlineData(5000, 50)]
    public void SparseAdapter_chooses_after_a_hundredth_of_the_steps_or_ten(int steps, int warmup)
    {
        Assert.Equal(warmup, new SparseAdapterSettings().WarmupOf(steps));
        Assert.Equal(3, new SparseAdapterSettings { WarmupSteps = 3 }.WarmupOf(steps));
    }

    [Fact]
    public void A_method_has_a_learning_rate_of_its_own_where_the_tasks_would_be_wrong()
    {
        Assert.Equal(2e-5, Parse("""{"method": "full"}""").Training.LearningRate);
        Assert.Equal(1e-3, Parse("""{"method": "full", "training": {"learningRate": 0.001}}""").Training.LearningRate);
        Assert.Equal(5e-4, Parse("{}").Training.LearningRate);
    }

    [Fact]
    public void An_unknown_method_is_refused_with_all_names_and_the_nearest()
    {
        var fault = Assert.Single(Refused("""{"method": "verra"}"""));
        Assert.Equal("method", fault.Path);
        Assert.Contains(string.Join(", ", Methods.Names), fault.Message);
        Assert.Contains("vera", fault.Message[fault.Message.IndexOf("got", StringComparison.Ordinal)..]);
    }

    private static LinearModule Module(string type, string path, long d, long k) => new(type, $"roberta.encoder.layer.*.{path}", d, k);

    private static JobRequest Parse(string more) => JobRequest.Parse(Whole(more));

    private static IReadOnlyList<Fault> Refused(string more) =>
        Assert.Throws<RefusedInputException>(() => JobRequest.Parse(Whole(more))).Faults;

    private static string Whole(string more) => MergePatch.Apply("""
        {"model": "m", "dataset": "d", "task": {"kind": "classification", "columns": {"first": "text", "label": "label"}}}
        """, more);
}
