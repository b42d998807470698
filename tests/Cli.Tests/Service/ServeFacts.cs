using System.Diagnostics;
using System.Text.Json;

namespace LoraDrop.Cli.Tests;

/// <summary>A service as a newcomer starts it, in a folder in which nothing is.</summary>
public sealed class ServeFacts : IDisposable
{
    private readonly TinyRun _tiny = new();

    [Fact]
    public void A_new_service_has_the_sample_registered_and_an_old_one_is_left_as_it_is()
    {
        var data = _tiny.New("served");
        var welcome = Serve(data, url =>
        {
            Assert.Equal(["acceptable", "entails", "mood", "similar"], Names(url, "datasets"));
            Loradrop.Run("datasets", "delete", "mood", "--url", url, "--json").Well();
        });
        Assert.Contains("The sample is registered: sample-model, acceptable", welcome);
        welcome = Serve(data, url => Assert.Equal(["acceptable", "entails", "similar"], Names(url, "datasets")));
        Assert.DoesNotContain("sample", welcome);
    }

    [Fact]
    public void A_database_that_is_none_is_named()
    {
        var data = _tiny.New("served");
        Directory.CreateDirectory(data);
        File.WriteAllText(Path.Combine(data, "loradrop.db"), "this is a text, and long enough to be looked at as a header of a database");
        var ended = Loradrop.Run("serve", "--port", "0", "--data", data);
        Assert.Equal(ExitCode.Storage, ended.Code);
        Assert.Contains("the database loradrop.db in it cannot be used", ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }

    [Fact]
    public void Swagger_ui_shows_every_operation_in_a_browser()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "Chromium is not installed");
        Serve(_tiny.New("served"), url =>
        {
            var page = Browser.Dom($"{url}/swagger/index.html", _tiny.New("browser"));
            using var http = new HttpClient();
            using var document =
                JsonDocument.Parse(http.Send(new(HttpMethod.Get, $"{url}/swagger/v1/swagger.json")).Content.ReadAsStream());
            var operations = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
                .Select(operation => operation.Value.GetProperty("operationId").GetString()!).ToList();
            Assert.True(operations.Count > 25, $"{operations.Count} operations");
            Assert.All(operations, operation => Assert.Contains($"-{operation}\"", page));
        });
    }

    [Fact]
    public void A_service_that_others_reach_takes_only_keys_that_were_made_in_its_database()
    {
        var data = _tiny.New("guarded");
        var welcome = Serve(data, url =>
        {
            url = url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
            Loradrop.Run("jobs", "list", "--url", url, "--json").Complained(ExitCode.Usage, "unauthorized");
            var made = Loradrop.Run("keys", "create", "--data", data, "--name", "ops", "--role", "admin");
            var key = made.Output.Trim();
            Assert.Contains("only time", made.Error);
            Loradrop.Run(["jobs", "list", "--url", url, "--json"], "", ("LORADROP_KEY", key)).Well();
            Assert.Contains($"{key[..11]}  admin   used", Loradrop.Run("keys", "list", "--data", data).Well().Output);
            Loradrop.Run("keys", "revoke", key[..11], "--data", data).Well();
            Refused("Key ld_00000000 not found", "revoke", "ld_00000000", "--data", data);
            Refused("--owner: can be * for the role read only", "create", "--data", data, "--name", "x", "--role", "submit", "--owner",
                "*");
            Refused("--data: there is no service's data", "list", "--data", _tiny.New("nothing"));
        }, "--host", "0.0.0.0");
        Assert.Contains("whoever asks must show a key", welcome);
    }

    public void Dispose() => _tiny.Dispose();

    private static void Refused(string reason, params string[] arguments)
    {
        var ended = Loradrop.Run(["keys", .. arguments]);
        Assert.Equal(ExitCode.Usage, ended.Code);
        Assert.Contains(reason, ended.Error);
    }

    private static string[] Names(string url, string what) =>
        [.. Loradrop.Run(what, "list", "--url", url, "--json").Well().Events.Select(e => e.Text("name")).Order()];

    /// <summary>Serves while something is done with it; what it said first.</summary>
    private static string Serve(string data, Action<string> act, params string[] options)
    {
        using var process = Loradrop.Start(["serve", "--port", "0", "--data", data, "--threads", "1", .. options]);
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var welcome = "";
        do welcome += process.StandardOutput.ReadLine() + "\n";
        while (!welcome.Contains("Data: ", StringComparison.Ordinal));
        try
        {
            act(welcome.Split(' ').First(word => word.StartsWith("http://", StringComparison.Ordinal)));
        }
        finally
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) kill.WaitForExit();
            process.WaitForExit();
        }
        Assert.Equal(0, process.ExitCode);
        return welcome;
    }
}

/// <summary>Debian's Chromium, without a window and without its own errands on the net.</summary>
internal static class Browser
{
    private static readonly string[] Quiet =
        ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--virtual-time-budget=20000"];

    /// <summary>The page as scripts have made it.</summary>
    public static string Dom(string address, string profile)
    {
        using var chromium =
            Process.Start(new ProcessStartInfo("/usr/bin/chromium", [.. Quiet, $"--user-data-dir={profile}", "--dump-dom",
                address]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        chromium.ErrorDataReceived += (_, _) => { };
        chromium.BeginErrorReadLine();
        return chromium.StandardOutput.ReadToEnd();
    }
}
