using System.Security.Cryptography;
using System.Text.Json;
using LoraDrop.Domain;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A digest of everything an importance evaluation depends on: equal digests mean equal results.</summary>
internal static class ImportanceKey
{
    public static string Of(JobRow job, string device)
    {
        var (request, training) = (job.Request, job.Request.Training);
        var everything = new
        {
            job.ServiceVersion,
            Device = device,
            Model = job.Model.Facts!.Sha256,
            Train = job.Dataset.Files.Single(f => f.Name.StartsWith("train.")).Sha256,
            KeptAside = !job.Dataset.Files.Any(f => f.Name.StartsWith("validation.")), // the name is part of the digest
            request.Task,
            request.Method.Section,
            Tuning = JsonSerializer.SerializeToElement(request.Tuning, request.Method.SettingsType, JsonText.Compact),
            Importance = request.Importance! with { From = null },
            ByDirections = request.Sharing is { IsByRank: true, WarmStart: true }, // their order in stage 1's adapter
            Training = new { training.BatchSize, training.LearningRate, training.ClassifierLearningRate, training.WarmupRatio,
            training.Schedule, training.WeightDecay, training.MaxLength, training.Seed, training.MaxGradNorm, training.Accumulation },
        };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(everything, JsonText.Compact)));
    }
}
