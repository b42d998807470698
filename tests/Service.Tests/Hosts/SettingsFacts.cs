using LoraDrop.Api;
using LoraDrop.Engine.Tests;
using LoraDrop.Hosting;
using LoraDrop.Storage;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

/// <summary>What a host says about settings that are wrong, before it does anything.</summary>
public sealed class SettingsFacts
{
    private static readonly Dictionary<string, string> Enough = new()
    {
        ["LORADROP_DATABASE__CONNECTIONSTRING"] = "Host=127.0.0.1;Port=9;Database=x;Username=x;Password=geheim",
        ["LORADROP_OBJECTS__FOLDER"] = "/tmp/x",
    };

    [Fact]
    public async Task Every_fault_is_told_at_once_as_the_file_and_as_the_environment_have_it()
    {
        var said = await RefusedAsync(new()
        {
            ["LORADROP_OBJECTS__BUCKT"] = "a", ["LORADROP_QUEUE__INVISIBILITYTIMEOUT"] = "60", ["LORADROP_LEASES__LENGTH"] = "1s",
            ["LORADROP_LEASES_LENGTH"] = "1min", ["LORADROP_DATABSE__X"] = "1",
            ["LORADROP_API__MAXUPLOADBYTES"] = "much", ["LORADROP_API__URLS"] = "http://0.0.0.0:5080",
            ["LORADROP_API__REQUIREKEY"] = "false", ["LORADROP_OIDC__AUTHORITY"] = "http://login.example", ["LORADROP_LOG__JSON"] = "yes",
            ["LORADROP_SOURCES__FOLDERS__0"] = "data",
        });
        string[] faults =
        [
            "Database:ConnectionString (LORADROP_DATABASE__CONNECTIONSTRING): is required: Host=…;Database=…;Username=…;Password=…",
            "Objects:Bucket (LORADROP_OBJECTS__BUCKET): is required, or Objects:Folder "
            + "(LORADROP_OBJECTS__FOLDER) for a folder that all hosts share",
            "Objects:BUCKT (LORADROP_OBJECTS__BUCKT): is not a setting; did you mean Bucket?",
            "Queue:InvisibilityTimeout (LORADROP_QUEUE__INVISIBILITYTIMEOUT): must be a time such as 30s, 5min, 1h or 00:00:30; got \"60\"",
            "Leases:Length (LORADROP_LEASES__LENGTH): must lie in 2 s to 1 h; got 1 s",
            "LORADROP_LEASES_LENGTH: is not a setting; did you mean LORADROP_LEASES__LENGTH, with two underscores?",
            "DATABSE (LORADROP_DATABSE__…): is not a section of the settings; did you mean Database?",
            "Api:MaxUploadBytes (LORADROP_API__MAXUPLOADBYTES): must be a whole number; got \"much\"",
            "Api:RequireKey (LORADROP_API__REQUIREKEY): cannot be false while Api:Urls (LORADROP_API__URLS) "
            + "is reachable from other machines",
            "Oidc:Authority (LORADROP_OIDC__AUTHORITY): must be an https URL, or http on localhost",
            "Oidc:Audience (LORADROP_OIDC__AUDIENCE): is required with an authority, so that tokens "
            + "for other services are rejected",
            "Log:Json (LORADROP_LOG__JSON): must be true or false; got \"yes\"",
            "Sources:Folders:0 (LORADROP_SOURCES__FOLDERS__0): must be an absolute path; got \"data\"",
        ];
        Assert.All(faults, fault => Assert.Contains(fault, said));
        Assert.Equal(faults.Length, said.Length);
    }

    [Fact]
    public async Task The_environment_wins_over_the_file_and_the_file_is_read_as_strictly()
    {
        using var folder = new TestFolder();
        var file = folder.File("settings.json", """
            { "Database": { "ConnectionString": "Host=h;Database=d", "MaxConnections": 1 }, "Log": { "Level": "loud" }, "Api": { "Urls": 5, "MaxJsonBytes": { "a": 1 } }, // as people comment
              "Worker": { "Anything": "is for a worker to check" }, "Sources": { "Folders": ["/a", "b"] } }
            """);
        var said = await RefusedAsync(new() { ["LORADROP_LOG__LEVEL"] = "warning", ["LORADROP_DATABASE__MAXCONNECTIONS"] = "2",
            ["LORADROP_OBJECTS__FOLDER"] = "/tmp/x" }, "--config", file);
        Assert.Equal(
        [
            "Database:MaxConnections (LORADROP_DATABASE__MAXCONNECTIONS): must lie in 4 to 1000; got 2",
            "Sources:Folders:1 (LORADROP_SOURCES__FOLDERS__1): must be an absolute path; got \"b\"",
            "Api:MaxJsonBytes (LORADROP_API__MAXJSONBYTES): takes one value",
            "Api:Urls (LORADROP_API__URLS): must be addresses such as http://127.0.0.1:5080 (TLS is the business "
            + "of a proxy before it); got \"5\"",
        ], said);
    }

    [Fact]
    public async Task A_file_that_is_not_there_or_no_JSON_is_named()
    {
        using var folder = new TestFolder();
        Assert.Contains($"{folder.At("none.json")}: is not there", await RefusedAsync(Enough, "--config", folder.At("none.json")));
        Assert.Contains(await RefusedAsync(Enough, "--config", folder.File("broken.json", "{ \"Log\": }")),
            line => line.StartsWith($"{folder.At("broken.json")}: is not JSON: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Host=h;Database=d;Username=u;Password=geheim;Pot=1", "has a part pot")]
    [InlineData("Host=h;Port=geheim;Database=d", "has a part port")]
    [InlineData("Host geheim", "cannot be read")]
    [InlineData("postgres://u:geheim@h/d", "is an address")]
    [InlineData("Database=d;Password=geheim", "names no Host")]
    public async Task A_connection_string_is_never_repeated(string connection, string about)
    {
        var said =
            string.Join('\n', await RefusedAsync(new(Enough) { ["LORADROP_DATABASE__CONNECTIONSTRING"] = connection,
                ["LORADROP_OBJECTS__SECRETKEY"] = "geheim" }));
        Assert.Contains($"Database:ConnectionString (LORADROP_DATABASE__CONNECTIONSTRING): {about}", said);
        Assert.DoesNotContain("geheim", said);
    }

    [Fact]
    public void Options_do_not_show_their_secrets_as_text()
    {
        var storage = new StorageSettings { Database = new() { ConnectionString = "Password=geheim" }, S3 = new() { SecretKey = "geheim" },
            Sources = new() { Store = new() { SecretKey = "geheim" } } };
        Assert.DoesNotContain("geheim", $"{new Hosting.ServiceSettings(storage, new())} {new HubOptions { Token = "geheim" }} "
            + $"{new TrackingOptions { MlflowToken = "geheim", MlflowPassword = "geheim" }}");
    }

    [Fact]
    public async Task A_worker_checks_its_own_settings()
    {
        var labels = Enumerable.Range(0, 9).ToDictionary(i => $"LORADROP_WORKER__LABELS__l{i}", i => $"{i}");
        await using var worker =
            HostProcess.Worker(new Dictionary<string, string>(Enough.Concat(labels)) { ["LORADROP_WORKER__DEVICE"] = "tpu",
                ["LORADROP_WORKER__CHILDCOMMAND"] = "sh", ["LORADROP_WORKER__HEALTHURL"] = "5081" });
        Assert.Equal(2, await worker.EndAsync());
        Assert.Equal(
        [
            "Worker:CHILDCOMMAND (LORADROP_WORKER__CHILDCOMMAND): is not a setting",
            "Worker:Device (LORADROP_WORKER__DEVICE): must be cpu or cuda; got \"tpu\"",
            "Worker:Labels (LORADROP_WORKER__LABELS): has 9 labels; at most 6 are allowed",
            "Worker:HealthUrl (LORADROP_WORKER__HEALTHURL): must be addresses such as http://127.0.0.1:5080 (TLS "
            + "is the business of a proxy before it); got \"5081\"",
        ], worker.Written.Split('\n'));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_a_source_is_told_at_the_start()
    {
        var buckets = new Dictionary<string, string> { ["LORADROP_SOURCES__S3BUCKETS__0"] = "Models",
            ["LORADROP_SOURCES__S3BUCKETS__1"] = "own", ["LORADROP_SOURCES__S3BUCKETS__2"] = "others" };
        var store = new Dictionary<string, string>(Enough.Where(setting => setting.Key != "LORADROP_OBJECTS__FOLDER")
            .Concat(buckets)) { ["LORADROP_OBJECTS__BUCKET"] = "own" };
        const string NoName = "Sources:S3Buckets:0 (LORADROP_SOURCES__S3BUCKETS__0): is no name of a bucket: Models (3 to 63 "
            + "lower-case letters, digits, dots and hyphens)";
        Assert.Equal([NoName, "Sources:S3Buckets:1 (LORADROP_SOURCES__S3BUCKETS__1): is the bucket of the service's own objects, "
            + "which is never a source: put models and data into another"], await RefusedAsync(store));
        Assert.Contains("Sources:S3Buckets:2 (LORADROP_SOURCES__S3BUCKETS__2): names a bucket of the store in Objects, and "
            + "there is none: objects are in a folder", await RefusedAsync(new(Enough.Concat(buckets))));
    }

    [Fact]
    public void The_manual_lists_every_setting()
    {
        var manual = File.ReadAllText(Repository.At("docs", "operations.md"));
        (string, Type)[] sections =
        [
            ("Database", typeof(DatabaseOptions)), ("Objects", typeof(ObjectOptions)), ("Objects", typeof(S3Options)),
            ("Queue", typeof(QueueOptions)), ("Leases", typeof(LeaseOptions)),
            ("Sources", typeof(SourceOptions)), ("Jobs", typeof(JobOptions)), ("Outgoing", typeof(OutgoingOptions)),
            ("Webhooks", typeof(WebhookOptions)), ("Api", typeof(ApiOptions)), ("Oidc", typeof(OidcOptions)),
            ("Worker", typeof(WorkerOptions)), ("Tracking", typeof(TrackingOptions)), ("Log", typeof(LogOptions)),
        ];
        Assert.All(sections.SelectMany(s => SettingsReader.Settings(s.Item2).Select(property => $"{s.Item1}:{property.Name}")),
            setting => Assert.Contains($"| `{setting}` |", manual));
    }

    private static async Task<string[]> RefusedAsync(Dictionary<string, string> settings, params string[] arguments)
    {
        await using var api = HostProcess.Api(settings, arguments);
        Assert.Equal(2, await api.EndAsync());
        return api.Written.Split('\n');
    }
}
