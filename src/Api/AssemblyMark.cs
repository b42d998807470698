namespace LoraDrop.Api;

/// <summary>Names this assembly for tests.</summary>
public static class AssemblyMark;
