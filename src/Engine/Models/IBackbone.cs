using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Embeddings and layers of a model, without a head: an encoder or a decoder.</summary>
public interface IBackbone
{
    /// <summary>The token embedding (V, d), which a language-model head may be tied to.</summary>
    Tensor Word { get; }

    /// <summary>Whether training keeps each layer's input only, and computes the layer again for its gradients
    /// (<see cref="Recomputed"/>).</summary>
    bool Recomputes { get; set; }

    /// <summary>The linear layers of layer i, where adapters can sit.</summary>
    IEnumerable<Linear> LinearsOf(int i);

    /// <summary>The last hidden states (B, T, d).</summary>
    /// <param name="batch">Texts.</param>
    /// <param name="hidden">Receives the output of the embeddings and of every layer, if given; the receiver owns them.</param>
    Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null);
}
