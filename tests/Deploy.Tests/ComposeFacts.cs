using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

using LoraDrop.Engine.Tests;
using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

using Map = Dictionary<object, object>;

/// <summary>docker-compose.yml: the production shape on one machine.</summary>
public sealed partial class ComposeFacts
{
    private static readonly string[] Once = ["migrate", "objects-init"];

    private static readonly Map File = Read("docker-compose.yml");

    public static TheoryData<string> Services => [.. Of(File, "services").Keys.Select(name => (string)name)];

    [Fact]
    public async Task Compose_takes_it()
    {
        Tools.SkipWithoutSchemas();
        Assert.Empty(await Tools.FaultsAsync("compose", Repository.At("docker-compose.yml"), Repository.At("docker-compose.gpu.yml")));
    }

    [Theory, MemberData(nameof(Services))]
    public void A_service_can_change_nothing_but_its_volumes_and_has_no_right_to_more(string name)
    {
        var service = Service(name);
        Assert.Equal("true", service["read_only"]);
        Assert.Equal(["ALL"], List(service, "cap_drop"));
        Assert.Contains("no-new-privileges:true", List(service, "security_opt"));
        Assert.False(service.ContainsKey("privileged"));
        Assert.Equal(name == "objects-init", service.ContainsKey("cap_add"));
    }

    [Theory, MemberData(nameof(Services))]
    public void A_service_that_stays_says_whether_it_is_well_and_is_started_again(string name)
    {
        if (Once.Contains(name)) return;
        Assert.NotEmpty(List(Of(Service(name), "healthcheck"), "test"));
        Assert.Equal("unless-stopped", Service(name)["restart"]);
    }

    [Theory, MemberData(nameof(Services))]
    public void What_it_waits_for_is_there_and_can_come_to_be(string name)
    {
        if (!Service(name).TryGetValue("depends_on", out var needs)) return;
        foreach (var (needed, how) in (Map)needs)
            Assert.Equal(Once.Contains(needed) ? "service_completed_successfully" : "service_healthy", Of(how)["condition"]);
    }

    [Theory, MemberData(nameof(Services))]
    public void Images_are_of_a_version_or_built_here(string name)
    {
        var image = (string)Service(name)["image"];
        Assert.True(Service(name).ContainsKey("build") || image.StartsWith("loradrop-", StringComparison.Ordinal)
            || Regex.IsMatch(image, ":v?[0-9]+(\\.[0-9]+)*$"), image);
    }

    [Theory, MemberData(nameof(Services))]
    public void Ports_are_published_on_this_machine_alone_unless_it_is_asked_for(string name)
    {
        foreach (var port in Service(name).TryGetValue("ports", out var ports) ? ((List<object>)ports).Cast<string>() : [])
            Assert.True(port.StartsWith("127.0.0.1:", StringComparison.Ordinal)
                || port.StartsWith("${LORADROP_BIND:-127.0.0.1}:", StringComparison.Ordinal), port);
    }

    [Fact]
    public void Rows_and_objects_are_on_a_network_that_leads_nowhere()
    {
        Assert.Equal("true", Of(Of(File, "networks"), "storage")["internal"]);
        Assert.All((string[])["postgres", "objects"], name => Assert.Equal(["storage"], List(Service(name), "networks")));
    }

    [Fact]
    public void No_password_has_a_default()
    {
        var text = System.IO.File.ReadAllText(Repository.At("docker-compose.yml"));
        var wanted = Variable().Matches(text).Where(variable => variable.Groups["name"].Value is var name
            && (name.Contains("PASSWORD", StringComparison.Ordinal) || name.Contains("SECRET", StringComparison.Ordinal))).ToList();
        Assert.Equal(["GRAFANA_PASSWORD", "OBJECTS_SECRET_KEY", "POSTGRES_PASSWORD"],
            wanted.Select(variable => variable.Groups["name"].Value).Distinct().Order());
        Assert.All(wanted, variable => Assert.StartsWith(":?", variable.Groups["otherwise"].Value));
        Assert.All(Regex.Matches(text, "(?mi)^ *[A-Z_]*(password|secret_?key): *(?<value>.*)$").Cast<Match>(),
            value => Assert.Contains("${", value.Groups["value"].Value));
    }

    [Fact]
    public void The_example_names_every_variable()
    {
        var example = System.IO.File.ReadAllText(Repository.At(".env.example"));
        Assert.All(Variable().Matches(System.IO.File.ReadAllText(Repository.At("docker-compose.yml")))
            .Select(variable => variable.Groups["name"].Value).Distinct(), name => Assert.Matches($"(?m)^#?{name}=", example));
    }

    [Fact]
    public async Task Passwords_are_made_once_and_are_the_owners_to_read()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.At("docker"));
        System.IO.File.Copy(Repository.At("docker", "new-env"), folder.At("docker", "new-env"));
        var (first, second) = (await Tools.RunAsync(folder.At("docker", "new-env"), []),
            await Tools.RunAsync(folder.At("docker", "new-env"), []));
        Assert.Equal((0, 1), (first.Code, second.Code));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(folder.At(".env")));
        var passwords = System.IO.File.ReadAllLines(folder.At(".env")).Select(line => line.Split('='))
            .ToDictionary(line => line[0], line => line[1]);
        Assert.Equal(3, passwords.Values.Distinct().Count());
        Assert.All(passwords.Values, password => Assert.Matches("^[0-9a-f]{48}$", password));
    }

    [Theory]
    [InlineData("api")]
    [InlineData("worker")]
    [InlineData("migrate")]
    public void Variables_of_the_hosts_are_settings_of_the_manual(string name)
    {
        var manual = System.IO.File.ReadAllText(Repository.At("docs", "operations.md")).ToUpperInvariant();
        Assert.All(Of(Service(name), "environment").Keys.Cast<string>()
            .Where(variable => variable.StartsWith("LORADROP_", StringComparison.Ordinal)),
            variable => Assert.Contains($"| `{variable["LORADROP_".Length..].Replace("__", ":")}` |", manual));
    }

    [Fact]
    public void Hosts_have_longer_to_end_than_they_take()
    {
        Assert.Equal(("60s", "2m"), ((string)Of(Service("worker"), "environment")["LORADROP_WORKER__STOPGRACE"],
            (string)Service("worker")["stop_grace_period"]));
        Assert.Equal("20s", Service("api")["stop_grace_period"]);
    }

    [Fact]
    public void What_is_mounted_from_here_is_here_and_Prometheus_looks_where_hosts_tell()
    {
        foreach (var service in Of(File, "services").Values)
            foreach (var mount in service is Map map && map.TryGetValue("volumes", out var volumes)
                ? ((List<object>)volumes).Cast<string>().Where(mount => mount.StartsWith("./", StringComparison.Ordinal))
                : [])
                Assert.True(Path.Exists(Repository.At(mount.Split(':')[0])), mount);
        var prometheus = System.IO.File.ReadAllText(Repository.At("deploy", "prometheus", "prometheus.yml"));
        Assert.Contains("api:5082", prometheus);
        Assert.Contains("port: 5081", prometheus);
        Assert.NotEmpty(Directory.GetFiles(Repository.At("deploy", "helm", "loradrop", "dashboards"), "*.json"));
    }

    [Fact]
    public void With_GPUs_workers_are_built_for_them_and_get_them()
    {
        var worker = Of(Of(Read("docker-compose.gpu.yml"), "services"), "worker");
        Assert.Equal("cuda", Of(Of(worker, "build"), "args")["TORCH_BACKEND"]);
        Assert.Equal("cuda", Of(worker, "environment")["LORADROP_WORKER__DEVICE"]);
        var device = (Map)((List<object>)Of(Of(Of(Of(worker, "deploy"), "resources"), "reservations"))["devices"])[0];
        Assert.Equal("nvidia", device["driver"]);
    }

    private static Map Service(string name) => Of(Of(File, "services"), name);

    private static Map Of(object map, string? key = null) => key is null ? (Map)map : (Map)((Map)map)[key];

    private static List<string> List(Map map, string key) => [.. ((List<object>)map[key]).Cast<string>()];

    private static Map Read(string name)
    {
        using var reader = new StreamReader(Repository.At(name));
        return new DeserializerBuilder().Build().Deserialize<Map>(new MergingParser(new Parser(reader)))!;
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)(?<otherwise>:[?-][^}]*)?\}")]
    private static partial Regex Variable();
}
