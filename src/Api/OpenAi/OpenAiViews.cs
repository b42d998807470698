using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A page of a list.</summary>
/// <param name="Kind">list.</param>
/// <param name="Data">The items of the page.</param>
/// <param name="FirstId">Id of the first item.</param>
/// <param name="LastId">Id of the last item; pass it as <c>after</c> to get the next page.</param>
/// <param name="HasMore">Whether there are more items.</param>
public sealed record OpenAiList<T>(
    [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("data")] IReadOnlyList<T> Data,
    [property: JsonPropertyName("first_id"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FirstId,
    [property: JsonPropertyName("last_id"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? LastId,
    [property: JsonPropertyName("has_more")] bool HasMore)
{
    internal static OpenAiList<T> Of(Page<T> page, Func<T, string> id) =>
        new("list", page.Rows, page.Rows.Count > 0 ? id(page.Rows[0]) : null, page.Rows.Count > 0 ? id(page.Rows[^1]) : null, page.HasMore);
}

/// <summary>An uploaded file or a result file of a job.</summary>
/// <param name="Id"><c>file-…</c>.</param>
/// <param name="Kind">file.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="CreatedAt">When it was created, in Unix seconds.</param>
/// <param name="Filename">Name of the file.</param>
/// <param name="Purpose">fine-tune, or fine-tune-results for result files of a job.</param>
/// <param name="Status">Always processed. The content is validated when a job uses the file.</param>
public sealed record OpenAiFile(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("bytes")] long Bytes,
    [property: JsonPropertyName("created_at")] long CreatedAt, [property: JsonPropertyName("filename")] string Filename,
    [property: JsonPropertyName("purpose")] string Purpose,
    [property: JsonPropertyName("status")] string Status);

/// <summary>The result of a deletion.</summary>
/// <param name="Id">Unique id.</param>
/// <param name="Kind">file or model.</param>
/// <param name="Deleted">true.</param>
public sealed record OpenAiDeleted(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("deleted")] bool Deleted);

/// <summary>A registered or fine-tuned model.</summary>
/// <param name="Id">The registered name, or <c>ft:…</c>.</param>
/// <param name="Kind">model.</param>
/// <param name="Created">When it was created, in Unix seconds.</param>
/// <param name="OwnedBy">The owner.</param>
public sealed record OpenAiModel(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("created")] long Created,
    [property: JsonPropertyName("owned_by")] string OwnedBy);

/// <summary>A job in OpenAI's format. <c>GET /jobs/{id}</c> returns the same job in full.</summary>
/// <param name="Id"><c>ftjob-…</c>.</param>
/// <param name="Kind">fine_tuning.job.</param>
/// <param name="Model">The base model, by registered name or source.</param>
/// <param name="CreatedAt">When it was created, in Unix seconds.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="EstimatedFinish">Estimated end in Unix seconds; null unless it is running.</param>
/// <param name="FineTunedModel">Name of the fine-tuned model; null until the job has succeeded.</param>
/// <param name="OrganizationId">The owner.</param>
/// <param name="Status">validating_files (model and data are being fetched and validated), queued, running, paused, succeeded, failed or
/// cancelled.</param>
/// <param name="Error">Why it failed; absent otherwise.</param>
/// <param name="Hyperparameters">The hyperparameters, resolved.</param>
/// <param name="Method">The training method with all settings resolved.</param>
/// <param name="TrainedTokens">Tokens trained on over all epochs and stages, without padding; null until the job has ended.</param>
/// <param name="TrainingFile">Id of the training file, or the dataset.</param>
/// <param name="ValidationFile">Id of the validation file, if one was given.</param>
/// <param name="ResultFiles">Ids of the result files; download them with <c>/v1/files/{file_id}/content</c>.</param>
/// <param name="Seed">Random seed.</param>
/// <param name="Metadata">The job's labels.</param>
/// <param name="Integrations">Always empty.</param>
public sealed record FineTuningJob(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("model")] string Model,
    [property: JsonPropertyName("created_at")] long CreatedAt,
    [property: JsonPropertyName("finished_at"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? FinishedAt,
    [property: JsonPropertyName("estimated_finish"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? EstimatedFinish,
    [property: JsonPropertyName("fine_tuned_model"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FineTunedModel,
    [property: JsonPropertyName("organization_id")] string OrganizationId,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] FineTuningError? Error,
    [property: JsonPropertyName("hyperparameters")] FineTuningHyperparameters Hyperparameters,
    [property: JsonPropertyName("method")] FineTuningMethod Method,
    [property: JsonPropertyName("trained_tokens"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] long? TrainedTokens,
    [property: JsonPropertyName("training_file")] string TrainingFile,
    [property: JsonPropertyName("validation_file"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? ValidationFile,
    [property: JsonPropertyName("result_files")] IReadOnlyList<string> ResultFiles,
    [property: JsonPropertyName("seed")] long Seed,
    [property: JsonPropertyName("metadata")] IReadOnlyDictionary<string, string> Metadata,
    [property: JsonPropertyName("integrations")] IReadOnlyList<string> Integrations);

/// <summary>Why a job failed.</summary>
/// <param name="Code">A stable, machine-readable code; see docs/api/README.md.</param>
/// <param name="Message">What went wrong and how to fix it.</param>
/// <param name="Param">training_file, validation_file or model, or the setting with the fault.</param>
public sealed record FineTuningError(
    [property: JsonPropertyName("code")] string Code, [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("param"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param);

/// <summary>A job's hyperparameters in OpenAI's format.</summary>
/// <param name="NEpochs">Number of epochs.</param>
/// <param name="BatchSize">Examples per batch.</param>
/// <param name="LearningRateMultiplier">The learning rate as a multiple of the task's default.</param>
public sealed record FineTuningHyperparameters(
    [property: JsonPropertyName("n_epochs")] int NEpochs, [property: JsonPropertyName("batch_size")] int BatchSize,
    [property: JsonPropertyName("learning_rate_multiplier")] double LearningRateMultiplier);

/// <summary>A job's training method.</summary>
/// <param name="Type">The name of the method, such as <c>lora-drop</c>.</param>
public sealed record FineTuningMethod([property: JsonPropertyName("type")] string Type)
{
    /// <summary>The method's settings, under its name with underscores.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Settings { get; init; }
}

/// <summary>This service's own settings, the same as in <c>POST /jobs</c>, with the section of the method.</summary>
/// <param name="Task">The task and its columns; default: labelled texts from chat messages, <c>text</c> and <c>label</c>, or <c>prompt</c>
/// and <c>completion</c>.</param>
/// <param name="Importance">The sample ratio α and how importance is measured.</param>
/// <param name="Sharing">The threshold T and what the other layers use.</param>
/// <param name="Training">Learning rate, batch size and length of training.</param>
/// <param name="Priority">Priority in the queue.</param>
/// <param name="Worker">Requirements for the worker.</param>
public sealed record FineTuningSettings(
    [property: JsonPropertyName("task")] TaskSettings? Task, [property: JsonPropertyName("importance")] ImportanceSettings? Importance,
    [property: JsonPropertyName("sharing")] SharingSettings? Sharing, [property: JsonPropertyName("training")] TrainingSettings? Training,
    [property: JsonPropertyName("priority")] JobPriority? Priority, [property: JsonPropertyName("worker")] WorkerDemand? Worker);

/// <summary>An event of a job.</summary>
/// <param name="Id"><c>ftevent-…</c>.</param>
/// <param name="Kind">fine_tuning.job.event.</param>
/// <param name="CreatedAt">When it was created, in Unix seconds.</param>
/// <param name="Level">info, warn or error.</param>
/// <param name="Type">metrics for an evaluation, else message.</param>
/// <param name="Message">Human-readable description.</param>
/// <param name="Data">For an evaluation: step, total_steps, train_loss, full_valid_loss, and valid_ plus the name of each metric. Otherwise
/// the event's own values.</param>
public sealed record FineTuningEvent(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("created_at")] long CreatedAt,
    [property: JsonPropertyName("level")] string Level, [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("data"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] JsonElement? Data);

/// <summary>A checkpoint of a fine-tuning job.</summary>
/// <param name="Id"><c>ftckpt-…</c>.</param>
/// <param name="Kind">fine_tuning.job.checkpoint.</param>
/// <param name="CreatedAt">When it was created, in Unix seconds.</param>
/// <param name="FineTuningJobId">Id of the job.</param>
/// <param name="FineTunedModelCheckpoint">Name of the checkpoint. The latest can be downloaded from <c>/jobs/{id}/checkpoints</c>;
/// checkpoints cannot be used as models.</param>
/// <param name="StepNumber">Optimiser step after which it was saved.</param>
/// <param name="Metrics">step, train_loss, full_valid_loss, and valid_ plus the name of each metric, as far as measured at this
/// step.</param>
public sealed record FineTuningCheckpoint(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind,
    [property: JsonPropertyName("created_at")] long CreatedAt,
    [property: JsonPropertyName("fine_tuning_job_id")] string FineTuningJobId,
    [property: JsonPropertyName("fine_tuned_model_checkpoint")] string FineTunedModelCheckpoint,
    [property: JsonPropertyName("step_number")] int StepNumber,
    [property: JsonPropertyName("metrics")] IReadOnlyDictionary<string, double> Metrics);
