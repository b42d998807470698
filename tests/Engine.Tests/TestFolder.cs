using System.Text;

namespace LoraDrop.Engine.Tests;

/// <summary>A folder for the files of one test; gone with it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("loradrop-").FullName;

    /// <summary>The path of a file or folder in it, whether it is there or not.</summary>
    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public string File(string name, string text) => File(name, Encoding.UTF8.GetBytes(text));

    public string File(string name, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    /// <summary>Copies a file in, under a name of its own.</summary>
    public void Copy(string source, string name) => System.IO.File.Copy(source, At(name));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
