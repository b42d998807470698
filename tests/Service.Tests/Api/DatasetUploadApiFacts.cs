using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class DatasetUploadApiFacts : IAsyncLifetime
{
    private const int Limit = 1 << 20;

    private readonly FullStore _full = new();
    private TestService _service = null!;

    public async ValueTask InitializeAsync() => _service = await StartAsync(Limit);

    private Task<TestService> StartAsync(long limit) => TestService.StartAsync(services =>
    {
        services.AddSingleton(TestService.ApiDefaults with { MaxUploadBytes = limit });
        var folder = services.Single(s => s.ServiceType == typeof(IObjectStore)).ImplementationInstance as IObjectStore;
        services.AddSingleton<IObjectStore>(_full.Over(folder!));
    });

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Files_of_all_splits_are_stored_under_ids_and_known_by_their_digest()
    {
        using var answer = await UploadAsync(("test", "C:\\data\\Prüfung.CSV", "a,b\n"), ("name", null, "rte"),
            ("train", "../../x.jsonl", "{}\n"), ("validation", "v.parquet", "PAR1"));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("/datasets/rte", answer.Headers.Location!.ToString());
        var row = await _service.RowsAsync(db => db.Datasets.SingleAsync());
        Assert.Equal(["test.csv", "train.jsonl", "validation.parquet"], row.Files.Select(f => f.Name).Order());
        Assert.All(row.Files, file => Assert.Equal($"datasets/{row.Id}/{file.Name}", file.Key));
        var train = row.Files.Single(f => f.Name == "train.jsonl");
        Assert.Equal((3, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("{}\n"u8))), (train.Bytes, train.Sha256));
        Assert.Equal((InputStatus.Preparing, "upload"), (row.Status, row.Source));
    }

    [Fact]
    public async Task All_faults_come_at_once_and_nothing_is_kept()
    {
        using var answer = await UploadAsync(("train", "t.tsv", "a\n"), ("train", "again.tsv", "a\n"), ("validation", "v.xlsx", "a"),
            ("dev", "d.tsv", "a"), ("test", null, "text"), ("name", null, "no/slash and a very long one".PadRight(70, 'x')));
        var problem = await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["train", "validation", "dev", "test", "name"], problem.Paths());
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task Name_and_train_are_required()
    {
        using var answer = await UploadAsync(("test", "t.tsv", "a\n"));
        Assert.Equal(["name", "train"], (await answer.ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid")).Paths());
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_field_where_no_file_was_chosen_is_as_if_it_were_not_there()
    {
        using var answer = await UploadAsync(("name", null, "rte"), ("train", "t.tsv", "a\n"), ("validation", "", ""), ("test", null, ""));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Single((await _service.RowsAsync(db => db.Datasets.SingleAsync())).Files);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_and_what_came_with_it_removed()
    {
        using (await UploadAsync(("name", null, "rte"), ("train", "t.tsv", "first"))) { }
        using var answer = await UploadAsync(("train", "t.tsv", "second"), ("name", null, "rte"));
        await answer.ProblemAsync(HttpStatusCode.Conflict, "dataset_exists");
        Assert.Single(await KeysAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_over_the_limit_is_refused_and_nothing_is_kept(bool lengthKnown)
    {
        using var answer = await UploadAsync(lengthKnown, ("name", null, "rte"), ("test", "t.tsv", "fine"),
            ("train", "t.tsv", new string('x', Limit + 1)));
        Assert.Contains($"{Limit}", (await answer.ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too_large")).GetProperty("detail")
            .GetString());
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_body_that_says_it_is_too_large_is_refused_before_it_comes()
    {
        using var connection = await ConnectAsync("POST /datasets HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; "
            + $"boundary=b\r\nContent-Length: {4L * Limit}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413", await ReadLineAsync(connection));
    }

    [Fact]
    public async Task A_file_of_just_the_limit_is_taken()
    {
        using var answer = await UploadAsync(("name", null, "rte"), ("train", "t.tsv", new string('x', Limit)));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public async Task A_client_that_leaves_half_way_leaves_nothing_behind()
    {
        using (await ConnectAsync(Head + "--b\r\nContent-Disposition: form-data; name=\"test\"; "
            + "filename=\"t.tsv\"\r\n\r\nwhole\r\n--b\r\nContent-Disposition: form-data; name=\"train\"; "
            + "filename=\"t.tsv\"\r\n\r\nhalf of"))
        {
            // the first file is stored, and the second is being written
            while ((await KeysAsync()).Count == 0 || TemporaryFiles().Length == 0) await Task.Delay(20);
        }
        for (var tries = 0; tries < 100 && (await KeysAsync()).Count + TemporaryFiles().Length > 0; tries++) await Task.Delay(20);
        await NothingIsLeftAsync();
        Assert.Empty(_service.Errors);
    }

    [Theory]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"train\"; filename=\"t.tsv\"\r\n\r\nno end")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"train\"; filename=\"t.tsv\"")]
    [InlineData("no boundary at all")]
    [InlineData("--b\r\nX: y\r\n\r\nno disposition\r\n--b--")]
    public async Task A_body_that_is_cut_or_garbled_is_refused_and_leaves_nothing(string body)
    {
        using var content = new StringContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        using var answer = await _service.Http.PostAsync("/datasets", content);
        await answer.ProblemAsync(HttpStatusCode.BadRequest, "bad_request");
        await NothingIsLeftAsync();
    }

    [Theory]
    [InlineData("multipart/form-data", HttpStatusCode.BadRequest, "bad_request")]
    [InlineData("multipart/mixed; boundary=b", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    [InlineData("text/csv", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    public async Task Another_kind_of_body_is_refused(string type, HttpStatusCode status, string code)
    {
        using var content = new StringContent("name=x");
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var answer = await _service.Http.PostAsync("/datasets", content);
        await answer.ProblemAsync(status, code);
    }

    [Fact]
    public async Task A_flood_of_parts_is_refused_before_it_fills_the_memory()
    {
        using var answer = await UploadAsync([.. Enumerable.Range(0, 200).Select(i => ($"part{i}", (string?)"x.tsv", "x"))]);
        await answer.ProblemAsync(HttpStatusCode.BadRequest, "bad_request");
    }

    [Fact]
    public async Task A_full_disk_is_said_and_nothing_is_kept()
    {
        _full.After = 1;
        using var answer = await UploadAsync(("name", null, "rte"), ("test", "t.tsv", "fits"), ("train", "t.tsv", "does not"));
        await answer.ProblemAsync(HttpStatusCode.InsufficientStorage, "storage_full");
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task An_upload_goes_to_the_store_without_filling_the_memory()
    {
        await _service.DisposeAsync();
        _service = await StartAsync(1L << 30);
        const long Size = 128L << 20;
        _full.Discards = true;
        using (await UploadAsync(("name", null, "warm"), ("train", "t.tsv", "x"))) { }
        var before = GC.GetTotalAllocatedBytes(precise: true);
        using var form = new MultipartFormDataContent { { new StringContent("large"), "name" },
            { new StreamContent(new Zeros(Size), 1 << 16), "train", "t.tsv" } };
        using var answer = await _service.Http.PostAsync("/datasets", form);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        // other tests allocate meanwhile, the more the busier the cores are; a body in memory is at least Size
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, Size / 2);
        Assert.Equal(Size, (await _service.RowsAsync(db => db.Datasets.SingleAsync(d => d.Name == "large"))).Files.Single().Bytes);
    }

    private const string Head =
        "POST /datasets HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n";

    private Task<HttpResponseMessage> UploadAsync(params (string Field, string? File, string Content)[] parts) =>
        UploadAsync(lengthKnown: true, parts);

    private async Task<HttpResponseMessage> UploadAsync(bool lengthKnown, params (string Field, string? File, string Content)[] parts)
    {
        var body = new StringBuilder();
        foreach (var (field, file, content) in parts)
            body.Append($"--b\r\nContent-Disposition: form-data; "
                + $"name=\"{field}\"{(file is null ? "" : $"; filename=\"{file}\"")}\r\n\r\n{content}\r\n");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/datasets") { Content = new StringContent(body + "--b--\r\n") };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        request.Headers.TransferEncodingChunked = !lengthKnown;
        return await _service.Http.SendAsync(request);
    }

    private async Task<Socket> ConnectAsync(string text)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_service.Address.Host, _service.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(text));
        return socket;
    }

    private static async Task<string> ReadLineAsync(Socket socket)
    {
        using var reader = new StreamReader(new NetworkStream(socket));
        return (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(5)))!;
    }

    private async Task NothingIsLeftAsync()
    {
        Assert.Empty(await KeysAsync());
        Assert.Empty(TemporaryFiles());
        Assert.False(await _service.RowsAsync(db => db.Datasets.AnyAsync()));
    }

    private string[] TemporaryFiles() => Directory.GetFiles(Path.Combine(_service.DataFolder), "*.tmp", SearchOption.AllDirectories);

    private async Task<List<string>> KeysAsync()
    {
        var keys = new List<string>();
        await foreach (var file in _service.Objects.ListAsync("datasets/", CancellationToken.None)) keys.Add(file.Key);
        return keys;
    }

    /// <summary>A store whose disk is full after some objects, or that forgets what it is given.</summary>
    private sealed class FullStore : IObjectStore
    {
        private IObjectStore _inner = null!;
        private int _stored;

        public int After { get; set; } = int.MaxValue;

        public bool Discards { get; set; }

        public FullStore Over(IObjectStore inner)
        {
            _inner = inner;
            return this;
        }

        public Task<StoredObject> PutFileAsync(string key, string path, CancellationToken cancel) => _inner.PutFileAsync(key, path, cancel);

        public async Task<StoredObject> PutAsync(string key, Stream content, CancellationToken cancel)
        {
            if (_stored++ >= After) throw new IOException("No space left on device", 28);
            if (!Discards) return await _inner.PutAsync(key, content, cancel);
            var (buffer, bytes, read) = (new byte[1 << 16], 0L, 0);
            while ((read = await content.ReadAsync(buffer, cancel)) > 0) bytes += read;
            return new(key, bytes, "00");
        }

        public Task<Stream> OpenAsync(string key, CancellationToken cancel) => _inner.OpenAsync(key, cancel);

        public Task FetchAsync(string key, string path, CancellationToken cancel) => _inner.FetchAsync(key, path, cancel);

        public Task DeleteAsync(string key, CancellationToken cancel) => _inner.DeleteAsync(key, cancel);

        public IAsyncEnumerable<ListedObject> ListAsync(string prefix, CancellationToken cancel) => _inner.ListAsync(prefix, cancel);

        public ValueTask<Uri?> DownloadAddressAsync(string key, string fileName, string contentType, TimeSpan valid,
            CancellationToken cancel) => _inner.DownloadAddressAsync(key, fileName, contentType, valid, cancel);

        public Task<int> RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancel) =>
            _inner.RemoveUnfinishedAsync(before, cancel);

        public Task CheckAsync(CancellationToken cancel) => _inner.CheckAsync(cancel);
    }

    /// <summary>So many zeros, made as they are read.</summary>
    private sealed class Zeros(long length) : MemoryStream
    {
        private long _read;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = (int)Math.Min(buffer.Length, length - _read);
            buffer.Span[..read].Clear();
            _read += read;
            return ValueTask.FromResult(read);
        }
    }
}
