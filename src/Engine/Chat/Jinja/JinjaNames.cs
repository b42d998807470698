namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The names that a template reads: variables and fields.</summary>
/// <remarks>
/// A variable counts if it can be read before the template has set it on every path, as in Jinja2's <c>meta.find_undeclared_variables</c>.
/// Loop variables, macros and their parameters are the template's own.
/// </remarks>
internal sealed class JinjaNames
{
    private readonly HashSet<string> _variables = [], _fields = [];

    private JinjaNames()
    {
    }

    /// <summary>Variables read from outside.</summary>
    public IReadOnlySet<string> Variables => _variables;

    /// <summary>Whether a name occurs anywhere in the template: as a field (<c>message.name</c>), or as a text (<c>message['name']</c>,
    /// <c>'name' in message</c>).</summary>
    public bool Says(string name) => _fields.Contains(name);

    public static JinjaNames Of(JinjaNode template)
    {
        var names = new JinjaNames();
        names.Read(template, []);
        return names;
    }

    /// <param name="node">A part of the template, or null.</param>
    /// <param name="own">Names set before the part; receives those certainly set after it.</param>
    private void Read(JinjaNode? node, HashSet<string> own)
    {
        switch (node)
        {
            case null or JinjaNode.Text or JinjaNode.Leave:
                break;
            case JinjaNode.Sequence sequence:
                foreach (var part in sequence.Parts) Read(part, own);
                break;
            case JinjaNode.Print print:
                Read(print.Shown, own);
                break;
            case JinjaNode.If choice:
                ReadIf(choice, own);
                break;
            case JinjaNode.For loop:
                Read(loop.Items, own);
                Read(loop.Condition, [.. own, .. loop.Targets]);
                Read(loop.Body, [.. own, .. loop.Targets, "loop"]);
                Read(loop.Otherwise, [.. own]);
                break;
            case JinjaNode.Set set:
                Read(set.Given, own);
                if (set.Member is null) own.UnionWith(set.Targets);
                else Take(set.Targets[0], own);
                break;
            case JinjaNode.Macro macro:
                own.Add(macro.Name);
                foreach (var (_, otherwise) in macro.Parameters) Read(otherwise, own);
                Read(macro.Body, [.. own, .. macro.Parameters.Select(parameter => parameter.Name), "caller", "varargs", "kwargs"]);
                break;
            case JinjaNode.Captured captured:
                Read(captured.Body, [.. own]);
                break;
            case JinjaNode.Generation generation:
                Read(generation.Body, [.. own]);
                break;
            case JinjaNode.Constant constant:
                if (constant.Of is string text) _fields.Add(text);
                break;
            case JinjaNode.Variable variable:
                Take(variable.Name, own);
                break;
            case JinjaNode.ListOf list:
                foreach (var item in list.Items) Read(item, own);
                break;
            case JinjaNode.TupleOf tuple:
                foreach (var item in tuple.Items) Read(item, own);
                break;
            case JinjaNode.MapOf map:
                foreach (var (key, value) in map.Fields)
                {
                    Read(key, own);
                    Read(value, own);
                }
                break;
            case JinjaNode.Choice choice:
                Read(choice.Condition, own);
                Read(choice.Then, own);
                Read(choice.Otherwise, own);
                break;
            case JinjaNode.Logical logical:
                Read(logical.Left, own);
                Read(logical.Right, own);
                break;
            case JinjaNode.Negation negation:
                Read(negation.Of, own);
                break;
            case JinjaNode.Compared compared:
                Read(compared.Left, own);
                foreach (var (_, right) in compared.Rest) Read(right, own);
                break;
            case JinjaNode.Arithmetic arithmetic:
                Read(arithmetic.Left, own);
                Read(arithmetic.Right, own);
                break;
            case JinjaNode.Field field:
                Read(field.Of, own);
                Read(field.Name, own);
                break;
            case JinjaNode.Slice slice:
                foreach (var part in (JinjaNode?[])[slice.Of, slice.From, slice.To, slice.By]) Read(part, own);
                break;
            case JinjaNode.Call call:
                Read(call.Of, own);
                Read(call.Arguments, own);
                break;
            case JinjaNode.Filter filter:
                Read(filter.Of, own);
                Read(filter.Arguments, own);
                break;
            case JinjaNode.Test test:
                Read(test.Of, own);
                Read(test.Arguments, own);
                break;
            default:
                throw new InvalidOperationException($"{node.GetType().Name} is a part of templates whose names are not read here");
        }
    }

    private void Read(JinjaArguments arguments, HashSet<string> own)
    {
        foreach (var argument in arguments.Positional.Concat(arguments.Named.Select(named => named.Value))) Read(argument, own);
    }

    /// <summary>Names set in every branch are set afterwards; without an else, one branch sets nothing.</summary>
    private void ReadIf(JinjaNode.If choice, HashSet<string> own)
    {
        var branches = new List<HashSet<string>>();
        foreach (var (condition, body) in choice.Cases)
        {
            Read(condition, own);
            branches.Add([.. own]);
            Read(body, branches[^1]);
        }
        if (choice.Otherwise is null) return;
        branches.Add([.. own]);
        Read(choice.Otherwise, branches[^1]);
        own.UnionWith(branches.Skip(1).Aggregate(branches[0].AsEnumerable(), (all, branch) => all.Intersect(branch)).ToArray());
    }

    private void Take(string name, HashSet<string> own)
    {
        if (!own.Contains(name)) _variables.Add(name);
    }
}
