using System.Net;

namespace LoraDrop.Service.Tests;

public sealed class IfNoneMatchApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Theory]
    [InlineData("\"no such\"")]
    [InlineData("garbage")]
    [InlineData("W/\"1\"")]
    public async Task Another_ETag_is_answered_in_full(string etag)
    {
        var id = await _service.SubmitAsync();
        using var answer = await PollAsync(id, etag);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("\"other\", {0}")]
    [InlineData("{0}, \"other\"")]
    [InlineData("W/{0}")]
    [InlineData("*")]
    public async Task Any_of_several_ETags_will_do(string pattern)
    {
        var id = await _service.SubmitAsync();
        using var answer = await PollAsync(id, pattern.Replace("{0}", await ETagAsync(id)));
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    private async Task<string> ETagAsync(Guid id)
    {
        using var answer = await _service.GetAsync($"/jobs/{id}");
        return answer.Headers.ETag!.ToString();
    }

    private async Task<HttpResponseMessage> PollAsync(Guid id, string etag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/jobs/{id}");
        request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        return await _service.Http.SendAsync(request);
    }
}
