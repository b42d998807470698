using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LoraDrop.Worker;

/// <summary>YAML that anyone may have written, made safe to build a tree from.</summary>
/// <remarks>Trees are built and hashed by recursion, which deep nesting or an alias of what it stands in could drive to the end of the stack,
/// and this process with it. So nesting is bounded, and an alias reads as an empty text.</remarks>
internal sealed class StrangersYaml(string yaml) : IParser
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
