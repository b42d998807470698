using System.Reflection;

namespace LoraDrop.Engine.Tests;

/// <summary>What a template reads, held against Jinja2's <c>meta.find_undeclared_variables</c>, which leaves out the functions that Jinja2
/// brings along (<c>namespace</c>).</summary>
public sealed class JinjaNamesFacts
{
    [Theory]
    [InlineData("{{ a }}{% set b = 1 %}{{ b }}", "a")]
    [InlineData("{% if a is defined %}{% set b = a %}{% endif %}{{ b }}", "a, b")]
    [InlineData("{% if a %}{% set b = 1 %}{% else %}{% set b = 2 %}{% endif %}{{ b }}", "a")]
    [InlineData("{% if a %}{% set b = 1 %}{% elif c %}{% set b = 3 %}{% endif %}{{ b }}", "a, b, c")]
    [InlineData("{% for m in messages if m.ok %}{{ loop.index + m.x }}{% else %}{{ n }}{% endfor %}{{ m }}", "m, messages, n")]
    [InlineData("{% macro f(x, y=z) %}{{ x ~ y ~ w }}{% endmacro %}{{ f(v) }}", "v, w, z")]
    [InlineData("{% set ns = namespace(a=b) %}{% set ns.a = c %}{{ ns.a }}", "b, c, namespace")]
    [InlineData("{{ {'k': a, b: [c, d[e:f]]}[g] | join(h) if i is equalto j else -k }}", "a, b, c, d, e, f, g, h, i, j, k")]
    [InlineData("{% set t %}{{ a }}{% set b = 1 %}{% endset %}{{ t ~ b }}", "a, b")]
    public void Variables_are_those_that_may_be_read_before_the_template_sets_them(string template, string variables) =>
        Assert.Equal(variables, string.Join(", ", JinjaNames.Of(JinjaParser.Parse(template)).Variables.Order(StringComparer.Ordinal)));

    [Fact]
    public void A_field_is_looked_for_under_any_spelling()
    {
        var names =
            JinjaNames.Of(
                JinjaParser.Parse("{{ m.a ~ m['b'] ~ m.get('c') }}{% if 'd' in m %}{% endif %}{{ messages | selectattr('e') | list }}"));
        Assert.All((string[])["a", "b", "c", "d", "e"], name => Assert.True(names.Says(name)));
        Assert.False(names.Says("m"));
    }

    /// <summary>A part that is added to the parser must be added there, or templates that have it end with an error.</summary>
    [Fact]
    public void Every_part_of_a_template_is_read()
    {
        var source = File.ReadAllText(Path.Combine(Repository, "src", "Engine", "Chat", "Jinja", "JinjaNames.cs"));
        Assert.All(typeof(JinjaNode).GetNestedTypes(BindingFlags.Public).Where(type => type.IsSubclassOf(typeof(JinjaNode))), type =>
            Assert.Contains($"JinjaNode.{type.Name}", source));
    }

    private static string Repository
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "LoraDrop.sln"))) folder =
                Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("LoraDrop.sln");
            return folder;
        }
    }
}
