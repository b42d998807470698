using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using LoraDrop.Engine.Tests;
using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>What single values of the chart do.</summary>
public sealed class ChartValuesFacts
{
    [Fact]
    public async Task Workers_get_their_GPUs_the_image_for_them_and_tolerate_their_nodes()
    {
        var worker = (await Chart.Of("everything")).One("Deployment", "loradrop-worker");
        Assert.Equal(2, (int)Rendered.Under(worker.Container, "resources.limits")!["nvidia.com/gpu"]!);
        Assert.Equal(2, (int)Rendered.Under(worker.Container, "resources.requests")!["nvidia.com/gpu"]!);
        Assert.Equal("cuda", ChartFacts.Variable(worker, "LORADROP_WORKER__DEVICE"));
        Assert.EndsWith("-cuda", worker.Container["image"]!.ToString());
        Assert.Equal("nvidia.com/gpu", worker.Text("spec.template.spec.tolerations.0.key"));
        Assert.Equal(("h100", "true"), (ChartFacts.Variable(worker, "LORADROP_WORKER__LABELS__gpu"),
            ChartFacts.Variable(worker, "LORADROP_WORKER__LABELS__spot")));
    }

    [Fact]
    public async Task Workers_on_CPUs_ask_for_no_GPU()
    {
        var worker = (await Chart.Of("cpu")).One("Deployment", "loradrop-worker");
        Assert.DoesNotContain("nvidia", worker.Content.ToJsonString());
        Assert.Equal(("cpu", "2"), (ChartFacts.Variable(worker, "LORADROP_WORKER__DEVICE"),
            ChartFacts.Variable(worker, "LORADROP_WORKER__SLOTS")));
        Assert.EndsWith("-cpu", worker.Container["image"]!.ToString());
    }

    [Fact]
    public async Task No_new_worker_waits_for_the_GPU_of_the_one_that_it_replaces() =>
        Assert.Equal(0, (int)(await Chart.Of("minimal")).One("Deployment", "loradrop-worker").At("spec.strategy.rollingUpdate.maxSurge")!);

    [Fact]
    public async Task KEDA_counts_what_is_queued_and_running_by_the_stages_that_a_pod_has_at_a_time()
    {
        var chart = await Chart.Of("everything");
        var scaled = chart.One("ScaledObject", "loradrop-worker");
        var trigger = scaled.At("spec.triggers.0")!;
        Assert.Contains("IN ('queued', 'running')", trigger["metadata"]!["query"]!.ToString());
        Assert.Equal("2", trigger["metadata"]!["targetQueryValue"]!.ToString());
        var authentication = chart.One("TriggerAuthentication", trigger["authenticationRef"]!["name"]!.ToString());
        Assert.Equal(("connection", "loradrop-keda", "keda-connection"), (authentication.Text("spec.secretTargetRef.0.parameter"),
            authentication.Text("spec.secretTargetRef.0.name"), authentication.Text("spec.secretTargetRef.0.key")));
        Assert.Equal("loradrop-database", (await Chart.Of("cpu")).One("TriggerAuthentication", "loradrop-worker")
            .Text("spec.secretTargetRef.0.name"));
    }

    [Fact]
    public async Task A_digest_wins_over_a_tag_and_the_tag_is_the_version()
    {
        Assert.Equal($"registry.example.com/team/loradrop-api@sha256:{string.Concat(Enumerable.Repeat("0123456789abcdef", 4))}",
            (await Chart.Of("everything")).One("Deployment", "loradrop-api").Container["image"]!.ToString());
        Assert.Equal($"ghcr.io/example/loradrop-api:{ReleaseFacts.VersionOfProps()}",
            (await Chart.Of("minimal")).One("Deployment", "loradrop-api").Container["image"]!.ToString());
    }

    [Fact]
    public async Task Settings_of_a_host_win_over_those_of_all_and_large_numbers_are_written_out()
    {
        var api = (await Chart.Of("everything")).One("Deployment", "loradrop-api");
        Assert.Equal(("10737418240", "90s", "45s"), (ChartFacts.Variable(api, "LORADROP_API__MAXUPLOADBYTES"),
            ChartFacts.Variable(api, "LORADROP_LEASES__LENGTH"), ChartFacts.Variable(api, "LORADROP_DATABASE__COMMANDTIMEOUT")));
        Assert.Equal("45s", ChartFacts.Variable((await Chart.Of("everything")).One("Job", "loradrop-migrate"),
            "LORADROP_DATABASE__COMMANDTIMEOUT"));
    }

    [Fact]
    public async Task Labels_that_were_given_do_not_replace_those_that_selectors_need() =>
        Assert.Equal(("api", "front"),
            ((await Chart.Of("everything")).One("Deployment", "loradrop-api").PodLabels!["app.kubernetes.io/component"]!.ToString(),
            (await Chart.Of("everything")).One("Deployment", "loradrop-api").PodLabels!["tier"]!.ToString()));

    [Fact]
    public async Task Every_pod_is_denied_everything_first()
    {
        var chart = await Chart.Of("minimal");
        var denied = chart.One("NetworkPolicy", "loradrop-deny");
        Assert.Equal(["Ingress", "Egress"], denied.At("spec.policyTypes")!.AsArray().Select(type => type!.ToString()));
        Assert.Null(denied.At("spec.ingress"));
        Assert.Null(denied.At("spec.egress"));
        Assert.All(chart.Objects.Where(made => made.Pod is not null && made.Kind != "Pod"),
            made => Assert.True(ChartFacts.Finds(denied.At("spec.podSelector.matchLabels"), made.PodLabels!)));
    }

    [Theory, MemberData(nameof(ChartFacts.Cases), MemberType = typeof(ChartFacts))]
    public async Task No_policy_leads_to_the_address_where_clouds_give_credentials_away(string values)
    {
        var peers = (await Chart.Of(values)).All("NetworkPolicy").SelectMany(policy => policy.At("spec.egress")?.AsArray() ?? [])
            .SelectMany(rule => rule!["to"]?.AsArray() ?? []);
        var everywhere = peers.Select(peer => peer!["ipBlock"]).Where(block => block?["cidr"]!.ToString() is "0.0.0.0/0");
        Assert.All(everywhere,
            block => Assert.Contains("169.254.0.0/16", block!["except"]!.AsArray().Select(except => except!.ToString())));
    }

    [Fact]
    public async Task Addresses_that_users_send_lead_to_no_private_network()
    {
        var web = (await Chart.Of("minimal")).One("NetworkPolicy", "loradrop-hosts").At("spec.egress.1")!;
        Assert.Equal(443, (int)Rendered.Under(web, "ports.0.port")!);
        Assert.All((string[])["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
            net => Assert.Contains(net, Rendered.Under(web, "to.0.ipBlock.except")!.AsArray().Select(except => except!.ToString())));
        Assert.All((string[])["::1/128", "fc00::/7", "fe80::/10"],
            net => Assert.Contains(net, Rendered.Under(web, "to.1.ipBlock.except")!.AsArray().Select(except => except!.ToString())));
        Assert.Equal(2, web["to"]!.AsArray().Count);
    }

    [Fact]
    public async Task Metrics_are_for_those_who_monitor_alone()
    {
        var ingress = (await Chart.Of("minimal")).One("NetworkPolicy", "loradrop-api").At("spec.ingress")!.AsArray();
        Assert.Equal("metrics", Rendered.Under(ingress.Single(rule => rule!["from"] is not null), "ports.0.port")!.ToString());
        Assert.Equal("monitoring", Rendered.Under(ingress.Single(rule => rule!["from"] is not null),
            "from.0.namespaceSelector.matchLabels")!["kubernetes.io/metadata.name"]!.ToString());
    }

    [Fact]
    public async Task A_second_release_for_workers_of_another_kind_has_only_these()
    {
        var chart = await Chart.Of("more-workers", "loradrop-a10");
        Assert.DoesNotContain(chart.Objects, made => made.Kind is "Job" or "Service" or "Ingress" or "ServiceMonitor"
            || made.Name.EndsWith("-api", StringComparison.Ordinal));
        Assert.Empty(chart.Objects.Select(made => made.ToString())
            .Intersect((await Chart.Of("minimal")).Objects.Select(made => made.ToString())));
        Assert.Contains("\"gpu\":\"a10\"", chart.One("ScaledObject", "loradrop-a10-worker").Text("spec.triggers.0.metadata.query"));
    }

    [Fact]
    public async Task Where_an_orchestrator_gives_the_users_itself_none_are_named()
    {
        var pod = (await Chart.Of("api-only")).One("Deployment", "loradrop-api").Pod!["securityContext"]!.AsObject();
        Assert.False(pod.ContainsKey("runAsUser") || pod.ContainsKey("runAsGroup") || pod.ContainsKey("fsGroup"));
    }

    [Fact]
    public async Task Grafana_finds_the_dashboard_by_its_label()
    {
        var map = (await Chart.Of("everything")).One("ConfigMap", "loradrop-dashboard");
        Assert.Equal(("1", "monitoring"), (map.At("metadata.labels")!["grafana_dashboard"]!.ToString(), map.Text("metadata.namespace")));
        var dashboard = JsonNode.Parse(map.At("data")!["loradrop.json"]!.ToString())!;
        Assert.NotEmpty(dashboard["panels"]!.AsArray());
    }

    [Fact]
    public async Task Alerts_are_of_the_metrics_of_the_namespace()
    {
        var rules = (await Chart.Of("everything")).One("PrometheusRule", "loradrop").At("spec.groups.0.rules")!.AsArray();
        Assert.NotEmpty(rules);
        Assert.All(rules.SelectMany(rule => Regex.Matches(rule!["expr"]!.ToString(), "(loradrop|http_server)_[a-z_]+(?<after>.{0,18})")
            .Cast<Match>()), metric => Assert.StartsWith("{namespace=\"team\"", metric.Groups["after"].Value));
    }

    [Fact]
    public async Task Prometheus_reads_the_alerts_and_the_settings_that_it_is_given()
    {
        var promtool = Tools.Promtool();
        using var folder = new TestFolder();
        var alerts = folder.File("of-the-chart.json",
            (await Chart.Of("everything")).One("PrometheusRule", "loradrop").At("spec")!.ToJsonString());
        folder.Copy(Path.Combine(Chart.Folder, "alerts.yml"), "alerts.yml");
        folder.Copy(Repository.At("deploy", "prometheus", "prometheus.yml"), "prometheus.yml");
        Assert.All([await Tools.RunAsync(promtool, ["check", "rules", alerts]), await Tools.RunAsync(promtool,
            ["check", "config", folder.At("prometheus.yml")])], run => Assert.True(run.Code == 0, run.Output + run.Errors));
    }

    [Fact]
    public async Task Alerts_ask_for_metrics_that_the_service_has()
    {
        var known = Directory.EnumerateFiles(Repository.At("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), "\"(loradrop\\.[a-z._]+)\"")
            .Select(name => name.Groups[1].Value.Replace('.', '_'))).ToHashSet();
        var asked = (await Chart.Of("everything")).One("PrometheusRule", "loradrop").At("spec.groups.0.rules")!.AsArray()
            .SelectMany(rule => Regex.Matches(rule!["expr"]!.ToString(), "loradrop_[a-z_]+").Select(name => name.Value)).ToList();
        Assert.NotEmpty(asked);
        Assert.All(asked, name => Assert.Contains(Regex.Replace(name, "(_total|_seconds|_seconds_bucket|_bytes|_ratio)$", ""), known));
    }

    [Fact]
    public async Task The_notes_say_how_the_first_key_is_made()
    {
        Assert.Contains("exec deploy/loradrop-api -- ./LoraDrop.Api keys create --name ops --role admin",
            (await Chart.Of("everything")).Notes);
        Assert.Contains("https://loradrop.example.com/swagger", (await Chart.Of("everything")).Notes);
        Assert.Contains("metadata address", (await Chart.Of("cpu")).Notes);
    }
}
