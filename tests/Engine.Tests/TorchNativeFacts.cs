using System.Runtime.CompilerServices;
using TorchSharp;

namespace LoraDrop.Engine.Tests;

internal static class LoadTorch
{
    [ModuleInitializer]
    internal static void BeforeAnyTest()
    {
        TorchNative.EnsureLoaded();
        torch.set_num_threads(1); // tests run beside each other
    }
}

public sealed class TorchNativeFacts
{
    [Fact]
    public void Torch_computes() => Assert.Equal(6f, torch.ones(2, 3).sum().item<float>());

    [Fact]
    public void A_file_that_is_no_library_is_left_alone() => Assert.False(TorchNative.MarkWeak(new byte[100]));
}
