using System.Reflection;

namespace LoraDrop.Domain.Tests;

public sealed class FailureCodeFacts
{
    private static readonly string[] Users =
        [FailureCode.Refused, FailureCode.Diverged, FailureCode.ModelChanged, FailureCode.DatasetChanged, FailureCode.ModelFailed,
            FailureCode.DatasetFailed, FailureCode.CheckpointUnknown];

    private static readonly string[] Passing =
    [
        FailureCode.Storage, FailureCode.OutOfMemory, FailureCode.Killed, FailureCode.TimedOut, FailureCode.Interrupted, FailureCode.Torch,
        FailureCode.HubUnreachable, FailureCode.StoreUnreachable,
        FailureCode.Defect,
    ];

    private static readonly string[] All =
        [.. typeof(FailureCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!)];

    [Fact]
    public void Every_code_is_of_exactly_one_kind()
    {
        Assert.Equal(All.Order(), Users.Concat(Passing).Order());
        Assert.Equal(All.Order(), FailureCode.All.Order());
        Assert.Equal(All.Length, All.Distinct().Count());
    }

    [Fact]
    public void What_a_person_must_mend_is_not_tried_again_and_everything_else_is()
    {
        Assert.All(Users, code => Assert.True(FailureCode.IsUsers(code), code));
        Assert.All(Passing, code => Assert.False(FailureCode.IsUsers(code), code));
        Assert.False(FailureCode.IsUsers("a code of a later version"));
    }
}
