using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace LoraDrop.Engine.Tests;

/// <summary>The methods of a compiled assembly and what each calls, read from its IL. A method goes by its documentation id
/// (<c>M:TorchSharp.torch.Tensor.square</c>), which is the same wherever it is called.</summary>
internal sealed class CompiledAssembly
{
    private static readonly Dictionary<short, OpCode> Operations =
        typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(operation => operation.Value);

    private readonly MetadataReader _metadata;

    public CompiledAssembly(Assembly assembly) : this(assembly.Location)
    {
    }

    /// <param name="path">The assembly's file.</param>
    public CompiledAssembly(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        _metadata = file.GetMetadataReader();
        foreach (var handle in _metadata.MethodDefinitions)
        {
            var method = _metadata.GetMethodDefinition(handle);
            var body = method.RelativeVirtualAddress;                            // 0: it has none
            Calls[Of(handle)] = body == 0 ? [] : [.. CallsIn(file.GetMethodBody(body).GetILReader())];
            if (IsPublic(method)) Public.Add(Of(handle));
        }
    }

    /// <summary>Every method with the methods that it calls or takes the address of. What the state machine of an iterator or async method
    /// calls counts for the method that makes it.</summary>
    public Dictionary<string, HashSet<string>> Calls { get; } = [];

    /// <summary>The methods that other assemblies can call.</summary>
    public HashSet<string> Public { get; } = [];

    /// <summary>Those that call one of some methods, or one that does, and so on; those themselves included.</summary>
    public HashSet<string> Reaching(IEnumerable<string> methods)
    {
        var calls = Calls.SelectMany(caller => caller.Value.Select(called => (Caller: caller.Key, Called: called)));
        var callers = calls.ToLookup(call => call.Called, call => call.Caller);
        var (reaching, next) = (methods.ToHashSet(), new Queue<string>(methods));
        while (next.TryDequeue(out var method))
            foreach (var caller in callers[method].Where(reaching.Add)) next.Enqueue(caller);
        return reaching;
    }

    private IEnumerable<string> CallsIn(BlobReader il)
    {
        while (il.RemainingBytes > 0)
        {
            var first = il.ReadByte();
            var operation = Operations[first == 0xFE ? (short)(0xFE00 | il.ReadByte()) : first];
            switch (operation.OperandType)
            {
                case OperandType.InlineMethod:
                    var called = MetadataTokens.EntityHandle(il.ReadInt32());
                    yield return Of(called);
                    foreach (var step in StateMachineOf(called)) yield return step;
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineNone: break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar: il.Offset += 1; break;
                case OperandType.InlineVar: il.Offset += 2; break;
                case OperandType.InlineI8 or OperandType.InlineR: il.Offset += 8; break;
                default: il.Offset += 4; break;
            }
        }
    }

    private IEnumerable<string> StateMachineOf(EntityHandle called)
    {
        if (called.Kind != HandleKind.MethodDefinition) return [];
        var type = _metadata.GetTypeDefinition(_metadata.GetMethodDefinition((MethodDefinitionHandle)called).GetDeclaringType());
        return _metadata.GetString(type.Name).Contains(">d__") ? type.GetMethods().Select(method => Of(method)) : [];
    }

    private bool IsPublic(MethodDefinition method)
    {
        var access = method.Attributes & MethodAttributes.MemberAccessMask;
        if (access is not (MethodAttributes.Public or MethodAttributes.Family)) return false;
        for (var type = method.GetDeclaringType(); !type.IsNil; type = _metadata.GetTypeDefinition(type).GetDeclaringType())
        {
            var visibility = _metadata.GetTypeDefinition(type).Attributes & TypeAttributes.VisibilityMask;
            if (visibility is not (TypeAttributes.Public or TypeAttributes.NestedPublic)) return false;
        }
        return true;
    }

    private string Of(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodSpecification: return Of(_metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method);
            case HandleKind.MethodDefinition:
                var definition = _metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                return IdOf(definition.GetDeclaringType(), definition.Name, definition.DecodeSignature(Spelling.Instance, null));
            default:
                var reference = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                return IdOf(reference.Parent, reference.Name, reference.DecodeMethodSignature(Spelling.Instance, null));
        }
    }

    private string IdOf(EntityHandle type, StringHandle named, MethodSignature<string> signature)
    {
        var name = _metadata.GetString(named);
        var arity = signature.GenericParameterCount > 0 ? $"``{signature.GenericParameterCount}" : "";
        var parameters = signature.ParameterTypes.Length > 0 ? $"({string.Join(",", signature.ParameterTypes)})" : "";
        var result = name is "op_Implicit" or "op_Explicit" ? $"~{signature.ReturnType}" : "";
        return $"M:{Spelling.Of(_metadata, type)}.{name.Replace('.', '#')}{arity}{parameters}{result}";
    }

    /// <summary>Types as documentation ids have them; a generic type declares its methods whatever its arguments are.</summary>
    private sealed class Spelling : ISignatureTypeProvider<string, object?>
    {
        public static readonly Spelling Instance = new();

        /// <summary>The type that declares a member.</summary>
        public static string Of(MetadataReader metadata, EntityHandle type) => type.Kind switch
        {
            HandleKind.TypeDefinition => Instance.GetTypeFromDefinition(metadata, (TypeDefinitionHandle)type, 0),
            HandleKind.TypeReference => Instance.GetTypeFromReference(metadata, (TypeReferenceHandle)type, 0),
            HandleKind.TypeSpecification => Definition(Instance.GetTypeFromSpecification(metadata, null, (TypeSpecificationHandle)type, 0)),
            _ => $"{type.Kind}",
        };

        public string GetTypeFromDefinition(MetadataReader metadata, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            var type = metadata.GetTypeDefinition(handle);
            var outer = type.GetDeclaringType();
            var place = outer.IsNil ? metadata.GetString(type.Namespace) : GetTypeFromDefinition(metadata, outer, 0);
            return Inside(place, metadata.GetString(type.Name));
        }

        public string GetTypeFromReference(MetadataReader metadata, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = metadata.GetTypeReference(handle);
            var outer = type.ResolutionScope.Kind == HandleKind.TypeReference
                ? GetTypeFromReference(metadata, (TypeReferenceHandle)type.ResolutionScope, 0) : metadata.GetString(type.Namespace);
            return Inside(outer, metadata.GetString(type.Name));
        }

        public string GetTypeFromSpecification(MetadataReader metadata, object? context, TypeSpecificationHandle handle, byte kind) =>
            metadata.GetTypeSpecification(handle).DecodeSignature(this, context);

        public string GetGenericInstantiation(string type, ImmutableArray<string> arguments) =>
            $"{type[..type.LastIndexOf('`')]}{{{string.Join(",", arguments)}}}";

        public string GetPrimitiveType(PrimitiveTypeCode code) => $"System.{code}";

        public string GetGenericMethodParameter(object? context, int index) => $"``{index}";

        public string GetGenericTypeParameter(object? context, int index) => $"`{index}";

        public string GetArrayType(string element, ArrayShape shape) =>
            $"{element}[{string.Join(",", Enumerable.Repeat("0:", shape.Rank))}]";

        public string GetSZArrayType(string element) => $"{element}[]";

        public string GetByReferenceType(string element) => $"{element}@";

        public string GetPointerType(string element) => $"{element}*";

        public string GetPinnedType(string element) => element;

        public string GetModifiedType(string modifier, string type, bool isRequired) => type;

        public string GetFunctionPointerType(MethodSignature<string> signature) => "=FUNC";

        /// <summary><c>Function{X,Y}</c> is declared by <c>Function`2</c>.</summary>
        private static string Definition(string type)
        {
            var (depth, arguments, start) = (0, 0, type.IndexOf('{'));
            if (start < 0) return type;
            foreach (var letter in type.AsSpan(start))
            {
                if (letter == '}') depth--;
                if ((depth == 1 && letter == ',') || (depth == 0 && letter == '{')) arguments++;
                if (letter == '{') depth++;
            }
            return $"{type[..start]}`{arguments}";
        }

        private static string Inside(string outer, string name) => outer == "" ? name : $"{outer}.{name}";
    }
}
