namespace LoraDrop.Service.Tests;

/// <summary>What decides the bytes of a job on the tiny model: two jobs that are equal here leave the same.</summary>
/// <param name="Seed">Of everything that is drawn.</param>
/// <param name="Epochs">Of 5 steps each.</param>
/// <param name="ImportanceEpochs">Of 1 step each; 0 trains an ordinary LoRA and measures nothing.</param>
/// <param name="EvaluateEvery">Steps between evaluations, and so between checkpoints.</param>
/// <param name="MaxSteps">Where to stop early.</param>
internal sealed record TinyJob(long Seed, int Epochs = 60, int ImportanceEpochs = 3, int EvaluateEvery = 20, int? MaxSteps = null)
{
    /// <summary>The one that most tests run, so that it is run undisturbed once.</summary>
    public static readonly TinyJob Usual = new(1);

    /// <summary>Runs until somebody ends it.</summary>
    public static TinyJob Endless(long seed) => new(seed, Epochs: 100_000, EvaluateEvery: 50);

    /// <summary>The request as JSON.</summary>
    /// <param name="model">What it calls the model.</param>
    /// <param name="dataset">What it calls the data.</param>
    /// <param name="more">Fields that do not decide the bytes: <c>"priority": "high"</c>.</param>
    public string Json(string model, string dataset, string more = "")
    {
        var method = ImportanceEpochs == 0 ? "\"method\": \"lora\"" : $$"""
            "importance": {"sampleRatio": 0.2, "epochs": {{ImportanceEpochs}}}, "sharing": {"keep": 1}
            """;
        var most = MaxSteps is null ? "" : $", \"maxSteps\": {MaxSteps}";
        return $$$"""
            {"model": "{{{model}}}", "dataset": "{{{dataset}}}", "task": {"kind": "classification", "columns": {"first": "text", "label": "mood"}}, "lora": {"rank": 2, "alpha": 4, "dropout": 0.1}, {{{method}}},
             "training": {"epochs": {{{Epochs}}}, "batchSize": 8, "learningRate": 0.01, "evaluateEvery": {{{EvaluateEvery}}}, "seed": {{{Seed}}}{{{most}}}}{{{(more.Length > 0 ? $", {more}" : "")}}}}
            """;
    }
}
