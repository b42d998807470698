using System.Net;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class DatasetsApiFacts : IAsyncLifetime
{
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services => services.AddSingleton(new SourceOptions { LocalFiles = true }));
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task A_dataset_tells_its_splits_and_columns()
    {
        var dataset = await _service.JsonAsync("/datasets/acceptable");
        Assert.Equal("ready", dataset.GetProperty("status").GetString());
        Assert.Equal("cc33", dataset.GetProperty("sha256").GetString());
        var split = dataset.GetProperty("splits")[0];
        Assert.Equal("train", split.GetProperty("split").GetString());
        Assert.Equal(300, split.GetProperty("rows").GetInt32());
        Assert.Equal("sentence", split.GetProperty("columns")[0].GetProperty("name").GetString());
        Assert.Equal("text", split.GetProperty("columns")[0].GetProperty("type").GetString());
        var item = (await _service.JsonAsync("/datasets")).GetProperty("items")[0];
        Assert.Equal(300, item.GetProperty("splits")[0].GetProperty("rows").GetInt32());
        Assert.False(item.GetProperty("splits")[0].TryGetProperty("columns", out _));
    }

    [Fact]
    public async Task The_first_rows_can_be_seen()
    {
        var preview = await _service.JsonAsync("/datasets/acceptable/preview");
        Assert.Equal("""["sentence","label"]""", preview.GetProperty("columns").GetRawText());
        Assert.Equal("""["dog a barks","0"]""", preview.GetProperty("rows")[1].GetRawText());
        Assert.Equal(300, preview.GetProperty("total").GetInt32());
        using (var other = await _service.GetAsync("/datasets/acceptable/preview?split=test")) await other.ProblemAsync(
            HttpStatusCode.NotFound, "split_not_found");
        using (var missing = await _service.GetAsync("/datasets/none/preview")) await missing.ProblemAsync(HttpStatusCode.NotFound,
            "dataset_not_found");
        using (await _service.PostAsync("/datasets", """{ "name": "coming", "source": "hf:a/b" }""")) { }
        using var early = await _service.GetAsync("/datasets/coming/preview");
        await early.ProblemAsync(HttpStatusCode.Conflict, "dataset_not_ready");
        Assert.NotNull(early.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_dataset_can_be_registered_by_its_source()
    {
        using var folder = new TestFolder();
        var file = folder.File("train.tsv", "sentence\tlabel\na\t1\n");
        using var answer = await _service.PostAsync("/datasets", $$"""{ "name": "local", "source": "file:{{file}}" }""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("/datasets/local", answer.Headers.Location!.ToString());
        Assert.Equal("preparing", (await answer.JsonAsync()).GetProperty("status").GetString());
        using var twice = await _service.PostAsync("/datasets", """{ "name": "local", "source": "hf:a/b" }""");
        await twice.ProblemAsync(HttpStatusCode.Conflict, "dataset_exists");
    }

    [Fact]
    public async Task A_failed_dataset_says_where()
    {
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new DatasetRow
            {
                Id = Guid.CreateVersion7(), Name = "broken", Source = "upload", Status = InputStatus.Failed,
                CreatedAt = _service.Clock.GetUtcNow(),
                Failure = Failure.Refused([new("train.tsv row 7 column label", "is empty"),
                new("train.tsv row 9", "has 3 cells where the header has 2")]),
            });
            await db.SaveChangesAsync();
        }
        var failure = (await _service.JsonAsync("/datasets/broken")).GetProperty("error");
        Assert.Equal(FailureCode.Refused, failure.GetProperty("code").GetString());
        Assert.Equal(2, failure.GetProperty("faults").GetArrayLength());
        using var answer = await _service.PostAsync("/jobs", Given.Minimal.Replace("acceptable", "broken"));
        Assert.Contains("dataset", (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
    }

    [Fact]
    public async Task A_dataset_that_no_job_refers_to_goes_with_its_files()
    {
        var stored = await UploadedAsync("mine");
        using (var deleted = await _service.Http.DeleteAsync("/datasets/mine")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await Assert.ThrowsAsync<FileNotFoundException>(() => _service.Objects.OpenAsync(stored, CancellationToken.None));
        Assert.False(await _service.RowsAsync(db => db.Datasets.AnyAsync(d => d.Source == "upload")));
    }

    [Fact]
    public async Task A_dataset_that_a_job_learned_from_stays_as_long_as_that_job()
    {
        var stored = await UploadedAsync("mine");
        await _service.RowsAsync(db => db.Datasets.Where(d => d.Name == "mine")
            .ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, InputStatus.Ready)));
        var job = await _service.SubmitAsync(Given.Minimal.Replace("acceptable", "mine"));
        using (var used = await _service.Http.DeleteAsync("/datasets/mine")) await used.ProblemAsync(HttpStatusCode.Conflict,
            "dataset_in_use");
        using (await _service.PostAsync($"/jobs/{job}/cancel")) { }
        using (var deleted = await _service.Http.DeleteAsync("/datasets/mine")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("mine", (await _service.JsonAsync($"/jobs/{job}")).GetProperty("dataset").GetProperty("name").GetString());
        await using (await _service.Objects.OpenAsync(stored, CancellationToken.None)) { }
        using (var gone = await _service.GetAsync("/datasets/mine")) await gone.ProblemAsync(HttpStatusCode.NotFound, "dataset_not_found");
        using (var retried = await _service.PostAsync($"/jobs/{job}/retry")) await retried.ProblemAsync(HttpStatusCode.Conflict,
            "dataset_deleted");
        using (await _service.Http.DeleteAsync($"/jobs/{job}?purge=true")) { }
        await Assert.ThrowsAsync<FileNotFoundException>(() => _service.Objects.OpenAsync(stored, CancellationToken.None));
        Assert.False(await _service.RowsAsync(db => db.Datasets.AnyAsync(d => d.Source == "upload")));
    }

    [Fact]
    public async Task What_is_read_in_place_is_never_removed()
    {
        using var folder = new TestFolder();
        var file = folder.File("train.tsv", "sentence\tlabel\na\t1\n");
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new DatasetRow { Id = Guid.CreateVersion7(), Name = "local", Source = $"file:{file}",
                CreatedAt = _service.Clock.GetUtcNow(), Files = [new("train.tsv", file, 1, "00")] });
            await db.SaveChangesAsync();
        }
        using (var deleted = await _service.Http.DeleteAsync("/datasets/local")) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.True(File.Exists(file));
    }

    private async Task<string> UploadedAsync(string name)
    {
        using var form = new MultipartFormDataContent { { new StringContent(name), "name" },
            { new ByteArrayContent([1, 2, 3]), "train", "t.tsv" } };
        using var answer = await _service.Http.PostAsync("/datasets", form);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return (await _service.RowsAsync(db => db.Datasets.SingleAsync(d => d.Name == name))).Files.Single().Key;
    }
}
