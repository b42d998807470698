using System.Security.Cryptography;
using System.Text;

namespace LoraDrop.Storage;

/// <summary>Secrets and signatures after the Standard Webhooks specification, so that every library for it can verify.</summary>
public static class WebhookSecret
{
    public const string Prefix = "whsec_";

    /// <summary>How long deliveries carry a second signature, with the secret before, after a new one was made.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    private const int Bytes = 32;

    /// <summary>A new secret, of 256 random bits.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>The value of the header webhook-signature: <c>v1,</c> and the HMAC-SHA256 of id, seconds and body, one for each secret that
    /// is valid.</summary>
    /// <param name="secrets">The newest first.</param>
    /// <param name="id">The header webhook-id.</param>
    /// <param name="seconds">The header webhook-timestamp.</param>
    /// <param name="body">As it is sent.</param>
    public static string Sign(IEnumerable<string> secrets, string id, long seconds, string body)
    {
        var signed = Encoding.UTF8.GetBytes($"{id}.{seconds}.{body}");
        return string.Join(' ', secrets.Select(secret => "v1,"
            + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), signed))));
    }

    /// <summary>The secrets that a webhook's deliveries are signed with now.</summary>
    public static IEnumerable<string> ValidAt(this WebhookRow webhook, DateTimeOffset now) =>
        webhook.FormerSecret is { } former && now < webhook.FormerSecretUntil ? [webhook.Secret, former] : [webhook.Secret];
}
