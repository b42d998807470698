using System.Text.Json;
using System.Xml.Linq;

namespace LoraDrop.Api;

/// <summary>Describes the values of an enum from XML comments. OpenAPI has no other place for them than the description.</summary>
internal static class EnumComments
{
    /// <summary>A Markdown list of the values that have a comment.</summary>
    public static string Of(Type type)
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{type.Assembly.GetName().Name}.xml");
        if (!File.Exists(file)) return "";
        var summaries = XDocument.Load(file).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")?.Value.Trim());
        var choices = Enum.GetNames(type).Select(name => (name, summary: summaries.GetValueOrDefault($"F:{type.FullName}.{name}")))
            .Where(choice => choice.summary is not null);
        return string.Join('\n',
            choices.Select(choice => $"- `{JsonNamingPolicy.KebabCaseLower.ConvertName(choice.name)}`: {choice.summary}"));
    }
}
