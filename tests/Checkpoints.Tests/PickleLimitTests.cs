namespace Gsasr.Checkpoints.Tests;

/// <summary>Pickles made to cost more than they are long.</summary>
public class PickleLimitTests
{
    private const string OneValue =
        "ctorch._utils\n_rebuild_tensor_v2\n((U\u0007storagectorch\nFloatStorage\nU\u00010U\u0003cpuK\u0001tQK\0";

    [Theory]
    [InlineData('}', "more than 1000000 instructions")]
    [InlineData(']', "more than 1000000 instructions")]
    [InlineData('(', "more than 1000000 instructions")]
    [InlineData('N', "more than 1000000 instructions")]
    public void Millions_of_values_are_not_made(char opcode, string reason) =>
        AssertRefused(new string(opcode, 8_000_000) + ".", reason, maxAllocatedBytes: 300_000_000);

    [Fact]
    public void A_pickle_of_more_than_16_MiB_is_not_read() =>
        AssertRefused(new string('N', 17_000_000) + ".", "at most 16777216 are read", maxAllocatedBytes: 1_000_000);

    [Fact]
    public void Nesting_costs_no_stack() =>
        AssertRefused("]" + new string('\u0085', 900_000) + ".", "does not hold a dictionary", maxAllocatedBytes: 300_000_000);

    [Fact]
    public void Repeated_values_do_not_outgrow_the_file()
    {
        // 2^24 times the same value, 64 MiB, is the limit for a small file; two such tensors exceed it.
        const string View = OneValue + "(J\0\u0010\0\0J\0\u0010\0\0t(K\0K\0t\u0089}tR";
        AssertRefused($"}}(U\u0001a{View}U\u0001b{View}u.", "by repeating values; refused", maxAllocatedBytes: 1_000_000);
        using Checkpoint accepted = Open($"}}(U\u0001a{View}u.");
        var values = new float[4096 * 4096];
        accepted.Read("a", values);
        Assert.Equal(1.5f, values.Distinct().Single());
    }

    [Theory]
    [InlineData("}(U\u0001aK\u0001K\u0002u.", "sets a dictionary's key without a value")]
    [InlineData("h\u0005.", "recalls value 5, which it never remembered")]
    [InlineData("0.", "takes a value from an empty stack")]
    [InlineData("u.", "closes a group that it never opened")]
    [InlineData("K\u0001(t0", "is cut short")]
    [InlineData("K\u0001a.", "takes a value from an empty stack")]
    [InlineData("K\u0001K\u0002a.", "where a list is needed")]
    [InlineData("K\u0001}b.", "where a dictionary is needed")]
    [InlineData("]Q.", "where a storage's description is needed")]
    [InlineData(")Q.", "describes a storage in a way that is not known")]
    [InlineData("ccollections\nOrderedDict\nK\u0001R.", "where arguments is needed")]
    [InlineData("K\u0001)R.", "where something to construct is needed")]
    [InlineData("ccollections\nOrderedDict\n]\u0085R.", "gives OrderedDict arguments")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "gives RebuildTensorV2 arguments")]
    [InlineData("ctorch\nFloatStorage\n)R.", "gives FloatStorage arguments")]
    [InlineData("U\u0005posixU\u0006system\u0093.", "wants to run 'posix.system'; refused")]
    [InlineData("(iposix\nsystem\n.", "the instruction 0x69")]
    [InlineData("P0\n.", "the instruction 0x50")]
    [InlineData("\u0082\u0001.", "the instruction 0x82")]
    [InlineData("ctorch\nComplexFloatStorage\n.", "values of the type 'torch.ComplexFloatStorage', which is not read")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff", "is cut short")]
    [InlineData("U\u0001\u00ff.", "does not hold a dictionary")]
    [InlineData("X\u0001\0\0\0\u00ff.", "not valid UTF-8")]
    [InlineData("\u0080\u0009N.", "of protocol 9")]
    [InlineData("K\u0001.", "does not hold a dictionary")]
    [InlineData("}.", "holds no tensors")]
    public void Faults_are_named(string pickle, string reason) => AssertRefused(pickle, reason, maxAllocatedBytes: 1_000_000);

    [Fact]
    public void Two_tensors_of_one_name_are_refused() =>
        AssertRefused($"}}(U\u0001a{OneValue})){'\u0089'}}}tRU\u0001a{OneValue})){'\u0089'}}}tRu.", "two tensors named 'a'", 1_000_000);

    [Theory]
    [InlineData("}(U\u0001a{v}u.")]
    [InlineData("\u0080\u0004\u0095\0\0\0\0\0\0\0\0}\u0094(\u008c\u0001a\u0094{v}u.")]
    [InlineData("}(U\u0006params}(U\u0001b{v}uU\nparams_ema}(U\u0001a{v}uu.")]
    [InlineData("}(U\u0008optimize]U\nstate_dict}(U\u0008module.a{v}uu.")]
    public void Known_wrappers_and_protocols_lead_to_the_same_tensor(string pickle)
    {
        using Checkpoint checkpoint = Open(pickle.Replace("{v}", OneValue + "))\u0089}tR", StringComparison.Ordinal));
        var value = new float[1];
        checkpoint.Read("a", value);
        Assert.Equal([1.5f], value);
        Assert.Equal(["a"], checkpoint.Tensors.Keys);
    }

    private static void AssertRefused(string pickle, string reason, long maxAllocatedBytes)
    {
        MemoryStream file = PickleFile.Build(pickle, 1.5f);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<CheckpointFormatException>(() => PyTorchCheckpoint.Open(file, "test"));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(error.Message.Contains(reason, StringComparison.Ordinal), error.Message);
        Assert.InRange(allocated, 0, maxAllocatedBytes);
    }

    private static PyTorchCheckpoint Open(string pickle) => PyTorchCheckpoint.Open(PickleFile.Build(pickle, 1.5f), "test");
}
