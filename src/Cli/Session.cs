using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Cli;

/// <summary>A command's output and device.</summary>
internal sealed record Session(bool Json, Device Device) : Terminal(Json)
{
    /// <summary>Loads torch.</summary>
    /// <exception cref="RefusedInputException">The device is not available.</exception>
    public static Session Open(bool json, string device, int threads)
    {
        TorchNative.EnsureLoaded();
        set_num_threads(threads);
        if (device == "cuda" && !cuda.is_available())
            throw new RefusedInputException("--device",
                "cuda is not available: this build carries a CPU libtorch, or the machine has no CUDA driver");
        return new(json, new Device(device));
    }
}
