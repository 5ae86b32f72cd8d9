using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Gsasr.Testing;

/// <summary>Runs a theory whose parameter is a device's name once for each of <see cref="TestDevices.Names"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class EachDeviceAttribute : DataAttribute
{
    /// <summary>The names that the theory is run with.</summary>
    protected virtual IEnumerable<string> Names => TestDevices.Names;

    /// <inheritdoc/>
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        IReadOnlyCollection<ITheoryDataRow> rows = [.. Names.Select(name => new TheoryDataRow<string>(name))];
        return ValueTask.FromResult(rows);
    }

    /// <inheritdoc/>
    public override bool SupportsDiscoveryEnumeration() => true;
}
