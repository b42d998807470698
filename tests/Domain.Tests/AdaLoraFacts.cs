namespace LoraDrop.Domain.Tests;

public sealed class AdaLoraFacts
{
    [Fact]
    public void The_defaults_are_PEFTs()
    {
        var adalora = Assert.IsType<AdaLoraSettings>(With("").Tuning);
        Assert.Equal((12, 8, 16.0, 0.0), (adalora.Rank, adalora.TargetRank, adalora.Alpha, adalora.Dropout));
        Assert.Equal((null, null, 1, 0.85, 0.85, 0.5),
            (adalora.Tinit, adalora.Tfinal, adalora.DeltaT, adalora.Beta1, adalora.Beta2, adalora.Orthogonality));
        Assert.Null(With("").Sharing);
    }

    [Fact]
    public void What_is_echoed_reads_as_the_same_request()
    {
        var job = With("""
            "rank": 6, "targetRank": 3, "tinit": 5, "tfinal": 9, "deltaT": 2, "beta1": 0.5, "beta2": 0.6, "orthogonality": 0,
            "alpha": 4, "dropout": 0.1, "targets": ["key"]
            """);
        Assert.Equal(job, JobRequest.Parse(job.ToJson()));
        var adalora = (AdaLoraSettings)job.Tuning;
        Assert.Equal((6, 3, 5, 9, 2), (adalora.Rank, adalora.TargetRank, adalora.Tinit, adalora.Tfinal, adalora.DeltaT));
        Assert.Equal((0.5, 0.6, 0.0, 4.0), (adalora.Beta1, adalora.Beta2, adalora.Orthogonality, adalora.Alpha));
    }

    [Fact]
    public void The_budget_falls_by_the_cube_from_the_initial_ranks_to_the_target()
    {
        var budget = new AdaLoraSettings { Rank = 6, TargetRank = 3, Tinit = 2, Tfinal = 4 }.BudgetOf(steps: 12, branches: 8);
        Assert.Equal([48, 48, 48, 37, 31, 27, 24, 24, 24, 24, 24, 24], Enumerable.Range(0, 12).Select(budget.At)); // as PEFT's
        Assert.Equal([3, 4, 5, 6, 7, 8], Enumerable.Range(0, 12).Where(budget.CutsAt));
    }

    [Fact]
    public void Ranks_are_taken_away_every_so_many_steps_and_at_the_end()
    {
        var budget = new AdaLoraSettings { Tinit = 5, Tfinal = 9, DeltaT = 10 }.BudgetOf(steps: 50, branches: 2);
        Assert.Equal([10, 20, 30, 40, 41], Enumerable.Range(0, 50).Where(budget.CutsAt));
        Assert.Equal(16, budget.At(41));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Without_tinit_and_tfinal_a_tenth_and_a_half_of_the_steps_are_taken(int steps)
    {
        var budget = new AdaLoraSettings().BudgetOf(steps, branches: 1);
        Assert.Equal((steps / 10, steps / 2), (budget.Tinit, budget.Tfinal));
    }

    [Fact]
    public void A_stage_that_is_too_short_is_refused() =>
        Assert.Equal("adalora.tfinal", Assert.Single(Assert.Throws<RefusedInputException>(() =>
            new AdaLoraSettings { Tfinal = 100 }.BudgetOf(steps: 100, branches: 1)).Faults).Path);

    private static JobRequest With(string settings) => JobRequest.Parse(
        $$"""{ "model": "m", "dataset": "d", "task": { "preset": "glue/rte" }, "method": "adalora", "adalora": { {{settings}} } }""");
}
