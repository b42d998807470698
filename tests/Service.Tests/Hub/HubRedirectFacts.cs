using System.Net;
using LoraDrop.Storage;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

/// <summary>Where a hub points to, whoever owns the repository may have chosen; where the hub itself is, the operator did.</summary>
public sealed class HubRedirectFacts
{
    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/iam/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("http://metadata.google.internal/computeMetadata/v1/")]
    [InlineData("http://127.0.0.1:8089/")]
    [InlineData("http://0x7f000001:8089/")]
    [InlineData("http://10.0.0.1/")]
    [InlineData("http://[::1]:8089/")]
    [InlineData("http://inside.example.com/")]
    [InlineData("http://user:password@93.184.216.34/")]
    public async Task A_redirect_to_the_inside_is_not_followed(string inside)
    {
        await using var visit = (await HubVisit.BeginAsync(guard: Strict("10.1.2.3"))).WithModel([1, 2, 3], large: false);
        visit.Hub.Next("model.safetensors", LocalHub.RedirectTo(inside));
        var refused = await Assert.ThrowsAsync<HubUnreachableException>(() => visit.FetchModelAsync());
        Assert.Contains("it redirects to", refused.Message);
        Assert.DoesNotContain("10.1.2.3", refused.Message);
        Assert.Empty(visit.Fetched());
    }

    [Fact]
    public async Task The_hub_s_own_address_may_be_private_and_redirect_within_itself()
    {
        await using var visit = (await HubVisit.BeginAsync(guard: Strict("10.1.2.3"))).WithModel([1, 2, 3], "org/renamed", large: false);
        visit.Hub.Next("/api/models/org/model/revision/main", LocalHub.RedirectTo("/api/models/org/renamed/revision/main"));
        visit.Hub.Next($"/api/models/org/model/tree/{LocalHub.Commit}",
            LocalHub.RedirectTo($"/api/models/org/renamed/tree/{LocalHub.Commit}?recursive=true"));
        foreach (var file in (string[])["config.json", "tokenizer.json", "model.safetensors"])
            visit.Hub.Next($"/org/model/resolve/{LocalHub.Commit}/{file}",
                LocalHub.RedirectTo($"/org/renamed/resolve/{LocalHub.Commit}/{file}"));
        await visit.FetchModelAsync();
        Assert.Equal(3, visit.Fetched().Length);
    }

    [Fact]
    public async Task A_store_on_another_private_address_is_reached_where_the_operator_allows_it()
    {
        await using (var strict = (await HubVisit.BeginAsync(guard: Strict("10.1.2.3"))).WithModel([1, 2, 3]))
            await Assert.ThrowsAsync<HubUnreachableException>(() => strict.FetchModelAsync());
        await using var visit = (await HubVisit.BeginAsync()).WithModel([1, 2, 3]);
        await visit.FetchModelAsync();
        Assert.Contains(visit.Hub.Requests, asked => asked.AtStore);
    }

    /// <summary>One that allows nothing private; every name leads to one address.</summary>
    private static OutgoingGuard Strict(string address) => new(new(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]));
}
