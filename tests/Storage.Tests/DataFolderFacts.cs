using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

public sealed class DataFolderFacts
{
    [Fact]
    public void A_second_service_on_the_same_folder_is_refused_with_the_reason()
    {
        using var folder = new TestFolder();
        using (DataFolder.Take(folder.At("data")))
            Assert.Contains("another service is working in", Assert.Throws<RefusedInputException>(() => DataFolder.Take(folder.At("data"))).Message);
        DataFolder.Take(folder.At("data")).Dispose();
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_with_the_reason()
    {
        using var folder = new TestFolder();
        folder.File("file", "");
        Assert.Contains("cannot be used", Assert.Throws<RefusedInputException>(() => DataFolder.Take(folder.At("file", "data"))).Message);
    }
}
