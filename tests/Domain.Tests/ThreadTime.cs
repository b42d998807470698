using System.Runtime.InteropServices;

namespace LoraDrop.Domain.Tests;

/// <summary>Processor time of the calling thread, which other work on the machine does not lengthen as it does the clock's.</summary>
internal static class ThreadTime
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID of Linux

    public static TimeSpan Now => clock_gettime(ThreadClock, out var time) == 0
        ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
        : throw new InvalidOperationException("the thread's processor time cannot be read");

    /// <summary>What a piece of work on this thread takes.</summary>
    public static TimeSpan Of(Action work)
    {
        var began = Now;
        work();
        return Now - began;
    }

    [DllImport("libc")]
    private static extern int clock_gettime(int clock, out Time time);

    private struct Time
    {
        public long Seconds;

        public long Nanoseconds;
    }
}
