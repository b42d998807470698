using System.Net;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

public sealed class JobPollingApiFacts : IAsyncLifetime
{
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync();
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task An_unchanged_job_costs_no_body()
    {
        var id = await _service.SubmitAsync();
        var etag = await ETagAsync(id);
        using var answer = await PollAsync(id, etag);
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
        Assert.Equal(etag, answer.Headers.ETag!.ToString());
        Assert.True(answer.Headers.CacheControl!.NoCache);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Every_change_that_a_reader_can_see_is_a_new_ETag()
    {
        var id = await _service.SubmitAsync();
        var etags = new List<string> { await ETagAsync(id) };
        var lease = await _service.TakeAsync(id);
        etags.Add(await ETagAsync(id));
        await lease.RenewAsync(set => set.SetProperty(s => s.Step, 1), [], CancellationToken.None);
        etags.Add(await ETagAsync(id));
        using (await _service.PostAsync($"/jobs/{id}/cancel")) { }
        etags.Add(await ETagAsync(id));
        await lease.CancelledAsync(CancellationToken.None);
        etags.Add(await ETagAsync(id));
        Assert.Distinct(etags);
        Assert.All(etags, etag => Assert.StartsWith("\"", etag));   // strong
    }

    [Fact]
    public async Task A_job_that_moves_up_in_the_queue_has_a_new_ETag()
    {
        var (first, second) = (await _service.SubmitAsync(), await _service.SubmitAsync());
        var before = await ETagAsync(second);
        Assert.Equal(2, (await _service.JsonAsync($"/jobs/{second}")).GetProperty("queuePosition").GetInt32());
        await _service.TakeAsync(first);
        using var answer = await PollAsync(second, before);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, (await answer.JsonAsync()).GetProperty("queuePosition").GetInt32());
    }

    [Fact]
    public async Task Task_adaptation_is_ahead_of_importance_evaluation()
    {
        var (early, late) = (await _service.SubmitAsync(), await _service.SubmitAsync());
        await _service.MeasureAsync(late);
        var job = await _service.JsonAsync($"/jobs/{late}");
        Assert.Equal("running", job.GetProperty("status").GetString());   // between its stages
        Assert.Equal(1, job.GetProperty("queuePosition").GetInt32());
        Assert.Equal(2, (await _service.JsonAsync($"/jobs/{early}")).GetProperty("queuePosition").GetInt32());
    }

    [Fact]
    public async Task A_job_whose_dataset_becomes_ready_before_its_model_has_a_new_ETag()
    {
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new ModelRow { Id = Guid.CreateVersion7(), Name = "m", Source = "hf:a/b", CreatedAt = _service.Clock.GetUtcNow() });
            db.Add(new DatasetRow { Id = Guid.CreateVersion7(), Name = "d", Source = "hf:a/b", CreatedAt = _service.Clock.GetUtcNow() });
            await db.SaveChangesAsync();
        }
        var id = await _service.SubmitAsync(Given.Minimal.Replace("sample-model", "m").Replace("acceptable", "d"));
        var before = await ETagAsync(id);
        await _service.RowsAsync(db => db.Datasets.Where(d => d.Name == "d")
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Ready)));
        using var answer = await PollAsync(id, before);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("""["model"]""", (await answer.JsonAsync()).GetProperty("waitingFor").GetRawText());
    }

    [Fact]
    public async Task A_deleted_job_is_not_unchanged()
    {
        using var answer = await PollAsync(Guid.NewGuid(), "\"1\"");
        await answer.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
    }

    private async Task<string> ETagAsync(Guid id)
    {
        using var answer = await _service.GetAsync($"/jobs/{id}");
        return answer.Headers.ETag!.ToString();
    }

    private async Task<HttpResponseMessage> PollAsync(Guid id, string etag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/jobs/{id}");
        request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        return await _service.Http.SendAsync(request);
    }
}
