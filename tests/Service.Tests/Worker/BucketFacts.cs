using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Storage;
using LoraDrop.Storage.Tests;
using LoraDrop.Worker;
using Microsoft.Extensions.Logging.Abstractions;

namespace LoraDrop.Service.Tests;

/// <summary>What is fetched from a bucket of a real S3 server, and what is refused.</summary>
public sealed class BucketFacts : IAsyncLifetime
{
    private const string Own = "the-own-bucket";

    private readonly TestFolder _folder = new();
    private readonly List<HubProgress> _progress = [];
    private S3Server _server = null!;
    private AmazonS3Client _s3 = null!;
    private string _bucket = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await S3Server.StartAsync();
        _bucket = _server.NewBucket();
        _s3 = new(S3Server.AccessKey, S3Server.SecretKey,
            new AmazonS3Config { ServiceURL = _server.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        Directory.CreateDirectory(_folder.At("target"));
    }

    public async ValueTask DisposeAsync()
    {
        _s3?.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Of_an_adapter_the_files_that_a_run_reads_are_fetched_and_never_a_pickle()
    {
        await PutAsync("a/adapter_config.json", "a/adapter_model.safetensors", "a/README.md", "b/adapter_config.json",
            "b/adapter_model.bin");
        await AdapterAsync("a");
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Fetched());
        Assert.Contains("never from a pickle", await RefusalAsync(() => AdapterAsync("b")));
    }

    [Fact]
    public async Task Of_a_model_the_files_that_a_run_reads_are_fetched_and_nothing_else()
    {
        await PutAsync("models/m/config.json", "models/m/tokenizer.json", "models/m/model.safetensors", "models/m/pytorch_model.bin",
            "models/m/README.md", "models/m/onnx/model.onnx", "models/m2/vocab.txt");
        Assert.Equal(["config.json", "tokenizer.json", "model.safetensors"], await ModelAsync("models/m"));
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Fetched());
        Assert.Equal("models/m/config.json", await File.ReadAllTextAsync(_folder.At("target", "config.json")));
        Assert.Equal(_progress[^1].BytesTotal, _progress[^1].BytesDone);
    }

    [Fact]
    public async Task Of_a_model_in_shards_those_that_its_index_names()
    {
        await PutAsync("config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model-00009-of-00009.safetensors");
        await PutTextAsync("model.safetensors.index.json",
            """{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}""");
        Assert.Equal(["config.json", "tokenizer.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors"], await ModelAsync(""));
        Assert.Equal(5, Fetched().Length);
    }

    [Theory]
    [InlineData("../../secret.safetensors", "not a safetensors file next to it")]
    [InlineData("a b.safetensors", "may contain only")]
    [InlineData("model-00003.safetensors", "which does not exist")]
    public async Task A_shard_is_a_plain_file_beside_its_index(string shard, string reason)
    {
        await PutAsync("m/config.json", "m/tokenizer.json");
        await PutTextAsync("m/model.safetensors.index.json", $$$"""{"weight_map": {"a": "{{{shard}}}"}}""");
        Assert.Contains(reason, await RefusalAsync(() => ModelAsync("m")));
    }

    [Fact]
    public async Task A_model_that_is_pickles_only_is_refused_with_what_to_do()
    {
        await PutAsync("m/config.json", "m/tokenizer.json", "m/pytorch_model.bin");
        var refusal = await RefusalAsync(() => ModelAsync("m"));
        Assert.Contains("only as a Python pickle (pytorch_model.bin)", refusal);
        Assert.Contains("Convert it", refusal);
        Assert.DoesNotContain("@refs", refusal);
        Assert.Empty(Fetched());
    }

    [Fact]
    public async Task Of_a_dataset_a_file_for_each_split_is_fetched_under_its_usual_name()
    {
        await PutAsync("rte/train.tsv", "rte/dev.tsv", "rte/test.tsv", "rte/notes.txt", "rte/old/train.tsv");
        Assert.Equal(["train.tsv", "validation.tsv", "test.tsv"], await DatasetAsync("rte"));
        Assert.Equal("rte/dev.tsv", await File.ReadAllTextAsync(_folder.At("target", "validation.tsv")));
    }

    [Theory]
    [InlineData("reviews.jsonl")]
    [InlineData("with space/ä+%41/reviews.jsonl")]
    [InlineData("folder/train.jsonl")]
    public async Task One_object_is_a_training_file(string key)
    {
        await PutAsync(key);
        Assert.Equal(["train.jsonl"], await DatasetAsync(key));
        Assert.Equal(key, await File.ReadAllTextAsync(_folder.At("target", "train.jsonl")));
    }

    [Fact]
    public async Task A_folder_may_be_named_as_a_table_is()
    {
        await PutAsync("old.tsv/train.csv");
        Assert.Equal(["train.csv"], await DatasetAsync("old.tsv"));
    }

    [Fact]
    public async Task What_is_no_dataset_is_told_why()
    {
        await PutAsync("twice/train.tsv", "twice/train.csv", "none/dev.tsv", "zip/data.zip");
        await PutTextAsync("empty/", "");
        Assert.EndsWith("/twice has both train.csv and train.tsv; keep only one", await RefusalAsync(() => DatasetAsync("twice")));
        Assert.EndsWith("/none has no train.jsonl, train.json, train.csv, train.tsv, train.txt, train.parquet, "
            + "train.jsonl.gz, train.json.gz, train.csv.gz, train.tsv.gz, train.txt.gz", await RefusalAsync(() => DatasetAsync("none")));
        Assert.EndsWith("/zip has no train.jsonl, train.json, train.csv, train.tsv, train.txt, train.parquet, "
            + "train.jsonl.gz, train.json.gz, train.csv.gz, train.tsv.gz, train.txt.gz", await RefusalAsync(() => DatasetAsync("zip")));
        Assert.Equal($"dataset: s3://{_bucket}/empty is an empty folder", await RefusalAsync(() => DatasetAsync("empty")));
        Assert.Equal($"dataset: s3://{_bucket}/missing does not exist or is empty", await RefusalAsync(() => DatasetAsync("missing")));
        Assert.Equal($"dataset: s3://{_bucket}/missing.tsv does not exist or is empty",
            await RefusalAsync(() => DatasetAsync("missing.tsv")));
        Assert.Equal($"model: s3://{_bucket}/twic does not exist or is empty", await RefusalAsync(() => ModelAsync("twic")));
        Assert.Empty(Fetched());
    }

    [Theory]
    [InlineData("models/m/model.safetensors")]
    [InlineData("models/m/config.json")]
    public async Task What_is_written_to_meanwhile_is_refused(string changed)
    {
        await PutAsync("models/m/config.json", "models/m/tokenizer.json", "models/m/model.safetensors");
        var began = false;
        var refusal = await RefusalAsync(() => ModelAsync("models/m", () =>
        {
            if (began) return;
            began = true;
            PutTextAsync(changed, new string('x', changed.Length)).GetAwaiter().GetResult(); // as long as before
        }));
        Assert.Equal($"model: {changed["models/m/".Length..]} of s3://{_bucket}/models/m changed while it was fetched; "
            + "retry when nothing writes to it", refusal);
    }

    [Fact]
    public async Task What_is_removed_meanwhile_is_refused()
    {
        await PutAsync("rte/train.tsv", "rte/test.tsv");
        var refusal =
            await RefusalAsync(() => DatasetAsync("rte", () => _s3.DeleteObjectAsync(_bucket, "rte/test.tsv").GetAwaiter().GetResult()));
        Assert.Contains("test.tsv of s3://", refusal);
        Assert.Contains("changed while it was fetched", refusal);
    }

    [Fact]
    public async Task What_does_not_fit_on_the_disk_is_not_begun()
    {
        await PutAsync("rte/train.tsv");
        await using (var file = File.OpenWrite(Path.Combine(_server.FolderOf(_bucket), "rte", "train.tsv._S3rver_object"))) file.SetLength(
            1L << 42); // a hole of 4 TiB
        var failed = await Assert.ThrowsAsync<IOException>(() => DatasetAsync("rte"));
        Assert.Matches("^Not enough disk space: .* needs 4398046511104 bytes", failed.Message);
        Assert.Empty(Fetched());
    }

    [Fact]
    public async Task A_store_that_denies_access_or_has_no_such_bucket_is_quoted()
    {
        var denied = new SourceOptions { Store = new() { Bucket = Own, Endpoint = _server.Endpoint, AccessKey = S3Server.AccessKey,
            SecretKey = "another" }, S3Buckets = [_bucket] };
        Assert.Contains($"denies access to the bucket {_bucket}", await RefusalAsync(() => FetchDatasetAsync(denied, _bucket, "rte")));
        Assert.Contains("There is no bucket not-there",
            await RefusalAsync(() => FetchDatasetAsync(Allowing("not-there"), "not-there", "rte")));
    }

    [Fact]
    public async Task Only_buckets_that_are_listed_may_be_read_and_never_that_of_the_service()
    {
        await PutAsync("rte/train.tsv");
        Assert.Contains("Sources:S3Buckets", await RefusalAsync(() => FetchDatasetAsync(Allowing(), _bucket, "rte")));
        Assert.Contains($"does not list {_bucket}", await RefusalAsync(() => FetchDatasetAsync(Allowing("another"), _bucket, "rte")));
        Assert.Contains("the service's own objects", await RefusalAsync(() => FetchDatasetAsync(Allowing(Own), Own, "jobs")));
        Assert.Contains("in a folder",
            await RefusalAsync(() => FetchDatasetAsync(new SourceOptions { S3Buckets = [_bucket] }, _bucket, "rte")));
    }

    [Fact]
    public async Task A_store_that_is_gone_for_a_while_is_waited_for()
    {
        await PutAsync("rte/train.tsv", "rte/dev.tsv");
        await _server.StopAsync();
        var fetching = DatasetAsync("rte");
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.False(fetching.IsCompleted);
        await _server.StartAgainAsync();
        Assert.Equal(["train.tsv", "validation.tsv"], await fetching);
    }

    private Task AdapterAsync(string prefix) => Client(Allowing(_bucket)).FetchAdapterAsync(new(_bucket, prefix), _folder.At("target"),
        "initialAdapter", CancellationToken.None);

    private Task<IReadOnlyList<string>> ModelAsync(string prefix, Action? arrived = null) =>
        Client(Allowing(_bucket)).FetchModelAsync(new(_bucket, prefix), _folder.At("target"), Noted(arrived),
            TestContext.Current.CancellationToken);

    private Task<IReadOnlyList<string>> DatasetAsync(string prefix, Action? arrived = null) =>
        FetchDatasetAsync(Allowing(_bucket), _bucket, prefix, arrived);

    private Task<IReadOnlyList<string>> FetchDatasetAsync(SourceOptions sources, string bucket, string prefix, Action? arrived = null) =>
        Client(sources).FetchDatasetAsync(new(bucket, prefix), _folder.At("target"), Noted(arrived), TestContext.Current.CancellationToken);

    private SourceOptions Allowing(params string[] buckets) =>
        new() { Store = new() { Bucket = Own, Endpoint = _server.Endpoint, AccessKey = S3Server.AccessKey, SecretKey = S3Server.SecretKey },
            S3Buckets = buckets };

    private static BucketClient Client(SourceOptions sources) =>
        new(sources, new(TimeProvider.System, new(), NullLogger<Outages>.Instance));

    private HubVisit.Inline Noted(Action? arrived) => new(value =>
    {
        _progress.Add(value);
        arrived?.Invoke();
    });

    private string[] Fetched() =>
        [.. Directory.EnumerateFiles(_folder.At("target")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private static async Task<string> RefusalAsync(Func<Task> fetch) => (await Assert.ThrowsAsync<RefusedInputException>(fetch)).Message;

    /// <summary>Objects that hold their own keys.</summary>
    private async Task PutAsync(params string[] keys)
    {
        foreach (var key in keys) await PutTextAsync(key, key);
    }

    private async Task PutTextAsync(string key, string text) =>
        await _s3.PutObjectAsync(new PutObjectRequest { BucketName = _bucket, Key = key,
            InputStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), UseChunkEncoding = false });
}
