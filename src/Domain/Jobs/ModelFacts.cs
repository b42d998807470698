namespace LoraDrop.Domain;
public sealed record ModuleFacts(string Type, long In, long Out);
public sealed record FileFacts(string Name, long Bytes, string Sha256);
public sealed record ModelFacts(string Family, string? Architecture, int Layers, int Hidden, int Heads, int Vocabulary, int LongestText, long Parameters, string WeightsType, IReadOnlyList<ModuleFacts> Modules, string Sha256, IReadOnlyList<FileFacts> Files);
