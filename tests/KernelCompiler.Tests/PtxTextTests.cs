using Gsasr.Kernels;

namespace Gsasr.KernelCompiler.Tests;

public sealed class PtxTextTests
{
    private const string Text = """
        .version 8.0
        .target sm_80
        .address_size 64

        .visible .func (.param .align 4 .b8 retval0[16]) Fma_917(
        	.param .b32 param_3
        );
        .visible .func Store4_918(
        	.param .b64 param_4
        )
        {
        	ret;
        }

        .visible .entry Kernel_Sample(
        	.param .align 8 .b8 _values_5121[16],
        	.param .b32 _count_5122
        )
        .maxntid 64, 1, 1
        {
        	.shared .align 4 .b8 __shared_alloca0[16];
        	.shared .align 1 .b8 __shared_alloca1[8];
        	ld.param.b64	%rd1, [_values_5121];
        	ld.param.b32	%r1, [_count_5122];
        	@%p1 bra.uni	L_33;
        	@!%p2 bra.uni	L_17;
        	bra.uni	L_33;

        	L_17:
        	@%p3 bra	L_33;

        	L_33:
        	ret;

        }

        """;

    private const string Mended = """
        .version 8.0
        .target sm_75
        .address_size 64

        .visible .entry Kernel_Sample(
        	.param .align 8 .b8 _values_0[16],
        	.param .b32 _count_1
        )
        .reqntid 64, 1, 1
        {
        	.shared .align 16 .b8 __shared_alloca0[16];
        	.shared .align 16 .b8 __shared_alloca1[8];
        	ld.param.b64	%rd1, [_values_0];
        	ld.param.b32	%r1, [_count_1];
        	@%p1 bra	L_2;
        	@!%p2 bra	L_3;
        	bra.uni	L_2;

        	L_3:
        	@%p3 bra	L_2;

        	L_2:
        	ret;

        }

        """;

    private static readonly KernelAttribute s_attribute = new(64);

    private static string Expected => Mended.ReplaceLineEndings("\n");

    [Fact]
    public void All_that_has_to_be_corrected_is() => Assert.Equal(Expected, PtxText.Correct(Text, s_attribute, "sm_75"));

    [Fact]
    public void Line_endings_are_the_same_on_every_system() =>
        Assert.Equal(Expected, PtxText.Correct(Text.ReplaceLineEndings("\r\n"), s_attribute, "sm_75"));

    [Fact]
    public void The_counters_of_names_leave_no_trace()
    {
        string other = Text.Replace("_51", "_82", StringComparison.Ordinal).Replace("L_33", "L_3", StringComparison.Ordinal);
        Assert.NotEqual(Text, other);
        Assert.Equal(Expected, PtxText.Correct(other, s_attribute, "sm_75"));
    }

    [Fact]
    public void A_target_of_its_own_is_said()
    {
        string text = PtxText.Correct(Text, s_attribute, "sm_90a");
        Assert.Contains(".target sm_90a\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Shared_memory_is_counted_from_the_text() => Assert.Equal(24, PtxText.SharedBytes(Expected));

    [Theory]
    [InlineData(".target sm_80\n", ".target sm_70\n", "'.target sm_80' once")]
    [InlineData(".target sm_80\n", ".target sm_80\n.target sm_80\n", "'.target sm_80' once")]
    [InlineData(".maxntid 64, 1, 1\n", ".maxntid 32, 1, 1\n", "'.maxntid 64, 1, 1' once")]
    [InlineData(".maxntid 64, 1, 1\n", "", "'.maxntid 64, 1, 1' once")]
    [InlineData("\tld.param.b32\t%r1, [_count_5122];\n", "\tcall\t(retval0), Sqrt_4, (%f1);\n", "calls a function")]
    [InlineData("\tld.param.b32\t%r1, [_count_5122];\n", "\t.local .align 4 .b8 __local_alloca0[32];\n", "local memory")]
    public void Text_that_does_not_look_as_expected_stops_the_build(string old, string replacement, string reason)
    {
        string text = Text.ReplaceLineEndings("\n").Replace(old, replacement, StringComparison.Ordinal);
        var exception = Assert.Throws<FormatException>(() => PtxText.Correct(text, s_attribute, "sm_75"));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }
}
