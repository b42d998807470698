namespace LoraDrop.Engine.Runs;

/// <summary>What a run reads, as it lies on this machine; what the request calls it is another matter.</summary>
/// <param name="Model">The base model's folder.</param>
/// <param name="Data">The files of the data set.</param>
/// <param name="BaseModel">What adapter_config.json, loradrop.json and the model card call the base model; default: the folder, as it is
/// written here.</param>
/// <param name="Importance">importance.json of another run, or its folder, which is used instead of measuring; default: none. It resolves
/// the request's <c>importance.from</c>.</param>
/// <param name="Stage1Adapter">importance-adapter.safetensors of that run, which a warm start needs beside its importance; default:
/// none.</param>
public sealed record RunInputs(string Model, DataFiles Data, string? BaseModel = null, string? Importance = null,
    string? Stage1Adapter = null);
