using System.Net.ServerSentEvents;
using System.Text;

namespace LoraDrop.Api.Client;

/// <summary>Calls about predictions and evaluations of a finished job.</summary>
internal static class PredictionCalls
{
    /// <summary>Answers inputs; waits as long as the service does.</summary>
    public static Task<Reply<PredictionView>> PredictAsync(this ServiceClient service, Guid job, string request,
        CancellationToken cancel) => service.PostAsync<PredictionView>($"jobs/{job}/predict", Json(request), cancel);

    /// <summary>Answers inputs as a stream, until it ends or breaks off.</summary>
    public static async IAsyncEnumerable<SseItem<string>> PredictStreamAsync(this ServiceClient service, Guid job, string request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"jobs/{job}/predict") { Content = Json(request) };
        await foreach (var item in service.StreamAsync(message, cancel)) yield return item;
    }

    /// <summary>Submits an evaluation.</summary>
    public static Task<Reply<EvaluationView>> EvaluateAsync(this ServiceClient service, Guid job, string request,
        CancellationToken cancel) => service.PostAsync<EvaluationView>($"jobs/{job}/evaluations", request, cancel);

    public static Task<Reply<EvaluationView>> EvaluationAsync(this ServiceClient service, Guid job, Guid id, CancellationToken cancel) =>
        service.GetAsync<EvaluationView>($"jobs/{job}/evaluations/{id}", cancel);

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
