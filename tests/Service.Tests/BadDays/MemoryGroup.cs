using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>A control group of the kernel that limits the memory of the processes in it.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string First = "/sys/fs/cgroup/memory", Second = "/sys/fs/cgroup";

    private readonly string _folder, _limit;

    private MemoryGroup(string folder, string limit) => (_folder, _limit) = (folder, limit);

    /// <summary>Skips the test where this user may make none.</summary>
    public static MemoryGroup New()
    {
        foreach (var (root, limit) in new[] { (First, "memory.limit_in_bytes"), (Second, "memory.max") })
        {
            var folder = Path.Combine(root, $"loradrop-{Guid.NewGuid():N}");
            try
            {
                if (!Directory.Exists(root)) continue;
                Directory.CreateDirectory(folder);
                if (File.Exists(Path.Combine(folder, limit))) return new(folder, limit);
                Directory.Delete(folder);
            }
            catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
            {
                // The next may do.
            }
        }
        Assert.Skip($"No memory can be limited here: neither {First} (version 1) nor {Second} (version 2 with its memory "
            + "controller handed down) can be written.");
        throw new InvalidOperationException();
    }

    /// <summary>Takes a process in; its children will be, too.</summary>
    public void Take(int process) => File.WriteAllText(Path.Combine(_folder, "cgroup.procs"), $"{process}");

    public void Limit(long bytes) => File.WriteAllText(Path.Combine(_folder, _limit), $"{bytes}");

    /// <summary>Starts a process in it that takes all the memory that it can get.</summary>
    public Process Eat() =>
        Process.Start("sh", ["-c", "echo $$ > \"$1\" && exec tail /dev/zero", "sh", Path.Combine(_folder, "cgroup.procs")]);

    public void Dispose()
    {
        for (var tries = 0; tries < 50; tries++)
        {
            try
            {
                Directory.Delete(_folder);
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(100); // the kernel still counts the processes that were killed
            }
        }
    }
}
