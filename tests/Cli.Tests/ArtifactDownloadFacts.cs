using LoraDrop.Api;
using LoraDrop.Domain;

namespace LoraDrop.Cli.Tests;

public sealed class ArtifactDownloadFacts
{
    [Theory]
    [InlineData("../outside")]
    [InlineData("adapter/../../outside")]
    [InlineData("/etc/outside")]
    [InlineData("")]
    public async Task No_name_leads_out_of_the_folder(string name)
    {
        using var service = new ServiceClient(new("http://127.0.0.1:9/"));
        var file = new ArtifactView(name, 1, "", "", Stage.TaskAdaptation, default, "/jobs/1/artifacts/a");
        var refused = await Assert.ThrowsAsync<RefusedInputException>(() =>
            new ArtifactDownload(service, "out", force: true).MissingAsync([file], TestContext.Current.CancellationToken));
        Assert.Contains("outside of", refused.Message);
    }
}
