using System.Text;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

public sealed class HubTransferFacts
{
    private const string File = "model.safetensors";

    private static readonly byte[] Weights = Bytes(300_000);

    [Fact]
    public async Task The_token_goes_to_the_hub_and_never_to_the_store()
    {
        await using var visit = (await HubVisit.BeginAsync(options => options with { Token = " hf_secret\n" })).WithModel(Weights);
        await visit.FetchModelAsync();
        Assert.All(visit.Hub.Requests, asked => Assert.Equal(asked.AtStore ? null : "Bearer hf_secret", asked.Token));
        Assert.Contains(visit.Hub.Requests, asked => asked.AtStore);
    }

    [Fact]
    public async Task The_token_follows_a_redirect_within_the_hub()
    {
        await using var visit = (await HubVisit.BeginAsync(options => options with { Token = "hf_secret" })).WithModel(Weights,
            "org/renamed");
        visit.Hub.Next("/api/models/old/revision/main", LocalHub.RedirectTo("/api/models/org/renamed/revision/main"));
        visit.Hub.Next($"/api/models/old/tree/{LocalHub.Commit}",
            LocalHub.RedirectTo($"/api/models/org/renamed/tree/{LocalHub.Commit}?recursive=true"));
        foreach (var file in (string[])["config.json", "tokenizer.json", File])
            visit.Hub.Next($"/old/resolve/{LocalHub.Commit}/{file}", LocalHub.RedirectTo($"/org/renamed/resolve/{LocalHub.Commit}/{file}"));
        await visit.FetchModelAsync("hf:old");
        Assert.Equal(Weights, Fetched(visit));
        Assert.All(visit.Hub.Requests.Where(asked => !asked.AtStore), asked => Assert.Equal("Bearer hf_secret", asked.Token));
    }

    [Fact]
    public async Task A_connection_that_is_cut_goes_on_where_it_was()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next(File, visit.Hub.CutAfter(100_000));
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
        var second = visit.Hub.Requests.Last(asked => asked.AtStore);
        Assert.Equal("bytes=100000-", second.Range);
        Assert.NotNull(second.IfRange);
        Assert.Equal(200_000, visit.Hub.BytesOfFiles - SmallFiles);
    }

    [Fact]
    public async Task A_transfer_that_moves_survives_more_cuts_than_attempts_are_allowed()
    {
        await using var visit = (await HubVisit.BeginAsync(options => options with { Attempts = 2 })).WithModel(Weights);
        visit.Hub.Next(File, [.. Enumerable.Repeat(visit.Hub.CutAfter(40_000), 5)]);
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
    }

    [Fact]
    public async Task An_answer_that_starts_anew_replaces_what_was_there()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next(File, visit.Hub.CutAfter(100_000), LocalHub.Other(Weights));   // 200, though a range was asked for
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
        Assert.Equal(2, visit.Hub.Requests.Count(asked => asked.AtStore));   // a third would mean that the bytes were mixed
    }

    [Fact]
    public async Task Silence_is_taken_for_a_broken_connection()
    {
        await using var visit =
            (await HubVisit.BeginAsync(options => options with { IdleTimeout = TimeSpan.FromSeconds(400) })).WithModel(Weights);
        visit.Hub.Next(File, visit.Hub.SilentAfter(100_000));
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
    }

    [Fact]
    public async Task The_hub_is_given_the_time_that_it_asks_for()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next("/revision/main", LocalHub.Status(429, retryAfter: "37"));
        await visit.FetchModelAsync();
        Assert.Contains(TimeSpan.FromSeconds(37), visit.Clock.Waits);
    }

    [Fact]
    public async Task A_broken_hub_is_asked_again_each_time_later()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next(File, LocalHub.Status(500), LocalHub.Status(502), LocalHub.Status(503));
        await visit.FetchModelAsync();
        Assert.Equal([1, 2, 4], visit.Clock.Waits.Where(wait => wait < TimeSpan.FromMinutes(1)).Select(wait => wait.TotalSeconds));
        Assert.Equal(Weights, Fetched(visit));
    }

    [Fact]
    public async Task A_hub_that_stays_broken_counts_as_unreachable()
    {
        await using var visit = (await HubVisit.BeginAsync(options => options with { Attempts = 3 })).WithModel(Weights);
        visit.Hub.Next("/revision/main", LocalHub.Status(503), LocalHub.Status(503), LocalHub.Status(503));
        var failure = await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync());
        Assert.Equal(visit.Hub.Endpoint, failure.Endpoint);
        Assert.Contains(visit.Hub.Endpoint, failure.Message);
        Assert.Contains("503", failure.Message);
        Assert.Contains("tried 3 times", failure.Message);
    }

    [Fact]
    public async Task A_hub_that_nobody_answers_for_is_unreachable()
    {
        await using var visit = await HubVisit.BeginAsync(options => options with { Attempts = 2 });
        await visit.Hub.DisposeAsync();
        Assert.Contains(visit.Options.Endpoint, (await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync())).Message);
    }

    [Fact]
    public async Task A_page_for_people_where_the_hub_should_be_is_no_hub()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Next("/revision/main", LocalHub.Other("<html>Please log in</html>"u8.ToArray()));
        Assert.Contains("is not a hub response",
            (await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync())).Message);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Next("/revision/main", [.. Enumerable.Repeat(LocalHub.RedirectTo("/api/models/org/model/revision/main"), 20)]);
        Assert.Contains("redirects more than", (await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync())).Message);
    }

    [Fact]
    public async Task A_redirect_to_a_file_of_this_host_is_not_followed()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Next("/revision/main", LocalHub.RedirectTo("file:///etc/passwd"));
        Assert.Contains("less secure", (await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync())).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wrong_bytes_are_fetched_once_more(bool large)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights, large: large);
        visit.Hub.Next(File, LocalHub.Other(Bytes(300_000, seed: 7)));
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(400_000)]
    public async Task Bytes_that_stay_wrong_are_refused_and_deleted(int length)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next(File, LocalHub.Other(Bytes(length, seed: 7)), LocalHub.Other(Bytes(length, seed: 7)));
        Assert.Contains("the content of model.safetensors does not match the hub's listing", await visit.ModelRefusalAsync());
        Assert.Empty(visit.Parts());
        Assert.Empty(visit.Fetched());
    }

    [Fact]
    public async Task A_second_fetch_transfers_nothing()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        var first = await visit.FetchModelAsync();
        var before = visit.Hub.BytesOfFiles;
        var second = await visit.FetchModelAsync(target: visit.At("another"));
        Assert.Equal(before, visit.Hub.BytesOfFiles);
        Assert.Equal(first.Files, second.Files);
        Assert.Equal(Weights, System.IO.File.ReadAllBytes(Path.Combine(visit.At("another"), File)));
    }

    [Fact]
    public async Task A_second_fetch_into_the_same_folder_replaces_the_files()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        await visit.FetchModelAsync();
        System.IO.File.Delete(Path.Combine(visit.Target, File));
        System.IO.File.WriteAllText(Path.Combine(visit.Target, File), "stale");
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
    }

    [Fact]
    public async Task What_a_job_writes_into_its_files_does_not_reach_the_next_job()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        var snapshot = await visit.FetchModelAsync();
        System.IO.File.WriteAllBytes(Path.Combine(visit.Target, File), Bytes(300_000, seed: 7));
        var blob = Path.Combine(visit.Cache, "blobs", snapshot.Files.Single(file => file.Name == File).Sha256);
        Assert.NotEqual(Weights, System.IO.File.ReadAllBytes(blob));   // they are one file under two names
        await visit.FetchModelAsync(target: visit.At("another"));
        Assert.Equal(Weights, System.IO.File.ReadAllBytes(Path.Combine(visit.At("another"), File)));
        Assert.Equal(Weights, System.IO.File.ReadAllBytes(blob));
    }

    [Fact]
    public async Task Two_fetches_at_once_transfer_each_file_once()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        // as if in another process: they share the folder alone
        using var other = new HubClient(visit.Options, visit.Cache, visit.Guard, visit.Clock);
        await Task.WhenAll(
            visit.FetchModelAsync(),
            other.FetchModelAsync(new("org/model"), visit.At("another"), "model", null, CancellationToken.None));
        Assert.Equal(Weights, Fetched(visit));
        Assert.Equal(Weights, System.IO.File.ReadAllBytes(Path.Combine(visit.At("another"), File)));
        Assert.Equal(Weights.Length, visit.Hub.BytesOfFiles - SmallFiles);
    }

    [Fact]
    public async Task A_cancelled_fetch_keeps_what_came_and_the_next_goes_on_from_it()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Next(File, visit.Hub.SilentAfter(100_000));
        using var stop = new CancellationTokenSource();
        var progress = new HubVisit.Inline(told => { if (told.BytesDone >= 100_000 + SmallFiles) stop.Cancel(); });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            visit.Client.FetchModelAsync(new("org/model"), visit.Target, "model", progress, stop.Token));
        Assert.Equal(100_000, new FileInfo(Assert.Single(visit.Parts())).Length);
        Assert.Empty(visit.Fetched());

        await visit.FetchModelAsync();
        Assert.Equal("bytes=100000-", visit.Hub.Requests.Last(asked => asked.AtStore).Range);
        Assert.Equal(Weights, Fetched(visit));
        Assert.Empty(visit.Parts());
    }

    [Theory]
    [InlineData(100_000)]   // the beginning of something else
    [InlineData(300_000)]   // as long as the file, and never checked
    [InlineData(400_000)]   // longer
        public async Task A_spoilt_part_of_an_earlier_fetch_is_got_over(int length)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        var blobs = Directory.CreateDirectory(Path.Combine(visit.Cache, "blobs")).FullName;
        var key = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Weights));
        System.IO.File.WriteAllBytes(Path.Combine(blobs, key + ".part"), Bytes(length, seed: 7));
        await visit.FetchModelAsync();
        Assert.Equal(Weights, Fetched(visit));
    }

    [Fact]
    public async Task Progress_ends_at_the_sum_of_all_files()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        await visit.FetchModelAsync();
        var total = Weights.Length + SmallFiles;
        Assert.Equal(new HubProgress(total, total), visit.Progress[^1]);
        Assert.Equal(visit.Progress.Select(told => told.BytesDone).Order(), visit.Progress.Select(told => told.BytesDone));
    }

    [Fact]
    public async Task A_file_that_the_disk_cannot_hold_is_not_begun()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.WithModel(Weights, "org/small");
        visit.Hub.Put("models/org/model", "config.json", "{}");
        visit.Hub.Put("models/org/model", "tokenizer.json", "{}");
        visit.Hub.Put("models/org/model", File, Weights, large: true, size: 1L << 49);
        Assert.Contains("Not enough disk space", (await Assert.ThrowsAsync<IOException>(() => visit.FetchModelAsync())).Message);
        Assert.Equal(0, visit.Hub.BytesOfFiles);
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel(Weights);
        visit.Hub.Put("models/org/model", "merges.txt", "");
        await visit.FetchModelAsync();
        Assert.Equal(0, new FileInfo(Path.Combine(visit.Target, "merges.txt")).Length);
    }

    private static int SmallFiles => Encoding.UTF8.GetByteCount("{}" + """{"model":{}}""");

    private static byte[] Fetched(HubVisit visit) => System.IO.File.ReadAllBytes(Path.Combine(visit.Target, File));

    private static byte[] Bytes(int length, int seed = 1) =>
        [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) ^ (i >> 7) ^ seed))];
}
