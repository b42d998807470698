using TorchSharp;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>The directions of a LoRA's output, against the outputs themselves.</summary>
public sealed class PrincipalRanksFacts : IDisposable
{
    private const int R = 4, D = 12, K = 10, N = 50;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _A, _B, _x;

    public PrincipalRanksFacts()
    {
        (_A, _B, _x) = (Filled(1, R, D), Filled(2, K, R), Filled(3, N, D));
        _A.narrow(0, 2, 1).Times_(20.0);
    }

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void The_energies_are_the_eigenvalues_of_the_outputs_own_second_moment()
    {
        var y = Outputs(_A, _B);                                                 // (N, k)
        var expected = linalg.eigvalsh(y.t().mm(y)).flip(0).narrow(0, 0, R).data<double>().ToArray();
        var energies = Directions(_A, _B).Energies;
        foreach (var (given, wanted) in energies.Zip(expected)) Assert.Equal(wanted, given, wanted * 1e-6);
        Assert.Equal(y.Squared().sum().item<double>(), energies.Sum(), energies.Sum() * 1e-6);
    }

    [Fact]
    public void They_do_not_depend_on_the_basis_in_which_A_and_B_are_written()
    {
        var turn = Filled(4, R, R);                                              // (r, r), invertible
        var energies = Directions(_A, _B).Energies;
        var turned = Directions(turn.mm(_A), _B.mm(turn.inverse())).Energies;
        foreach (var (one, other) in energies.Zip(turned)) Assert.Equal(one, other, energies[0] * 1e-5);
    }

    [Fact]
    public void Sorted_the_product_stays_and_the_first_ranks_leave_out_just_the_energies_of_the_others()
    {
        var (A, B) = (_A.clone(), _B.clone());
        var directions = Directions(A, B);
        directions.Sort(A, B);
        Assert.True(allclose(_B.mm(_A), B.mm(A), rtol: 1e-4, atol: 1e-5), "BA has changed");
        var y = Outputs(A, B);
        for (var kept = 1; kept < R; kept++)
        {
            var left = y - Outputs(A.narrow(0, 0, kept), B.narrow(1, 0, kept));
            Assert.Equal(directions.Energies.Skip(kept).Sum(), left.Squared().sum().item<double>(), directions.Energies[0] * 1e-6);
        }
        Assert.True(allclose(A.Squared().sum(1), B.Squared().sum([0]), rtol: 1e-4), "the norms of A and B differ");
    }

    [Fact]
    public void A_direction_that_B_does_not_have_has_no_energy_and_is_sorted_last()
    {
        var (A, B) = (_A.clone(), _B.clone());
        B.narrow(1, 1, 1).zero_();
        var directions = Directions(A, B);
        var product = B.mm(A);
        Assert.Equal(0, directions.Energies[^1], directions.Energies[0] * 1e-12);
        directions.Sort(A, B);
        Assert.True(allclose(product, B.mm(A), rtol: 1e-4, atol: 1e-5), "BA has changed");
    }

    /// <summary>2BAx in float64: (N, k).</summary>
    private Tensor Outputs(Tensor A, Tensor B) =>
        _x.to(ScalarType.Float64).mm(A.to(ScalarType.Float64).t()).mm(B.to(ScalarType.Float64).t()).Times(2.0);

    private PrincipalRanks Directions(Tensor A, Tensor B)
    {
        var exact = B.to(ScalarType.Float64);
        var u = _x.to(ScalarType.Float64).mm(A.to(ScalarType.Float64).t());      // (N, r)
        return PrincipalRanks.Of(exact.t().mm(exact).Times(4.0), u.t().mm(u));
    }

    private static Tensor Filled(long seed, params long[] shape) => InitialValues.Normal(shape, 1, seed, "principal ranks");
}
