using LoraDrop.Domain;

namespace LoraDrop.Hosting;

/// <summary>Gets a host's health from outside its process, for images without curl.</summary>
public static class HealthProbe
{
    /// <summary>The host is unhealthy or does not answer.</summary>
    public const int Unwell = 1;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Gets an address such as <c>http://127.0.0.1:5080/health/ready</c>, and prints what is wrong to standard error. The exit
    /// code is 0 if a success is answered within 5 s.</summary>
    /// <param name="address">An absolute address; proxies in the environment are ignored.</param>
    public static async Task<int> RunAsync(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync(
                new Fault("health", $"takes an address such as http://127.0.0.1:5080/health/ready; got \"{address}\"").ToString());
            return HostProgram.Refused;
        }
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Limit };
        try
        {
            using var answer = await http.GetAsync(uri);
            if (answer.IsSuccessStatusCode) return HostProgram.Done;
            await Console.Error.WriteLineAsync($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (HttpRequestException unreachable)
        {
            await Console.Error.WriteLineAsync(unreachable.Message);
        }
        catch (TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{uri} does not answer within {Limit.TotalSeconds:0} s");
        }
        return Unwell;
    }
}
