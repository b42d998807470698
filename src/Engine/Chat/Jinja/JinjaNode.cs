using System.Text;

namespace LoraDrop.Engine.Chat.Jinja;

/// <summary>The arguments of a call.</summary>
internal sealed record JinjaArguments(IReadOnlyList<JinjaNode> Positional, IReadOnlyList<(string Name, JinjaNode Value)> Named)
{
    public static JinjaArguments None { get; } = new([], []);

    public (IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named) Of(JinjaScope scope) =>
        ([.. Positional.Select(argument => argument.Value(scope))],
            Named.ToDictionary(argument => argument.Name, argument => argument.Value.Value(scope)));
}

/// <summary>A node of a template's syntax tree. Expressions have a value; statements write output.</summary>
internal abstract record JinjaNode
{
    /// <summary>How a statement ended.</summary>
    public enum Flow { On, Break, Continue }

    public virtual object? Value(JinjaScope scope) => throw new InvalidOperationException();

    public virtual Flow Run(JinjaScope scope) => throw new InvalidOperationException();

    public sealed record Sequence(IReadOnlyList<JinjaNode> Parts) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            foreach (var part in Parts)
                if (part.Run(scope) is not Flow.On and var flow) return flow;
            return Flow.On;
        }
    }

    public sealed record Text(string Written) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            scope.Write(Written, 1);
            return Flow.On;
        }
    }

    public sealed record Print(JinjaNode Shown, int Line) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            scope.Step(Line);
            scope.Write(JinjaValue.Text(Shown.Value(scope)), Line);
            return Flow.On;
        }
    }

    /// <summary>transformers' mark for text by the assistant: its own scope, since its body is called like a macro.</summary>
    public sealed record Generation(JinjaNode Body, int Line) : JinjaNode
    {
        public override Flow Run(JinjaScope scope) =>
            Body.Run(scope.Inner()) == Flow.On ? Flow.On :
                throw new JinjaException("{% break %} and {% continue %} cannot lead out of {% generation %}", Line);
    }

    public sealed record If(IReadOnlyList<(JinjaNode Condition, JinjaNode Body)> Cases, JinjaNode? Otherwise) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            foreach (var (condition, body) in Cases)
                if (JinjaValue.IsTrue(condition.Value(scope))) return body.Run(scope);
            return Otherwise?.Run(scope) ?? Flow.On;
        }
    }

    public sealed record For(IReadOnlyList<string> Targets, JinjaNode Items, JinjaNode? Condition, JinjaNode Body, JinjaNode? Otherwise,
        int Line) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            var items = new List<object?>();
            foreach (var item in JinjaValue.Items(Items.Value(scope), Line))
            {
                scope.Step(Line);
                if (Condition is null || JinjaValue.IsTrue(Condition.Value(Bound(scope.Inner(), item)))) items.Add(item);
            }
            var changes = new JinjaTuple[1];
            foreach (var (i, item) in items.Index())
            {
                scope.Step(Line);
                var inner = Bound(scope.Inner(), item);
                inner["loop"] = LoopAt(items, i, changes);
                if (Body.Run(inner) == Flow.Break) break;
            }
            if (items.Count == 0) Otherwise?.Run(scope.Inner());
            return Flow.On;
        }

        private JinjaScope Bound(JinjaScope scope, object? item)
        {
            Bind(scope, Targets, item, Line);
            return scope;
        }

        /// <param name="items">All items.</param>
        /// <param name="i">Index of the current item.</param>
        /// <param name="last">The previous argument of <c>loop.changed</c>.</param>
        private static JinjaMap LoopAt(List<object?> items, int i, JinjaTuple[] last)
        {
            var loop = JinjaValue.Map([("index", i + 1L), ("index0", (long)i), ("first", i == 0), ("last", i == items.Count - 1),
                ("length", (long)items.Count), ("revindex", (long)items.Count - i), ("revindex0", items.Count - i - 1L), ("depth", 1L),
                ("depth0", 0L),
                ("previtem", i > 0 ? items[i - 1] : new JinjaUndefined("loop.previtem")),
                ("nextitem", i + 1 < items.Count ? items[i + 1] : new JinjaUndefined("loop.nextitem"))]);
            loop["cycle"] = (JinjaFunction)((args, _, line) => args.Count > 0
                ? args[i % args.Count]
                : throw new JinjaException("loop.cycle takes values", line));
            loop["changed"] = (JinjaFunction)((args, _, _) =>
            {
                var given = new JinjaTuple(args);
                if (last[0] is { } before && JinjaValue.AreEqual(before, given)) return false;
                last[0] = given;
                return true;
            });
            return loop;
        }
    }

    public sealed record Leave(bool IsBreak) : JinjaNode
    {
        public override Flow Run(JinjaScope scope) => IsBreak ? Flow.Break : Flow.Continue;
    }

    public sealed record Set(IReadOnlyList<string> Targets, string? Member, JinjaNode Given, int Line) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            var value = Given.Value(scope);
            if (Member is null) Bind(scope, Targets, value, Line);
            else if (scope[Targets[0]] is JinjaMap { IsNamespace: true } space) space[Member] = value;
            else throw new JinjaException($"'{Targets[0]}' is no namespace, and so '{Member}' of it cannot be set", Line);
            return Flow.On;
        }
    }

    public sealed record Macro(string Name, IReadOnlyList<(string Name, JinjaNode? Default)> Parameters, JinjaNode Body, bool TakesMore,
        bool TakesMoreNamed) : JinjaNode
    {
        public override Flow Run(JinjaScope scope)
        {
            scope[Name] = (JinjaFunction)((args, named, line) =>
            {
                if (args.Count > Parameters.Count && !TakesMore)
                    throw new JinjaException($"the macro '{Name}' takes {Parameters.Count} values; {args.Count} were given", line);
                var more = named.Where(given => Parameters.All(parameter => parameter.Name != given.Key)).ToList();
                if (more.Count > 0 && !TakesMoreNamed) throw new JinjaException($"the macro '{Name}' has no parameter '{more[0].Key}'",
                    line);
                if (Parameters.Take(args.Count).FirstOrDefault(parameter => named.ContainsKey(parameter.Name)).Name is { } twice)
                    throw new JinjaException($"the macro '{Name}' is given '{twice}' twice", line);
                scope.Enter(line);
                var inner = scope.Inner(new StringBuilder());
                if (TakesMore) inner["varargs"] = new JinjaTuple(args.Skip(Parameters.Count));
                if (TakesMoreNamed) inner["kwargs"] = JinjaValue.Map(more.Select(given => (given.Key, given.Value)));
                foreach (var (i, (parameter, otherwise)) in Parameters.Index())
                    inner[parameter] = i < args.Count ? args[i] : named.TryGetValue(parameter, out var given)
                        ? given
                        : otherwise?.Value(inner) ?? (otherwise is null ? new JinjaUndefined(parameter) : null);
                Body.Run(inner);
                scope.Exit();
                return inner.Output.ToString();
            });
            return Flow.On;
        }
    }

    /// <summary>The output of a body, as a value.</summary>
    public sealed record Captured(JinjaNode Body) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            var inner = scope.Inner(new StringBuilder());
            Body.Run(inner);
            return inner.Output.ToString();
        }
    }

    public sealed record Constant(object? Of) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => Of;
    }

    public sealed record Variable(string Name) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => scope[Name];
    }

    public sealed record ListOf(IReadOnlyList<JinjaNode> Items) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => Items.Select(item => item.Value(scope)).ToList();
    }

    public sealed record TupleOf(IReadOnlyList<JinjaNode> Items) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => new JinjaTuple(Items.Select(item => item.Value(scope)));
    }

    public sealed record MapOf(IReadOnlyList<(JinjaNode Key, JinjaNode Value)> Fields, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => JinjaValue.Map(Fields.Select(field =>
            (field.Key.Value(scope) as string ?? throw new JinjaException("a key of a dictionary must be a text here", Line),
                field.Value.Value(scope))));
    }

    public sealed record Choice(JinjaNode Condition, JinjaNode Then, JinjaNode? Otherwise) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => JinjaValue.IsTrue(Condition.Value(scope)) ? Then.Value(scope) : Otherwise is null
            ? new JinjaUndefined("else")
            : Otherwise.Value(scope);
    }

    public sealed record Logical(JinjaNode Left, JinjaNode Right, bool IsOr) : JinjaNode
    {
        public override object? Value(JinjaScope scope) =>
            Left.Value(scope) is var left && JinjaValue.IsTrue(left) == IsOr ? left : Right.Value(scope);
    }

    public sealed record Negation(JinjaNode Of) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => !JinjaValue.IsTrue(Of.Value(scope));
    }

    public sealed record Compared(JinjaNode Left, IReadOnlyList<(string Mark, JinjaNode Right)> Rest, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            var left = Left.Value(scope);
            foreach (var (mark, node) in Rest)
            {
                var right = node.Value(scope);
                var holds = mark switch
                {
                    "==" => JinjaValue.AreEqual(left, right),
                    "!=" => !JinjaValue.AreEqual(left, right),
                    "in" => JinjaValue.Contains(right, left, Line),
                    "not in" => !JinjaValue.Contains(right, left, Line),
                    "<" => JinjaValue.Compare(left, right, Line) < 0,
                    ">" => JinjaValue.Compare(left, right, Line) > 0,
                    "<=" => JinjaValue.Compare(left, right, Line) <= 0,
                    _ => JinjaValue.Compare(left, right, Line) >= 0,
                };
                if (!holds) return false;
                left = right;
            }
            return true;
        }
    }

    public sealed record Arithmetic(string Mark, JinjaNode Left, JinjaNode Right, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            scope.Step(Line);
            object? left = Left.Value(scope), right = Right.Value(scope);
            if (Mark == "~") return JinjaScope.Made(JinjaValue.Text(left) + JinjaValue.Text(right), Line);
            if (Mark == "+" && left is string a && right is string b) return JinjaScope.Made(a + b, Line);
            if (Mark == "+" && left is List<object?> x && right is List<object?> y && x is JinjaTuple == y is JinjaTuple)
                return x is JinjaTuple ? new JinjaTuple(x.Concat(y)) : x.Concat(y).ToList();
            if (Mark == "*" && (left, right) is (string or List<object?>, long) or (long, string or List<object?>))
                return left is long count ? Repeated(right!, count) : Repeated(left!, (long)right!);
            if (JinjaValue.NumberOf(left) is not { } m || JinjaValue.NumberOf(right) is not { } n)
                throw new JinjaException($"{JinjaValue.NameOf(left)} {Mark} {JinjaValue.NameOf(right)} means nothing", Line);
            if (n == 0 && Mark is "/" or "//" or "%") throw new JinjaException("division by 0", Line);
            if (left is double || right is double || Mark is "/" or "**")
                return Mark switch { "+" => m + n, "-" => m - n, "*" => m * n, "/" => m / n, "//" => Math.Floor(m / n), "%" =>
                    m - n * Math.Floor(m / n), _ => left is long && right is long && n >= 0
                        ? (object)(long)Math.Pow(m, n)
                        : Math.Pow(m, n) };
            var (i, j) = (Whole(left), Whole(right));
            try
            {
                return checked(Mark switch { "+" => i + j, "-" => i - j, "*" => i * j, "//" => FloorDivided(i, j), _ =>
                    i - j * FloorDivided(i, j) });
            }
            catch (OverflowException)
            {
                throw new JinjaException($"{i} {Mark} {j} is too large a number", Line);
            }
        }

        private static long Whole(object? value) => value is bool flag ? (flag ? 1 : 0) : (long)value!;

        /// <summary>Rounds down, as Python does, and not towards 0.</summary>
        private static long FloorDivided(long i, long j) => checked(i / j) - (i % j != 0 && (i < 0) != (j < 0) ? 1 : 0);

        private object Repeated(object what, long times)
        {
            const int Most = 1 << 20;
            var length = what is string text ? text.Length : ((List<object?>)what).Count;
            times = Math.Max(times, 0);
            if (length > 0 && times > Most / length) throw new JinjaException($"more than {Most} letters or items come out", Line);
            if (what is string repeated) return string.Concat(Enumerable.Repeat(repeated, (int)times));
            var items = Enumerable.Repeat((List<object?>)what, (int)(length > 0 ? times : 0)).SelectMany(item => item);
            return what is JinjaTuple ? new JinjaTuple(items) : items.ToList();
        }
    }

    /// <summary>A field by name, or an item by index.</summary>
    /// <param name="MethodsFirst">Whether a method hides a field of the same name: true after a dot, where <c>schema.items</c> is the
    /// method even if the dictionary has "items"; false within brackets.</param>
    /// <param name="Of">The object.</param>
    /// <param name="Name">The name or index.</param>
    /// <param name="Line">Its line.</param>
    public sealed record Field(JinjaNode Of, JinjaNode Name, int Line, bool MethodsFirst = false) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            var (of, name) = (Of.Value(scope), Name.Value(scope));
            if (of is JinjaUndefined undefined) throw new JinjaException($"'{undefined.Name}' is undefined", Line);
            return (of, name) switch
            {
                (JinjaMap { IsNamespace: false }, string hiding) when MethodsFirst && JinjaMethods.Of(of, hiding) is { } method => method,
                (JinjaMap map, string key) when map.TryGet(key, out var value) => value,
                (List<object?> list, long place) when (place < 0 ? place + list.Count : place) is var at && at >= 0 && at < list.Count =>
                    list[(int)at],
                (string text, long place) when JinjaValue.Characters(text).ToArray() is var characters
                    && (place < 0 ? place + characters.Length : place) is var at && at >= 0 && at < characters.Length => characters[at],
                (_, string method) when JinjaMethods.Of(of, method) is { } function => function,
                _ => new JinjaUndefined(JinjaValue.Text(name)),
            };
        }
    }

    public sealed record Slice(JinjaNode Of, JinjaNode? From, JinjaNode? To, JinjaNode? By, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            var of = Of.Value(scope);
            if (of is not (string or List<object?>)) throw new JinjaException($"{JinjaValue.NameOf(of)} has no parts", Line);
            object?[] items = of is string text ? [.. JinjaValue.Characters(text)] : [.. (List<object?>)of];
            long? Part(JinjaNode? node) => node?.Value(scope) switch { null => null, long place => place, var other =>
                throw new JinjaException($"{JinjaValue.NameOf(other)} is no place", Line) };
            var step = Part(By) ?? 1;
            if (step == 0) throw new JinjaException("a step of 0 leads nowhere", Line);
            long Place(long? place, long otherwise) =>
                place is not { } at ? otherwise : step > 0
                    ? Math.Clamp(at < 0 ? at + items.Length : at, 0, items.Length)
                    : Math.Clamp(at < 0 ? at + items.Length : at, -1, items.Length - 1);
            long from = Place(Part(From), step > 0 ? 0 : items.Length - 1), to = Place(Part(To), step > 0 ? items.Length : -1);
            var taken = new List<object?>();
            for (var i = from; step > 0 ? i < to : i > to; i += step) taken.Add(items[i]);
            return of is string ? string.Concat(taken) : of is JinjaTuple ? new JinjaTuple(taken) : taken;
        }
    }

    public sealed record Call(JinjaNode Of, JinjaArguments Arguments, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            scope.Step(Line);
            if (Of.Value(scope) is not JinjaFunction function)
                throw new JinjaException($"{JinjaValue.NameOf(Of.Value(scope))} cannot be called", Line);
            var (positional, named) = Arguments.Of(scope);
            return JinjaScope.Made(function(positional, named, Line), Line);
        }
    }

    public sealed record Filter(string Name, JinjaNode Of, JinjaArguments Arguments, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope)
        {
            scope.Step(Line);
            var (positional, named) = Arguments.Of(scope);
            return JinjaScope.Made(JinjaFilters.Apply(Name, Of.Value(scope), positional, named, Line), Line);
        }
    }

    public sealed record Test(string Name, JinjaNode Of, JinjaArguments Arguments, int Line) : JinjaNode
    {
        public override object? Value(JinjaScope scope) => JinjaFilters.Test(Name, Of.Value(scope), Arguments.Of(scope).Positional, Line);
    }

    private static void Bind(JinjaScope scope, IReadOnlyList<string> targets, object? value, int line)
    {
        if (targets.Count == 1)
        {
            scope[targets[0]] = value;
            return;
        }
        var parts = JinjaValue.Items(value, line).ToArray();
        if (parts.Length != targets.Count) throw new JinjaException($"{targets.Count} names cannot take {parts.Length} values", line);
        foreach (var (target, part) in targets.Zip(parts)) scope[target] = part;
    }
}
