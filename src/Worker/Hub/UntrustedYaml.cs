using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LoraDrop.Worker;

/// <summary>A parser for untrusted YAML, whose output is safe to build a tree from.</summary>
/// <remarks>Trees are built and hashed recursively, so deep nesting or a self-referencing alias could overflow the stack and crash
/// the process. So nesting is limited, and aliases are read as empty texts.</remarks>
internal sealed class UntrustedYaml(string yaml) : IParser
{
    private const int DeepestNesting = 64;

    private readonly Parser _parser = new(new StringReader(yaml));
    private int _depth;

    public ParsingEvent? Current { get; private set; }

    /// <exception cref="YamlException">It is not YAML, or nested too deeply.</exception>
    public bool MoveNext()
    {
        if (!_parser.MoveNext() || _parser.Current is not { } read) return false;
        Current = read is AnchorAlias ? new Scalar("") : read;
        _depth += read.NestingIncrease;
        return _depth <= DeepestNesting ? true : throw new YamlException(read.Start, read.End, $"nested more than {DeepestNesting} deep");
    }
}
