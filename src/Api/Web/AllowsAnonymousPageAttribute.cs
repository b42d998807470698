namespace LoraDrop.Api.Web;

/// <summary>A page that needs no key.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AllowsAnonymousPageAttribute : Attribute;
