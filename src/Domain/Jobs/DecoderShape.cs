namespace LoraDrop.Domain;

/// <summary>The sizes of a decoder that its memory depends on.</summary>
/// <param name="Layers">Number of layers.</param>
/// <param name="Hidden">d, the width of a layer.</param>
/// <param name="QueryWidth">Width of all query heads together.</param>
/// <param name="Intermediate">Width between the feed-forward matrices.</param>
/// <param name="Vocabulary">Rows of the token embedding.</param>
/// <param name="LayerParameters">Parameters of the layers' matrices, which can be quantised.</param>
/// <param name="OtherParameters">All other parameters: embeddings, norms, the output layer.</param>
/// <param name="Modules">The linear layers of one layer.</param>
public sealed record DecoderShape(int Layers, long Hidden, long QueryWidth, long Intermediate, long Vocabulary, double LayerParameters,
    double OtherParameters, IReadOnlyList<LinearModule> Modules)
{
    /// <summary>The shape of a generative model.</summary>
    public static DecoderShape Of(ModelSummary model)
    {
        var layers = model.Layers * model.Modules.Sum(module => (double)module.In * module.Out);
        LinearModule? Module(string type) => model.Modules.FirstOrDefault(module => module.Type == type);
        return new(model.Layers, model.Hidden, Module("q_proj")?.Out ?? model.Hidden, Module("up_proj")?.Out ?? 4L * model.Hidden,
            model.Vocabulary, layers, Math.Max(0, model.Parameters - layers), model.Modules);
    }
}
