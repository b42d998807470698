using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using LoraDrop.Engine.Tests;
using LoraDrop.Service.Tests;
namespace LoraDrop.Deploy.Tests;

/// <summary>What holds of the chart whatever its values.</summary>
public sealed partial class ChartFacts
{
    private static string Version { get; } = ReleaseFacts.VersionOfProps();

    public static TheoryData<string> Cases => [.. Chart.Cases];

    public static TheoryData<string> RefusedValues =>
        [.. Directory.EnumerateFiles(Repository.At("tests", "Deploy.Tests", "values", "refused"), "*.yaml")
            .Select(path => Path.GetFileNameWithoutExtension(path)!).Order()];

    [Fact]
    public async Task Kubernetes_KEDA_and_the_Prometheus_operator_know_every_field_and_take_every_value()
    {
        Tools.SkipWithoutSchemas();
        var objects = new JsonArray();
        foreach (var values in Chart.Cases)
            foreach (var made in (await Chart.Of(values)).Objects)
                objects.Add(new JsonObject { ["name"] = $"{values}: {made}", ["object"] = made.Content.DeepClone() });
        using var folder = new TestFolder();
        Assert.Empty(await Tools.FaultsAsync("kubernetes", folder.File("objects.json", objects.ToJsonString())));
    }

    [Theory, MemberData(nameof(RefusedValues))]
    public async Task Values_that_mean_nothing_or_harm_are_refused_with_a_reason(string values)
    {
        var file = Repository.At("tests", "Deploy.Tests", "values", "refused", $"{values}.yaml");
        var reason = (await File.ReadAllLinesAsync(file))[0]["# refused: ".Length..];
        var (code, _, errors) = await Chart.RenderAsync(file);
        Assert.Equal(1, code);
        Assert.Contains(reason, errors);
    }

    [Fact]
    public void Every_value_that_the_schema_knows_stands_in_the_values_with_its_default()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Chart.Folder, "values.schema.json")))!;
        var values = new YamlDotNet.Serialization.DeserializerBuilder().Build()
            .Deserialize<Dictionary<object, object?>>(File.ReadAllText(Path.Combine(Chart.Folder, "values.yaml")));
        Assert.Empty(Missing(schema, values, ""));

        IEnumerable<string> Missing(JsonNode known, Dictionary<object, object?> given, string path)
        {
            foreach (var (name, what) in known["properties"]!.AsObject())
            {
                var meant = what!["$ref"] is { } reference
                    ? schema["definitions"]![reference.ToString()["#/definitions/".Length..]]!
                    : what;
                if (path + name is "global" || name is "claims") continue;
                if (!given.TryGetValue(name, out var value)) yield return path + name;
                else if (value is Dictionary<object, object?> { Count: > 0 } inner && meant["properties"] is not null)
                    foreach (var missing in Missing(meant, inner, $"{path}{name}.")) yield return missing;
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task No_two_objects_have_one_name_and_all_are_labelled_and_in_a_namespace(string values)
    {
        var objects = (await Chart.Of(values)).Objects;
        Assert.Equal(objects.Count, objects.Select(made => made.ToString()).Distinct().Count());
        Assert.All(objects, made => Assert.NotEqual("", made.Text("metadata.namespace")));
        Assert.All(objects.Where(made => made.Kind != "Pod"), made =>
        {
            var labels = made.At("metadata.labels")!;
            Assert.Equal("loradrop-" + Version, labels["helm.sh/chart"]!.ToString());
            Assert.Equal("loradrop", labels["app.kubernetes.io/instance"]!.ToString());
            Assert.Equal("Helm", labels["app.kubernetes.io/managed-by"]!.ToString());
        });
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Every_pod_meets_the_restricted_standard(string values) =>
    Assert.All((await Chart.Of(values)).Objects.Where(made => made.Pod is not null), made =>
    {
        var pod = made.Pod!;
        Assert.True((bool)Rendered.Under(pod, "securityContext.runAsNonRoot")!);
        Assert.Equal("RuntimeDefault", Rendered.Under(pod, "securityContext.seccompProfile.type")!.ToString());
        if (values != "api-only") Assert.Equal(1654, (int)Rendered.Under(pod, "securityContext.runAsUser")!);
        Assert.False((bool)pod["automountServiceAccountToken"]!);
        Assert.False((bool)pod["enableServiceLinks"]!);
        Assert.All(pod["containers"]!.AsArray(), container =>
        {
            Assert.False((bool)Rendered.Under(container, "securityContext.allowPrivilegeEscalation")!);
            Assert.True((bool)Rendered.Under(container, "securityContext.readOnlyRootFilesystem")!);
            Assert.Equal("ALL", Rendered.Under(container, "securityContext.capabilities.drop.0")!.ToString());
            Assert.NotNull(Rendered.Under(container, "resources.requests.cpu"));
            Assert.NotNull(Rendered.Under(container, "resources.limits.memory"));
        });
        Assert.DoesNotContain(pod["volumes"]!.AsArray(), volume => volume!["hostPath"] is not null);
    });

    [Theory, MemberData(nameof(Cases))]
    public async Task What_is_mounted_is_a_volume_and_tmp_can_be_written(string values) =>
    Assert.All((await Chart.Of(values)).Objects.Where(made => made.Pod is not null), made =>
    {
        var volumes = made.Pod!["volumes"]!.AsArray().Select(volume => volume!["name"]!.ToString()).ToList();
        var mounts = made.Container["volumeMounts"]!.AsArray();
        Assert.All(mounts, mount => Assert.Contains(mount!["name"]!.ToString(), volumes));
        Assert.Contains(mounts, mount => mount!["mountPath"]!.ToString() == "/tmp");
    });

    [Theory, MemberData(nameof(Cases))]
    public async Task Selectors_find_the_pods_that_they_mean_and_hold_nothing_that_a_version_changes(string values)
    {
        var objects = (await Chart.Of(values)).Objects;
        var pods = objects.Where(made => made.PodLabels is not null && made.Kind != "Pod").ToList();
        Assert.All(objects.Where(made => made.Kind == "Deployment"),
            made => Assert.True(Finds(made.At("spec.selector.matchLabels"), made.PodLabels!)));
        Assert.All(objects.Where(made => made.Kind == "Deployment"),
            made => Assert.Equal(["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"],
            made.At("spec.selector.matchLabels")!.AsObject().Select(label => label.Key).Order()));
        Assert.All(objects.Where(made => made.Kind == "Service"),
            made => Assert.Single(pods, pod => Finds(made.At("spec.selector"), pod.PodLabels!)));
        Assert.All(objects.Where(made => made.Kind is "PodDisruptionBudget" or "PodMonitor"),
            made => Assert.Single(pods, pod => Finds(made.At("spec.selector.matchLabels"), pod.PodLabels!)));
        Assert.All(objects.Where(made => made.Kind == "ServiceMonitor"), made => Assert.Single(objects, service => service.Kind == "Service"
            && Finds(made.At("spec.selector.matchLabels"), service.At("metadata.labels")!)));
        Assert.All(objects.Where(made => made.Kind is "HorizontalPodAutoscaler" or "ScaledObject"), made =>
            Assert.Contains(objects, target => target.Kind == "Deployment" && target.Name == made.Text("spec.scaleTargetRef.name")));
        // No pod is anybody's but its own controller's.
        foreach (var deployment in objects.Where(made => made.Kind == "Deployment"))
            Assert.Single(pods, pod => Finds(deployment.At("spec.selector.matchLabels"), pod.PodLabels!));
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Ports_are_there_under_the_names_that_are_used(string values)
    {
        var objects = (await Chart.Of(values)).Objects;
        IEnumerable<string> Ports(JsonNode? selector) => objects.Where(pod => pod.Pod is not null && Finds(selector, pod.PodLabels!))
            .SelectMany(pod => pod.Container["ports"]?.AsArray().Select(port => port!["name"]!.ToString()) ?? []);
        foreach (var made in objects)
        {
            if (made.Kind == "Deployment")
                foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
                    Assert.Contains(Rendered.Under(made.Container, $"{probe}.httpGet.port")!.ToString(),
                        Ports(made.At("spec.selector.matchLabels")));
            if (made.Kind == "Service")
                Assert.All(made.At("spec.ports")!.AsArray(),
                    port => Assert.Contains(port!["targetPort"]!.ToString(), Ports(made.At("spec.selector"))));
            if (made.Kind == "PodMonitor")
                Assert.Contains(made.Text("spec.podMetricsEndpoints.0.port"), Ports(made.At("spec.selector.matchLabels")));
            if (made.Kind == "Ingress")
                Assert.Contains(objects, service => service.Kind == "Service"
                    && service.Name == made.Text("spec.rules.0.http.paths.0.backend.service.name")
                    && service.Text("spec.ports.0.name") == made.Text("spec.rules.0.http.paths.0.backend.service.port.name"));
            if (made.Kind == "ServiceMonitor")
                Assert.Contains(objects, service => service.Kind == "Service" && Finds(made.At("spec.selector.matchLabels"),
                    service.At("metadata.labels")!) && service.Text("spec.ports.0.name") == made.Text("spec.endpoints.0.port"));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Every_variable_is_a_setting_of_the_manual_given_once_and_no_secret_is_written_out(string values)
    {
        var manual = await File.ReadAllTextAsync(Repository.At("docs", "operations.md"));
        var settings = Setting().Matches(manual)
            .Select(match => $"LORADROP_{match.Groups["name"].Value.Replace(":", "__").ToUpperInvariant()}").ToHashSet();
        Assert.All((await Chart.Of(values)).Objects.Where(made => made.Pod is not null), made =>
        {
            var variables = made.Container["env"]?.AsArray().Select(variable => variable!).ToList() ?? [];
            Assert.Equal(variables.Count, variables.Select(variable => variable["name"]!.ToString()).Distinct().Count());
            foreach (var variable in variables.Where(variable =>
                variable["name"]!.ToString().StartsWith("LORADROP_", StringComparison.Ordinal)))
            {
                var name = variable["name"]!.ToString();
                Assert.True(settings.Contains(name) || settings.Contains(Inner().Replace(name, "")),
                    $"{made}: {name} is no setting of docs/operations.md");
                if (name is "LORADROP_DATABASE__CONNECTIONSTRING" or "LORADROP_OBJECTS__ACCESSKEY" or "LORADROP_OBJECTS__SECRETKEY")
                    Assert.NotNull(variable["valueFrom"]?["secretKeyRef"]);
                else Assert.NotEqual("", variable["value"]?.ToString() ?? "");
            }
        });
        Assert.DoesNotContain((await Chart.Of(values)).Objects, made => made.Kind == "Secret");
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task Who_counts_replicas_counts_them_alone(string values)
    {
        var objects = (await Chart.Of(values)).Objects;
        var counted = objects.Where(made => made.Kind is "HorizontalPodAutoscaler" or "ScaledObject")
            .Select(made => made.Text("spec.scaleTargetRef.name")).ToList();
        Assert.All(objects.Where(made => made.Kind == "Deployment"),
            made => Assert.Equal(counted.Contains(made.Name), made.At("spec.replicas") is null));
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_host_has_longer_to_end_than_it_takes(string values) =>
    Assert.All((await Chart.Of(values)).All("Deployment"), made =>
    {
        var grace = (int)made.Pod!["terminationGracePeriodSeconds"]!;
        var needed = made.Container["name"]!.ToString() == "worker"
            ? int.Parse(Variable(made, "LORADROP_WORKER__STOPGRACE").TrimEnd('s')) + 30
            : (int)Rendered.Under(made.Container, "lifecycle.preStop.sleep.seconds")! + 15;
        Assert.True(grace >= needed, $"{made}: {grace} s for {needed} s");
    });

    [Theory, MemberData(nameof(Cases))]
    public async Task Migrations_need_nothing_that_the_release_makes(string values)
    {
        var chart = await Chart.Of(values);
        foreach (var job in chart.All("Job"))
        {
            Assert.Equal("pre-install,pre-upgrade", job.At("metadata.annotations")!["helm.sh/hook"]!.ToString());
            var pod = job.Pod!.ToJsonString();
            Assert.DoesNotContain(chart.Objects, made => made.Kind is "ServiceAccount" or "ConfigMap" or "Secret"
                && pod.Contains($"\"{made.Name}\"", StringComparison.Ordinal));
        }
    }

    internal static string Variable(Rendered made, string name) =>
        made.Container["env"]!.AsArray().Single(variable => variable!["name"]!.ToString() == name)!["value"]!.ToString();

    internal static bool Finds(JsonNode? selector, JsonNode labels) =>
        selector!.AsObject().All(label => labels[label.Key]?.ToString() == label.Value!.ToString());

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z]+:[A-Za-z0-9]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Setting();

    /// <summary>The number of a list's item, or a label's name.</summary>
    [GeneratedRegex("(?<=^LORADROP_[A-Z]+__[A-Z0-9]+)__[A-Za-z0-9._-]+$")]
    private static partial Regex Inner();
}
