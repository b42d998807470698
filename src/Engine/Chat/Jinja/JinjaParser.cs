using System.Globalization;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>Parses a template into <see cref="JinjaNode"/>s: the subset of Jinja 3.1 that chat templates use. Anything else (include,
/// import, extends) is refused with its line.</summary>
internal sealed class JinjaParser
{
    private const int Deepest = 100;

    private readonly IReadOnlyList<JinjaToken> _tokens;
    private HashSet<string> _named = []; // the variables of the macro being parsed
    private int _at, _depth;

    private JinjaParser(IReadOnlyList<JinjaToken> tokens) => _tokens = tokens;

    public static JinjaNode Parse(string template)
    {
        var parser = new JinjaParser(JinjaLexer.Cut(template));
        var body = parser.Body();
        return parser.Now.Kind == JinjaKind.End ? body : throw parser.Unexpected();
    }

    private JinjaToken Now => _tokens[_at];

    private JinjaException Unexpected() =>
        new(Now.Kind == JinjaKind.End ? "the template ends too early" : $"'{Now.Text}' is not expected here", Now.Line);

    private JinjaToken Take() => _tokens[_at++];

    private bool Is(JinjaKind kind, string text) => Now.Kind == kind && Now.Text == text;

    private bool TryTake(string mark)
    {
        if (!Is(JinjaKind.Mark, mark)) return false;
        _at++;
        return true;
    }

    private bool TryName(string name)
    {
        if (!Is(JinjaKind.Name, name)) return false;
        _at++;
        return true;
    }

    private void Need(JinjaKind kind, string text = "")
    {
        if (Now.Kind != kind || (text.Length > 0 && Now.Text != text)) throw Unexpected();
        _at++;
    }

    private string Name() => Now.Kind == JinjaKind.Name ? Take().Text : throw Unexpected();

    /// <summary>Parses up to a block with one of these names, which is not consumed.</summary>
    private JinjaNode.Sequence Body(params string[] ends)
    {
        using var _ = Deeper();
        var parts = new List<JinjaNode>();
        while (Now.Kind != JinjaKind.End)
        {
            switch (Now.Kind)
            {
                case JinjaKind.Text:
                    parts.Add(new JinjaNode.Text(Take().Text));
                    break;
                case JinjaKind.BeginValue:
                    var line = Take().Line;
                    parts.Add(new JinjaNode.Print(Expression(tuple: true), line));
                    Need(JinjaKind.EndValue);
                    break;
                default:
                    if (ends.Contains(_tokens[_at + 1].Text)) return new JinjaNode.Sequence(parts);
                    parts.Add(Block());
                    break;
            }
        }
        return new JinjaNode.Sequence(parts);
    }

    private JinjaNode Block()
    {
        Need(JinjaKind.BeginBlock);
        var line = Now.Line;
        var name = Name();
        switch (name)
        {
            case "if": return If();
            case "for": return For(line);
            case "set": return Set(line);
            case "macro": return Macro();
            case "break" or "continue":
                Need(JinjaKind.EndBlock);
                return new JinjaNode.Leave(name == "break");
            case "generation": // transformers' mark for text by the assistant
                Need(JinjaKind.EndBlock);
                var body = Body("endgeneration");
                End("endgeneration");
                return new JinjaNode.Generation(body, line);
            default: throw new JinjaException($"{{% {name} %}} is not supported in chat templates here", line);
        }
    }

    private void End(string name)
    {
        Need(JinjaKind.BeginBlock);
        Need(JinjaKind.Name, name);
        Need(JinjaKind.EndBlock);
    }

    private JinjaNode.If If()
    {
        var cases = new List<(JinjaNode, JinjaNode)>();
        JinjaNode? otherwise = null;
        var condition = Expression();
        Need(JinjaKind.EndBlock);
        while (true)
        {
            cases.Add((condition, Body("elif", "else", "endif")));
            Need(JinjaKind.BeginBlock);
            var next = Name();
            if (next == "elif")
            {
                condition = Expression();
                Need(JinjaKind.EndBlock);
                continue;
            }
            Need(JinjaKind.EndBlock);
            if (next == "endif") break;
            otherwise = Body("endif");
            End("endif");
            break;
        }
        return new(cases, otherwise);
    }

    private JinjaNode.For For(int line)
    {
        var targets = Targets();
        Need(JinjaKind.Name, "in");
        var items = Or();
        var filter = TryName("if") ? Expression() : null;
        if (Is(JinjaKind.Name, "recursive")) throw new JinjaException("recursive loops are not supported", line);
        Need(JinjaKind.EndBlock);
        var body = Body("else", "endfor");
        JinjaNode? otherwise = null;
        Need(JinjaKind.BeginBlock);
        if (Name() == "else")
        {
            Need(JinjaKind.EndBlock);
            otherwise = Body("endfor");
            Need(JinjaKind.BeginBlock);
            Need(JinjaKind.Name, "endfor");
        }
        Need(JinjaKind.EndBlock);
        return new(targets, items, filter, body, otherwise, line);
    }

    private List<string> Targets()
    {
        var enclosed = TryTake("(");
        var names = new List<string> { Name() };
        while (TryTake(",")) names.Add(Name());
        if (enclosed) Need(JinjaKind.Mark, ")");
        return names;
    }

    private JinjaNode.Set Set(int line)
    {
        var targets = Targets();
        var field = targets.Count == 1 && TryTake(".") ? Name() : null;
        if (TryTake("="))
        {
            var value = Expression(tuple: true);
            Need(JinjaKind.EndBlock);
            return new(targets, field, value, line);
        }
        Need(JinjaKind.EndBlock);
        var body = Body("endset");
        End("endset");
        return new(targets, field, new JinjaNode.Captured(body), line);
    }

    private JinjaNode.Macro Macro()
    {
        var name = Name();
        var parameters = new List<(string, JinjaNode?)>();
        Need(JinjaKind.Mark, "(");
        while (!TryTake(")"))
        {
            var parameter = Name();
            parameters.Add((parameter, TryTake("=") ? Expression() : null));
            if (!Is(JinjaKind.Mark, ")")) Need(JinjaKind.Mark, ",");
        }
        Need(JinjaKind.EndBlock);
        var outer = _named;
        _named = [];
        var body = Body("endmacro");
        var named = _named;
        _named = outer;
        Need(JinjaKind.BeginBlock);
        Need(JinjaKind.Name, "endmacro");
        if (Now.Kind == JinjaKind.Name) _at++;
        Need(JinjaKind.EndBlock);
        return new(name, parameters, body, named.Contains("varargs"), named.Contains("kwargs"));
    }

    private JinjaNode Expression(bool tuple = false)
    {
        using var _ = Deeper();
        var value = Or();
        while (TryName("if"))
        {
            var condition = Or();
            value = new JinjaNode.Choice(condition, value, TryName("else") ? Expression() : null);
        }
        if (!tuple || !Is(JinjaKind.Mark, ",")) return value;
        var items = new List<JinjaNode> { value };
        while (TryTake(",") && Now.Kind is not (JinjaKind.EndBlock or JinjaKind.EndValue)) items.Add(Expression());
        return new JinjaNode.TupleOf(items);
    }

    private JinjaNode Or()
    {
        var left = And();
        while (TryName("or")) left = new JinjaNode.Logical(left, And(), IsOr: true);
        return left;
    }

    private JinjaNode And()
    {
        var left = Not();
        while (TryName("and")) left = new JinjaNode.Logical(left, Not(), IsOr: false);
        return left;
    }

    private JinjaNode Not()
    {
        using var _ = Deeper();
        return TryName("not") ? new JinjaNode.Negation(Not()) : Comparison();
    }

    private JinjaNode Comparison()
    {
        var left = Sum();
        var rest = new List<(string, JinjaNode)>();
        while (true)
        {
            if (Now.Kind == JinjaKind.Mark && Now.Text is "==" or "!=" or "<" or ">" or "<=" or ">=" && Now.Kind == JinjaKind.Mark)
                rest.Add((Take().Text, Sum()));
            else if (TryName("in")) rest.Add(("in", Sum()));
            else if (Is(JinjaKind.Name, "not") && _tokens[_at + 1] is { Kind: JinjaKind.Name, Text: "in" })
            {
                _at += 2;
                rest.Add(("not in", Sum()));
            }
            else return rest.Count == 0 ? left : new JinjaNode.Compared(left, rest, Now.Line);
        }
    }

    private JinjaNode Sum() => Binary(Joined, "+", "-");

    private JinjaNode Joined() => Binary(Product, "~");

    private JinjaNode Product() => Binary(Power, "*", "/", "//", "%");

    private JinjaNode Power() => Binary(Signed, "**");

    private JinjaNode Binary(Func<JinjaNode> part, params string[] marks)
    {
        var left = part();
        while (Now.Kind == JinjaKind.Mark && marks.Contains(Now.Text))
        {
            var mark = Take();
            left = new JinjaNode.Arithmetic(mark.Text, left, part(), mark.Line);
        }
        return left;
    }

    private JinjaNode Signed()
    {
        using var _ = Deeper();
        var line = Now.Line;
        JinjaNode value = TryTake("-")
            ? new JinjaNode.Arithmetic("-", new JinjaNode.Constant(0L), Postfixed(Primary()), line)
            : TryTake("+") ? Postfixed(Primary()) : Postfixed(Primary());
        return Filtered(value);
    }

    private JinjaNode.Variable Named(string name)
    {
        _named.Add(name);
        return new(name);
    }

    private JinjaNode Primary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case JinjaKind.String:
                var text = token.Text;
                while (Now.Kind == JinjaKind.String) text += Take().Text; // adjacent texts are joined
                return new JinjaNode.Constant(text);
            case JinjaKind.Number:
                return new JinjaNode.Constant(token.Text.AsSpan().ContainsAny('.', 'e', 'E') ? (object)double.Parse(token.Text,
                    CultureInfo.InvariantCulture)
                    : long.TryParse(token.Text, CultureInfo.InvariantCulture, out var whole)
                    ? whole
                    : throw new JinjaException($"the number {token.Text} is too large", token.Line));
            case JinjaKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaNode.Constant(true),
                    "false" or "False" => new JinjaNode.Constant(false),
                    "none" or "None" => new JinjaNode.Constant(null),
                    _ => Named(token.Text),
                };
            case JinjaKind.Mark when token.Text == "(":
                if (TryTake(")")) return new JinjaNode.TupleOf([]);
                var value = Expression();
                if (!Is(JinjaKind.Mark, ","))
                {
                    Need(JinjaKind.Mark, ")");
                    return value;
                }
                var items = new List<JinjaNode> { value };
                while (TryTake(",") && !Is(JinjaKind.Mark, ")")) items.Add(Expression());
                Need(JinjaKind.Mark, ")");
                return new JinjaNode.TupleOf(items);
            case JinjaKind.Mark when token.Text == "[":
                var list = new List<JinjaNode>();
                while (!TryTake("]"))
                {
                    list.Add(Expression());
                    if (!Is(JinjaKind.Mark, "]")) Need(JinjaKind.Mark, ",");
                }
                return new JinjaNode.ListOf(list);
            case JinjaKind.Mark when token.Text == "{":
                var fields = new List<(JinjaNode, JinjaNode)>();
                while (!TryTake("}"))
                {
                    var key = Expression();
                    Need(JinjaKind.Mark, ":");
                    fields.Add((key, Expression()));
                    if (!Is(JinjaKind.Mark, "}")) Need(JinjaKind.Mark, ",");
                }
                return new JinjaNode.MapOf(fields, token.Line);
            default:
                _at--;
                throw Unexpected();
        }
    }

    private JinjaNode Postfixed(JinjaNode value)
    {
        while (true)
        {
            var line = Now.Line;
            if (TryTake("."))
                value = new JinjaNode.Field(value, new JinjaNode.Constant(Now.Kind == JinjaKind.Number ? (object)long.Parse(Take().Text,
                CultureInfo.InvariantCulture) : Name()), line, MethodsFirst: true);
            else if (TryTake("[")) value = Subscript(value, line);
            else if (Is(JinjaKind.Mark, "(")) value = new JinjaNode.Call(value, Arguments(), line);
            else return value;
        }
    }

    private JinjaNode Subscript(JinjaNode value, int line)
    {
        JinjaNode? Part() => Is(JinjaKind.Mark, ":") || Is(JinjaKind.Mark, "]") ? null : Expression();
        var first = Part();
        if (!TryTake(":"))
        {
            Need(JinjaKind.Mark, "]");
            return new JinjaNode.Field(value, first ?? throw Unexpected(), line);
        }
        var to = Part();
        var step = TryTake(":") ? Part() : null;
        Need(JinjaKind.Mark, "]");
        return new JinjaNode.Slice(value, first, to, step, line);
    }

    private JinjaArguments Arguments()
    {
        var (positional, named) = (new List<JinjaNode>(), new List<(string, JinjaNode)>());
        Need(JinjaKind.Mark, "(");
        while (!TryTake(")"))
        {
            if (Now.Kind == JinjaKind.Name && _tokens[_at + 1] is { Kind: JinjaKind.Mark, Text: "=" })
            {
                var name = Name();
                _at++;
                named.Add((name, Expression()));
            }
            else positional.Add(Expression());
            if (!Is(JinjaKind.Mark, ")")) Need(JinjaKind.Mark, ",");
        }
        return new(positional, named);
    }

    private JinjaNode Filtered(JinjaNode value)
    {
        while (true)
        {
            var line = Now.Line;
            if (TryTake("|"))
            {
                var name = Name();
                value = new JinjaNode.Filter(name, value, Is(JinjaKind.Mark, "(") ? Arguments() : JinjaArguments.None, line);
            }
            else if (TryName("is"))
            {
                var negated = TryName("not");
                var name = Name();
                var arguments = Is(JinjaKind.Mark, "(") ? Arguments() : BeginsValue ? new([Postfixed(Primary())], []) : JinjaArguments.None;
                value = new JinjaNode.Test(name, value, arguments, line);
                if (negated) value = new JinjaNode.Negation(value);
            }
            else return value;
        }
    }

    /// <summary>Whether a test's argument follows without parentheses: <c>is divisibleby 3</c>.</summary>
    private bool BeginsValue => Now.Kind is JinjaKind.String or JinjaKind.Number || (Now.Kind == JinjaKind.Name
        && Now.Text is not ("and" or "or" or "else" or "if" or "is" or "in" or "not")) || Is(JinjaKind.Mark, "[");

    private DepthOf Deeper() => ++_depth > Deepest
        ? throw new JinjaException($"the template is nested deeper than {Deepest}", Now.Line)
        : new(this);

    private readonly struct DepthOf(JinjaParser parser) : IDisposable
    {
        public void Dispose() => parser._depth--;
    }
}
