using System.Text.Json.Serialization;

namespace LoraDrop.Api;

/// <summary>A request to create a fine-tuning job. Only model and training_file are required.</summary>
/// <param name="Model">The name of a registered model, or a source such as <c>hf:FacebookAI/roberta-base</c>.</param>
/// <param name="TrainingFile">The id of an uploaded file, or the name or source of a dataset as in <c>POST /jobs</c>.</param>
/// <param name="ValidationFile">The id of an uploaded file; by default a stratified tenth of the training file is held out.</param>
/// <param name="Method">The training method; default lora-drop with the defaults of <c>POST /jobs</c>.</param>
/// <param name="Hyperparameters">Same as method.supervised.hyperparameters.</param>
/// <param name="Seed">Random seed; default 42.</param>
/// <param name="Suffix">Suffix of the fine-tuned model's name, and the name of the job; up to 64 characters.</param>
/// <param name="Metadata">The job's labels: up to 16 pairs, names up to 63 and values up to 255 characters.</param>
/// <param name="Integrations">Not supported; must be null or empty.</param>
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

/// <summary>The training method and its settings.</summary>
/// <param name="Type">supervised (OpenAI), or one of this service's own methods, whose settings are under its name with
/// underscores.</param>
/// <param name="Supervised">Settings for the type supervised.</param>
public sealed record FineTuningMethodBody(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("supervised")] SupervisedBody? Supervised);

/// <summary>OpenAI's settings for supervised fine-tuning.</summary>
/// <param name="Hyperparameters">Epochs, batch size and learning rate.</param>
public sealed record SupervisedBody([property: JsonPropertyName("hyperparameters")] FineTuningHyperparametersBody? Hyperparameters);

/// <summary>OpenAI's hyperparameters; each is a number, or auto for the default.</summary>
/// <param name="NEpochs">Number of epochs.</param>
/// <param name="BatchSize">Examples per batch.</param>
/// <param name="LearningRateMultiplier">The learning rate as a multiple of the task's default, 5e-4 for most.</param>
public sealed record FineTuningHyperparametersBody(
    [property: JsonPropertyName("n_epochs")] AutoOrNumber? NEpochs,
    [property: JsonPropertyName("batch_size")] AutoOrNumber? BatchSize,
    [property: JsonPropertyName("learning_rate_multiplier")] AutoOrNumber? LearningRateMultiplier);

/// <summary>A number or auto. Used only in the OpenAPI document.</summary>
public sealed record AutoOrNumber;
