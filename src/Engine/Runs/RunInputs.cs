namespace LoraDrop.Engine.Runs;

/// <summary>The paths of a run's inputs on this machine, independent of their names in the request.</summary>
/// <param name="Model">The base model's folder.</param>
/// <param name="Data">The files of the data set.</param>
/// <param name="BaseModel">Name of the base model in adapter_config.json, loradrop.json and the model card; default: the folder as given
/// here.</param>
/// <param name="Importance">Another run's importance.json, or its folder, used instead of measuring; default: none. Resolves the request's
/// <c>importance.from</c>.</param>
/// <param name="Stage1Adapter">That run's importance-adapter.safetensors, which a warm start also needs; default: none.</param>
/// <param name="InitialAdapter">The adapter to continue from; default: none.</param>
public sealed record RunInputs(string Model, DataFiles Data, string? BaseModel = null, string? Importance = null,
    string? Stage1Adapter = null, AdapterFolder? InitialAdapter = null);

/// <summary>An adapter in PEFT's format.</summary>
/// <param name="Path">Its folder on this machine.</param>
/// <param name="Name">Where it is from, for people.</param>
public sealed record AdapterFolder(string Path, string Name);
