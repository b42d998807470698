using System.Text.Json;
using System.Text.Json.Serialization;
using LoraDrop.Domain;

namespace LoraDrop.Api;

/// <summary>A part of a list.</summary>
/// <param name="Kind">list.</param>
/// <param name="Data">Its things.</param>
/// <param name="FirstId">The id of the first.</param>
/// <param name="LastId">The id of the last: what to give as <c>after</c> for the next part.</param>
/// <param name="HasMore">Whether there is a next part.</param>
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

/// <summary>A file: one that was sent, or one that a job left.</summary>
/// <param name="Id"><c>file-…</c>.</param>
/// <param name="Kind">file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="CreatedAt">When it was stored, in unix seconds.</param>
/// <param name="Filename">Its name.</param>
/// <param name="Purpose">fine-tune, or fine-tune-results of one that a job left.</param>
/// <param name="Status">processed: it can be used. Whether it can be learned from is seen when a job names it.</param>
public sealed record OpenAiFile(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind, [property: JsonPropertyName("bytes")] long Bytes,
    [property: JsonPropertyName("created_at")] long CreatedAt, [property: JsonPropertyName("filename")] string Filename, [property: JsonPropertyName("purpose")] string Purpose,
    [property: JsonPropertyName("status")] string Status);

/// <summary>Something that was deleted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">file or model.</param>
/// <param name="Deleted">true.</param>
public sealed record OpenAiDeleted(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind, [property: JsonPropertyName("deleted")] bool Deleted);

/// <summary>A model: a registered one, or one that a job made.</summary>
/// <param name="Id">The registered name, or <c>ft:…</c>.</param>
/// <param name="Kind">model.</param>
/// <param name="Created">When, in unix seconds.</param>
/// <param name="OwnedBy">Whose it is.</param>
public sealed record OpenAiModel(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind, [property: JsonPropertyName("created")] long Created,
    [property: JsonPropertyName("owned_by")] string OwnedBy);

/// <summary>A job, as OpenAI's clients read it. The same job is shown with all that is known of it by <c>GET /jobs/{id}</c>.</summary>
/// <param name="Id"><c>ftjob-…</c>.</param>
/// <param name="Kind">fine_tuning.job.</param>
/// <param name="Model">The base model: its registered name, or its source.</param>
/// <param name="CreatedAt">When it was submitted, in unix seconds.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="EstimatedFinish">When it is expected to end, while it runs.</param>
/// <param name="FineTunedModel">The name of what came out, once it has succeeded.</param>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="Status">validating_files (model and data are fetched and read), queued, running, paused, succeeded, failed or cancelled.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Hyperparameters">What it trains with.</param>
/// <param name="Method">How it trains, with every setting resolved.</param>
/// <param name="TrainedTokens">Tokens that were trained on, padding left out, once it has ended: tokens of a pass times the passes of each stage.</param>
/// <param name="TrainingFile">The file it learns from; of a job that names a dataset, that dataset.</param>
/// <param name="ValidationFile">The file that picks the best evaluation.</param>
/// <param name="ResultFiles">The files that it left, for <c>/v1/files/{file_id}/content</c>.</param>
/// <param name="Seed">Everything random is drawn from it.</param>
/// <param name="Metadata">The job's labels.</param>
/// <param name="Integrations">None.</param>
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
/// <param name="Code">A stable code; docs/api lists all.</param>
/// <param name="Message">What happened and what to do, for a person.</param>
/// <param name="Param">training_file, validation_file or model, or the setting that is at fault.</param>
public sealed record FineTuningError(
    [property: JsonPropertyName("code")] string Code, [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("param"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param);

/// <summary>What a job trains with, in OpenAI's words.</summary>
/// <param name="NEpochs">Passes over the data.</param>
/// <param name="BatchSize">Examples in a batch.</param>
/// <param name="LearningRateMultiplier">The learning rate as a multiple of the task's default.</param>
public sealed record FineTuningHyperparameters(
    [property: JsonPropertyName("n_epochs")] int NEpochs, [property: JsonPropertyName("batch_size")] int BatchSize, [property: JsonPropertyName("learning_rate_multiplier")] double LearningRateMultiplier);

/// <summary>How a job trains.</summary>
/// <param name="Type">lora-drop or lora.</param>
/// <param name="LoraDrop">The settings of lora-drop.</param>
/// <param name="Lora">The settings of lora.</param>
public sealed record FineTuningMethod(
    [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("lora_drop")] FineTuningSettings? LoraDrop, [property: JsonPropertyName("lora")] FineTuningSettings? Lora);

/// <summary>The service's own settings, the same as those of <c>POST /jobs</c>.</summary>
/// <param name="Task">What is learned, from which columns; default: texts with a label each, from chat lines, <c>text</c> and <c>label</c>, or <c>prompt</c> and <c>completion</c>.</param>
/// <param name="Lora">Rank, scale, dropout and targets.</param>
/// <param name="Importance">The sample, α, and how importance is measured on it.</param>
/// <param name="Sharing">T, and what becomes of the layers below it.</param>
/// <param name="Training">Rates, sizes, length.</param>
/// <param name="Priority">Which queued jobs are taken first.</param>
/// <param name="Worker">Which workers may take it.</param>
public sealed record FineTuningSettings(
    [property: JsonPropertyName("task")] TaskSettings? Task, [property: JsonPropertyName("lora")] LoraSettings? Lora, [property: JsonPropertyName("importance")] ImportanceSettings? Importance,
    [property: JsonPropertyName("sharing")] SharingSettings? Sharing, [property: JsonPropertyName("training")] TrainingSettings? Training,
    [property: JsonPropertyName("priority")] JobPriority? Priority, [property: JsonPropertyName("worker")] WorkerDemand? Worker);

/// <summary>Something that happened to a job.</summary>
/// <param name="Id"><c>ftevent-…</c>.</param>
/// <param name="Kind">fine_tuning.job.event.</param>
/// <param name="CreatedAt">When, in unix seconds.</param>
/// <param name="Level">info, warn or error.</param>
/// <param name="Type">metrics of an evaluation, else message.</param>
/// <param name="Message">For a person.</param>
/// <param name="Data">Of an evaluation: step, total_steps, train_loss, full_valid_loss, and valid_ with each metric. Else the event's own numbers.</param>
public sealed record FineTuningEvent(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind, [property: JsonPropertyName("created_at")] long CreatedAt,
    [property: JsonPropertyName("level")] string Level, [property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("data"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] JsonElement? Data);

/// <summary>A checkpoint of a job's training.</summary>
/// <param name="Id"><c>ftckpt-…</c>.</param>
/// <param name="Kind">fine_tuning.job.checkpoint.</param>
/// <param name="CreatedAt">When, in unix seconds.</param>
/// <param name="FineTuningJobId">The job.</param>
/// <param name="FineTunedModelCheckpoint">A name for it. The newest of a job can be had from <c>/jobs/{id}/checkpoints</c>; none is a model that can be called.</param>
/// <param name="StepNumber">After this optimiser step.</param>
/// <param name="Metrics">step, train_loss, full_valid_loss, and valid_ with each metric, as far as they were measured at this step.</param>
public sealed record FineTuningCheckpoint(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("object")] string Kind, [property: JsonPropertyName("created_at")] long CreatedAt,
    [property: JsonPropertyName("fine_tuning_job_id")] string FineTuningJobId, [property: JsonPropertyName("fine_tuned_model_checkpoint")] string FineTunedModelCheckpoint,
    [property: JsonPropertyName("step_number")] int StepNumber, [property: JsonPropertyName("metrics")] IReadOnlyDictionary<string, double> Metrics);
