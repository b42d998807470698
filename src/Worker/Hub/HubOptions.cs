using LoraDrop.Domain;

namespace LoraDrop.Worker;

/// <summary>How this host reaches the Hugging Face hub, or a mirror that speaks its interface.</summary>
public sealed record HubOptions
{
    /// <summary>Where the hub is; default <c>https://huggingface.co</c>. A mirror may stand under a path of its host.</summary>
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>What the hub knows this host by; none by default, which reads public repositories. Sent to the endpoint alone.</summary>
    public string? Token { get; init; }

    /// <summary>How often one request is tried before the hub counts as unreachable; default 5. A transfer that moved starts counting anew.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The wait before the second attempt, doubled before each further one; default one second.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts, also when the hub asks for more; default five minutes, the window of its rate limits.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the other side may say nothing, at the start of an answer and within it; default one minute.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Without its values: one is a secret.</summary>
    public override string ToString() => nameof(HubOptions);

    /// <summary>As the hub's own tools are told: <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>.</summary>
    /// <exception cref="RefusedInputException">HF_ENDPOINT is no address.</exception>
    public static HubOptions FromEnvironment()
    {
        var options = new HubOptions { Token = Given("HF_TOKEN") };
        if (Given("HF_ENDPOINT") is not { } endpoint) return options;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")) throw new RefusedInputException("HF_ENDPOINT", $"must be an address such as {options.Endpoint}; it is \"{endpoint}\"");
        return options with { Endpoint = endpoint };
    }

    /// <summary>A variable that is set to nothing is not set.</summary>
    private static string? Given(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
