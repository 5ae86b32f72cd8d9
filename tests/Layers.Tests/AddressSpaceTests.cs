using Gsasr.Tensors.Cpu;

namespace Gsasr.Layers.Tests;

/// <summary>The limit of address space, as Linux writes it.</summary>
public sealed class AddressSpaceTests
{
    [Theory]
    [InlineData("Max address space         1024000000           unlimited            bytes", 1024000000L)]
    [InlineData("Max address space         unlimited            unlimited            bytes", null)]
    [InlineData("Max cpu time              unlimited            unlimited            seconds", null)]
    public void The_limit_is_read(string line, long? bytes) => Assert.Equal(bytes, AddressSpace.ParseLimit([line]));
}
