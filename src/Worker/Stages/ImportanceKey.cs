using System.Security.Cryptography;
using System.Text;
using LoraDrop.Storage;

namespace LoraDrop.Worker;

/// <summary>A digest of everything an importance evaluation depends on: equal digests mean equal results.</summary>
internal static class ImportanceKey
{
    public static string Of(JobRow job, string device)
    {
        var inputs = new
        {
            job.ServiceVersion,
            Device = device,
            Model = job.Model.Facts!.Sha256,
            Train = job.Dataset.Files.Single(f => f.Name.StartsWith("train.")).Sha256,
            KeptAside = !job.Dataset.Files.Any(f => f.Name.StartsWith("validation.")), // the name is part of the digest
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(job.Request.ImportanceInputs(inputs))));
    }
}
