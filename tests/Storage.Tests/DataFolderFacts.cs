using LoraDrop.Domain;
using LoraDrop.Engine.Tests;

namespace LoraDrop.Storage.Tests;

public sealed class DataFolderFacts
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Fact]
    public void A_second_service_on_the_same_folder_is_refused_with_the_reason()
    {
        using var folder = new TestFolder();
        using (DataFolder.Take(folder.At("data")))
            Assert.Contains("another service is working in",
                Assert.Throws<RefusedInputException>(() => DataFolder.Take(folder.At("data"))).Message);
        DataFolder.Take(folder.At("data")).Dispose();
    }

    [Fact]
    public void A_new_folder_is_for_its_owner_alone_and_one_that_is_there_stays_as_it_is()
    {
        if (OperatingSystem.IsWindows()) return; // which has no such modes
        using var folder = new TestFolder();
        using (var made = DataFolder.Take(folder.At("made"))) Assert.Equal(Owner, File.GetUnixFileMode(made.Root));
        Directory.CreateDirectory(folder.At("there"), Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        using (var there = DataFolder.Take(folder.At("there"))) Assert.Equal(Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute,
            File.GetUnixFileMode(there.Root));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused_with_the_reason()
    {
        using var folder = new TestFolder();
        folder.File("file", "");
        Assert.Contains("cannot be used", Assert.Throws<RefusedInputException>(() => DataFolder.Take(folder.At("file", "data"))).Message);
    }
}
