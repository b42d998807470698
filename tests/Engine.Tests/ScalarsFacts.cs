using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Every number that libtorch is handed is held until it has been read. What makes one is found in TorchSharp's compiled code,
/// so that an upgrade cannot bring the fault back.</summary>
public sealed class ScalarsFacts
{
    private const string Number = "TorchSharp.Scalar";

    /// <summary>TorchSharp's modules: what one does inside shows in no call of ours, so none may be run.</summary>
    private static readonly string[] Modules = ["M:TorchSharp.Modules.", "M:TorchSharp.torch.nn.Module"];

    private static readonly CompiledAssembly TorchSharp = new(typeof(Tensor).Assembly);

    /// <summary>The methods that make a number themselves, or by one that they call.</summary>
    private static readonly HashSet<string> Making =
        TorchSharp.Reaching([.. TorchSharp.Calls.Keys.Where(method => method.StartsWith($"M:{Number}.#ctor"))]);

    [Theory]
    [InlineData(typeof(Scalars))]
    [InlineData(typeof(ScalarsFacts))]
    public void Nothing_else_hands_libtorch_a_number(Type of) => Assert.DoesNotContain(Offences(new(of.Assembly)),
        offence => !offence.StartsWith($"M:{typeof(Scalars).FullName}.")
            && !offence.StartsWith($"M:{typeof(ScalarsFacts).FullName}.{nameof(Offender)}."));

    [Theory]
    [InlineData(nameof(Offender.Adds), "Tensor.op_Addition(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)")] // which makes a 1
    [InlineData(nameof(Offender.Converts), "Scalar.op_Implicit(System.Double)~TorchSharp.Scalar")]
    [InlineData(nameof(Offender.Squares), "Tensor.square")]                                                    // pow, by a 2 of its own
    [InlineData(nameof(Offender.Yields), "Tensor.add_(TorchSharp.torch.Tensor)")]                              // in an iterator
    [InlineData(nameof(Offender.Sums), "Tensor.op_Addition(TorchSharp.torch.Tensor,TorchSharp.torch.Tensor)")] // in a lambda
    [InlineData(nameof(Offender.Runs), "nn.Module`2.call(`0)")]                                                // in a module
        public void Code_that_does_is_found(string method, string member) =>
        Assert.Contains(Offences(new(typeof(ScalarsFacts).Assembly)),
            offence => offence.Contains(nameof(Offender)) && offence.Contains(method) && offence.EndsWith($".{member}"));

    [Fact]
    public void What_makes_no_number_may_be_called() =>
        Assert.All((string[])["mul(TorchSharp.torch.Tensor)", "sub(TorchSharp.torch.Tensor)", "matmul(TorchSharp.torch.Tensor)"], member =>
        {
            Assert.Contains($"M:TorchSharp.torch.Tensor.{member}", TorchSharp.Public);
            Assert.DoesNotContain($"M:TorchSharp.torch.Tensor.{member}", Making);
        });

    /// <summary>The compiler refuses what the list names, in every project; this is how the list stays whole.</summary>
    [Fact]
    public void All_that_makes_a_number_is_in_the_list_of_banned_symbols()
    {
        var list = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "BannedSymbols.txt"));
        var banned = list.Select(line => line[..line.IndexOf(';')]).ToHashSet();
        var types = banned.Where(symbol => symbol.StartsWith("T:")).Select(symbol => $"M:{symbol[2..]}.").ToArray();
        Assert.Contains($"T:{Number}", banned);
        Assert.Empty(Making.Where(TorchSharp.Public.Contains).Except(banned)
            .Where(method => !method.Contains(Number) && !types.Concat(Modules).Any(method.StartsWith)).Order());
    }

    [Fact]
    public void Whole_numbers_stay_whole()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new byte[] { 1, 2 });
        Assert.All((Tensor[])[x.Plus(1), x.Times(3), x.Plus(x)], y => Assert.Equal(ScalarType.Byte, y.dtype));
        Assert.Equal([0, 1, 2], Scalars.Arange(3, CPU).data<long>().ToArray());
    }

    /// <summary>Each call that makes a number or takes one: who calls, and what.</summary>
    private static IEnumerable<string> Offences(CompiledAssembly assembly) =>
        from caller in assembly.Calls
        from called in caller.Value
        where Making.Contains(called) || called.Contains(Number)
            || (Modules.Any(called.StartsWith) && !called.StartsWith("M:TorchSharp.Modules.Parameter."))
        select $"{caller.Key} calls {called}";

    /// <summary>Never run: what must be found.</summary>
    private static class Offender
    {
        public static Tensor Adds(Tensor a, Tensor b) => a + b;

        public static Tensor Converts(Tensor a) => a.mul_(0.5);

        public static Tensor Squares(Tensor a) => a.square();

        public static IEnumerable<Tensor> Yields(Tensor a)
        {
            yield return a.add_(a);
        }

        public static Tensor Sums(IEnumerable<Tensor> all) => all.Aggregate((a, b) => a + b);

        public static Tensor Runs(nn.Module<Tensor, Tensor> module, Tensor a) => module.call(a);
    }
}
