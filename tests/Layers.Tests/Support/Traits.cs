namespace Gsasr.Layers.Tests;

/// <summary>Names and values of the tests' traits.</summary>
internal static class Traits
{
    /// <summary>Whether tests are run again with narrower vectors; the value is <see cref="Yes"/>.</summary>
    public const string EveryVectorWidth = "EveryVectorWidth";

    /// <summary>Whether tests take too long without vector instructions; the value is <see cref="Yes"/>.</summary>
    public const string Large = "Large";

    /// <summary>The value of both.</summary>
    public const string Yes = "yes";
}
