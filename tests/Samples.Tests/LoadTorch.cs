using System.Runtime.CompilerServices;
using TorchSharp;

namespace LoraDrop.Samples.Tests;

internal static class LoadTorch
{
    [ModuleInitializer]
    internal static void BeforeAnyTest()
    {
        TorchNative.EnsureLoaded();
        torch.set_num_threads(1); // tests run beside each other
    }
}
