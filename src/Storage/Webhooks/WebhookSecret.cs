using System.Security.Cryptography;
using System.Text;

namespace LoraDrop.Storage;

/// <summary>Secrets and signatures as in the Standard Webhooks specification, so that every library for it can verify deliveries.</summary>
public static class WebhookSecret
{
    public const string Prefix = "whsec_";

    /// <summary>How long after a rotation deliveries are also signed with the previous secret.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    private const int Bytes = 32;

    /// <summary>Creates a secret of 256 random bits.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>The value of the webhook-signature header: <c>v1,</c> and the HMAC-SHA256 of id, timestamp and body, one for each valid
    /// secret.</summary>
    /// <param name="secrets">Newest first.</param>
    /// <param name="id">The webhook-id header.</param>
    /// <param name="seconds">The webhook-timestamp header.</param>
    /// <param name="body">The body, exactly as sent.</param>
    public static string Sign(IEnumerable<string> secrets, string id, long seconds, string body)
    {
        var signed = Encoding.UTF8.GetBytes($"{id}.{seconds}.{body}");
        return string.Join(' ', secrets.Select(secret => "v1,"
            + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret[Prefix.Length..]), signed))));
    }

    /// <summary>The secrets with which a webhook's deliveries are currently signed.</summary>
    public static IEnumerable<string> ValidAt(this WebhookRow webhook, DateTimeOffset now) =>
        webhook.FormerSecret is { } former && now < webhook.FormerSecretUntil ? [webhook.Secret, former] : [webhook.Secret];
}
