using System.Diagnostics;
using LoraDrop.Domain;
using LoraDrop.Engine.Tests;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

/// <summary>What a worker offers, on machines that are made up by a tool in the driver's place.</summary>
public sealed class MachineFacts : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");

    [Fact]
    public async Task Each_GPU_is_for_one_stage_at_a_time_and_the_smallest_says_how_much_memory_there_is()
    {
        DriverSays("0, NVIDIA H100 80GB HBM3, 81559\n1, NVIDIA H100 80GB HBM3, 40960\n");
        var machine = await Machine.DetectAsync(new WorkerOptions { Device = "cuda", Slots = 5,
            Labels = new Dictionary<string, string> { ["rack"] = "b7" } }, default);
        Assert.Equal((2, "cuda", 40960L << 20), (machine.Slots, machine.Device, machine.Memory));
        Assert.Equal("device=cuda gpu=NVIDIA H100 80GB HBM3 rack=b7",
            string.Join(' ', machine.Labels.OrderBy(l => l.Key).Select(l => $"{l.Key}={l.Value}")));
        Assert.True(machine.Devices.TryTake(out var first));
        Assert.True(machine.Devices.TryTake(out var second));
        Assert.False(machine.Devices.AnyFree);
        Assert.Equal(["0", "1"], new[] { first, second }.Select(device => device.Environment["CUDA_VISIBLE_DEVICES"]));
        machine.Devices.Return(first);
        Assert.True(machine.Devices.TryTake(out var again));
        Assert.Same(first, again);
    }

    [Fact]
    public async Task A_machine_without_the_device_that_is_asked_for_says_what_is_missing()
    {
        DriverSays("No devices were found\n");
        var refused = await Assert.ThrowsAsync<RefusedInputException>(() =>
            Machine.DetectAsync(new WorkerOptions { Device = "cuda" }, default));
        Assert.Contains("nvidia-smi found no GPU: No devices were found", refused.Message);
    }

    [Fact]
    public async Task On_a_CPU_there_are_as_many_devices_as_slots_and_memory_may_be_told()
    {
        var machine = await Machine.DetectAsync(new WorkerOptions { Slots = 3, MemoryGiB = 1.5 }, default);
        Assert.Equal((3, "cpu", 3L << 29), (machine.Slots, machine.Device, machine.Memory));
        Assert.Equal("cpu", machine.Labels["device"]);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        _folder.Dispose();
    }

    private void DriverSays(string lines)
    {
        var tool = _folder.File("nvidia-smi", $"#!/bin/sh\nprintf '{lines.Replace("\n", "\\n")}'\n");
        using (var chmod = Process.Start("chmod", ["+x", tool])) chmod.WaitForExit();
        Environment.SetEnvironmentVariable("PATH", $"{Path.GetDirectoryName(tool)}:{_path}");
    }
}
