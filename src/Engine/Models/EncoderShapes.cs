namespace LoraDrop.Engine;

/// <summary>The tensors of a BERT or RoBERTa encoder by name and shape, as its blocks take them: what a checkpoint can be held against without torch.</summary>
public static class EncoderShapes
{
    /// <summary>Every tensor that <see cref="Encoder"/> takes.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        long d = config.Hidden;
        var embeddings = $"{config.Prefix}.embeddings";
        yield return ($"{embeddings}.word_embeddings.weight", [config.VocabularySize, d]);
        yield return ($"{embeddings}.position_embeddings.weight", [config.Positions, d]);
        yield return ($"{embeddings}.token_type_embeddings.weight", [config.TokenTypes, d]);
        string[] norms = [embeddings, .. Enumerable.Range(0, config.Layers).SelectMany(i => (string[])[$"{config.Prefix}.encoder.layer.{i}.attention.output", $"{config.Prefix}.encoder.layer.{i}.output"])];
        foreach (var norm in norms)
            foreach (var half in (string[])["weight", "bias"]) yield return ($"{norm}.LayerNorm.{half}", [d]);
        foreach (var (path, wide, high) in Enumerable.Range(0, config.Layers).SelectMany(i => LinearsOf(config, $"{i}")))
        {
            yield return ($"{path}.weight", [high, wide]);
            yield return ($"{path}.bias", [high]);
        }
    }

    /// <summary>The linear layers of one layer: path, input and output width.</summary>
    public static IReadOnlyList<(string Path, long In, long Out)> LinearsOf(ModelConfig config, string layer)
    {
        var (path, d, wide) = ($"{config.Prefix}.encoder.layer.{layer}", config.Hidden, config.Intermediate);
        return
        [
            ($"{path}.attention.self.query", d, d), ($"{path}.attention.self.key", d, d), ($"{path}.attention.self.value", d, d), ($"{path}.attention.output.dense", d, d),
            ($"{path}.intermediate.dense", d, wide), ($"{path}.output.dense", wide, d),
        ];
    }
}
