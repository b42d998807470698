using System.Reflection;

namespace LoraDrop.Storage;

/// <summary>The version of this program, recorded with every job.</summary>
public static class ServiceVersion
{
    public static string Text { get; } =
        typeof(ServiceVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
