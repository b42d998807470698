using System.Diagnostics;

namespace LoraDrop.Service.Tests;

/// <summary>A worker whose disk is full.</summary>
[Collection(typeof(BadDays))]
public sealed class FullDiskFacts(Ground ground)
{
    [Fact]
    public async Task A_full_disk_of_a_worker_loses_no_job_and_is_told()
    {
        using var disk = await SmallDisk.MountAsync(16);
        var cluster = await ground.ClusterAsync();
        var worker = cluster.AddWorker((Cluster.WorkFolder, disk.Path));
        await worker.AtWorkAsync();
        var id = await cluster.SubmitAsync(TinyJob.Usual, Cluster.On(worker));
        await cluster.UntilAsync(id, job => job.Text("stage") == "task-adaptation" && Cluster.Step(job) > 0);
        disk.Fill();
        var told = await cluster.UntilAsync(id, job => job.Text("status") == "failed");
        Assert.Equal("storage", told.GetProperty("error").Text("code"));
        Assert.Contains("disk", told.GetProperty("error").Text("message"));
        Assert.False(worker.Process.HasExited);
        disk.Free();
        await cluster.AskJobAsync(id, "retry");
        await cluster.AssertUndisturbedAsync((id, TinyJob.Usual));
        await worker.TerminateAsync();
    }

    /// <summary>A disk of its own in memory.</summary>
    private sealed class SmallDisk(string path) : IDisposable
    {
        public string Path => path;

        private string Ballast => System.IO.Path.Combine(path, "ballast");

        /// <summary>Skips the test where this user may mount none.</summary>
        public static async Task<SmallDisk> MountAsync(int megabytes)
        {
            var path = Directory.CreateTempSubdirectory("loradrop-disk-").FullName;
            using var mount = Process.Start(new ProcessStartInfo("mount",
                ["-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path]) { RedirectStandardError = true })!;
            var said = await mount.StandardError.ReadToEndAsync();
            await mount.WaitForExitAsync();
            if (mount.ExitCode == 0) return new(path);
            Directory.Delete(path);
            Assert.Skip($"No small disk can be mounted here: {said.Trim()}");
            throw new InvalidOperationException();
        }

        public void Fill()
        {
            using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, 0);
            try
            {
                while (true) ballast.Write(new byte[4096]);
            }
            catch (IOException)
            {
                // It is full.
            }
        }

        public void Free() => File.Delete(Ballast);

        public void Dispose()
        {
            using (var unmount = Process.Start("umount", ["-l", path])) unmount.WaitForExit();
            Directory.Delete(path);
        }
    }
}
