using System.Net;
using LoraDrop.Api;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

public sealed class LoopbackApiFacts(SharedService shared) : IClassFixture<SharedService>
{
    private readonly TestService _service = shared.Service;

    [Theory]
    [InlineData("evil.example")]
    [InlineData("localhost.evil.example")]
    [InlineData("192.168.1.5")]
    [InlineData("0.0.0.0")]
    public async Task Another_host_name_is_refused(string host)
    {
        using var answer = await SendAsync(_service, HttpMethod.Get, host: host);
        await answer.ProblemAsync(HttpStatusCode.Forbidden, "host_not_allowed");
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:5080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3:80")]
    [InlineData("[::1]:5080")]
    public async Task Names_of_this_machine_are_served(string host)
    {
        using var answer = await SendAsync(_service, HttpMethod.Get, host: host);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_page_of_another_site_changes_nothing()
    {
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Delete, HttpMethod.Put })
        {
            using var answer = await SendAsync(_service, method, site: "cross-site");
            await answer.ProblemAsync(HttpStatusCode.Forbidden, "cross_site");
        }
    }

    [Theory]
    [InlineData("same-origin")]
    [InlineData("none")]
    [InlineData(null)]
    public async Task A_page_of_the_service_and_a_program_may_change(string? site)
    {
        using var answer = await SendAsync(_service, HttpMethod.Post, site: site);
        await answer.ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");   // it was let through
    }

    [Fact]
    public async Task A_service_for_others_has_any_name_and_asks_for_a_key()
    {
        await using var service = await TestService.StartAsync(services =>
            services.AddSingleton(TestService.ApiDefaults with { RequireKey = true }));
        using var answer = await SendAsync(service, HttpMethod.Get, host: "tuning.example");
        await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Theory]
    [InlineData("http://127.0.0.1:5080", null, true)]
    [InlineData("http://localhost:5080;http://[::1]:5080", null, true)]
    [InlineData("http://0.0.0.0:5080", null, false)]
    [InlineData("http://127.0.0.1:5080;http://10.0.0.7:5080", null, false)]
    [InlineData("http://*:5080", null, false)]
    [InlineData("http://127.0.0.1:5080", true, false)]
    public void Only_what_no_other_machine_reaches_is_open(string urls, bool? requireKey, bool open) =>
        Assert.Equal(open, new ApiOptions { Urls = urls, RequireKey = requireKey }.IsOpen);

    [Fact]
    public void What_other_machines_reach_cannot_be_opened() =>
        Assert.Equal("Api:RequireKey",
            Assert.Single(new ApiOptions { Urls = "http://0.0.0.0:5080", RequireKey = false }.Faults("Api")).Path);

    private static Task<HttpResponseMessage> SendAsync(TestService service, HttpMethod method, string? host = null, string? site = null)
    {
        var request = new HttpRequestMessage(method, "/jobs");
        if (host is not null) request.Headers.Host = host;
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        return service.Http.SendAsync(request);
    }
}
