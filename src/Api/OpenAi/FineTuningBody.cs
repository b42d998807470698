using System.Text.Json.Serialization;

namespace LoraDrop.Api;

/// <summary>The body of a request for a job. All else than model and training_file has a default.</summary>
/// <param name="Model">A registered model's name, or a source: <c>hf:FacebookAI/roberta-base</c>.</param>
/// <param name="TrainingFile">The id of an uploaded file; or the name or source of a dataset, as in <c>POST /jobs</c>.</param>
/// <param name="ValidationFile">The id of an uploaded file; default: a stratified tenth of the training file is kept aside.</param>
/// <param name="Method">How to train; default lora-drop with the defaults of <c>POST /jobs</c>.</param>
/// <param name="Hyperparameters">As under method.supervised.</param>
/// <param name="Seed">Everything random is drawn from it; default 42.</param>
/// <param name="Suffix">A part of the fine-tuned model's name, and the name of the job; up to 64 characters.</param>
/// <param name="Metadata">Names and values, the job's labels: up to 16 pairs, names up to 63 and values up to 255 characters.</param>
/// <param name="Integrations">Not supported: null or empty.</param>
public sealed record FineTuningBody(
    [property: JsonPropertyName("model")] string Model,
    [property: JsonPropertyName("training_file")] string TrainingFile,
    [property: JsonPropertyName("validation_file")] string? ValidationFile,
    [property: JsonPropertyName("method")] FineTuningMethodBody? Method,
    [property: JsonPropertyName("hyperparameters")] FineTuningHyperparametersBody? Hyperparameters,
    [property: JsonPropertyName("seed")] long? Seed,
    [property: JsonPropertyName("suffix")] string? Suffix,
    [property: JsonPropertyName("metadata")] IReadOnlyDictionary<string, string>? Metadata,
    [property: JsonPropertyName("integrations")] IReadOnlyList<string>? Integrations);

/// <summary>How to train.</summary>
/// <param name="Type">supervised, or this service's own lora-drop and lora.</param>
/// <param name="Supervised">With the type supervised.</param>
/// <param name="LoraDrop">With the type lora-drop: the service's settings.</param>
/// <param name="Lora">With the type lora: the service's settings.</param>
public sealed record FineTuningMethodBody(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("supervised")] SupervisedBody? Supervised,
    [property: JsonPropertyName("lora_drop")] FineTuningSettings? LoraDrop,
    [property: JsonPropertyName("lora")] FineTuningSettings? Lora);

/// <summary>OpenAI's settings.</summary>
/// <param name="Hyperparameters">Passes, batches, rate.</param>
public sealed record SupervisedBody([property: JsonPropertyName("hyperparameters")] FineTuningHyperparametersBody? Hyperparameters);

/// <summary>OpenAI's settings: each a number, or auto for the default.</summary>
/// <param name="NEpochs">Passes over the data.</param>
/// <param name="BatchSize">Examples in a batch.</param>
/// <param name="LearningRateMultiplier">The learning rate as a multiple of the task's default, 5e-4 for most.</param>
public sealed record FineTuningHyperparametersBody(
    [property: JsonPropertyName("n_epochs")] AutoOrNumber? NEpochs,
    [property: JsonPropertyName("batch_size")] AutoOrNumber? BatchSize,
    [property: JsonPropertyName("learning_rate_multiplier")] AutoOrNumber? LearningRateMultiplier);

/// <summary>A number, or the word auto. Only for the documentation.</summary>
public sealed record AutoOrNumber;
