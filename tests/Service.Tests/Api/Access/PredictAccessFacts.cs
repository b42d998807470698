using System.Net;
using System.Text;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>Who may ask a job's adapter and evaluate it.</summary>
public sealed class PredictAccessFacts : IAsyncLifetime
{
    private const string Texts = """{"texts": ["a dog barks"]}""", OnAcceptable = """{"dataset": "acceptable", "split": "train"}""";

    private TestService _service = null!;
    private HttpClient _ann = null!, _annReads = null!, _bob = null!;
    private Guid _job;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services => services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        await _service.AddInputsAsync();
        _ann = _service.As(await _service.KeyAsync(Role.Submit, "ann"));
        _annReads = _service.As(await _service.KeyAsync(Role.Read, "ann"));
        _bob = _service.As(await _service.KeyAsync(Role.Submit, "bob"));
        _job = (await (await PostAsync(_ann, "/jobs", Given.Lora)).JsonAsync()).GetProperty("id").GetGuid();
        await _service.FinishAsync(_job);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var client in (HttpClient[])[_ann, _annReads, _bob]) client.Dispose();
        return _service.DisposeAsync();
    }

    [Fact]
    public async Task Another_owners_job_is_answered_as_if_it_were_not_there()
    {
        var made = await (await PostAsync(_ann, $"/jobs/{_job}/evaluations", OnAcceptable)).JsonAsync();
        var evaluation = made.GetProperty("href").GetString();
        foreach (var answer in new[] { await PostAsync(_bob, $"/jobs/{_job}/predict", Texts),
            await PostAsync(_bob, $"/jobs/{_job}/evaluations", OnAcceptable), await _bob.GetAsync($"/jobs/{_job}/evaluations"),
            await _bob.GetAsync(evaluation), await _bob.DeleteAsync(evaluation) })
            using (answer) await answer.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
        using var own = await _ann.GetAsync(evaluation);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        using var anonymous = await _service.PostAsync($"/jobs/{_job}/predict", Texts);
        await anonymous.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_key_that_may_read_may_ask_and_not_evaluate()
    {
        using (var refused = await PostAsync(_annReads, $"/jobs/{_job}/evaluations", OnAcceptable))
            await refused.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        var asking = PostAsync(_annReads, $"/jobs/{_job}/predict", Texts);
        var lease = await Eventually.UntilAsync(() => _service.Services.GetRequiredService<PredictionLeases>()
            .TakeNextAsync(WorkerAbility.Any("worker-1"), CancellationToken.None), taken => taken is not null);
        Assert.Equal("ann", lease!.Row.Owner);
        await lease.SucceedAsync("""[{"adapter":{"label":"1"}}]""", CancellationToken.None);
        using var answer = await asking;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_evaluation_is_submitted_once_however_often_it_is_sent_and_goes_with_its_job()
    {
        async Task<HttpResponseMessage> SendAsync()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, $"/jobs/{_job}/evaluations")
            {
                Content = new StringContent(OnAcceptable, Encoding.UTF8, "application/json"), Headers = { { "Idempotency-Key", "once" } },
            };
            return await _ann.SendAsync(request);
        }
        var (first, again) = (await (await SendAsync()).JsonAsync(), await (await SendAsync()).JsonAsync());
        Assert.Equal(first.GetRawText(), again.GetRawText());
        var listed = await (await _ann.GetAsync($"/jobs/{_job}/evaluations")).JsonAsync();
        Assert.Equal(first.GetRawText(), Assert.Single(listed.GetProperty("items").EnumerateArray()).GetRawText());
        using (var purged = await _ann.DeleteAsync($"/jobs/{_job}?purge=true")) Assert.Equal(HttpStatusCode.NoContent, purged.StatusCode);
        Assert.False(await _service.Services.GetRequiredService<EvaluationLeases>().AnyAsync(WorkerAbility.Any("worker-1"),
            CancellationToken.None));
    }

    [Fact]
    public async Task What_evaluations_need_is_told_when_they_are_asked_for()
    {
        var waiting = (await (await PostAsync(_ann, "/jobs", Given.Minimal)).JsonAsync()).GetProperty("id").GetGuid();
        using (var early = await PostAsync(_ann, $"/jobs/{waiting}/evaluations", OnAcceptable))
            await early.ProblemAsync(HttpStatusCode.Conflict, "no_adapter");
        using (var split = await PostAsync(_ann, $"/jobs/{_job}/evaluations", """{"dataset": "acceptable"}"""))
            Assert.Equal(["split"], (await split.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
        await _service.RowsAsync(async db =>
        {
            db.Add(new DatasetRow { Id = Guid.CreateVersion7(), Name = "late", Owner = "ann", Source = "file:/data/late",
                Status = InputStatus.Preparing, CreatedAt = _service.Clock.GetUtcNow() });
            return await db.SaveChangesAsync();
        });
        using var late = await PostAsync(_ann, $"/jobs/{_job}/evaluations", """{"dataset": "late"}""");
        await late.ProblemAsync(HttpStatusCode.Conflict, "dataset_not_ready");
        Assert.Equal("1", late.Headers.GetValues("Retry-After").Single());
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string address, string json) =>
        client.PostAsync(address, new StringContent(json, Encoding.UTF8, "application/json"));
}
