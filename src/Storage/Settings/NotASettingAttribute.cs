namespace LoraDrop.Storage;

/// <summary>Marks a property of options that no settings file may set.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NotASettingAttribute : Attribute;
