using System.Net;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class ServiceApiFacts : IAsyncLifetime
{
    private readonly BrokenStore _broken = new();
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await TestService.StartAsync(services => services.AddSingleton<IObjectStore>(_broken));
        await _service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Presets_tell_what_a_request_may_leave_out()
    {
        var presets = (await _service.JsonAsync("/presets")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(TaskPreset.All.Select(p => p.Name), presets.Select(p => p.GetProperty("name").GetString()));
        var cola = presets[0];
        Assert.Equal("classification", cola.GetProperty("kind").GetString());
        Assert.Equal("matthews", cola.GetProperty("metric").GetString());
        Assert.Equal("sentence", cola.GetProperty("columns")[0].GetProperty("first").GetString());
        Assert.Equal(80, cola.GetProperty("training").GetProperty("epochs").GetInt32());
    }

    [Fact]
    public async Task Methods_tell_their_section_its_defaults_and_what_they_leave()
    {
        var methods = (await _service.JsonAsync("/methods")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(Methods.Names, methods.Select(method => method.GetProperty("name").GetString()));
        var vera = methods.Single(method => method.GetProperty("name").GetString() == "vera");
        Assert.Equal(("vera", "either", "peft", 4e-3, 512),
            (vera.GetProperty("section").GetString(), vera.GetProperty("placing").GetString(),
            vera.GetProperty("export").GetString(), vera.GetProperty("learningRate").GetDouble(),
            vera.GetProperty("defaults").GetProperty("rank").GetInt32()));
        Assert.False(methods[0].TryGetProperty("learningRate", out _));
    }

    [Fact]
    public async Task Workers_tell_what_they_do()
    {
        var now = _service.Clock.GetUtcNow();
        await using (var db = await _service.Contexts.CreateDbContextAsync())
        {
            db.Add(new WorkerRow { Id = "a-1", Host = "a", Version = "0.1.0", Device = "cpu", Slots = 1, StartedAt = now,
                HeartbeatAt = now });
            db.Add(new WorkerRow { Id = "b-2", Host = "b", Version = "0.1.0", Device = "cuda:0", Slots = 1, StartedAt = now.AddSeconds(1),
                HeartbeatAt = now });
            await db.SaveChangesAsync();
        }
        var job = await _service.SubmitAsync();
        await _service.TakeAsync(job, worker: "b-2");
        var workers = (await _service.JsonAsync("/workers")).GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(["a-1", "b-2"], workers.Select(w => w.GetProperty("id").GetString()));
        Assert.Equal(0, workers[0].GetProperty("running").GetArrayLength());
        var running = workers[1].GetProperty("running")[0];
        Assert.Equal((job, "importance-evaluation"), (running.GetProperty("job").GetGuid(), running.GetProperty("stage").GetString()));
    }

    [Fact]
    public async Task Health_tells_life_from_readiness()
    {
        Assert.Equal("live", (await _service.JsonAsync("/health/live")).GetProperty("status").GetString());
        Assert.Equal("""{"status":"ready","checks":{"database":"ok","objects":"ok"}}""",
            (await _service.JsonAsync("/health/ready")).GetRawText());
        _broken.IsBroken = true;
        using var answer = await _service.GetAsync("/health/ready");
        var problem = await answer.ProblemAsync(HttpStatusCode.ServiceUnavailable, "not_ready");
        Assert.Equal("failed: Read-only file system", problem.GetProperty("checks").GetProperty("objects").GetString());
        Assert.Equal("ok", problem.GetProperty("checks").GetProperty("database").GetString());
        Assert.Equal("live", (await _service.JsonAsync("/health/live")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_root_is_the_list_of_jobs_and_leads_to_the_documentation()
    {
        using var root = await _service.GetAsync("/");
        var page = await root.Content.ReadAsStringAsync();
        Assert.Contains("<h1>Jobs</h1>", page, StringComparison.Ordinal);
        Assert.Contains("href=\"swagger\"", page, StringComparison.Ordinal);
        using var swagger = await _service.GetAsync("/swagger/index.html");
        Assert.Equal(HttpStatusCode.OK, swagger.StatusCode);
    }

    private sealed class BrokenStore : IObjectStore
    {
        public bool IsBroken { get; set; }

        public Task CheckAsync(CancellationToken cancel) => IsBroken ? throw new IOException("Read-only file system") : Task.CompletedTask;

        public Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel) => throw new NotSupportedException();

        public Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel) => throw new NotSupportedException();

        public Task<Stream> OpenAsync(string key, CancellationToken cancel) => throw new NotSupportedException();

        public Task FetchAsync(string key, string path, CancellationToken cancel) => throw new NotSupportedException();

        public Task DeleteAsync(string key, CancellationToken cancel) => throw new NotSupportedException();

        public IAsyncEnumerable<ListedObject> ListAsync(string prefix, CancellationToken cancel) => throw new NotSupportedException();

        public ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid,
            CancellationToken cancel) => throw new NotSupportedException();

        public Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel) => throw new NotSupportedException();
    }
}
