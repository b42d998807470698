using static TorchSharp.torch;

namespace LoraDrop.Engine.Models;

/// <summary>Embeddings and layers of a model, without a head: an encoder or a decoder.</summary>
public interface IBackbone
{
    /// <summary>The token embedding (V, d), which a language-model head may be tied to.</summary>
    Parameter Word { get; }

    /// <summary>Whether training keeps only each layer's input, and recomputes the layer for its gradients
    /// (<see cref="Recomputed"/>).</summary>
    bool Recomputes { get; set; }

    /// <summary>What is read before every text; null: nothing.</summary>
    Preface? Preface { get; set; }

    /// <summary>The linear layers of layer i, on which adapters can be placed.</summary>
    IEnumerable<Linear> LinearsOf(int i);

    /// <summary>The last hidden states (B, T, d). Those of an encoder have the words of the <see cref="Preface"/> in front, because a
    /// classifier reads the first.</summary>
    /// <param name="batch">Texts.</param>
    /// <param name="hidden">If given, receives the output of the embeddings and of every layer; the receiver owns them.</param>
    Tensor Forward(TokenBatch batch, IList<Tensor>? hidden = null);
}
