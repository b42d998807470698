namespace LoraDrop.Domain.Tests;

public sealed class ParameterRangeFacts
{
    private const int Layers = 12;

    private static readonly ModelSummary Model = new("roberta", null, Layers, 64, 4, 1000, 512, 300_000, "F32",
        [new("query", "encoder.layer.*.attention.self.query", 64, 64), new("value", "encoder.layer.*.attention.self.value", 64, 64),
        new("intermediate.dense", "encoder.layer.*.intermediate.dense", 64, 256)], "aa", []);

    [Fact]
    public void Ordinary_LoRA_has_one_number() =>
    Assert.Equal(new ParameterRange(24_576, 24_576, 24_576), Range(""", "method": "lora" """));

    [Fact]
    public void Keeping_so_many_layers_has_one_number_too()
    {
        var range = Range(""", "sharing": {"keep": 3}""");
        Assert.Equal((2 * 4 * 1024, 2 * 4 * 1024), (range.Least, range.Most)); // three of each type, and what the others share
    }

    [Theory]
    [InlineData("")]
    [InlineData(""", "sharing": {"threshold": 0.5}""")]
    [InlineData(""", "sharing": {"threshold": 0.97, "remainder": "none"}""")]
    [InlineData(""", "sharing": {"threshold": 0.8, "select": "inverse"}""")]
    [InlineData(""", "lora": {"targets": ["query", "value", "intermediate.dense"]}, "sharing": {"threshold": 0.7}""")]
    public void Whatever_the_importance_turns_out_to_be_it_lies_within(string more)
    {
        var (request, range) = (Request(more), Range(more));
        Assert.True(range.Least < range.Most && range.Most <= range.Lora);
        var random = new SplitMix64(7);
        for (var n = 0; n < 200; n++)
        {
            var power = 1 + 8 * random.NextUnit();
            var sites = request.Tuning.Layers.SelectMany(type => Enumerable.Range(0, Layers).Select(layer => new Site(type, layer)))
                .ToDictionary(site => site, _ => Math.Pow(random.NextUnit(), power));
            var I = sites.ToDictionary(site => site.Key,
                site => site.Value / sites.Where(other => other.Key.Type == site.Key.Type).Sum(other => other.Value));
            var plan = SharingPlan.From(I, request.Sharing!, request.Training.Seed);
            Assert.InRange(ParameterCounts.Of(request.Tuning, plan, LinearModule.Among(Model.Modules), null, 0).Adapter, range.Least,
                range.Most);
        }
    }

    [Fact]
    public void Where_no_target_matches_there_is_none() =>
    Assert.Null(ParameterRange.Of(Request(""", "lora": {"targets": ["gate_proj"]}"""), Model));

    private static ParameterRange Range(string more) => ParameterRange.Of(Request(more), Model)!;

    private static JobRequest Request(string more) =>
        JobRequest.Parse($$"""{"model": "m", "dataset": "d", "task": {"preset": "glue/rte"}{{more}}}""");
}
