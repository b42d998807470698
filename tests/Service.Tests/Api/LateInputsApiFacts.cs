using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Service.Tests;

/// <summary>A model and a dataset that become ready in the moment in which a job is submitted: whoever prepared them does not see the job
/// yet.</summary>
public sealed class LateInputsApiFacts
{
    [Theory]
    [InlineData(InputStatus.Ready, "queued")]
    [InlineData(InputStatus.Failed, "failed")]
    public async Task A_job_does_not_wait_for_what_has_come_already(InputStatus becomes, string status)
    {
        var moment = new MomentBeforeSaving();
        await using var service = await TestService.StartAsync(services =>
            services.ConfigureDbContext<SqliteJobsContext>(options => options.AddInterceptors(moment)));
        await service.AddInputsAsync();
        await SetAsync(InputStatus.Preparing);
        moment.Happens = () => SetAsync(becomes);
        var job = await service.JsonAsync($"/jobs/{await service.SubmitAsync()}");
        Assert.Equal(status, job.GetProperty("status").GetString());
        Assert.Equal(status, job.GetProperty("stages")[0].GetProperty("status").GetString());

        async Task SetAsync(InputStatus to)
        {
            var failure = to == InputStatus.Failed ? new Failure(FailureCode.HubUnreachable, "The hub did not answer.") : null;
            await service.RowsAsync(db =>
                db.Models.ExecuteUpdateAsync(set => set.SetProperty(m => m.Status, to).SetProperty(m => m.Failure, failure)));
            await service.RowsAsync(db =>
                db.Datasets.ExecuteUpdateAsync(set => set.SetProperty(d => d.Status, to).SetProperty(d => d.Failure, failure)));
        }
    }

    private sealed class MomentBeforeSaving : SaveChangesInterceptor
    {
        public Func<Task>? Happens { get; set; }

        public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData,
            InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            if (Happens is { } happens && eventData.Context!.ChangeTracker.Entries<JobRow>().Any(e => e.State == EntityState.Added))
                await happens();
            return result;
        }
    }
}
