using System.Diagnostics;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Predictions and evaluations on PostgreSQL: the rows do what they do on SQLite.</summary>
public sealed class PredictionsInPostgresFacts(PostgresService shared) : IClassFixture<PostgresService>
{
    private readonly TestService _service = shared.Service;

    [Fact]
    public async Task A_prediction_is_taken_at_once_told_in_pieces_and_removed()
    {
        var job = await _service.SubmitAsync(Given.Lora);
        await _service.FinishAsync(job);
        var began = Stopwatch.GetTimestamp();
        var asking = _service.PostAsync($"/jobs/{job}/predict", """{"texts": ["a dog barks\u00e9"]}""");
        var leases = _service.Services.GetRequiredService<PredictionLeases>();
        var lease = (await Eventually.UntilAsync(() => leases.TakeNextAsync(WorkerAbility.Any("worker-1"), CancellationToken.None),
            taken => taken is not null))!;
        Assert.Equal(["a dog barksé"], JsonSerializer.Deserialize<PredictRequest>(lease.Row.Request, JsonText.Compact)!.Texts!);
        Assert.Null(await leases.TakeNextAsync(WorkerAbility.Any("worker-2"), CancellationToken.None));
        Assert.True(await lease.SayAsync(1, [new(0, PredictionSource.Adapter, "é")], CancellationToken.None));
        await lease.SucceedAsync("""[{"adapter":{"label":"1"}}]""", CancellationToken.None);
        var items = (await (await asking).JsonAsync()).GetProperty("items");
        Assert.Equal("1", items[0].GetProperty("adapter").GetProperty("label").GetString());
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30));
        await Eventually.UntilAsync(() => _service.RowsAsync(async db =>
            await db.Predictions.CountAsync() + await db.PredictionPieces.CountAsync()), count => count == 0);
    }

    [Fact]
    public async Task An_evaluation_whose_worker_dies_is_anothers_and_its_files_are_kept_from_the_sweep()
    {
        var job = await _service.SubmitAsync(Given.Lora);
        await _service.FinishAsync(job);
        const string OnAcceptable = """{"dataset": "acceptable", "split": "train"}""";
        var made = await (await _service.PostAsync($"/jobs/{job}/evaluations", OnAcceptable)).JsonAsync();
        var leases = _service.Services.GetRequiredService<EvaluationLeases>();
        Task<EvaluationLease?> TakeAsync(string worker) => leases.TakeNextAsync(WorkerAbility.Any(worker), CancellationToken.None);
        var first = (await TakeAsync("worker-1"))!;
        Assert.Null(await TakeAsync("worker-2"));
        var before = _service.Clock.GetUtcNow() - TimeSpan.FromSeconds(1);
        await _service.RowsAsync(db => db.Evaluations.ExecuteUpdateAsync(set => set.SetProperty(e => e.LeaseUntil, before)));
        var second = (await TakeAsync("worker-2"))!;
        Assert.Equal(made.GetProperty("id").GetGuid(), second.Row.Id);
        Assert.False(await first.RenewAsync(CancellationToken.None));

        var (lost, kept) = (await StoreAsync(first), await StoreAsync(second));
        var scores = new Dictionary<string, double> { ["accuracy"] = 0.5, ["matthews"] = double.NaN };
        var result = new EvaluationResult(300, new("accuracy", scores, 0.7), null, ["a remark"]);
        Assert.False(await first.SucceedAsync(result, [lost], CancellationToken.None));
        await _service.Services.GetRequiredService<ObjectSweep>().JobAsync(job, CancellationToken.None); // while the second one runs
        Assert.True(await second.SucceedAsync(result, [kept], CancellationToken.None));
        Assert.True(await second.SucceedAsync(result, [kept], CancellationToken.None)); // its response may have been lost
        await _service.Services.GetRequiredService<ObjectSweep>().JobAsync(job, CancellationToken.None);

        var view = await _service.JsonAsync(made.GetProperty("href").GetString()!);
        Assert.Equal(("succeeded", "worker-2", 2), (view.GetProperty("status").GetString(), view.GetProperty("worker").GetString(),
            view.GetProperty("attempt").GetInt32()));
        Assert.Equal("""{"accuracy":0.5}""", view.GetProperty("result").GetProperty("adapter").GetProperty("scores").GetRawText());
        using var download = await _service.GetAsync(view.GetProperty("files")[0].GetProperty("href").GetString()!);
        Assert.Equal("predicted", await download.Content.ReadAsStringAsync());
        await Assert.ThrowsAsync<FileNotFoundException>(() => _service.Objects.OpenAsync(lost.Key, CancellationToken.None));
    }

    private async Task<StoredFile> StoreAsync(EvaluationLease lease)
    {
        var stored = await _service.Objects.PutAsync($"{lease.Prefix}predictions.jsonl", new MemoryStream("predicted"u8.ToArray()),
            CancellationToken.None);
        return new("predictions.jsonl", stored.Key, stored.Bytes, stored.Sha256);
    }
}
