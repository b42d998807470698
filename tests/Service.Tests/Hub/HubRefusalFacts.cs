namespace LoraDrop.Service.Tests;

public sealed class HubRefusalFacts
{
    [Fact]
    public async Task A_repository_that_does_not_exist_is_named()
    {
        await using var visit = await HubVisit.BeginAsync();
        Assert.Contains("the hub has no model org/model;", await visit.ModelRefusalAsync());
        Assert.Contains("the hub has no dataset org/data;", await visit.DatasetRefusalAsync());
    }

    [Fact]
    public async Task A_revision_that_does_not_exist_is_named()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel([1]);
        Assert.Equal("org/model has no revision v9 on the hub", await visit.ModelRefusalAsync("hf:org/model@v9"));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_gated_model_says_how_to_get_in(int status)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel([1], large: false);
        visit.Hub.Next("/model.safetensors", LocalHub.Status(status, "GatedRepo"));
        var refusal = await visit.ModelRefusalAsync();
        Assert.Contains("is gated", refusal);
        Assert.Contains("set HF_TOKEN", refusal);
        Assert.Contains($"accept its licence at {visit.Hub.Endpoint}/org/model", refusal);
        Assert.Empty(visit.Fetched());
    }

    [Fact]
    public async Task A_token_without_access_is_told_apart_from_none()
    {
        await using var visit = await HubVisit.BeginAsync(options => options with { Token = "hf_secret" });
        visit.Hub.Next("/revision/main", LocalHub.Status(403, "GatedRepo"));
        var refusal = await visit.DatasetRefusalAsync();
        Assert.Contains("with the account of the token", refusal);
        Assert.Contains($"{visit.Hub.Endpoint}/datasets/org/data", refusal);
        Assert.DoesNotContain("hf_secret", refusal);
    }

    [Fact]   // which is what the hub answers a stranger for a name that nobody has
    public async Task A_401_may_be_a_misspelling()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Next("/revision/main", LocalHub.Status(401, "RepoNotFound"));
        var refusal = await visit.ModelRefusalAsync();
        Assert.Contains("misspelt", refusal);
        Assert.Contains("HF_TOKEN", refusal);
    }

    [Fact]
    public async Task A_refusal_is_not_tried_again()
    {
        await using var visit = await HubVisit.BeginAsync();
        await visit.ModelRefusalAsync();
        Assert.Single(visit.Hub.Requests);
    }

    [Fact]   // its address was signed for some minutes, and the hub gives a new one
    public async Task A_refusal_of_the_store_is_tried_again()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithModel([1, 2, 3]);
        visit.Hub.Next("/model.safetensors", LocalHub.Status(403));
        await visit.FetchModelAsync();
        Assert.Contains("model.safetensors", visit.Fetched());
    }
}
