using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace LoraDrop.Service.Tests;

/// <summary>The dashboard for Grafana and the alerts for Prometheus, which come with the chart.</summary>
[Collection(Watched.Name)]
public sealed partial class DashboardFacts(WatchedCluster cluster)
{
    private static readonly string Dashboard = Repository.At("deploy", "helm", "loradrop", "dashboards", "loradrop.json"),
        Alerts = Repository.At("deploy", "helm", "loradrop", "alerts.yml");

    /// <summary>Words of the query language that stand where a name could.</summary>
    private static readonly string[] Words = ["and", "or", "unless", "on", "bool", "by", "without", "ignoring", "group_left", "offset",
        "inf"];

    [Fact]
    public void Every_name_in_the_dashboard_is_one_that_the_hosts_tell()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Dashboard));
        var expressions = Panels(dashboard.RootElement).SelectMany(panel => panel.TryGetProperty("targets", out var targets)
            ? targets.EnumerateArray()
            : []).Select(target => target.GetProperty("expr").GetString()!).ToList();
        Assert.True(expressions.Count >= 20);
        AssertTold(expressions);
    }

    [Fact]
    public void Every_name_in_the_alerts_is_one_that_the_hosts_tell()
    {
        var expressions = Rules().Select(rule => ((YamlScalarNode)rule["expr"]).Value!).ToList();
        Assert.True(expressions.Count >= 6);
        AssertTold(expressions);
    }

    [Fact]
    public void The_dashboard_asks_the_datasource_that_its_user_chooses_and_each_panel_has_a_place()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Dashboard));
        Assert.Contains(dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray(),
            v => v.GetProperty("name").GetString() == "datasource" && v.GetProperty("query").GetString() == "prometheus");
        var panels = Panels(dashboard.RootElement).ToList();
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels.Where(p => p.TryGetProperty("targets", out _)), panel =>
        {
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.True(panel.GetProperty("title").GetString()!.Length > 0 && panel.GetProperty("description").GetString()!.Length > 0);
        });
        var places = panels.Select(p => p.GetProperty("gridPos"))
            .Select(g => (X: g.GetProperty("x").GetInt32(), Y: g.GetProperty("y").GetInt32(), W: g.GetProperty("w").GetInt32(),
            H: g.GetProperty("h").GetInt32())).ToList();
        Assert.All(places, a => Assert.True(a.X + a.W <= 24));
        Assert.All(places.SelectMany((a, i) => places.Skip(i + 1).Select(b => (a, b))), pair => Assert.False(pair.a.X < pair.b.X + pair.b.W
            && pair.b.X < pair.a.X + pair.a.W && pair.a.Y < pair.b.Y + pair.b.H && pair.b.Y < pair.a.Y + pair.a.H, $"{pair} overlap"));
    }

    [Fact]
    public void Every_alert_says_what_it_means_and_what_to_do() => Assert.All(Rules(), rule =>
    {
        var annotations = (YamlMappingNode)rule["annotations"];
        Assert.True(((YamlScalarNode)annotations["summary"]).Value!.Length > 0
            && ((YamlScalarNode)annotations["description"]).Value!.Length > 0);
        Assert.Contains(((YamlScalarNode)((YamlMappingNode)rule["labels"])["severity"]).Value, new[] { "critical", "warning" });
    });

    [Fact]
    public async Task The_alerts_fire_when_they_should_and_not_otherwise()
    {
        await Promtool.CheckAsync(["check", "rules", Alerts]);
        await Promtool.CheckAsync(["test", "rules", Repository.At("deploy", "prometheus", "alerts.test.yml")]);
    }

    private void AssertTold(List<string> expressions)
    {
        var told = new[] { cluster.Api, cluster.Worker, cluster.GpuWorker }.SelectMany(each => each.Samples).Select(sample => sample.Name)
            .Append("up").ToHashSet();
        Assert.All(expressions.SelectMany(expression => NamesIn(expression).Select(name => (name, expression))),
            used => Assert.True(told.Contains(used.name), $"nobody tells {used.name}: {used.expression}"));
    }

    /// <summary>What is left when labels, ranges, variables and texts are taken away, and is neither a function nor a word of the
    /// language.</summary>
    private static IEnumerable<string> NamesIn(string expression)
    {
        var bare = GroupingPattern().Replace(BracketPattern().Replace(TextPattern().Replace(expression, ""), ""), " ");
        return NamePattern().Matches(bare).Select(match => match.Value).Where(name => !Words.Contains(name));
    }

    private static IEnumerable<JsonElement> Panels(JsonElement within) =>
        within.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.TryGetProperty("panels", out _) ? Panels(panel).Prepend(panel) : [panel]);

    private static List<YamlMappingNode> Rules()
    {
        var yaml = new YamlStream();
        using var file = File.OpenText(Alerts);
        yaml.Load(file);
        return [.. ((YamlSequenceNode)yaml.Documents[0].RootNode["groups"]).SelectMany(group => (YamlSequenceNode)group["rules"])
            .Cast<YamlMappingNode>()];
    }

    [GeneratedRegex("""["][^"]*["]""")]
    private static partial Regex TextPattern();

    [GeneratedRegex("""\{[^}]*\}|\[[^\]]*\]""")]
    private static partial Regex BracketPattern();

    [GeneratedRegex("""\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)""")]
    private static partial Regex GroupingPattern();

    [GeneratedRegex("""(?<![\w.$])[a-zA-Z_:][\w:]*\b(?!\s*\()""")]
    private static partial Regex NamePattern();
}
