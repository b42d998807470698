using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Cli;

/// <summary>The sample that comes with the repository: a small model and four tasks.</summary>
internal static class ShippedSample
{
    /// <summary>The name of its model in a service; its datasets have the names of their folders.</summary>
    public const string Model = "sample-model";

    /// <summary>Its folder, searched for above the program's; null if not found.</summary>
    public static string? Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "samples", "english") is var sample && Directory.Exists(sample)) return sample;
        return null;
    }

    /// <summary>Registers it with a new service, so that the first example of Swagger UI can be submitted unchanged.</summary>
    /// <returns>The names, the model's first; empty if there is no sample.</returns>
    public static async Task<IReadOnlyList<string>> RegisterAsync(IServiceProvider services, CancellationToken cancel)
    {
        if (Folder() is not { } sample) return [];
        await using var scope = services.CreateAsyncScope();
        var inputs = scope.ServiceProvider.GetRequiredService<InputLife>();
        var names = new List<string>();
        if (!(await inputs.RegisterModelAsync(Model, new Source.LocalPath(Path.Combine(sample, "model")).ToString(), shared: true,
            cancel)).IsRefused(out _, out _))
            names.Add(Model);
        foreach (var task in Directory.EnumerateDirectories(Path.Combine(sample, "data")).Order(StringComparer.Ordinal))
            if (!(await inputs.RegisterDatasetAsync(Path.GetFileName(task), new Source.LocalPath(task).ToString(), shared: true,
                cancel)).IsRefused(out _, out _))
                names.Add(Path.GetFileName(task));
        return names;
    }
}
