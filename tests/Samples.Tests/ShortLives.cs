using System.Runtime.CompilerServices;

namespace LoraDrop.Samples.Tests;

/// <summary>Has the programs that tests start, and theirs, compile little: they live for seconds.</summary>
internal static class ShortLives
{
    [ModuleInitializer]
    internal static void BeforeAnyTest()
    {
        Environment.SetEnvironmentVariable("DOTNET_TieredPGO", "0");
        // ten seconds, in hexadecimal: what is called often is compiled again only once nothing was new for so long
        Environment.SetEnvironmentVariable("DOTNET_TC_CallCountingDelayMs", "2710");
    }
}
