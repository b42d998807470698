using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>The handles that a backward function took from autograd and gave to it; autograd holds what it needs by itself.</summary>
/// <remarks>They cannot be let go before the call returns, but at the next one: else every gradient would live as long as the step. One for each thread, since each runs one backward call at a time.</remarks>
internal sealed class PassedHandles
{
    private Tensor[] _handles = [];

    /// <summary>Lets go of those of the call before.</summary>
    public void LetGo()
    {
        foreach (var handle in _handles) handle.Dispose();
        _handles = [];
    }

    /// <summary>Keeps those of this call until the next.</summary>
    public void Keep(params Tensor[] handles) => _handles = handles;
}
